/*
 * What a protocol that is an HTTP exchange has of its own, and how a request is made of it: the
 * URL, the proxy's and the headers with ${NAME} expanded, the key in its header, and the body.
 */
#ifndef MAGEC_AGENT_EXCHANGE_REQUEST_H
#define MAGEC_AGENT_EXCHANGE_REQUEST_H

#include "agent/stream.h"
#include "agent/task.h"

/* What one protocol has of its own. */
struct exchange_kind {
    const char *example_url; /* for who forgot the URL */
    /* How the key travels: "x-api-key: ", "Authorization: Bearer ". Unless the backend says
     * another header. */
    const char *key_header;
    /* Further headers, "Name: value", ended by NULL; one that the backend has is left out. May be
     * NULL. Content-Type and Accept are there already. */
    const char *const *headers;
    /* Adds to the base URL, which ends in no slash: "/chat/completions". What follows a "?" in the
     * base URL was taken off, and is put back behind it. An added "?..." is respected. Not called
     * when there is a route. */
    enum status (*path)(const struct ask *ask, struct buf *url, struct error *err);
    /* Writes the body, one object. Failures of memory are the buffer's. */
    enum status (*body)(const struct ask *ask, struct json_writer *w, struct error *err);
    /* Members of the body that an agent's options cannot replace, ended by NULL. */
    const char *const *own_members;
    /* Under which names the backend may want the most tokens, ended by NULL, the first without
     * being asked; NULL when there is only one. */
    const char *const *max_tokens_names;
    /* What has to be asked before, such as for a session; NULL for most. Of it there are only path,
     * body and key_header. Whether the question may follow, opens says: from the HTTP status and
     * the beginning of the answer. Both requests get the same ask, whose session is set. */
    const struct exchange_kind *first;
    bool (*opens)(const struct ask *ask, int http_status, const char *answer);
    /* Of a first one instead of opens, when its answer says where and how the question is asked:
     * fills in the route, which is then kept for the next calls (agent/route.h). One without a URL
     * is to another first one, which is asked next. Nothing filled in: the answer is a failure that
     * can speak for itself. STATUS_BACKEND says what is wrong with it. */
    enum status (*learn)(
        const struct buf *answer, int http_status, struct route *route, struct error *err);
    size_t answer_max;   /* bytes of the answer to a first one that are kept; 0: 16 kB */
    const char *lacking; /* what there is not when a first one fails: "there is no session" */
    bool is_get;         /* there is no body */
    const char *accept;  /* the header; NULL: "Accept: text/event-stream" */
    bool whole;          /* what the reader is fed is no event stream but one JSON document */
    const struct stream_reader *reader;
    /* The message of an error document, or NULL; stream_error_message will do for most. */
    const char *(*error_message)(const struct json *j);
};

struct exchange_request {
    const struct exchange_kind *kind;
    const struct ask *ask;
    struct buf url;
    struct buf proxy; /* its URL, "" when the backend has none */
    struct strings headers;
    struct buf body;
    struct strings secrets; /* what of it is not to be said (agent/secret.h) */
};

/* STATUS_CONFIG names a member of the options, which may be NULL, that is no option. */
enum status exchange_check_options(
    const struct exchange_kind *kind, const char *options, struct error *err);
/* Release it whatever is returned. STATUS_CONFIG names what is missing or cannot be. */
enum status exchange_request_make(struct exchange_request *r, const struct exchange_kind *kind,
    const struct ask *ask, struct error *err);
void exchange_request_release(struct exchange_request *r); /* works on a zeroed one */

/* For body: an agent's options replace members of the same name that the protocol writes, and null
 * leaves these out. So: what is not the request itself is written unless it is an option, and the
 * options come last. */
bool exchange_has_option(const struct ask *ask, const char *member);
void exchange_add_options(const struct ask *ask, struct json_writer *w);
/* For a member that is put together from both: all options as an object, or absent; an object's
 * member, or absent; and adding an object's members as given, but those that are null and, unless
 * that is NULL, one. */
struct json_slice exchange_options(const struct ask *ask);
struct json_slice exchange_member(const struct json_slice *object, const char *name);
void exchange_add_members(struct json_writer *w, const struct json_slice *object, const char *but);
/* The same but for several, ended by NULL. */
void exchange_add_members_but(
    struct json_writer *w, const struct json_slice *object, const char *const *but);
/* The objects among an array's elements, into an array that is being written. */
void exchange_add_objects(struct json_writer *w, const struct json_slice *array);
/* For path: the bytes of s escaped in the path or the query of a URL, added to url. */
void exchange_add_escaped(struct buf *url, const char *s);

#endif
