#!/bin/sh
# The list of checks behind nginx that keeps its connections to the responder.
# shellcheck disable=SC2034 # for servers.sh
keep=16
. "${0%/*}/nginx.sh"
