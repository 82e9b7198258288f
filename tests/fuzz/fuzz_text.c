/* Text of a backend on its way out: made valid, escaped, and without the secret, which is the first
 * line here. */
#include "agent/secret.h"
#include "base/json.h"
#include "fuzz.h"

enum { OUT_MAX = 1024 * 1024 };

typedef enum status (*feeder)(
    struct buf *out, struct utf8_stream *u, const char *bytes, size_t len);

static enum status feed_plain(struct buf *out, struct utf8_stream *u, const char *bytes, size_t len)
{
    return bytes ? utf8_feed(u, bytes, len, out) : utf8_finish(u, out);
}

static enum status feed_escaped(
    struct buf *out, struct utf8_stream *u, const char *bytes, size_t len)
{
    return bytes ? json_escape_feed(out, u, bytes, len) : json_escape_finish(out, u);
}

static void feed(feeder how, struct buf *out, const char *bytes, size_t len, size_t piece)
{
    struct utf8_stream u = {0};
    buf_init(out, OUT_MAX);
    for (size_t at = 0, n; at < len; at += n) {
        n = piece < len - at ? piece : len - at;
        char *copy = fuzz_copy(bytes + at, n);
        FUZZ_CHECK(!how(out, &u, copy, n));
        free(copy);
    }
    FUZZ_CHECK(!how(out, &u, NULL, 0));
    FUZZ_CHECK(utf8_valid(buf_str(out), out->len, NULL));
}

static void check_feeder(feeder how, const char *bytes, size_t len)
{
    struct buf whole, cut;
    feed(how, &whole, bytes, len, len);
    for (size_t piece = 1; piece <= 3; piece++) {
        feed(how, &cut, bytes, len, piece);
        fuzz_same(&whole, &cut);
        buf_release(&cut);
    }
    if (how == feed_plain && utf8_valid(bytes, len, NULL))
        FUZZ_CHECK(whole.len == len && !memcmp(buf_str(&whole), bytes, len));
    buf_release(&whole);
}

/* What is escaped is the inside of a string. */
static void check_escape(const char *bytes, size_t len)
{
    struct buf text;
    struct json *j = NULL;
    buf_init(&text, OUT_MAX);
    buf_addc(&text, '"');
    json_escape(&text, bytes, len);
    FUZZ_CHECK(!buf_addc(&text, '"'));
    FUZZ_CHECK(!json_parse(buf_str(&text), text.len, &j, NULL));
    FUZZ_CHECK(json_kind(j) == JSON_STRING);
    json_free(j);
    buf_release(&text);
}

static void check_redact(const char *secret, const char *bytes, size_t len)
{
    struct strings secrets = {0};
    struct error err;
    char *text = strndup(bytes, len);
    FUZZ_CHECK(text && !strings_add(&secrets, secret));
    secret_redact(&err, STATUS_BACKEND, "", text, &secrets);
    FUZZ_CHECK(err.status == STATUS_BACKEND);
    /* one that is made of our own word, or of what stands beside it, is none */
    if (strlen(secret) >= 4 && !strpbrk(secret, "[redact]."))
        FUZZ_CHECK(!strstr(err.text, secret));
    secret_forget(&secrets);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    if (len > OUT_MAX / 32)
        return 0;
    char *secret = fuzz_line(&at, &len);
    check_feeder(feed_plain, at, len);
    check_feeder(feed_escaped, at, len);
    check_escape(at, len);
    check_redact(secret, at, len);
    free(secret);
    return 0;
}
