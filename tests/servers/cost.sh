#!/bin/sh
# What a call costs, counted instead of timed: the instructions of a JSON call and of one event of a streamed
# call, from the request's records to the recorded run, over HTTP to a model's server. Counts are the same on a
# busy machine and an idle one. The bounds are a third above what they are; a regression is found by callgrind_annotate.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need valgrind python3 sqlite3
need_plain_build

json_most=270000 event_most=3200

new_store
start_bg upstream "$top_builddir/bench/upstream" 0:0:0:1 0:0:0:10 0:0:0:410
wait_for 5 test "$(wc -l <"$tmp/upstream.log")" -eq 3
{
    magec backend add one --type openai --url "http://127.0.0.1:$(sed -n 1p "$tmp/upstream.log")/v1"
    magec backend add few --type openai --url "http://127.0.0.1:$(sed -n 2p "$tmp/upstream.log")/v1"
    magec backend add many --type openai --url "http://127.0.0.1:$(sed -n 3p "$tmp/upstream.log")/v1"
    for name in one few many; do
        magec agent add "$name" --backend "$name" --model any
    done
    magec client add say --passthrough --agents one,few,many
} >"$tmp/clients"
token=$(token_of <"$tmp/clients")

# counted CALLS AGENT ACCEPT: instructions of a process that takes so many calls, in $counted
counted() {
    start_bg counted valgrind --tool=callgrind --callgrind-out-file="$tmp/callgrind" \
        "$top_builddir/magec-fcgi" --listen "$socket" --log none
    wait_for 30 health || fail 'it answers under callgrind'
    calls=0
    while [ $calls -lt "$1" ]; do
        fcgi say --type application/json --accept "$3" --body "{\"prompt\":\"hello\",\"agent\":\"$2\"}" --timeout 30
        [ "$end $status" = 'whole 200' ] || fail "call $calls of $2 by $3 is answered: $end $status"
        calls=$((calls + 1))
    done
    stop "$bg_pid"
    counted=$(sed -n 's/^summary: *//p' "$tmp/callgrind")
}

at_most() { # GOT MOST NAME
    if [ "$1" -gt 0 ] && [ "$1" -le "$2" ]; then
        pass "$3: $1 instructions of at most $2"
    else
        fail "$3: $1 instructions of at most $2"
    fi
}

counted 10 one application/json
ten=$counted
counted 60 one application/json
at_most $(((counted - ten) / 50)) $json_most 'a JSON call'
counted 3 few text/event-stream
few=$counted
counted 3 many text/event-stream
at_most $(((counted - few) / 1200)) $event_most 'an event of a streamed call'
done_testing
