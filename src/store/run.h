/*
 * Runs as they are recorded: a row when the run begins, before any agent is asked, and the same row
 * completed when it ended. A row that has no end and whose process is dead becomes "interrupted".
 */
#ifndef MAGEC_STORE_RUN_H
#define MAGEC_STORE_RUN_H

#include <stddef.h>

#include "base/ident.h"
#include "base/json.h"
#include "store/store.h"

/* What is known before. The pointers are the caller's and are only read. */
struct run_begin {
    const char *id;     /* a UUID of version 7 */
    const char *client; /* NULL: asked from the terminal, with no client */
    const char *agents; /* a JSON array of ids, in order */
    const char *mode;   /* "command", "passthrough", "ask" */
    const char *caller; /* the remote address; NULL: the terminal */
    const char *prompt;
    size_t prompt_len;
    bool hash_prompt;           /* keep "sha256:" and the hash instead of the prompt */
    int64_t started_ms;         /* Unix time */
    int64_t owner;              /* store/owner.h: which process has it */
    const unsigned char *token; /* hash of the token used, or NULL */
};

/* What came of it. */
struct run_end {
    int64_t row; /* from run_insert */
    enum status status;
    const char *error; /* NULL when it succeeded */
    const char *response;
    size_t response_len;
    const char *results; /* a JSON array with each agent's outcome, when there were several, or
                          * it has more to tell: attempts, a request id; or NULL */
    const char *finish_reason; /* or NULL */
    const char *model;         /* that answered, as the backend says; or NULL */
    const char *answer_id;     /* the provider's, of the answer; or NULL */
    int64_t input_tokens;      /* -1: not told */
    int64_t output_tokens;     /* -1: not told */
    int64_t first_byte_ms;     /* from the start to the first text; -1: there was none */
    int64_t duration_ms;
};

/* One row, for reading. Pointers are valid during the visit; NULL where the row has none. */
struct run_row {
    const char *id, *client, *agents, *mode, *caller, *prompt;
    size_t prompt_len;
    int64_t started_ms;
    const char *status; /* status_name(), or "running", or "interrupted" */
    int http;           /* status_http(); 0 while running */
    const char *error, *response, *results, *finish_reason, *model, *answer_id;
    size_t response_len;
    int64_t input_tokens, output_tokens, first_byte_ms, duration_ms; /* -1: not known */
};

struct run_filter {
    const char *client; /* NULL: all */
    const char *agent;  /* NULL: all */
    const char *status; /* NULL: all */
    int64_t since_ms;   /* 0: all */
    int64_t limit;      /* most rows, newest first */
};

/* Both are called inside the writer's transaction. *row identifies it for run_finish. */
enum status run_insert(struct store *s, const struct run_begin *r, int64_t *row, struct error *err);
enum status run_finish(struct store *s, const struct run_end *r, struct error *err);
/* Marks open runs of processes that are gone. *count may be NULL. */
enum status run_interrupt_dead(struct store *s, int64_t *count, struct error *err);
/* Whether run_prune would have something to delete: is cheap, and needs no transaction. */
enum status run_prune_due(
    struct store *s, int64_t max_age_ms, int64_t max_count, bool *due, struct error *err);
/* Deletes at most batch finished runs that are older than max_age_ms or beyond the newest max_count
 * (0: no such limit). Called again while *deleted == batch. */
enum status run_prune(struct store *s, int64_t max_age_ms, int64_t max_count, int64_t batch,
    int64_t *deleted, struct error *err);

/* Whole prompts and responses; id may be a unique prefix of at least 8 characters. */
enum status run_get(struct store *s, const char *id,
    enum status (*visit)(void *ctx, const struct run_row *r), void *ctx, struct error *err);
/* Without prompts and responses (NULL). */
enum status run_each(struct store *s, const struct run_filter *f,
    enum status (*visit)(void *ctx, const struct run_row *r), void *ctx, struct error *err);
void run_to_json(const struct run_row *r, struct json_writer *w);

#endif
