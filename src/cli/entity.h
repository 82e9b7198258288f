/*
 * add, set, show, list and remove, which mean the same for backends, agents, commands and clients.
 * A family says what differs; these verbs find it in cli->family.
 */
#ifndef MAGEC_CLI_ENTITY_H
#define MAGEC_CLI_ENTITY_H

#include "cli/cli.h"
#include "cli/output.h"
#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"

/* Room for any of them; the first member of each is its id. */
union entity_room {
    char *id;
    struct backend backend;
    struct agent agent;
    struct command command;
    struct client client;
};

struct entity {
    void (*init)(void *e);
    void (*release)(void *e);
    /* The options that were given, into its fields. */
    enum status (*edit)(struct cli *cli, const struct options *o, void *e, struct error *err);
    enum status (*add)(struct store *s, void *e, struct error *err);
    enum status (*update)(struct store *s, void *e, struct error *err);
    enum status (*get)(struct store *s, const char *id, void *e, struct error *err);
    enum status (*remove)(struct store *s, const char *id, bool force, struct error *err);
    /* All of it, as one JSON value. */
    enum status (*write)(
        struct store *s, const void *e, bool secrets, struct json_writer *w, struct error *err);
    /* All of them that the options ask for, one JSON value each. */
    enum status (*write_all)(
        struct store *s, const struct options *o, struct json_writer *w, struct error *err);
    const struct column *columns; /* of the list */
};

enum status entity_add(struct cli *cli, const struct options *o, struct error *err);
enum status entity_set(struct cli *cli, const struct options *o, struct error *err);
enum status entity_show(struct cli *cli, const struct options *o, struct error *err);
enum status entity_list(struct cli *cli, const struct options *o, struct error *err);
enum status entity_remove(struct cli *cli, const struct options *o, struct error *err);

/* The functions that only need their types changed. */
#define ENTITY_FUNCTIONS(type)                                                                     \
    static void init_it(void *e)                                                                   \
    {                                                                                              \
        type##_init(e);                                                                            \
    }                                                                                              \
    static void release_it(void *e)                                                                \
    {                                                                                              \
        type##_release(e);                                                                         \
    }                                                                                              \
    static enum status add_it(struct store *s, void *e, struct error *err)                         \
    {                                                                                              \
        return type##_add(s, e, err);                                                              \
    }                                                                                              \
    static enum status update_it(struct store *s, void *e, struct error *err)                      \
    {                                                                                              \
        return type##_update(s, e, err);                                                           \
    }                                                                                              \
    static enum status get_it(struct store *s, const char *id, void *e, struct error *err)         \
    {                                                                                              \
        return type##_get(s, id, e, err);                                                          \
    }

#endif
