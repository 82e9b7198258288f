#!/bin/sh
# Callers that go away, that take nothing, and that take their time.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

closed() { # COUNT: so many requests of the upstream's log were ended by who asked
    [ "$(python3 -c '
import json, sys
print(sum(json.loads(line)["closed"] is not None for line in sys.stdin))' <"$tmp/upstream.log.json")" = "$1" ]
}

last_is() { # WANT: status and HTTP status of the newest run
    sql_is "$1" "SELECT status || ' ' || http FROM run ORDER BY n DESC LIMIT 1"
}

on_disconnect() { # cancel|continue
    magec client set model --on-disconnect "$1" >/dev/null
}

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port" \
    --log "$tmp/upstream.log.json"
ok 'the upstream listens' wait_for 10 test -s "$tmp/port"
touch "$tmp/upstream.log.json"
new_store
make_echo 10ms
{
    magec backend add up --type openai --url "http://127.0.0.1:$(cat "$tmp/port")/v1"
    magec backend add fast --type echo
    magec agent add talker --backend up --model words:100:50
    magec agent add brief --backend up --model words:20:50
    magec agent add mute --backend up --model stall-head
    magec agent add echo --backend fast
    magec client add model --passthrough --agents talker,brief,mute
    magec client add loud --passthrough --agents echo
} >"$tmp/more"
say=$token
model=$(sed -n '/client "model"/,$p' "$tmp/more" | token_of)
loud=$(sed -n '/client "loud"/,$p' "$tmp/more" | token_of)
serve --max-unsent 8k --write-timeout 500ms
ask() { # AGENT [ARGUMENT...]: of the client "model"
    ask_agent=$1
    shift
    fcgi model --body "{\"prompt\": \"x\", \"agent\": \"$ask_agent\"}" "$@"
}

# --- gone

token=$model
steps='begin params params-end stdin stdin-end'
# shellcheck disable=SC2086 # steps are words
{
    ask talker --accept text/event-stream $steps 'until:word3' cut
    ok 'in mid-stream: the connection to the model is closed within a second' wait_for 1 closed 1
    ok 'the run is recorded as canceled' wait_for 1 last_is 'canceled 499'
    like "$(sql 'SELECT response FROM run ORDER BY n DESC LIMIT 1')" '^word1 word2 word3' \
        'with what was said'
    ask talker --accept text/plain $steps 'until:word3' shut wait:50 cut
    ok 'the same with plain text, and half-closed first' wait_for 1 closed 2
    ask talker $steps wait:200 cut
    ok 'while nothing was sent to the caller' wait_for 1 closed 3
    ask mute --accept text/event-stream $steps until:start wait:200 cut
    ok 'while the model says nothing' wait_for 1 closed 4
    fcgi model --body x --accept text/event-stream $steps 'until:word3' cut
    ok 'three agents at once: all are given up' wait_for 1 closed 7
    ok 'as canceled' wait_for 1 last_is 'canceled 499'
    on_disconnect continue
    ask brief --accept text/event-stream $steps 'until:word3' cut
    ok 'a client that wishes so: the run goes on' wait_for 5 last_is 'ok 200'
    like "$(sql 'SELECT response FROM run ORDER BY n DESC LIMIT 1')" 'word20 $' 'to its end'
    ask brief $steps cut
    ok 'even if it was never listened to' wait_for 5 last_is 'ok 200'
    on_disconnect cancel
}
ok 'nothing else was closed' closed 7

# --- deaf

token=$loud
python3 -c 'print("word " * 300000)' >"$tmp/large"
deaf_run() { # NAME ACCEPT STATUS
    deaf=$(sql 'SELECT count(*) FROM run')
    fcgi_bg deaf loud --body-file "$tmp/large" --accept "$2" begin params params-end stdin stdin-end \
        "touch:$tmp/deaf" wait:2000 read
    deaf_pid=$bg_pid
    ok "$1: is asked" wait_for 5 sql_is $((deaf + 1)) 'SELECT count(*) FROM run'
    ok "$1: is over within the write timeout" wait_for 3 last_is "$3"
    fcgi_wait "$deaf_pid" deaf
    is "$end" cut "$1: the connection was cut"
}
deaf_run 'a stream that is not read' text/event-stream 'canceled 499'
deaf_run 'plain text that is not read' text/plain 'canceled 499'
deaf_run 'JSON that is not read' application/json 'ok 200'

# --- slow

fcgi loud --body-file "$tmp/large" --accept text/plain begin params params-end stdin stdin-end slow:20000:20
is "$end $status" 'whole 200' 'a slow reader is answered'
ok 'with every byte' cmp "$tmp/large" "$tmp/body"
fcgi loud --body "$(words 15000)" --accept text/event-stream begin params params-end stdin stdin-end \
    slow:50000:20
is "$(grep -c '^event: delta' "$tmp/body")" 15000 'and every event'
like "$(tail -n 5 "$tmp/body")" '^event: done' 'to the end'

# --- many at once

token=$say
fcgi_bg gone say --count 40 --body "$(words 300)" --accept text/event-stream begin params params-end stdin \
    stdin-end until:delta cut
gone=$bg_pid
fcgi_bg stay say --count 40 --body "$(words 60)" --accept text/event-stream
stay=$bg_pid
fcgi_wait "$gone" gone
is "$(cat "$tmp/gone.log")" '40 left 200' '40 callers hang up'
fcgi_wait "$stay" stay
is "$(cat "$tmp/stay.log")" '40 whole 200' '40 others stay, and miss nothing'
ok 'the runs of those who left are canceled' wait_for 2 sql_is 40 \
    "SELECT count(*) FROM run WHERE client = 'say' AND status = 'canceled'"
is "$(sql "SELECT count(*) FROM run WHERE client = 'say' AND status = 'ok'")" 40 'those of the others complete'
is "$(sql 'SELECT count(*) FROM run WHERE owner IS NOT NULL')" 0 'no run is left open'
answers_well 'it answers'
stop "$responder"
is "$rc" 0 'it ends well'
done_testing
