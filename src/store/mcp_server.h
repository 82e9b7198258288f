/*
 * MCP servers as they are configured: where tools of agents come from. The kind is called "mcp".
 */
#ifndef MAGEC_STORE_MCP_SERVER_H
#define MAGEC_STORE_MCP_SERVER_H

#include "base/strings.h"
#include "store/entity.h"

struct mcp_server {
    char *id;
    char *name;
    char *type;             /* "http" or "stdio" */
    char *endpoint;         /* http: its URL */
    struct strings headers; /* http: further ones, "Name: value" */
    char *ca_file;       /* http: caFile, PEM, instead of the system's authorities; NULL: these */
    bool insecure;       /* http: the server's certificate is not verified */
    char *command;       /* stdio: the program */
    struct strings args; /* stdio: its arguments, without the program */
    struct strings env;  /* stdio: its whole environment, "NAME=value"; a bare NAME is passed on */
    char *work_dir;      /* stdio: workDir; NULL: "/" */
    int64_t timeout_ms;  /* of one request to it; 0: the default */
    int64_t list_ms;     /* how long its list of tools is good; 0: the default */
    char *extra;
};

/* What http and stdio have is not mixed. When one is removed by force, it is taken off the agents
 * that link it. */
ENTITY_API(mcp_server)

#endif
