#include "base/json_schema.h"

#include "unit.h"
#include "unit_mutate.h"

#define PERSON                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"                         \
    "\"age\":{\"type\":\"integer\",\"minimum\":0},\"a b\":{\"type\":\"null\"}},"                   \
    "\"required\":[\"name\"],\"additionalProperties\":false}"
#define ITEMS                                                                                      \
    "{\"properties\":{\"items\":{\"items\":{\"properties\":{\"price\":{\"type\":\"number\"}}}}}}"
#define TREE                                                                                       \
    "{\"$defs\":{\"node\":{\"type\":\"object\",\"required\":[\"v\"],\"properties\":{\"v\":{"       \
    "\"type\":\"integer\"},\"kids\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/node\"}}}}"  \
    "},\"$ref\":\"#/$defs/node\"}"

/* What is wrong with it; NULL: it matches. */
static const struct {
    const char *schema, *value, *wrong;
} cases[] = {
    /* schemas that say nothing, or all */
    {"true", "1", NULL},
    {"false", "1", "$: not allowed"},
    {"{}", "[1,{\"a\":null}]", NULL},
    {"{\"title\":\"t\",\"format\":\"email\",\"x-own\":[],\"default\":1}", "\"no email\"", NULL},
    {"{\"format\":\"date\",\"contentEncoding\":\"base64\"}", "3", NULL},
    /* type */
    {"{\"type\":\"number\"}", "1.5", NULL},
    {"{\"type\":\"number\"}", "\"1\"", "$: not a number"},
    {"{\"type\":\"integer\"}", "3", NULL},
    {"{\"type\":\"integer\"}", "3.0", NULL},
    {"{\"type\":\"integer\"}", "1e3", NULL},
    {"{\"type\":\"integer\"}", "12345678901234567890123", NULL},
    {"{\"type\":\"integer\"}", "3.1", "$: not an integer"},
    {"{\"type\":\"string\"}", "\"\"", NULL},
    {"{\"type\":\"string\"}", "null", "$: not a string"},
    {"{\"type\":\"boolean\"}", "false", NULL},
    {"{\"type\":\"boolean\"}", "0", "$: not a boolean"},
    {"{\"type\":\"null\"}", "null", NULL},
    {"{\"type\":\"null\"}", "0", "$: not null"},
    {"{\"type\":\"array\"}", "[]", NULL},
    {"{\"type\":\"array\"}", "{}", "$: not an array"},
    {"{\"type\":\"object\"}", "{}", NULL},
    {"{\"type\":\"object\"}", "[]", "$: not an object"},
    {"{\"type\":[\"string\",\"null\"]}", "null", NULL},
    {"{\"type\":[\"string\",\"null\"]}", "1", "$: not a string or null"},
    {"{\"type\":[\"string\",\"array\",\"null\"]}", "1", "$: not a string, an array or null"},
    {"{\"minimum\":1,\"type\":\"string\"}", "0", "$: not a string"},
    /* enum and const */
    {"{\"enum\":[1,\"a\",null,{\"b\":[1]}]}", "{\"b\":[1.0]}", NULL},
    {"{\"enum\":[1,\"a\"]}", "\"b\"", "$: not one of the values that are allowed: [1,\"a\"]"},
    {"{\"enum\":[false]}", "0", "$: not one"},
    {"{\"enum\":[0]}", "false", "$: not one"},
    {"{\"enum\":[[false]]}", "[0]", "$: not one"},
    {"{\"enum\":[null]}", "null", NULL},
    {"{\"enum\":[\"a\\u0000b\"]}", "\"a\"", "$: not one"},
    {"{\"const\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}", NULL},
    {"{\"const\":{\"a\":1}}", "{\"a\":1,\"b\":2}", "$: not {\"a\":1}"},
    {"{\"const\":9007199254740993}", "9007199254740992", "$: not 9007199254740993"},
    {"{\"const\":-0.0}", "0", NULL},
    {"{\"const\":null}", "0", "$: not null"},
    {"{\"const\":true}", "1", "$: not true"},
    /* numbers */
    {"{\"minimum\":1.1}", "1.1", NULL},
    {"{\"minimum\":1.1}", "0.6", "$: less than 1.1"},
    {"{\"minimum\":-2}", "-2.0001", "$: less than -2"},
    {"{\"minimum\":1}", "\"0\"", NULL},
    {"{\"maximum\":300}", "300.0", NULL},
    {"{\"maximum\":300}", "300.5", "$: more than 300"},
    {"{\"maximum\":9007199254740992}", "9007199254740993", "$: more than 9007199254740992"},
    {"{\"maximum\":18446744073709551615}", "18446744073709551600", NULL},
    {"{\"maximum\":9223372036854775808}", "18446744073709551600", "$: more than"},
    {"{\"exclusiveMinimum\":1.1}", "1.1", "$: not more than 1.1"},
    {"{\"exclusiveMinimum\":1.1}", "1.2", NULL},
    {"{\"exclusiveMaximum\":3}", "3", "$: not less than 3"},
    {"{\"exclusiveMaximum\":3}", "2.2", NULL},
    {"{\"multipleOf\":2}", "10", NULL},
    {"{\"multipleOf\":2}", "7", "$: not a multiple of 2"},
    {"{\"multipleOf\":1.5}", "4.5", NULL},
    {"{\"multipleOf\":1.5}", "35", "$: not a multiple of 1.5"},
    {"{\"multipleOf\":0.0001}", "0.0075", NULL},
    {"{\"multipleOf\":0.0001}", "0.00751", "$: not a multiple of 0.0001"},
    {"{\"multipleOf\":0.01}", "19.99", NULL},
    {"{\"multipleOf\":0.01}", "-4.35", NULL},
    {"{\"multipleOf\":1e-8}", "12391239123", NULL},
    {"{\"multipleOf\":0.5}", "1e308", NULL},
    {"{\"multipleOf\":0.123456789}", "1e308", "$: not a multiple"},
    {"{\"multipleOf\":3}", "0", NULL},
    {"{\"multipleOf\":2}", "\"7\"", NULL},
    /* strings */
    {"{\"minLength\":2}", "\"ä\"", "$: shorter than 2 characters"},
    {"{\"minLength\":2}", "\"äö\"", NULL},
    {"{\"minLength\":2}", "\"\\ud83d\\udca9\"", "$: shorter than 2"},
    {"{\"maxLength\":2}", "\"\\ud83d\\udca9\\ud83d\\udca9\"", NULL},
    {"{\"maxLength\":2.0}", "\"foo\"", "$: longer than 2"},
    {"{\"maxLength\":2}", "100", NULL},
    {"{\"pattern\":\"^a*$\"}", "\"aaa\"", NULL},
    {"{\"pattern\":\"^a*$\"}", "\"abc\"", "$: does not match the pattern ^a*$"},
    {"{\"pattern\":\"^a*$\"}", "true", NULL},
    {"{\"pattern\":\"a+\"}", "\"xxaayy\"", NULL},
    {"{\"pattern\":\"^\\\\d{4}-\\\\d\\\\d$\"}", "\"2026-11\"", NULL},
    {"{\"pattern\":\"^\\\\d{4}-\\\\d\\\\d$\"}", "\"2026-1\"", "$: does not match"},
    /* arrays */
    {"{\"items\":{\"type\":\"integer\"}}", "[1,2]", NULL},
    {"{\"items\":{\"type\":\"integer\"}}", "[1,\"x\"]", "$[1]: not an integer"},
    {"{\"items\":{\"type\":\"integer\"}}", "{\"foo\":\"bar\"}", NULL},
    {"{\"items\":false}", "[]", NULL},
    {"{\"items\":false}", "[1]", "$[0]: not allowed"},
    {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "[1,\"a\",true]", NULL},
    {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "[1]", NULL},
    {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "[\"a\"]",
        "$[0]: not an integer"},
    {"{\"prefixItems\":[{},{}],\"items\":{\"type\":\"null\"}}", "[1,2,null]", NULL},
    {"{\"prefixItems\":[{},{}],\"items\":{\"type\":\"null\"}}", "[1,2,3]", "$[2]: not null"},
    {"{\"contains\":{\"minimum\":5}}", "[3,5]", NULL},
    {"{\"contains\":{\"minimum\":5}}", "[3,4]", "$: fewer than 1 elements"},
    {"{\"contains\":{\"minimum\":5}}", "[]", "$: fewer than 1 elements"},
    {"{\"contains\":{\"minimum\":5}}", "{}", NULL},
    {"{\"contains\":{\"const\":1},\"minContains\":2}", "[1,2]", "$: fewer than 2 elements"},
    {"{\"contains\":{\"const\":1},\"minContains\":2}", "[1,1]", NULL},
    {"{\"contains\":{\"const\":1},\"minContains\":0}", "[]", NULL},
    {"{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]", "$: more than 1 elements are"},
    {"{\"minContains\":2}", "[]", NULL},
    {"{\"minItems\":1}", "[]", "$: fewer than 1 elements"},
    {"{\"minItems\":1}", "\"\"", NULL},
    {"{\"maxItems\":2}", "[1,2,3]", "$: more than 2 elements"},
    {"{\"maxItems\":2}", "[1,2]", NULL},
    {"{\"uniqueItems\":true}", "[1,2,3]", NULL},
    {"{\"uniqueItems\":true}", "[1,2,1.0]", "$: elements 0 and 2 are equal"},
    {"{\"uniqueItems\":true}", "[1,true,0,false,null,\"1\",[1],[true]]", NULL},
    {"{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},3,{\"b\":2,\"a\":1}]",
        "$: elements 0 and 2 are equal"},
    {"{\"uniqueItems\":true}", "[{\"a\":1},{\"b\":1},[\"a\",1],\"a\"]", NULL},
    {"{\"uniqueItems\":true}", "[[1,[2]],[1,[2]]]", "$: elements 0 and 1 are equal"},
    {"{\"uniqueItems\":true}", "[0.0,-0.0]", "$: elements 0 and 1 are equal"},
    {"{\"uniqueItems\":false}", "[1,1]", NULL},
    /* objects */
    {PERSON, "{\"name\":\"x\",\"age\":1}", NULL},
    {PERSON, "{\"age\":1}", "$: \"name\" is missing"},
    {PERSON, "{\"name\":1}", "$.name: not a string"},
    {PERSON, "{\"name\":\"x\",\"age\":-1}", "$.age: less than 0"},
    {PERSON, "{\"name\":\"x\",\"more\":1}", "$.more: not allowed"},
    {PERSON, "{\"name\":\"x\",\"a b\":1}", "$[\"a b\"]: not null"},
    {ITEMS, "{\"items\":[{},{\"price\":1},{\"price\":\"1\"}]}", "$.items[2].price: not a number"},
    {"{\"properties\":{\"a\\\"\\n\":false}}", "{\"a\\\"\\n\":1}", "$[\"a\\\"\\n\"]: not allowed"},
    {"{\"properties\":{\"a\":false}}", "[]", NULL},
    {"{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":null}", NULL},
    {"{\"patternProperties\":{\"f.*o\":{\"type\":\"integer\"}}}", "{\"foo\":1,\"x\":\"\"}", NULL},
    {"{\"patternProperties\":{\"f.*o\":{\"type\":\"integer\"}}}", "{\"foo\":1,\"fooo\":\"\"}",
        "$.fooo: not an integer"},
    {"{\"patternProperties\":{\"a\":{\"minimum\":2},\"b\":{\"maximum\":4}}}", "{\"ab\":5}",
        "$.ab: more than 4"},
    {"{\"patternProperties\":{\"^v\":{}},\"properties\":{\"foo\":{}},"
     "\"additionalProperties\":{\"type\":\"boolean\"}}",
        "{\"vroom\":1,\"foo\":2,\"x\":true}", NULL},
    {"{\"patternProperties\":{\"^v\":{}},\"additionalProperties\":false}", "{\"vr\":1,\"x\":1}",
        "$.x: not allowed"},
    {"{\"additionalProperties\":{\"type\":\"boolean\"}}", "{\"a\":1}", "$.a: not a boolean"},
    {"{\"allOf\":[{\"properties\":{\"foo\":{}}}],\"additionalProperties\":false}", "{\"foo\":1}",
        "$.foo: not allowed"},
    {"{\"propertyNames\":{\"maxLength\":3}}", "{\"f\":1,\"foobar\":2}", "$.foobar: not a name"},
    {"{\"propertyNames\":{\"pattern\":\"^a\"}}", "{\"aä\\\"\":1}", NULL},
    {"{\"propertyNames\":false}", "{}", NULL},
    {"{\"propertyNames\":{\"enum\":[\"a\"]}}", "[1]", NULL},
    {"{\"minProperties\":1}", "{}", "$: fewer than 1 members"},
    {"{\"maxProperties\":1}", "{\"a\":1,\"b\":2}", "$: more than 1 members"},
    {"{\"maxProperties\":0}", "{}", NULL},
    {"{\"required\":[\"a\"]}", "{\"a\":null}", NULL},
    {"{\"required\":[\"__proto__\"]}", "{}", "$: \"__proto__\" is missing"},
    {"{\"required\":[\"a\"]}", "12", NULL},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"c\":1}", NULL},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "$: \"b\" is missing"},
    {"{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":1}", "$: \"b\" is missing"},
    {"{\"dependentSchemas\":{\"a\":false}}", "{\"b\":1}", NULL},
    /* together */
    {"{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "2", NULL},
    {"{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "4", "$: more than 3"},
    {"{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "2.5", NULL},
    {"{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1.5",
        "$: matches none of the schemas; nearest: $: not an integer"},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"properties\":{\"a\":{\"items\":{\"type\":\"null\"}}}}]}",
        "{\"a\":[1]}", "nearest: $.a[0]: not null"},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1", NULL},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "3",
        "$: matches more than one of the schemas"},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1.5", "$: matches none"},
    {"{\"oneOf\":[true,true,false]}", "1", "$: matches more than one"},
    {"{\"oneOf\":[{\"properties\":{\"a\":{\"const\":1}},\"required\":[\"a\"]},"
     "{\"properties\":{\"a\":{\"const\":2}},\"required\":[\"a\"]}]}",
        "{\"a\":2}", NULL},
    {"{\"not\":{\"type\":\"integer\"}}", "\"foo\"", NULL},
    {"{\"not\":{\"type\":\"integer\"}}", "1", "$: matches the schema of \"not\""},
    {"{\"not\":{\"not\":{\"type\":\"integer\"}}}", "1", NULL},
    {"{\"if\":{\"exclusiveMaximum\":0},\"then\":{\"minimum\":-10},\"else\":{\"multipleOf\":2}}",
        "-100", "$: less than -10"},
    {"{\"if\":{\"exclusiveMaximum\":0},\"then\":{\"minimum\":-10},\"else\":{\"multipleOf\":2}}",
        "4", NULL},
    {"{\"if\":{\"exclusiveMaximum\":0},\"then\":{\"minimum\":-10},\"else\":{\"multipleOf\":2}}",
        "3", "$: not a multiple of 2"},
    {"{\"then\":false,\"else\":false}", "3", NULL},
    /* references */
    {TREE, "{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"v\":4}]}]}", NULL},
    {TREE, "{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"v\":\"4\"}]}]}",
        "$.kids[1].kids[0].v: not an integer"},
    {"{\"properties\":{\"foo\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
        "{\"foo\":{\"foo\":false}}", NULL},
    {"{\"properties\":{\"foo\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
        "{\"foo\":{\"bar\":false}}", "$.foo.bar: not allowed"},
    {"{\"definitions\":{\"a/b%\":{\"type\":\"null\"}},\"$ref\":\"#/definitions/a~1b%25\"}", "1",
        "$: not null"},
    {"{\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"$ref\":\"#/properties/a\"}}}",
        "{\"b\":1}", "$.b: not null"},
    {"{\"prefixItems\":[{\"type\":\"null\"},{\"$ref\":\"#/prefixItems/0\"}]}", "[null,1]",
        "$[1]: not null"},
    {"{\"$defs\":{\"a\":{\"maximum\":3}},\"$ref\":\"#/$defs/a\",\"minimum\":2}", "1",
        "$: less than 2"},
    {"{\"$defs\":{\"$ref\":{\"type\":\"null\"}},\"properties\":{\"$ref\":{\"$ref\":"
     "\"#/$defs/$ref\"}}}",
        "{\"$ref\":1}", "$.$ref: not null"},
};

