/*
 * What tests of the store share: a folder with a store in it.
 */
#ifndef TESTS_UNIT_UNIT_STORE_H
#define TESTS_UNIT_UNIT_STORE_H

#include "store/agent.h"
#include "store/backend.h"
#include "store/client.h"
#include "store/command.h"
#include "store/import.h"
#include "store/store.h"
#include "unit.h"

static struct {
    char folder[UNIT_PATH];
    char path[UNIT_PATH + 16];
    struct store *store;
    struct error err;
} at;

#define OK(call)                                                                                   \
    do {                                                                                           \
        at.err.text[0] = 0;                                                                        \
        enum status ok_ = (call);                                                                  \
        ck_assert_msg(!ok_, "%s: %s: %s", #call, status_name(ok_), at.err.text);                   \
    } while (0)
/* Fails with the status, and the text contains the piece. */
#define FAILS(call, want, piece)                                                                   \
    do {                                                                                           \
        at.err.text[0] = 0;                                                                        \
        enum status got_ = (call);                                                                 \
        ck_assert_msg(got_ == (want), "%s gave %s: %s", #call, status_name(got_), at.err.text);    \
        ck_assert_msg(strstr(at.err.text, piece) != NULL, "%s said: %s", #call, at.err.text);      \
    } while (0)

static inline void unit_store_make(void)
{
    unit_folder_make(at.folder);
    snprintf(at.path, sizeof at.path, "%s/magec.db", at.folder);
    OK(store_create(at.path, &at.err));
    OK(store_open(&at.store, at.path, STORE_WRITE, &at.err));
}

static inline void unit_store_remove(void)
{
    store_close(at.store);
    at.store = NULL;
    unit_folder_remove(at.folder);
}

/* Adds what is in the document, in Magec's JSON. */
static inline void unit_store_fill(const char *json)
{
    struct import_report report = {0};
    OK(store_import(at.store, json, strlen(json), false, &report, &at.err));
    ck_assert_msg(!report.kept.count, "%s", report.kept.count ? report.kept.items[0] : "");
    import_report_release(&report);
}

/* A backend "echo", agents "one" and "two", a command "sum", and clients "pass", "stored". */
static const char unit_entities[] =
    "{\"backends\":[{\"id\":\"echo\",\"type\":\"echo\"}],"
    "\"agents\":[{\"id\":\"one\",\"llm\":{\"backend\":\"echo\"}},"
    "{\"id\":\"two\",\"llm\":{\"backend\":\"echo\",\"model\":\"m\"}}],"
    "\"commands\":[{\"id\":\"sum\",\"prompt\":\"Summarize.\",\"agentId\":\"two\"}],"
    "\"clients\":[{\"id\":\"pass\",\"type\":\"webhook\",\"allowedAgents\":[\"two\",\"one\"],"
    "\"config\":{\"webhook\":{\"passthrough\":true}}},"
    "{\"id\":\"stored\",\"type\":\"webhook\",\"allowedAgents\":[\"one\"],"
    "\"config\":{\"webhook\":{\"commandId\":\"sum\"}}}]}";

#endif
