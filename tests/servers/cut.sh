#!/bin/sh
# Streams as providers sent them, cut at every byte on their way: an answer is whole, or an error.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3
streams=$top_srcdir/tests/peers/recorded

new_store
start_bg upstream python3 "$top_srcdir/tests/peers/upstream_cut.py" --port-file "$tmp/port" "$streams"
wait_for 10 test -s "$tmp/port" || skip_all 'the upstream does not start'
url=http://127.0.0.1:$(cat "$tmp/port")

for type in openai responses anthropic gemini adk a2a; do
    magec backend add "$type" --type "$type" --url "$url" --attempts 1 >>"$tmp/set-up"
    [ $type = a2a ] && model= || model=m # an A2A agent has its own
    magec agent add "$type" --backend "$type" --model "$model" >>"$tmp/set-up"
    magec client add "$type" --passthrough --agents "$type" >"$tmp/$type.client"
done
serve --log none

whole() { # TYPE MARK
    token=$(token_of <"$tmp/$1.client")
    python3 "$top_srcdir/tests/peers/cut.py" "$socket" "$1" "$token" "$streams/$1.txt" "$2" >"$tmp/cuts" 2>&1
    is "$(grep -Ev '^(closed|whole|broken) [0-9]+ [0-9]+$' "$tmp/cuts" | head -n 5)" '' \
        "$1: no stream that was cut is an answer"
    is "$(grep -c '^[a-z]* [1-9][0-9]* ' "$tmp/cuts")" 3 "$1: ended in each way"
    diag "$(tr '\n' ';' <"$tmp/cuts" | tail -c 200)"
}
whole openai '"finish_reason":"stop"'
whole responses '"status":"completed","output"'
whole anthropic '"stop_reason":"end_turn"'
whole gemini '"finishReason":"STOP"'
whole adk '"id":"x3"'
whole a2a TASK_STATE_COMPLETED
stop "$responder"
is "$rc" 0 'the responder ends well'
done_testing
