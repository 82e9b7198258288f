#include "base/json_alike.h"

#include <stdint.h>

#include "unit.h"

/* ---- against the tree: the same verdict, the same values ---- */

enum { MEMBERS_MAX = 64 };

struct member {
    struct buf key;
    struct json_slice value;
};

static void check_text(const char *text, size_t len, const struct json *j);

static void check_slice(const struct json_slice *v, const struct json *j)
{
    struct buf out;
    size_t len;
    ck_assert_int_eq(v->kind, json_kind(j));
    ck_assert_int_eq(json_slice_int(v, -77), json_int(j, -77));
    buf_init(&out, 1024 * BUF_SMALL);
    ck_assert_int_eq(json_slice_add(v, &out), STATUS_OK);
    const char *text = json_string(j, &len);
    if (text) {
        ck_assert_uint_eq(out.len, len);
        ck_assert_int_eq(memcmp(buf_str(&out), text, len), 0);
        ck_assert(json_slice_is(v, text));
    } else {
        ck_assert_uint_eq(out.len, 0);
        ck_assert(!json_slice_is(v, ""));
        check_text(v->bytes, v->len, j);
    }
    if (v->kind == JSON_DOUBLE) {
        ck_assert_uint_eq(strlen(json_number(j)), v->len);
        ck_assert_int_eq(memcmp(json_number(j), v->bytes, v->len), 0);
    }
    buf_release(&out);
}

/* Of equal keys, which the tree compares up to a NUL, the last one counts. */
static void check_members(struct json_scan *s, const struct json *j)
{
    struct member *mine = calloc(MEMBERS_MAX, sizeof *mine);
    struct json_slice key;
    size_t count = 0, different = 0;
    ck_assert_ptr_nonnull(mine);
    while (json_scan_member(s, &key)) {
        ck_assert_uint_lt(count, MEMBERS_MAX);
        buf_init(&mine[count].key, BUF_SMALL);
        json_slice_add(&key, &mine[count].key);
        ck_assert(json_slice_is(&key, buf_str(&mine[count].key)));
        ck_assert(!json_slice_is(&key, "no such key"));
        json_scan_value(s, &mine[count++].value);
    }
    for (size_t i = 0; i < count; i++) {
        size_t later = i + 1;
        while (later < count && strcmp(buf_str(&mine[i].key), buf_str(&mine[later].key)))
            later++;
        if (later < count)
            continue;
        different++;
        check_slice(&mine[i].value, json_get(j, buf_str(&mine[i].key)));
    }
    ck_assert_uint_eq(different, json_count(j));
    for (size_t i = 0; i < count; i++)
        buf_release(&mine[i].key);
    free(mine);
}

static void check_text(const char *text, size_t len, const struct json *j)
{
    struct json_scan s;
    struct json_slice v;
    size_t count = 0;
    json_scan_init(&s, text, len);
    if (json_kind(j) == JSON_OBJECT) {
        ck_assert(json_scan_object(&s));
        check_members(&s, j);
    } else if (json_kind(j) == JSON_ARRAY) {
        ck_assert(json_scan_array(&s));
        for (; json_scan_element(&s); count++) {
            json_scan_value(&s, &v);
            check_slice(&v, json_at(j, count));
        }
        ck_assert_uint_eq(count, json_count(j));
    } else {
        ck_assert(!json_scan_object(&s));
    }
    ck_assert(json_scan_end(&s));
}

static bool good_whole(const char *text, size_t len)
{
    struct json_scan s;
    struct json_slice v;
    json_scan_init(&s, text, len);
    json_scan_value(&s, &v);
    bool good = json_scan_end(&s);
    ck_assert(!good || v.kind != JSON_ABSENT);
    return good;
}

/* The same text entered instead of read over. */
static bool good_entered(const char *text, size_t len)
{
    struct json_scan s;
    struct json_slice key, v;
    json_scan_init(&s, text, len);
    if (memchr(text, '[', len < 4 ? len : 4)) {
        if (json_scan_array(&s))
            while (json_scan_element(&s))
                if (json_scan_object(&s))
                    while (json_scan_member(&s, &key))
                        json_scan_value(&s, &v);
    } else if (json_scan_object(&s)) {
        while (json_scan_member(&s, &key))
            if (json_scan_array(&s))
                while (json_scan_element(&s))
                    json_scan_value(&s, &v);
    }
    return json_scan_end(&s);
}

static void compare(const char *bytes, size_t len)
{
    struct json *j;
    struct error err;
    char *text = malloc(len ? len : 1); /* memory of its exact size */
    ck_assert_ptr_nonnull(text);
    if (len)
        memcpy(text, bytes, len);
    enum status st = json_parse(text, len, &j, &err);
    if (good_whole(text, len) != !st || good_entered(text, len) != !st)
        ck_abort_msg("json_parse: %s; of: %.*s", st ? err.text : "good", (int)len, bytes);
    if (!st)
        check_text(text, len, j);
    json_free(j);
    free(text);
}

#define L(s) s, sizeof s - 1

