#!/bin/sh
# kill -9 in the middle of many calls: behind the next start every run is complete or interrupted, the store is whole,
# and the runs of another responder on the same store are left alone.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3
# shellcheck disable=SC2119 # serve without options

recorded() { # at least so many runs, and so many that are complete
    [ "$(sql 'SELECT count(*) FROM run')" -ge "$1" ] &&
        [ "$(sql "SELECT count(*) FROM run WHERE status = 'ok'")" -ge "$2" ]
}

# 50 calls, half of them short; killed when so many more runs are recorded and complete, and then started
# again.
round() { # NAME RUNS COMPLETE
    before=$(sql 'SELECT count(*) FROM run')
    complete=$(sql "SELECT count(*) FROM run WHERE status = 'ok'")
    fcgi_bg short say --count 25 --body 'one two three' --accept text/event-stream
    short=$bg_pid
    fcgi_bg long say --count 25 --body "$(words 200)" --accept text/event-stream
    long=$bg_pid
    ok "$1: calls are in flight" wait_for 10 recorded $((before + $2)) $((complete + $3))
    # Not with stop: it would wait politely.
    kill -s KILL "$responder"
    wait "$responder" 2>/dev/null
    fcgi_wait "$short" short
    fcgi_wait "$long" long
    is "$(grep -v -e ' whole 200$' -e ' cut 200$' -e ' cut none$' -e ' refused none$' "$tmp/short.log" \
        "$tmp/long.log")" '' "$1: no caller got anything else than a whole or a cut answer"
    unlike "$(cat "$tmp/long.log")" ' whole ' "$1: no cut answer looks whole"
    serve
    is "$(sql "SELECT count(*) FROM run WHERE client = 'say' AND status NOT IN ('ok', 'interrupted')")" 0 "$1: every run is complete or interrupted"
    whole=$(sql "SELECT count(*) FROM run WHERE n > $before AND status = 'ok'")
    interrupted=$(sql "SELECT count(*) FROM run WHERE n > $before AND status = 'interrupted'")
    diag "$whole complete, $interrupted interrupted"
    ok "$1: some were interrupted" test "$interrupted" -gt 0
    is "$(sql "SELECT count(*) FROM run WHERE status = 'ok' AND response != prompt")" 0 \
        "$1: what is complete has the whole response"
    is "$(sql 'PRAGMA integrity_check')" ok "$1: the store is whole"
}

new_store
make_echo 20ms
{
    magec backend add slow --type echo --delay 100ms
    magec agent add snail --backend slow
    magec client add other --passthrough --agents snail
} >"$tmp/other"

# The other one has a call in flight all the time; its runs are not those of "say".
say=$token
token=$(token_of <"$tmp/other")
socket=unix:$tmp/other.sock
serve
other=$responder
fcgi_bg kept other --body "$(words 400)" --timeout 60
kept=$bg_pid
ok 'it has a call in flight' wait_for 10 recorded 1 0
token=$say
socket=unix:$tmp/magec.sock

serve
round 'killed early' 10 0
round 'killed in the middle' 50 0
round 'killed late' 50 10
is "$(sql "SELECT count(*) FROM run WHERE client = 'other' AND owner IS NOT NULL AND status = 'running'")" 1 \
    "the other responder's run is untouched"
answers_well 'the last one started answers'
stop "$other" KILL
stop "$kept"
is "$(sql "SELECT count(*) FROM run WHERE owner IS NOT NULL")" 1 'a dead one leaves its run open'
stop "$responder"
is "$rc" 0 'the responder ends'
serve
is "$(sql "SELECT status || ' ' || http FROM run WHERE client = 'other'")" 'interrupted 500' \
    'until the next start'
done_testing
