#!/bin/sh
# The list of checks behind lighttpd with contrib/lighttpd/cgi.conf: a process for every call.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need lighttpd

# shellcheck disable=SC2034 # for checks.sh
bodyless=no early=late kind=cgi
cut=no # a CGI has no way to say that its output is not whole

start_server() {
    spawned
    start_lighttpd cgi.conf
}

run_checks