static const struct {
    const char *text;
    size_t len;
} documents[] = {
    {L("")},
    {L("  ")},
    {L("null")},
    {L(" true ")},
    {L("false\t")},
    {L("tru")},
    {L("nullx")},
    {L("0")},
    {L("-0")},
    {L("-")},
    {L("[0,-1,12,1.5,-0.5e+10,2E5,1e400,1e-400]")},
    {L("[9223372036854775807,-9223372036854775808,18446744073709551615]")},
    {L("9223372036854775808")},
    {L("-9223372036854775809")},
    {L("18446744073709551616")},
    {L("99999999999999999999999999")},
    {L("00")},
    {L("1.")},
    {L("1.e5")},
    {L("2e+")},
    {L("{}")},
    {L("[]")},
    {L("[1,]")},
    {L("[,1]")},
    {L("{\"a\":1,}")},
    {L("{,}")},
    {L("{\"a\":1,\"b\":[2,{\"c\":null}],\"a\":3,\"a\\u0000x\":{\"y\":[]}}")},
    {L("{\"\":1,\"\\u0000\":2,\"\\u0061\":3,\"a\":4}")},
    {L("{\"a\" : [ 1 , 2 ] , \"b\" : { } }")},
    {L("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\u0000\"")},
    {L("[\"\\ud83d\\ude00\",\"\\ud83d\",\"\\ude00\",\"\\ud83dx\\ude00\","
       "\"\\ud83d\\ud83d\\ude00\"]")},
    {L("[\"\\ud83d\\\\ude00\",\"\\\\ud83d\\ude00\",\"\\uD83D\\n\",\"\\udbff\\udfff\\ud800\"]")},
    {L("\"plain text over eight bytes, \xC3\xA9, and \xFF\xC0 that is no UTF-8\"")},
    {L("\"a\nb\"")},
    {L("\"12345678\0\"")},
    {L("\"a")},
    {L("\"a\\\"")},
    {L("\"\\u12\"")},
    {L("\"\\u00g0\"")},
    {L("\"\\x\"")},
    {L("1 2")},
    {L("1\0")},
    {L("[1]]")},
    {L("{\"a\":1}}")},
    {L("{\"a\"}")},
    {L("{\"a\":}")},
    {L("{a:1}")},
    {L("{'a':1}")},
    {L("[nan,NaN,-Infinity]")},
    {L("[1 2]")},
    {L("// a\n1")},
    {L("\xEF\xBB\xBF{}")},
    {L("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
       "\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" \\\"token\\n\"},"
       "\"logprobs\":null,\"finish_reason\":null}],\"usage\":{\"prompt_tokens\":7}}")},
    {L("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
       "\"text\":\"Hi\\u2028\"},\"p\":[[],[[1.25e3,true],{\"a\":[false]}]]}")},
};

START_TEST(test_documents)
{
    compare(documents[_i].text, documents[_i].len);
    for (size_t len = 0; len < documents[_i].len; len++)
        compare(documents[_i].text, len);
}
END_TEST

static uint32_t next_random(uint32_t *state, size_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((*state >> 8) % below);
}

/* One change: a byte replaced, dropped or added, a piece of another document put in, the end cut
 * off. */
static void mutate(struct buf *b, uint32_t *state)
{
    static const char bytes[] = "{}[]\",:\\ \n\t\0\x1F/'-+.eE0019ntfud8DcCNI\x7F\xED\xFF";
    struct buf made;
    size_t other = next_random(state, COUNT(documents));
    size_t at = next_random(state, b->len + 1), behind = at, from = 0, n = 0;
    const char *piece = bytes + next_random(state, sizeof bytes - 1);
    switch (next_random(state, 6)) {
    case 0:
        behind += at < b->len;
        n = 1;
        break;
    case 1:
        behind += at < b->len;
        break;
    case 2:
        n = 1;
        break;
    case 3:
        behind = b->len;
        break;
    default:
        from = next_random(state, documents[other].len + 1);
        n = next_random(state, documents[other].len - from + 1);
        piece = documents[other].text + from;
        break;
    }
    buf_init(&made, b->cap);
    buf_add(&made, b->data, at);
    buf_add(&made, piece, n);
    buf_add(&made, b->data + behind, b->len - behind);
    ck_assert_int_eq(buf_status(&made), STATUS_OK);
    buf_release(b);
    *b = made;
}

START_TEST(test_mutations)
{
    uint32_t state = 20260101u + (uint32_t)_i;
    for (int i = 0; i < 2500; i++) {
        struct buf b;
        size_t which = next_random(&state, COUNT(documents));
        buf_init(&b, BUF_SMALL);
        buf_add(&b, documents[which].text, documents[which].len);
        for (uint32_t n = next_random(&state, 4) + 1; n; n--)
            mutate(&b, &state);
        compare(b.data, b.len);
        buf_release(&b);
    }
}
END_TEST

