#!/bin/sh
# The list of checks behind Apache with contrib/apache/fcgid.conf: it starts the responders, each for a call at a time.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need apache2

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=page sockets='[0-9]*.[0-9]*' early=late kind=spawned

start_server() {
    spawned
    contrib apache/fcgid.conf >"$tmp/magec.conf"
    start_apache fcgid
}

run_checks
