/* Conditions: the first line is the expression, the others are the state. It is true or false, or
 * err says why not, each time the same; and its opposite is the opposite. */
#include "base/cel.h"
#include "fuzz.h"

static enum status parse(const char *text, struct cel **out)
{
    struct error err = {.text = ""};
    enum status st = cel_parse(text, out, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && err.text[0] && !*out));
    FUZZ_CHECK(st || strlen(text) <= CEL_TEXT_MAX);
    return st;
}

static enum status test(
    const struct cel *expr, const struct json *state, bool *result, struct error *err)
{
    *err = (struct error){.text = ""};
    enum status st = cel_test(expr, state, result, err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && err->text[0] && !*result));
    return st;
}

/* What is not one may be too deep, or too much. */
static void check_opposite(const char *text, const struct json *state, enum status st, bool result)
{
    struct buf not ;
    struct cel *expr = NULL;
    struct error err;
    bool opposite;
    buf_init(&not, 2 * CEL_TEXT_MAX);
    FUZZ_CHECK(!buf_printf(&not, "!(%s\n)", text)); /* it may end in a remark */
    if (!parse(buf_str(&not ), &expr)) {
        enum status same = test(expr, state, &opposite, &err);
        FUZZ_CHECK(same == st || strstr(err.text, "too much"));
        FUZZ_CHECK(same || opposite != result);
    }
    cel_free(expr);
    buf_release(&not );
}

static void check_state(const struct cel *expr, const char *text, const struct json *state)
{
    struct error err, why;
    bool result, again;
    enum status st = test(expr, state, &result, &err);
    FUZZ_CHECK(test(expr, state, &again, &why) == st && again == result);
    FUZZ_CHECK(!strcmp(err.text, why.text));
    FUZZ_CHECK(!st || json_kind(state) != JSON_OBJECT || !strncmp(err.text, "column ", 7) ||
               !strncmp(err.text, "the expression is ", 18));
    check_opposite(text, state, st, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    struct cel *expr = NULL;
    struct json *state = NULL;
    char *line = fuzz_line(&at, &len);
    char *text = fuzz_copy(line, strlen(line) + 1);
    if (!parse(text, &expr)) {
        if (json_parse(at, len, &state, NULL))
            json_parse("{}", 2, &state, NULL);
        check_state(expr, text, state);
    }
    cel_free(expr);
    json_free(state);
    free(text);
    free(line);
    return 0;
}
