/* How a token is shown, once, with the line that calls its client. */
#include "cli/token.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

static void add_quoted(struct buf *out, const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789:/._~%@-";
    if (!text[strspn(text, safe)]) {
        buf_adds(out, text);
        return;
    }
    buf_addc(out, '\'');
    for (; *text; text++)
        buf_adds(out, *text == '\'' ? "'\\''" : (char[]){*text, 0});
    buf_addc(out, '\'');
}

static enum status add_url(struct buf *url, const struct options *o, const char *id)
{
    const char *base = options_text(o, "url");
    if (!base || !*base)
        base = getenv("MAGEC_URL");
    if (!base || !*base)
        base = "http://localhost:8080";
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    return buf_printf(url, "%.*s/api/v1/webhooks/%s", (int)len, base, id);
}

static void print_token_json(const char *id, const char *token, const char *url)
{
    struct output out;
    output_begin(&out);
    json_begin_object(&out.w);
    json_member_string(&out.w, "id", id);
    json_member_string(&out.w, "token", token);
    json_member_string(&out.w, "url", url);
    json_end_object(&out.w);
    output_object(&out, STATUS_OK, true, NULL);
}

static void print_token_text(const char *token, const char *url, bool passthrough)
{
    struct buf quoted;
    buf_init(&quoted, BUF_SMALL);
    add_quoted(&quoted, url);
    printf("\nIts token, shown only now:\n\n%s\n\nCall it:\n\n", token);
    printf("curl -X POST %s -H \"Authorization: Bearer %s\"%s\n", buf_str(&quoted), token,
        passthrough ? " -d '{\"prompt\": \"Hello\"}'" : " -d ''");
    buf_release(&quoted);
}

enum status token_print(
    const struct options *o, const struct client *c, const char *token, const char *done)
{
    struct buf url;
    buf_init(&url, BUF_SMALL);
    enum status st = add_url(&url, o, c->id);
    if (options_given(o, "json")) {
        print_token_json(c->id, token, buf_str(&url));
    } else {
        printf("client \"%s\" %s\n", c->id, done);
        print_token_text(token, buf_str(&url), c->passthrough);
    }
    buf_release(&url);
    return st;
}
