#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static enum status check_folder(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    enum status st = STATUS_OK;
    if (!folder)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (access(folder, F_OK))
        st = error_set(err, STATUS_STORE,
            "no folder \"%s\" for the store: make it, or name another place with -d", folder);
    free(folder);
    return st;
}

static enum status init(struct cli *cli, const struct options *o, struct error *err)
{
    (void)o;
    enum status st = check_folder(cli->db, err);
    if (!st)
        st = store_create(cli->db, err);
    if (!st)
        printf("store \"%s\" made\n", cli->db);
    return st;
}

static const struct verb verbs[] = {
    {.name = "",
        .synopsis = "",
        .summary = "makes an empty store",
        .details = "The file can be read by its owner only; one that exists is left as it is.\n",
        .run = init},
    {.name = NULL},
};

const struct family family_init = {"init", "make an empty store", verbs, NULL};
