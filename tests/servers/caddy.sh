#!/bin/sh
# The list of checks behind Caddy with contrib/caddy/Caddyfile, in front of a responder on a unix socket.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need caddy

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=no early=late kind=apart

start_server() {
    start_responder --log stderr --heartbeat 500ms
    start_caddy
}

run_checks
