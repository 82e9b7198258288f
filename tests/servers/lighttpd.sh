#!/bin/sh
# The list of checks behind lighttpd with contrib/lighttpd/magec.conf: it starts the responder.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need lighttpd

# shellcheck disable=SC2034 # for checks.sh
bodyless=no cut=yes early=late kind=spawned processes=1

start_server() {
    spawned
    start_lighttpd magec.conf
}

run_checks
