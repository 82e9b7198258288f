#!/bin/sh
# The list of checks behind nginx with contrib/nginx/magec.conf, in front of contrib/spawn-fcgi/magec.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need nginx spawn-fcgi

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=late kind=apart sockets=magec.sock

start_responder() {
    rm -f "$tmp/magec.sock"
    to_web_user
    [ "$(id -u)" = 0 ] && rights='&' || rights='' # only root has some to give up
    contrib spawn-fcgi/magec -e "s,/run/magec,$tmp,g" -e "s/ -u www-data -g www-data/$rights/" >"$tmp/run"
    start_bg responder sh "$tmp/run"
    responder=$bg_pid
    wait_for 10 test -S "$tmp/magec.sock" || fail 'the responder listens'
}

start_server() {
    spawned
    start_responder
    start_nginx magec.conf
}

run_checks