static struct json *parse(const char *text, size_t len)
{
    struct json *j = NULL;
    struct error err = {.text = ""};
    ck_assert_msg(!json_parse(text, len, &j, &err), "%s: %s", text, err.text);
    return j;
}

START_TEST(test_validate)
{
    const char *text = cases[_i].schema, *value = cases[_i].value, *wrong = cases[_i].wrong;
    struct json *schema = parse(text, strlen(text)), *j = parse(value, strlen(value));
    struct error err = {.text = ""};
    enum status st = json_schema_check(schema, &err);
    ck_assert_msg(!st, "%s: %s", text, err.text);
    st = json_schema_validate(schema, j, &err);
    ck_assert_msg(
        st == (wrong ? STATUS_BAD_REQUEST : STATUS_OK), "%s: %s: %d %s", text, value, st, err.text);
    ck_assert_msg(!wrong || strstr(err.text, wrong), "%s: %s: %s", text, value, err.text);
    ck_assert_int_eq(json_schema_validate(schema, j, NULL), st);
    json_free(schema);
    json_free(j);
}
END_TEST

static const struct {
    const char *schema, *wrong;
} mistakes[] = {
    {"1", "#: not a schema"},
    {"[]", "#: not a schema"},
    {"null", "#: not a schema"},
    {"{\"type\":\"strng\"}", "#/type: not one of the types"},
    {"{\"type\":[]}", "#/type: an empty list"},
    {"{\"type\":[\"string\",1]}", "#/type: not one of the types"},
    {"{\"properties\":{\"price\":{\"minimum\":\"1\"}}}",
        "#/properties/price/minimum: not a number"},
    {"{\"properties\":{\"a/b~c\":{\"items\":3}}}", "#/properties/a~1b~0c/items: not a schema"},
    {"{\"properties\":[]}", "#/properties: not an object"},
    {"{\"exclusiveMinimum\":true}", "#/exclusiveMinimum: not a number"},
    {"{\"multipleOf\":0}", "#/multipleOf: not above 0"},
    {"{\"minLength\":-1}", "#/minLength: not a whole number"},
    {"{\"minLength\":1.5}", "#/minLength: not a whole number"},
    {"{\"uniqueItems\":1}", "#/uniqueItems: not true or false"},
    {"{\"required\":true}", "#/required: not a list of names"},
    {"{\"required\":[1]}", "#/required: not a list of names"},
    {"{\"required\":[\"a\",\"a\"]}", "#/required: a name is in it twice"},
    {"{\"enum\":[]}", "#/enum: not a list of values"},
    {"{\"anyOf\":[]}", "#/anyOf: not a list of schemas"},
    {"{\"anyOf\":[{},{\"not\":1}]}", "#/anyOf/1/not: not a schema"},
    {"{\"items\":[{}]}", "#/items: not a schema"},
    {"{\"dependentRequired\":{\"a\":\"b\"}}", "#/dependentRequired/a: not a list of names"},
    {"{\"pattern\":\"(\"}", "#/pattern: the pattern cannot be used: at 1: the \"(\" has no \")\""},
    {"{\"pattern\":1}", "#/pattern: not a text"},
    {"{\"patternProperties\":{\"[\":{}}}", "#/patternProperties/[: the pattern cannot be used"},
    {"{\"patternProperties\":{\"a\":1}}", "#/patternProperties/a: not a schema"},
    {"{\"$ref\":1}", "#/$ref: not a text"},
    {"{\"$ref\":\"http://example.com/s\"}", "#/$ref: it refers to something outside"},
    {"{\"$ref\":\"other.json#/a\"}", "#/$ref: it refers to something outside"},
    {"{\"$ref\":\"#/$defs/a\"}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#anchor\"}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#/title\",\"title\":{}}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#/$defs\",\"$defs\":{}}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#/anyOf/1\",\"anyOf\":[{}]}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#/anyOf/x\",\"anyOf\":[{}]}", "#/$ref: there is no such schema"},
    {"{\"$ref\":\"#\"}", "#/$ref: it refers to itself"},
    {"{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}",
        "it refers to itself"},
    {"{\"unevaluatedProperties\":false}", "#/unevaluatedProperties: this is not supported"},
    {"{\"not\":{\"$dynamicRef\":\"#a\"}}", "#/not/$dynamicRef: this is not supported"},
    {"{\"$defs\":{\"a\":{\"type\":1}}}", "#/$defs/a/type: not one"},
};

