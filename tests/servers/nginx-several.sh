#!/bin/sh
# The list of checks behind nginx with contrib/nginx/several.conf: two responders, one on a unix socket and one
# on TCP, and connections to them that are kept.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need nginx

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=late kind=apart

start_server() {
    other=127.0.0.1:$(free_port)
    start_bg other "$top_builddir/magec-fcgi" --listen "$other" --log stderr --heartbeat 500ms
    beside=$bg_pid
    start_responder --log stderr --heartbeat 500ms
    start_nginx several.conf
}

run_checks
