/* JSON: base/json_scan.h takes, refuses and says what json_parse does; what is printed is read as
 * the same; base/json_alike.h finds the string that it was told of. */
#include "base/json_alike.h"
#include "fuzz.h"

enum { OUT_MAX = 1024 * 1024 };

static void check_value(struct json_scan *s, const struct json *j);

static void check_slice(const struct json_slice *v, const struct json *j)
{
    size_t len = 0;
    struct buf out;
    struct json_scan inner;
    const char *text = json_string(j, &len);
    FUZZ_CHECK(v->kind == json_kind(j));
    FUZZ_CHECK(json_slice_int(v, -77) == json_int(j, -77));
    buf_init(&out, v->len);
    FUZZ_CHECK(!json_slice_add(v, &out));
    FUZZ_CHECK(out.len == len && (!text || !memcmp(buf_str(&out), text, len)));
    FUZZ_CHECK(!text || json_slice_is(v, text));
    buf_release(&out);
    if (text)
        return;
    json_scan_init(&inner, v->bytes, v->len);
    check_value(&inner, j);
    FUZZ_CHECK(json_scan_end(&inner));
}

/* Whether the key comes again; the scan is a copy. */
static bool comes_again(struct json_scan later, const char *name)
{
    struct json_slice key, value;
    bool again = false;
    while (json_scan_member(&later, &key)) {
        again = again || json_slice_is(&key, name);
        json_scan_value(&later, &value);
    }
    return again;
}

static void check_members(struct json_scan *s, const struct json *j)
{
    struct json_slice key, value;
    size_t different = 0;
    while (json_scan_member(s, &key)) {
        struct buf name;
        buf_init(&name, key.len);
        FUZZ_CHECK(!json_slice_add(&key, &name));
        FUZZ_CHECK(json_slice_is(&key, buf_str(&name)));
        json_scan_value(s, &value);
        if (!comes_again(*s, buf_str(&name))) {
            check_slice(&value, json_get(j, buf_str(&name)));
            different++;
        }
        buf_release(&name);
    }
    FUZZ_CHECK(different == json_count(j));
}

static void check_value(struct json_scan *s, const struct json *j)
{
    struct json_slice v;
    if (json_kind(j) == JSON_OBJECT) {
        FUZZ_CHECK(json_scan_object(s));
        check_members(s, j);
    } else if (json_kind(j) == JSON_ARRAY) {
        size_t count = 0;
        FUZZ_CHECK(json_scan_array(s));
        for (; json_scan_element(s); count++) {
            json_scan_value(s, &v);
            check_slice(&v, json_at(j, count));
        }
        FUZZ_CHECK(count == json_count(j));
    } else {
        json_scan_value(s, &v);
        FUZZ_CHECK(v.kind == json_kind(j));
    }
}

/* What is printed is valid UTF-8 and JSON, and printed again it is the same, unless keys became the
 * same on the way: what is no UTF-8 and halves of surrogate pairs are all one character. */
static void check_print(const struct json *j, bool plain)
{
    struct buf once, twice;
    struct json *again = NULL;
    buf_init(&once, OUT_MAX);
    buf_init(&twice, OUT_MAX);
    FUZZ_CHECK(!json_print(j, false, &once));
    FUZZ_CHECK(utf8_valid(buf_str(&once), once.len, NULL));
    FUZZ_CHECK(!json_parse(buf_str(&once), once.len, &again, NULL));
    FUZZ_CHECK(!json_print(again, false, &twice));
    if (plain)
        fuzz_same(&once, &twice);
    json_free(again);
    buf_release(&once);
    buf_release(&twice);
}

static void check_alike(const char *text, size_t len)
{
    struct json_scan s;
    struct json_slice key, value, found;
    struct json_alike a;
    json_scan_init(&s, text, len);
    if (!json_scan_object(&s))
        return;
    while (json_scan_member(&s, &key)) {
        json_scan_value(&s, &value);
        if (value.kind != JSON_STRING)
            continue;
        json_alike_init(&a);
        json_alike_keep(&a, text, len, &value);
        bool match = json_alike_match(&a, text, len, &found);
        FUZZ_CHECK(match == (len <= JSON_ALIKE_MAX) || len - value.len <= JSON_ALIKE_MAX);
        if (match)
            FUZZ_CHECK(found.bytes == value.bytes && found.len == value.len &&
                       found.escaped == value.escaped && found.kind == JSON_STRING);
        json_alike_release(&a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct json *j = NULL;
    struct error err = {.text = ""};
    struct json_scan s;
    struct json_slice v;
    char *text = fuzz_copy(bytes, len);
    if (len > OUT_MAX / 16)
        len = 0;
    enum status st = json_parse(text, len, &j, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && err.text[0] && !j));
    json_scan_init(&s, text, len);
    json_scan_value(&s, &v);
    FUZZ_CHECK(json_scan_end(&s) == !st);
    if (!st) {
        check_slice(&v, j);
        check_print(j, utf8_valid(text, len, NULL) && !memmem(text, len, "\\u", 2));
        check_alike(text, len);
    }
    json_free(j);
    free(text);
    return 0;
}