START_TEST(test_check)
{
    const char *text = mistakes[_i].schema;
    struct json *schema = parse(text, strlen(text));
    struct error err = {.text = ""};
    ck_assert_msg(json_schema_check(schema, &err) == STATUS_BAD_REQUEST, "%s", text);
    ck_assert_msg(strstr(err.text, mistakes[_i].wrong), "%s: %s", text, err.text);
    json_schema_validate(schema, schema, NULL); /* whatever it says */
    json_free(schema);
}
END_TEST

/* What never ends, or not soon, is given up. */
START_TEST(test_caps)
{
    static const char loop[] = "{\"allOf\":[{\"$ref\":\"#\"}]}";
    static const char wide[] = "{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"},{\"$ref\":"
                               "\"#/$defs/b\"}]},\"b\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\"},"
                               "{\"$ref\":\"#/$defs/a\"}]}},\"$ref\":\"#/$defs/a\"}";
    static const char *const schemas[] = {loop, wide};
    struct json *schema = parse(schemas[_i], strlen(schemas[_i])), *j = parse("1", 1);
    struct error err = {.text = ""};
    ck_assert_int_eq(json_schema_check(schema, NULL), STATUS_OK);
    ck_assert_int_eq(json_schema_validate(schema, j, &err), STATUS_TOO_LARGE);
    ck_assert_str_eq(err.text, "it is too large or too deep to be checked");
    json_free(schema);
    json_free(j);
}
END_TEST

