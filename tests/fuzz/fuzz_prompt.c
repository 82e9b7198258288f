/* The prompt of a call: the first line is the content type, the others are the body. */
#include "base/utf8.h"
#include "fuzz.h"
#include "webhook/form.h"
#include "webhook/prompt.h"

enum { PROMPT_CAP = 300 };

static void check_prompt(const char *type, const char *body, size_t len)
{
    struct prompt p;
    struct error err = {.text = ""};
    prompt_init(&p, PROMPT_CAP);
    enum status st = prompt_from_body(&p, body, len, type, &err);
    if (st) {
        FUZZ_CHECK(st == STATUS_BAD_REQUEST || st == STATUS_TOO_LARGE);
        FUZZ_CHECK(err.text[0] && !p.text.len && !p.agent);
    } else {
        FUZZ_CHECK(p.text.len && p.text.len <= PROMPT_CAP);
        FUZZ_CHECK(utf8_valid(buf_str(&p.text), p.text.len, NULL));
        FUZZ_CHECK(!memchr(buf_str(&p.text), 0, p.text.len));
        FUZZ_CHECK(buf_str(&p.text)[strspn(buf_str(&p.text), " \t\r\n\v\f")]);
        FUZZ_CHECK(!p.agent || (*p.agent && utf8_valid(p.agent, strlen(p.agent), NULL)));
    }
    FUZZ_CHECK(st != STATUS_TOO_LARGE || len > PROMPT_CAP / 3);
    FUZZ_CHECK(
        utf8_valid(err.text, strlen(err.text), NULL) || !utf8_valid(type, strlen(type), NULL));
    prompt_release(&p);
}

static void check_form(const char *type, const char *body, size_t len)
{
    struct form f = {0};
    struct error err = {.text = ""};
    size_t sum = 0;
    enum status st =
        type ? form_parse_multipart(&f, body, len, type, &err) : form_parse(&f, body, len, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && err.text[0]));
    FUZZ_CHECK(f.count <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < f.count; i++) {
        sum += strlen(f.fields[i].name) + f.fields[i].value.len;
        FUZZ_CHECK(form_get(&f, f.fields[i].name));
    }
    FUZZ_CHECK(sum <= len);
    form_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    char *type = fuzz_line(&at, &len);
    char *body = fuzz_copy(at, len);
    check_prompt(type, body, len);
    check_prompt(NULL, body, len);
    check_form(type, body, len);
    check_form(NULL, body, len);
    free(body);
    free(type);
    return 0;
}
