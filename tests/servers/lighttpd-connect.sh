#!/bin/sh
# The list of checks behind lighttpd with contrib/lighttpd/connect.conf, in front of a responder of its own.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need lighttpd

# shellcheck disable=SC2034 # for checks.sh
bodyless=no cut=yes early=late kind=apart

start_server() {
    start_responder --log stderr --heartbeat 500ms
    start_lighttpd connect.conf
}

run_checks