START_TEST(test_depth)
{
    struct buf text, value;
    buf_init(&text, BUF_SMALL);
    buf_init(&value, BUF_SMALL);
    for (int i = 0; i < 120; i++)
        buf_adds(&text, "{\"not\":");
    buf_adds(&text, "{}");
    for (int i = 0; i < 120; i++)
        buf_addc(&text, '}');
    for (int i = 0; i < 250; i++)
        buf_addc(&value, '[');
    for (int i = 0; i < 250; i++)
        buf_addc(&value, ']');
    struct json *schema = parse(buf_str(&text), text.len);
    struct json *items = parse("{\"items\":{\"$ref\":\"#\"}}", 22);
    struct json *j = parse(buf_str(&value), value.len);
    ck_assert_int_eq(json_schema_check(schema, NULL), STATUS_OK);
    ck_assert_int_eq(json_schema_validate(schema, j, NULL), STATUS_OK);
    ck_assert_int_eq(json_schema_validate(items, j, NULL), STATUS_TOO_LARGE);
    json_free(schema);
    json_free(items);
    json_free(j);
    buf_release(&text);
    buf_release(&value);
}
END_TEST

/* Many elements are compared in no more than a moment; the work for too many is refused. */
START_TEST(test_many)
{
    struct buf text;
    buf_init(&text, 16 * 1024 * 1024);
    buf_addc(&text, '[');
    for (int i = 0; i < 50000; i++)
        buf_printf(&text, "%s{\"n\":%d}", i ? "," : "", i);
    buf_addc(&text, ']');
    struct json *schema = parse("{\"uniqueItems\":true}", 20), *j = parse(buf_str(&text), text.len);
    ck_assert_int_eq(json_schema_validate(schema, j, NULL), STATUS_OK);
    json_free(j);
    buf_reset(&text);
    buf_addc(&text, '[');
    for (int i = 0; i < 600000; i++)
        buf_printf(&text, "%s[%d]", i ? "," : "", i);
    buf_addc(&text, ']');
    j = parse(buf_str(&text), text.len);
    ck_assert_int_eq(json_schema_validate(schema, j, NULL), STATUS_TOO_LARGE);
    json_free(schema);
    json_free(j);
    buf_release(&text);
}
END_TEST

