#!/bin/sh
# The list of checks behind h2o with contrib/h2o/h2o.conf, in front of a responder on a unix socket.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need h2o

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes cut=no early=late kind=apart

start_server() {
    start_responder --log stderr --heartbeat 500ms
    start_h2o h2o.conf
}

run_checks
