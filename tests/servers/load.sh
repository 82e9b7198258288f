#!/bin/sh
# A thousand streamed calls in flight in one responder behind nginx, each of 50 words 20 ms apart: none fails,
# and each costs less than 40 kB of resident memory beyond the idle process.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
PATH=$PATH:/usr/sbin
need nginx curl python3 sqlite3
need_plain_build

calls=1000 limit=40

resident() { # the most so far, in kB
    awk '/^VmHWM/ { print $2 }' "/proc/$responder/status"
}

new_store
{
    magec backend add echo --type echo --delay 20ms
    magec agent add parrot --backend echo
    magec client add many --passthrough --agents parrot
} >"$tmp/clients"
start_responder --log stderr
start_nginx magec.conf
idle=$(resident)

at_once() { # how many of the last calls were in flight when the last one began
    sql "SELECT count(*) FROM (SELECT * FROM run ORDER BY n DESC LIMIT $calls)
        WHERE started_ms + duration_ms > (SELECT max(started_ms) FROM run)"
}

# On a busy machine the callers may be too slow to be there all at once: then once more.
rounds=0 together=0
while [ "$together" -lt $calls ] && [ $rounds -lt 6 ]; do
    rounds=$((rounds + 1))
    run python3 "$top_srcdir/tests/peers/streams.py" "$url/many" "$(token_of <"$tmp/clients")" $calls
    cat "$tmp/out" >>"$tmp/results"
    together=$(at_once)
    diag "round $rounds: $together at once, $(cat "$tmp/out")"
done
most=$(resident)
diag "idle $idle kB, then $most kB: $(((most - idle) / calls)) kB a call"
is "$together" $calls 'all were in flight when the last one began'
is "$(grep -c "\"whole\": $calls," "$tmp/results")" $rounds 'every call said every word'
ok "less than $limit kB a call" test $(((most - idle) / calls)) -lt $limit
is "$(sql "SELECT count(*) FROM run WHERE status = 'ok'")" $((calls * rounds)) \
    'every run is recorded'
done_testing