/* Any schema that is JSON is checked, and any that passes is used. */
/* A pattern that a search with ways back would be years over. */
START_TEST(test_slow_pattern)
{
    static const char text[] = "{\"pattern\":\"(a|b)*a(a|b){20}c\"}";
    struct json *schema = parse(text, strlen(text)), *value;
    struct error err;
    struct buf b;
    buf_init(&b, BUF_SMALL);
    buf_addc(&b, '"');
    for (int i = 0; i < 16 * 1024; i++)
        buf_addc(&b, "ab"[i % 2]);
    buf_addc(&b, '"');
    value = parse(buf_str(&b), b.len);
    ck_assert_int_eq(json_schema_check(schema, &err), STATUS_OK);
    ck_assert_int_eq(json_schema_validate(schema, value, &err), STATUS_BAD_REQUEST);
    json_free(value);
    json_free(schema);
    buf_release(&b);
}
END_TEST

START_TEST(test_mutations)
{
    uint32_t state = (uint32_t)_i + 7;
    const char *value = cases[_i].value;
    struct json *j = parse(value, strlen(value));
    for (int round = 0; round < 60; round++) {
        struct json *schema = NULL;
        struct buf b;
        struct error err;
        buf_init(&b, BUF_SMALL);
        buf_adds(&b, cases[_i].schema);
        for (uint32_t n = unit_random(&state) % 3 + 1; n; n--)
            unit_mutate(&b, &state);
        if (!json_parse(buf_str(&b), b.len, &schema, NULL) && !json_schema_check(schema, &err)) {
            enum status st = json_schema_validate(schema, j, &err);
            ck_assert_msg(st == STATUS_OK || st == STATUS_BAD_REQUEST || st == STATUS_TOO_LARGE,
                "%s: %d", buf_str(&b), st);
        }
        json_schema_validate(schema, j, NULL); /* unchecked */
        json_free(schema);
        buf_release(&b);
    }
    json_free(j);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_schema");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_validate, 0, COUNT(cases));
    tcase_add_loop_test(all, test_check, 0, COUNT(mistakes));
    tcase_add_loop_test(all, test_caps, 0, 2);
    tcase_add_test(all, test_depth);
    tcase_add_test(all, test_many);
    tcase_add_test(all, test_slow_pattern);
    tcase_add_loop_test(all, test_mutations, 0, COUNT(cases));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
