#!/bin/sh
# The list of checks behind nginx with contrib/nginx/magec.conf, in front of a responder on a unix socket.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need nginx

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=late kind=apart

start_server() {
    start_responder --log stderr --heartbeat 500ms
    start_nginx magec.conf
}

run_checks
