#!/bin/sh
# The list of checks behind nginx with contrib/nginx/remote.conf: a responder on TCP, as on another machine.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need nginx

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=late kind=apart

listening() { # whoever is there closes the connection of one who speaks HTTP
    curl -s -o /dev/null --max-time 2 "http://$other/" || [ $? != 7 ]
}

# In the place of that in servers.sh: checks.sh restarts it, too.
start_responder() {
    start_bg responder "$top_builddir/magec-fcgi" --listen "$other" "$@"
    responder=$bg_pid
    wait_for 10 listening || fail 'the responder listens'
}

start_server() {
    other=127.0.0.1:$(free_port)
    start_responder --log stderr --heartbeat 500ms
    start_nginx remote.conf
}

run_checks
