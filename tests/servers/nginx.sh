#!/bin/sh
# The list of checks behind nginx, in front of a responder on a unix socket.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
PATH=$PATH:/usr/sbin
need nginx

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes
# shellcheck disable=SC2034
cut=yes

start_server() {
    start_responder --log stderr
    start_nginx
}

run_checks
