#!/bin/sh
# The list of checks behind Apache with contrib/apache/proxy.conf, in front of a responder of its own.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need apache2

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=yes early=early kind=apart other_user=yes

start_server() {
    start_responder --log stderr --heartbeat 500ms
    contrib apache/proxy.conf >"$tmp/magec.conf"
    start_apache proxy proxy_fcgi
}

run_checks
