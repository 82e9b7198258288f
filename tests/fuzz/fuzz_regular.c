/* Regular expressions: the first line is the pattern, the others are the text. Whatever they are,
 * the search ends when the work is over, and with more of it the answer is the same; in brackets
 * the pattern means what it meant. */
#include "base/regular.h"
#include "fuzz.h"

enum { WORK = 1024 * 1024 };

static enum status find(
    const struct regular *p, const char *text, size_t len, size_t work, bool *found)
{
    size_t left = work;
    enum status st = regular_find(p, text, len, &left, found);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_TOO_LARGE && !left && !*found));
    FUZZ_CHECK(left <= work);
    return st;
}

static enum status compile(const char *pattern, size_t len, struct regular **out)
{
    struct error err = {.text = ""};
    enum status st = regular_compile(pattern, len, out, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && err.text[0] && !*out));
    FUZZ_CHECK(st || len <= REGULAR_TEXT_MAX);
    return st;
}

static void check_work(const struct regular *p, const char *text, size_t len)
{
    bool found, again;
    enum status st = find(p, text, len, WORK, &found);
    for (size_t work = 1; work < WORK; work *= 16)
        FUZZ_CHECK(find(p, text, len, work, &again) || (!st && again == found));
}

/* Within brackets it may be too long, or too deep. */
static void check_brackets(
    const struct regular *p, const char *pattern, const char *text, size_t len)
{
    struct buf more;
    struct regular *same = NULL;
    bool found, again;
    buf_init(&more, 2 * REGULAR_TEXT_MAX);
    FUZZ_CHECK(!buf_printf(&more, "(?:%s)", pattern));
    if (!compile(buf_str(&more), more.len, &same) && !find(p, text, len, WORK, &found) &&
        !find(same, text, len, WORK, &again))
        FUZZ_CHECK(found == again);
    regular_free(same);
    buf_release(&more);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    struct regular *p = NULL;
    char *line = fuzz_line(&at, &len);
    char *pattern = fuzz_copy(line, strlen(line)), *text = fuzz_copy(at, len);
    if (!compile(pattern, strlen(line), &p)) {
        check_work(p, text, len);
        check_brackets(p, line, text, len);
    }
    regular_free(p);
    free(text);
    free(pattern);
    free(line);
    return 0;
}
