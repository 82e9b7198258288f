#!/bin/sh
# The list of checks behind lighttpd, which starts the responder itself.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
PATH=$PATH:/usr/sbin
need lighttpd

# shellcheck disable=SC2034 # for checks.sh
bodyless=no
# shellcheck disable=SC2034
cut=yes

start_server() {
    start_lighttpd
}

run_checks
