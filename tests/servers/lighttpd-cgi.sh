#!/bin/sh
# The list of checks behind lighttpd, with the responder as a plain CGI.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
PATH=$PATH:/usr/sbin
need lighttpd

# shellcheck disable=SC2034 # for checks.sh
bodyless=no
# shellcheck disable=SC2034
cut=no # a CGI has no way to say that its output is not whole

start_server() {
    start_lighttpd_cgi
}

run_checks
