/*
 * Magec's JSON: a store.json, a seed file, or what export writes.
 *
 * {"backends":[…],"mcpServers":[…],"tools":[…],"agents":[…],"flows":[…],"commands":[…],
 * "clients":[…], …}. Clients of type webhook (a "token" in one is adopted, so that deployed callers
 * go on working), commands, flows, agents, tools, MCP servers and backends are taken. What cannot
 * be taken (other types of client, memory, …) is named in the report, and its JSON is kept as it is
 * and written again by export; so are ids in lists that refer to nothing here. An entity whose id
 * exists already is replaced only if told so, else it is a conflict. All or nothing: one
 * transaction.
 */
#ifndef MAGEC_STORE_IMPORT_H
#define MAGEC_STORE_IMPORT_H

#include "base/buf.h"
#include "base/strings.h"
#include "store/store.h"

struct import_report {
    size_t backends, mcp_servers, tools, agents, flows, commands, clients; /* taken */
    struct strings kept; /* a sentence for each thing that was only kept */
};

void import_report_release(struct import_report *r);
/* *report must be zeroed. STATUS_BAD_REQUEST is about the document and names the place: "agents[2]:
 * not an object". What an export without secrets left out is not taken from what is replaced. */
enum status store_import(struct store *s, const char *text, size_t len, bool replace,
    struct import_report *report, struct error *err);
/* Without secrets: keys that are no references are null, and so is what looks like a secret in
 * things that were only kept; tokens never are in it (only their hashes are known: with secrets as
 * "tokenHashes", which import takes back). */
enum status store_export(struct store *s, bool secrets, struct buf *out, struct error *err);

#endif
