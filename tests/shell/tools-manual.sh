#!/bin/sh
# What stands in magec-tools(7): its examples are run, the events are as it shows them, and its limits are
# those of the program.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need jq python3

UPSTREAM_KEY=sk-manual-0123456789
export UPSTREAM_KEY
page=$top_srcdir/man/magec-tools.7
start_upstream upstream.py /v1/tools
cd "$tmp" || exit 1
set_up backend add openai --type openai --url "$url" --key env:UPSTREAM_KEY

# Writes the literal blocks of a section to NAME1, NAME2, ..., as a reader sees them.
blocks() { # SECTION NAME
    sed -n "/^\.Sh $1\$/,/^\.Sh [^$(printf %.1s "$1")]/p" "$page" | awk -v name="$2" '
        /^\.Bd -literal/ { file = name (++n); next }
        /^\.Ed/ { close(file); file = ""; next }
        file { gsub(/\\e/, "\\"); print >file }'
}

blocks EXAMPLES example
is "$(echo example*)" 'example1 example2 example3' 'the page has three examples'
run sh -e example1
is "$rc $(cat err)" '0 ' 'an agent with two programs'
like "$(tail -n 2 out)" '^Filesystem|^[^ ]+ +[0-9]+ +[0-9]+' 'one of which was called'
is "$(magec runs show "$(magec runs list --json | jq -r '.[0].id')" --json | jq -c '[.results[0].tools[] | [.name, .failed]]')" \
    '[["disk_usage",false]]' 'as the run says'
run magec tool show count_words --json
is "$(echo '{"text": "one two three"}' | "$(jq -r '.command[0]' out)" -c "$(jq -r '.command[2]' out)" | tr -d ' ')" 3 \
    'the other one works, too'
run sh -e example2
is "$rc $(cat err)" '0 ' 'a server'
run sh -e example3
is "$rc $(cat err)" '0 ' 'a client'
is "$(magec client show form --json | jq -c .allowedTools)" '["disk_usage"]' 'which is narrowed'

# The server is not there; without it the events are as the page has them.
magec agent set operator --mcp '' >/dev/null
token=$(grep -o 'mgc_[0-9a-f]\{40\}' out | head -n 1)
printf 'Is there room left?' >post
cgi POST /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT=text/event-stream CONTENT_TYPE=text/plain \
    UPSTREAM_KEY="$UPSTREAM_KEY" <post
blocks 'WHAT IS KEPT' event
members() { # of the data of tool events
    sed -n '/^event: tool/{n;s/^data: //p;}' | jq -c '[to_entries[] | select(.key != "result" and .key != "id" and .key != "durationMs") | [.key, .value]]'
}
like "$(body | members)" disk_usage 'a call is told'
is "$(body | members)" "$(sed -e ':a' -e '/,$/{N;s/,\n */,/;ba' -e '}' event1 | members)" 'events are as the page shows them'

is "$(magec agent set --help | sed -n 's/^ *--tool-[a-z-]* [A-Z].*(\(.*\))$/\1/p')" \
    "$(sed -n 's/^\.It .* Ta \(.*\) Ta Fl -tool-.*/\1/p' "$page")" 'limits are those that --help has'

done_testing
