#!/bin/sh
# A backend that goes on failing, as the operator sees it: in the log, in lists, and in check.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

# shellcheck disable=SC2317 # called by wait_for
state_is() { # BACKEND PATTERN: in the list
    magec backend list | grep -Eq "^$1 .*$2"
}

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    exit 1
fi
new_store
{
    magec backend add gone --type openai --url http://127.0.0.1:1/v1 --attempts 1
    magec backend add ill --type openai --url "http://127.0.0.1:$(cat "$tmp/port")/v1" --attempts 1
    magec agent add gone --backend gone --model any
    magec agent add ill --backend ill --model after:6:503
    magec client add both --passthrough --agents gone,ill
} >"$tmp/clients"
token=$(token_of <"$tmp/clients")
serve

ask() { # AGENT
    fcgi both --type application/json --body "{\"prompt\":\"hello\",\"agent\":\"$1\"}"
}

ok 'nothing is down at first' state_is gone ' up$'
for _ in 1 2 3 4 5; do ask ill; ask gone; done
is "$status" 502 'it fails as often as it may'
like "$(cat "$tmp/responder.log")" 'level=warn .*"a backend is taken to be down" backend=gone failures=5 error=".*refused' \
    'the log says that it is down, and why'
ok 'so does the list' wait_for 5 state_is gone 'down since 2[0-9T:-]*Z: .*[Rr]efused'
ok 'of each' wait_for 5 state_is ill 'down since 2[0-9T:-]*Z: HTTP 503: not now'
run magec backend show gone
like "$(cat "$tmp/out")" '^down.error: .*efused' 'and what is shown of one'
run magec backend list --json
is "$(grep -c '"state": "down"' "$tmp/out")" 2 'as JSON too'
run magec export
unlike "$(cat "$tmp/out")" '"state"' 'it is not exported'
run magec check
like "$(cat "$tmp/out")" 'warning: backend "gone" is down since .*Z: .*efused' 'check warns'
is "$rc" 0 'but finds nothing wrong with the set-up'
ask gone
is "$status" 503 'it is not asked'

# shellcheck disable=SC2317 # called by wait_for
probed() {
    ask ill
    [ "$status" = "$1" ]
}
ok 'one call is let through' wait_for 20 probed 502
like "$(cat "$tmp/responder.log")" '"a backend is still down" backend=ill failures=6' 'the log says what came of it'
ok 'it is back' wait_for 20 probed 200
like "$(cat "$tmp/responder.log")" 'level=info .*"a backend is back" backend=ill' 'so says the log'
ok 'and the list' wait_for 5 state_is ill ' up$'
ok 'the other one is not' state_is gone 'down since'

stop "$responder" KILL
ok 'what a process found that is gone is not believed' state_is gone ' up$'
run magec check
unlike "$(cat "$tmp/out")" 'is down' 'nor warned of'
is "$(sql 'SELECT count(*) FROM backend_down')" 1 'its note is there'
serve
is "$(sql 'SELECT count(*) FROM backend_down')" 0 'until the next responder starts'
stop "$responder"
done_testing