/* Levels around the cap, of arrays and objects, with nothing or a value at the bottom. */
START_TEST(test_depth)
{
    static const char *const open[] = {"[", "{\"a\":", " [ "}, *const close[] = {"]", "}", "\n]"};
    static const char *const bottom[] = {"", "1", "[]", "{}", "\"x\""};
    for (size_t kind = 0; kind < COUNT(open) * COUNT(bottom); kind++) {
        for (int levels = JSON_DEPTH_MAX - 3; levels < JSON_DEPTH_MAX + 3; levels++) {
            struct buf b;
            buf_init(&b, BUF_SMALL);
            for (int i = 0; i < levels; i++)
                buf_adds(&b, open[kind % COUNT(open)]);
            buf_adds(&b, bottom[kind / COUNT(open)]);
            for (int i = 0; i < levels; i++)
                buf_adds(&b, close[kind % COUNT(open)]);
            struct json *j;
            struct error err;
            enum status st = json_parse(b.data, b.len, &j, &err);
            ck_assert_int_eq(good_whole(b.data, b.len), !st);
            ck_assert_int_eq(good_entered(b.data, b.len), !st);
            json_free(j);
            buf_release(&b);
        }
    }
}
END_TEST

/* However deep it is: refused, and by no more than the cap of calls. */
START_TEST(test_very_deep)
{
    enum { LEVELS = 1000000 };
    char *text = malloc(LEVELS);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', LEVELS);
    ck_assert(!good_whole(text, LEVELS));
    free(text);
}
END_TEST

START_TEST(test_add_cap)
{
    struct json_slice v = {JSON_STRING, true, L("ab\\u00e9")};
    struct buf out;
    for (size_t cap = 0; cap <= 8; cap++) {
        buf_init(&out, cap);
        ck_assert_int_eq(json_slice_add(&v, &out), cap < 8 ? STATUS_TOO_LARGE : STATUS_OK);
        ck_assert_str_eq(buf_str(&out), cap < 8 ? "" : "ab\xC3\xA9");
        buf_release(&out);
    }
}
END_TEST

/* The string at "s" is kept: which documents are the same but for it, and what theirs says. */
static const struct {
    const char *text, *says; /* NULL: it is not like it */
} alike[] = {
    {"{\"a\":1,\"s\":\"x\",\"b\":[]}", "x"},
    {"{\"a\":1,\"s\":\"\",\"b\":[]}", ""},
    {"{\"a\":1,\"s\":\"longer \\\"\\u00e9\",\"b\":[]}", "longer \"\xC3\xA9"},
    {"{\"a\":1,\"s\":\"x\\\",\"b\":[]}", NULL},
    {"{\"a\":1,\"s\":\"x\\x\",\"b\":[]}", NULL},
    {"{\"a\":1,\"s\":\"x\n\",\"b\":[]}", NULL},
    {"{\"a\":1,\"s\":\"x\",\"b\":[1]}", NULL},
    {"{\"a\":1,\"s\":\"x\",\"b\":[]} ", NULL},
    {"{\"a\":1,\"s\":\"x\",\"b\":[]", NULL},
    {"{\"a\":1,\"s\":\"x\",\"c\":\"\",\"b\":[]}", NULL},
    {"{\"a\":2,\"s\":\"x\",\"b\":[]}", NULL},
    {"{\"a\":1,\"s\":null,\"b\":[]}", NULL},
    {"{\"a\":1,\"s\":\"", NULL},
    {"", NULL},
};

START_TEST(test_alike)
{
    struct json_alike a;
    struct json_slice v;
    struct buf says;
    char text[2 * JSON_ALIKE_MAX] = "{\"a\":1,\"s\":\"kept\",\"b\":[]}";
    struct json_slice kept = {JSON_STRING, false, text + 12, 4};
    size_t len = strlen(alike[_i].text);
    buf_init(&says, BUF_SMALL);
    json_alike_init(&a);
    ck_assert(!json_alike_match(&a, text, strlen(text), &v));
    json_alike_keep(&a, text, strlen(text), &kept);
    char *exact = malloc(len + !len);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, alike[_i].text, len);
    ck_assert_int_eq(json_alike_match(&a, exact, len, &v), alike[_i].says != NULL);
    if (alike[_i].says)
        json_slice_add(&v, &says);
    ck_assert_str_eq(buf_str(&says), alike[_i].says ? alike[_i].says : "");
    memset(text + strlen(text), ' ', JSON_ALIKE_MAX); /* too long to be kept */
    json_alike_keep(&a, text, sizeof text, &kept);
    ck_assert(!json_alike_match(&a, exact, len, &v));
    ck_assert(!json_alike_match(&a, text, sizeof text, &v));
    json_alike_release(&a);
    buf_release(&says);
    free(exact);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_scan");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_documents, 0, COUNT(documents));
    tcase_add_loop_test(all, test_mutations, 0, 20);
    tcase_add_test(all, test_depth);
    tcase_add_test(all, test_very_deep);
    tcase_add_test(all, test_add_cap);
    tcase_add_loop_test(all, test_alike, 0, COUNT(alike));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
