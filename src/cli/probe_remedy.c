/* Web servers and what each wants to be told: the table of magec-servers(7), by symptom. */
#include <string.h>
#include <strings.h>

#include "cli/probe.h"

/* ---- who it is ---- */

static const struct {
    const char *header; /* what the Server header begins with */
    const char *page;   /* what only its error pages have, or NULL */
    const char *name;
} servers[] = {
    [SERVER_NGINX] = {"nginx", "<center>nginx", "nginx"},
    [SERVER_LIGHTTPD] = {"lighttpd", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "lighttpd"},
    [SERVER_APACHE] = {"Apache", "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">", "Apache"},
    [SERVER_CADDY] = {"Caddy", NULL, "Caddy"},
    [SERVER_H2O] = {"h2o", NULL, "h2o"},
    [SERVER_OTHER] = {"", NULL, "the web server"},
};

enum web_server server_of(const char *header, const char *page)
{
    enum web_server s = 0;
    while (
        s < SERVER_OTHER && strncasecmp(header, servers[s].header, strlen(servers[s].header)) != 0)
        s++;
    for (enum web_server i = 0; s == SERVER_OTHER && i < SERVER_OTHER; i++)
        if (servers[i].page && strstr(page, servers[i].page))
            s = i;
    return s;
}

const char *server_name(enum web_server server)
{
    return servers[server].name;
}

/* ---- what helps ---- */

#define LOOK_AT_LOG "; its error log has the reason"

/* What is not there is SERVER_OTHER's. */
static const char *const remedies[SYMPTOM_COUNT_][SERVER_OTHER + 1] = {
    [SYMPTOM_NOT_ROUTED] =
        {
            [SERVER_NGINX] = "location /api/v1/webhooks/ { ... fastcgi_pass ...; } in the server "
                             "block of this name and port (server_name, listen): contrib/nginx",
            [SERVER_LIGHTTPD] = "fastcgi.server = ( \"/api/v1/webhooks\" => (( ... \"check-local\" "
                                "=> \"disable\" ))): contrib/lighttpd",
            [SERVER_APACHE] = "ScriptAlias /api/v1/webhooks (mod_fcgid, mod_cgid) or SetHandler "
                              "\"proxy:unix:PATH|fcgi://NAME\" (mod_proxy_fcgi) in this "
                              "<VirtualHost>, then a2enmod, a2enconf and a reload: contrib/apache",
            [SERVER_CADDY] = "handle /api/v1/webhooks/* { reverse_proxy unix//PATH { transport "
                             "fastcgi { split /webhooks } } } in the site of this name: "
                             "contrib/caddy",
            [SERVER_H2O] = "the path /api/v1/webhooks with fastcgi.connect, below the host of this "
                           "name: contrib/h2o",
            [SERVER_OTHER] = "let it pass on /api/v1/webhooks/ to magec-fcgi: contrib/README.md",
        },
    [SYMPTOM_FORBIDDEN] =
        {
            [SERVER_NGINX] = "take away what denies it: deny, allow, limit_except, or a location "
                             "with files that comes before",
            [SERVER_LIGHTTPD] = "take away what denies it (url.access-deny); under mod_cgi the "
                                "program must be executable for its user",
            [SERVER_APACHE] = "\"Require all granted\" for the path; of a CGI script Options "
                              "+ExecCGI, and mode 755",
            [SERVER_OTHER] = "take away what denies the path, or only POST to it",
        },
    [SYMPTOM_PATH] =
        {
            [SERVER_NGINX] = "fastcgi_split_path_info ^(/api/v1/webhooks)(/.*)$; and "
                             "fastcgi_param PATH_INFO $fastcgi_path_info;",
            [SERVER_LIGHTTPD] = "\"check-local\" => \"disable\"",
            [SERVER_APACHE] = "mod_proxy_fcgi: SetHandler \"proxy:unix:PATH|fcgi://NAME\" in "
                              "<Location /api/v1/webhooks>: contrib/apache/proxy.conf",
            [SERVER_CADDY] = "transport fastcgi { split /webhooks }",
            [SERVER_OTHER] = "call the URL of a client, /api/v1/webhooks/CLIENT; if that was it, "
                             "let the server pass on PATH_INFO",
        },
    [SYMPTOM_CRASHED] =
        {
            [SERVER_LIGHTTPD] = "look whether its user may execute the program and read the store: "
                                "bin-path, alias.url, setenv" LOOK_AT_LOG,
            [SERVER_APACHE] =
                "look whether its user may execute the program and write the store; "
                "in .htaccess, whether AllowOverride lets CGIPassAuth in (AuthConfig)" LOOK_AT_LOG,
            [SERVER_OTHER] = "look whether its user may execute the program and write the "
                             "store" LOOK_AT_LOG,
        },
    [SYMPTOM_NOBODY] =
        {
            [SERVER_NGINX] = "start the responder on the socket of fastcgi_pass; the socket has "
                             "mode 0660, so nginx's user must be in its group" LOOK_AT_LOG,
            [SERVER_LIGHTTPD] = "start the responder on \"socket\" (lighttpd's user must be in its "
                                "group), or let lighttpd start it: bin-path must be executable, "
                                "and the store its user's" LOOK_AT_LOG,
            [SERVER_APACHE] = "mod_proxy_fcgi: start the responder on its socket, whose group "
                              "Apache's user must be in; mod_fcgid: the program must start as "
                              "Apache's user, with its store" LOOK_AT_LOG,
            [SERVER_CADDY] =
                "start the responder on its socket, whose group caddy must be in" LOOK_AT_LOG,
            [SERVER_H2O] = "start the responder on its socket, whose group h2o's user must be "
                           "in" LOOK_AT_LOG,
            [SERVER_OTHER] = "start the responder; the server's user must be in the group of its "
                             "socket" LOOK_AT_LOG,
        },
    [SYMPTOM_SLOW] =
        {
            [SERVER_NGINX] = "fastcgi_read_timeout 960s; (60s unless it is set)",
            [SERVER_LIGHTTPD] =
                "raise \"read-timeout\" of fastcgi.server or of cgi.limits if it is "
                "set; what stands before lighttpd may have a limit too",
            [SERVER_APACHE] =
                "mod_fcgid: FcgidIOTimeout 960 and FcgidBusyTimeout 960 (40 and 300); "
                "mod_proxy_fcgi: ProxySet timeout=960 in <Proxy> (60); mod_cgid: "
                "CGIDScriptTimeout 960s (60); where you cannot: ask for "
                "text/event-stream, which is never silent for long",
            [SERVER_CADDY] = "raise read_timeout of the transport, and timeouts of the server, if "
                             "they are set",
            [SERVER_H2O] = "fastcgi.timeout.io: 960000, before fastcgi.connect (30000)",
            [SERVER_OTHER] = "raise its time-out for an answer over the 900 s that agents have; or "
                             "ask for text/event-stream, which is never silent for long",
        },
    [SYMPTOM_INTERCEPTED] =
        {
            [SERVER_NGINX] = "fastcgi_intercept_errors off; for the location",
            [SERVER_LIGHTTPD] = "server.error-intercept = \"disable\" for the path",
            [SERVER_APACHE] = "ProxyErrorOverride Off, and no ErrorDocument, for the path",
            [SERVER_CADDY] = "no handle_response and no handle_errors for the path",
            [SERVER_H2O] = "no error-doc for the path",
            [SERVER_OTHER] = "let it pass on error answers, with their headers, as they are",
        },
    [SYMPTOM_OWN_LOGIN] =
        {
            [SERVER_NGINX] = "auth_basic off; (or auth_request off;) for the location",
            [SERVER_LIGHTTPD] = "no auth.require for the path",
            [SERVER_APACHE] = "Require all granted, without AuthType, for the path",
            [SERVER_OTHER] = "no login of the server's own for the path: tokens are magec-fcgi's",
        },
    [SYMPTOM_CREDENTIALS] =
        {
            [SERVER_NGINX] =
                "no fastcgi_param HTTP_AUTHORIZATION and no fastcgi_pass_request_headers "
                "off; a proxy before it needs proxy_set_header Authorization "
                "$http_authorization;",
            [SERVER_LIGHTTPD] = "no setenv or header rule for Authorization; what stands before "
                                "lighttpd may drop it too",
            [SERVER_APACHE] = "CGIPassAuth On for the path or in .htaccess; or, before 2.4.13 or "
                              "where it is not allowed, SetEnvIf Authorization \"(.*)\" "
                              "HTTP_AUTHORIZATION=$1, or RewriteRule .* - "
                              "[E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]",
            [SERVER_OTHER] = "let it pass on the header Authorization; or let callers send "
                             "X-Magec-Token: TOKEN",
        },
    [SYMPTOM_LUMP] =
        {
            [SERVER_NGINX] = "fastcgi_buffering off; or no fastcgi_ignore_headers "
                             "X-Accel-Buffering; for the location (and the same of proxy_ in an "
                             "nginx before it)",
            [SERVER_LIGHTTPD] = "server.stream-response-body = 1 (or 2) for the path",
            [SERVER_APACHE] = "mod_fcgid: FcgidOutputBufferSize 0; mod_proxy_fcgi: flushpackets=on "
                              "in <Proxy>; no mod_deflate (SetEnv no-gzip 1) and no "
                              "mod_substitute for the path",
            [SERVER_CADDY] = "flush_interval -1 in reverse_proxy, and no encode for the path",
            [SERVER_H2O] = "compress: OFF for the path",
            [SERVER_OTHER] = "let it pass on answers as they come: no buffering, no compression, "
                             "for text/event-stream at least",
        },
    [SYMPTOM_COMPRESSED] =
        {
            [SERVER_NGINX] = "gzip off; for the location",
            [SERVER_LIGHTTPD] = "no text/event-stream in deflate.mimetypes",
            [SERVER_APACHE] =
                "SetEnv no-gzip 1 for the path (mod_deflate), no-brotli 1 (mod_brotli)",
            [SERVER_CADDY] = "no encode for the path",
            [SERVER_H2O] = "compress: OFF for the path",
            [SERVER_OTHER] = "no compression for text/event-stream",
        },
    [SYMPTOM_CHUNKED] =
        {
            [SERVER_NGINX] =
                "nginx 1.3.9 or newer, with fastcgi_request_buffering on; which tells the length",
            [SERVER_LIGHTTPD] = "lighttpd 1.4.44 or newer; server.stream-request-body = 0, which "
                                "tells the length",
            [SERVER_APACHE] = "under mod_cgid and mod_cgi callers have to send a Content-Length; "
                              "mod_fcgid and mod_proxy_fcgi take both",
            [SERVER_OTHER] = "let it take bodies in chunks, or let callers send a Content-Length",
        },
    [SYMPTOM_LARGE] =
        {
            [SERVER_NGINX] = "client_max_body_size 5m; (1m unless it is set)",
            [SERVER_LIGHTTPD] = "server.max-request-size = 5120 (kB; 0: no limit)",
            [SERVER_APACHE] = "LimitRequestBody 5242880; mod_fcgid: FcgidMaxRequestLen 5242880 "
                              "(131072)",
            [SERVER_CADDY] = "request_body { max_size 5MB }",
            [SERVER_H2O] = "limit-request-body: 5242880",
            [SERVER_OTHER] = "let it take bodies of 5 MB: magec-fcgi itself takes 4 MB "
                             "(--max-body)",
        },
    [SYMPTOM_EXPECT] =
        {
            [SERVER_LIGHTTPD] = "server.reject-expect-100-with-417 = \"disable\"",
            [SERVER_OTHER] = "let it answer Expect: 100-continue with 100; or let callers send an "
                             "empty Expect header: curl -H Expect:",
        },
    [SYMPTOM_HANGUP] =
        {
            [SERVER_NGINX] = "no fastcgi_ignore_client_abort on;, nor proxy_ignore_client_abort "
                             "on; in an nginx before it",
            [SERVER_LIGHTTPD] = "server.stream-response-body = 1 (or 2) for the path",
            [SERVER_APACHE] =
                "mod_fcgid: FcgidOutputBufferSize 0; mod_proxy_fcgi: flushpackets=on: "
                "it is noticed when something is written",
            [SERVER_OTHER] = "let it close the connection to magec-fcgi when the caller's is "
                             "closed; until then the run goes on, up to its deadline",
        },
};

const char *remedy_for(enum symptom symptom, enum web_server server)
{
    const char *own = remedies[symptom][server], *any = remedies[symptom][SERVER_OTHER];
    return own ? own : any ? any : "";
}
