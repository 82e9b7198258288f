#!/bin/sh
# The list of checks behind Apache with contrib/apache/cgid.conf: a process for every call.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need apache2

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes early=late chunked=no kind=cgi
cut=no # a CGI has no way to say that its output is not whole

start_server() {
    spawned
    contrib apache/cgid.conf >"$tmp/magec.conf"
    start_apache cgid
}

run_checks
