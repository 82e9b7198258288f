/* Flows: each line is the root of one. The first is read, drawn and checked; the others are those
 * that it may name, f1 to f7, beside the agents a and b. What passes keeps within the caps. */
#include "fuzz.h"
#include "store/flow_tree.h"

enum { FLOWS_MAX = 7, DRAWN_MAX = 1024 * 1024 };

static char ids[FLOWS_MAX][3] = {"f1", "f2", "f3", "f4", "f5", "f6", "f7"};

struct flows {
    struct flow_step roots[FLOWS_MAX];
    bool read[FLOWS_MAX];
};

static const struct flow_step *find(void *ctx, const char *id)
{
    struct flows *all = ctx;
    for (size_t i = 0; i < FLOWS_MAX; i++)
        if (!strcmp(ids[i], id) && all->read[i])
            return &all->roots[i];
    return NULL;
}

/* ---- what is true of a tree ---- */

static size_t check_step(const struct flow_step *s, int depth)
{
    size_t count = 1;
    bool leaf = s->type == FLOW_AGENT || s->type == FLOW_NESTED;
    FUZZ_CHECK(depth <= FLOW_DEPTH_MAX);
    FUZZ_CHECK(leaf ? s->id && *s->id && !s->step_count : s->step_count && !s->id);
    FUZZ_CHECK(s->type != FLOW_LOOP ||
               (s->max_iterations > 0 && s->max_iterations <= FLOW_ITERATIONS_MAX));
    FUZZ_CHECK(!s->exit_when == !s->condition && (s->type == FLOW_LOOP || !s->condition));
    for (size_t i = 0; i < s->step_count; i++)
        count += check_step(&s->steps[i], depth + 1);
    return count;
}

/* Calls of agents; what is named is there. */
static int64_t count_calls(struct flows *all, const struct flow_step *s, int nested)
{
    int64_t calls = 0;
    FUZZ_CHECK(nested <= FLOW_NESTED_MAX);
    if (s->type == FLOW_AGENT && (!strcmp(s->id, "a") || !strcmp(s->id, "b")))
        return 1;
    if (s->id) {
        const struct flow_step *inner = find(all, s->id);
        FUZZ_CHECK(inner);
        return count_calls(all, inner, nested + 1);
    }
    for (size_t i = 0; i < s->step_count; i++)
        calls += count_calls(all, &s->steps[i], nested);
    return s->type == FLOW_LOOP ? calls * s->max_iterations : calls;
}

/* ---- reading ---- */

static bool read_root(const char *text, struct flow_step *out)
{
    struct error err = {.text = ""};
    struct buf drawn;
    enum status st = flow_tree_parse(text, out, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && !strncmp(err.text, "root", 4)));
    if (st)
        return false;
    size_t count = check_step(out, 1), lines = 0;
    FUZZ_CHECK(count <= FLOW_STEPS_MAX);
    buf_init(&drawn, DRAWN_MAX);
    FUZZ_CHECK(!flow_tree_draw(out, &drawn));
    for (const char *c = buf_str(&drawn); (c = strchr(c, '\n')); c++)
        lines++;
    FUZZ_CHECK(lines >= count); /* a condition may have some */
    buf_release(&drawn);
    return true;
}

static void check(struct flows *all, const struct flow_step *root)
{
    struct strings agents = {0}, flows = {0};
    struct error err = {.text = ""};
    struct flow_names names = {&agents, &flows, find, all};
    FUZZ_CHECK(!strings_add(&agents, "a") && !strings_add(&agents, "b"));
    for (size_t i = 0; i < FLOWS_MAX; i++)
        FUZZ_CHECK(!strings_add(&flows, ids[i]));
    enum status st = flow_tree_check("f0", root, &names, &err);
    FUZZ_CHECK(st == STATUS_OK || (st == STATUS_BAD_REQUEST && !strncmp(err.text, "root.", 5)));
    FUZZ_CHECK(st || count_calls(all, root, 1) <= FLOW_CALLS_MAX);
    strings_release(&flows);
    strings_release(&agents);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;
    struct flow_step root = {0};
    struct flows all = {0};
    char *line = fuzz_line(&at, &len);
    bool good = read_root(line, &root);
    free(line);
    for (size_t i = 0; i < FLOWS_MAX && good; i++) {
        line = fuzz_line(&at, &len);
        all.read[i] = read_root(line, &all.roots[i]);
        free(line);
    }
    if (good)
        check(&all, &root);
    for (size_t i = 0; i < FLOWS_MAX; i++)
        flow_tree_release(&all.roots[i]);
    flow_tree_release(&root);
    return 0;
}
