#include "store/checkpoint.h"

#include <stddef.h>

#define MEMBER_OF(type, member, pointer)                                                           \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A store that cannot be opened or is busy: there will be another time. */
static void write_back(struct read_job *job, struct store *s, const struct error *why)
{
    (void)why;
    struct checkpoints *c = MEMBER_OF(struct checkpoints, job, job);
    if (s)
        store_checkpoint(s);
    atomic_store(&c->running, false);
}

void checkpoints_begin(struct checkpoints *c, struct store *s, struct reader *reader)
{
    c->reader = reader;
    c->job.read = write_back;
    atomic_init(&c->running, false);
    store_keep_log(s);
}

void checkpoints_turn(struct checkpoints *c, struct store *s)
{
    int pages = store_log_pages(s);
    if (!c->reader || (atomic_load(&c->running) && pages < CHECKPOINT_MOST))
        return;
    if (pages < c->begun_at) /* it began anew */
        c->begun_at = 0;
    bool due = pages - c->begun_at >= CHECKPOINT_PAGES;
    if ((due && pages >= CHECKPOINT_MOST) || (c->fresh && pages >= CHECKPOINT_RESTART)) {
        store_checkpoint(s);
        c->begun_at = pages;
        c->fresh = false;
    } else if (due) {
        c->begun_at = pages;
        c->fresh = true;
        atomic_store(&c->running, true);
        reader_submit(c->reader, &c->job);
    }
}
