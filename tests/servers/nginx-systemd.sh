#!/bin/sh
# The list of checks behind nginx with contrib/nginx/magec.conf, in front of contrib/systemd/: a socket that stays, and
# a responder that is started with it. Then the responder is restarted again and again under load.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need nginx

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=late kind=spawned processes=1

start_server() {
    spawned
    contrib systemd/magec-fcgi.socket >"$tmp/magec-fcgi.socket"
    contrib systemd/magec-fcgi.service >"$tmp/magec-fcgi.service"
    start_bg systemd python3 "$top_srcdir/tests/peers/systemd.py" "$tmp/magec-fcgi.socket" "$tmp/magec-fcgi.service"
    # shellcheck disable=SC2034 # for checks.sh
    beside=$bg_pid
    start_nginx magec.conf
}

run_checks
