#!/bin/sh
# Sends one alert to an agent and prints what it says. For cron, smartd, or a monitoring system that can run a
# program.
#
# usage: MAGEC_WEBHOOK_URL=… MAGEC_TOKEN=… alert.sh WORDS...
set -eu
: "${MAGEC_WEBHOOK_URL:?the URL of the webhook}" "${MAGEC_TOKEN:?its token}"
[ $# -gt 0 ] || { echo "usage: alert.sh WORDS..." >&2 && exit 64; }

# The words are sent as they are: text needs no quoting that JSON would.
printf '%s\n' "Critical alert: $*. Analyze possible causes and suggest remediation." |
    curl -sS --fail-with-body -X POST "$MAGEC_WEBHOOK_URL" \
        -H "Authorization: Bearer $MAGEC_TOKEN" \
        -H 'Content-Type: text/plain' \
        -H 'Accept: text/plain' \
        --data-binary @-
