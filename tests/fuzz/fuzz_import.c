/* Documents of stores: taken or refused as a whole; what was taken is exported as what is the same
 * when it is imported again and exported. Each has stores of its own, since what is there decides,
 * too. */
#include <stdbool.h>
#include <unistd.h>

#include "base/json.h"
#include "fuzz.h"
#include "store/import.h"

enum { EXPORT_MAX = 4 * 1024 * 1024, DOCUMENT_MAX = 64 * 1024 };

struct place {
    char folder[512], path[600];
    struct store *store;
};

static void begin(struct place *p)
{
    struct error err;
    const char *tmp = getenv("TMPDIR");
    snprintf(p->folder, sizeof p->folder, "%s/magec-fuzz.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    FUZZ_CHECK(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/store", p->folder);
    FUZZ_CHECK(!store_create(p->path, &err));
    FUZZ_CHECK(!store_open(&p->store, p->path, STORE_WRITE, &err));
    store_brief(p->store);
}

static void end(struct place *p)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[640];
    store_close(p->store);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", p->path, suffixes[i]);
        unlink(path);
    }
    rmdir(p->folder);
}

static enum status import(struct place *p, const char *text, size_t len, struct error *err)
{
    struct import_report report = {0};
    enum status st = store_import(p->store, text, len, false, &report, err);
    import_report_release(&report);
    return st;
}

static void export(struct place *p, struct buf *out)
{
    struct error err;
    struct json *j = NULL;
    buf_init(out, EXPORT_MAX);
    FUZZ_CHECK(!store_export(p->store, true, out, &err));
    FUZZ_CHECK(!json_parse(buf_str(out), out->len, &j, &err));
    json_free(j);
}

/* What is not, is only kept, and exported as text, which may then be taken. */
static bool is_text(const char *text, size_t len)
{
    return utf8_valid(text, len, NULL) && !memmem(text, len, "\\ud", 3) &&
           !memmem(text, len, "\\uD", 3);
}

static void check_import(const char *text, size_t len)
{
    struct place first, second;
    struct error err = {.text = ""};
    struct buf before, after, again;
    begin(&first);
    begin(&second);
    export(&first, &before);
    enum status st = import(&first, text, len, &err);
    export(&first, &after);
    if (st) {
        FUZZ_CHECK(st == STATUS_BAD_REQUEST || st == STATUS_CONFLICT || st == STATUS_TOO_LARGE);
        FUZZ_CHECK(err.text[0]);
        fuzz_same(&before, &after);
    } else {
        FUZZ_CHECK(!import(&second, buf_str(&after), after.len, &err));
        export(&second, &again);
        if (is_text(text, len))
            fuzz_same(&after, &again);
        buf_release(&again);
    }
    buf_release(&before);
    buf_release(&after);
    end(&first);
    end(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct json *j = NULL;
    if (len > DOCUMENT_MAX)
        return 0;
    char *text = fuzz_copy(bytes, len);
    if (!json_parse(text, len, &j, NULL)) /* what is none is refused without a look at the store */
        check_import(text, len);
    json_free(j);
    free(text);
    return 0;
}
