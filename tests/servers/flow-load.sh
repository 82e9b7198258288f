#!/bin/sh
# Two hundred flows in flight in one responder, each of ten agents that are all asked at once, two levels deep: two
# thousand transfers. None fails, no process is started, and there is no thread more than for a single flow.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3
need_plain_build

flows=200 agents=10

tasks() { # threads of the responder, and processes that it started
    cat /proc/"$responder"/task/*/children >"$tmp/children"
    echo "$(find "/proc/$responder/task" -mindepth 1 -maxdepth 1 | wc -l) $(wc -w <"$tmp/children")"
}

connections() {
    find "/proc/$responder/fd" -lname 'socket:*' | wc -l
}

in_flight() { # COUNT: the runs are there, and each has a connection to its caller and one for each agent
    sql_is "$1" "SELECT count(*) FROM run WHERE status = 'running'" && [ "$(connections)" -ge $(($1 * (agents + 1))) ]
}

steps_of_five='{"type": "parallel", "steps": [
    {"type": "agent", "agentId": "one"}, {"type": "agent", "agentId": "two"}, {"type": "agent", "agentId": "one"},
    {"type": "agent", "agentId": "two"}, {"type": "agent", "agentId": "one", "responseAgent": true}]}'
new_store
start_bg upstream "$top_builddir/bench/upstream" 0:4000:0:10
wait_for 5 test -s "$tmp/upstream.log" || fail 'the upstream listens'
{
    magec backend add up --type openai --url "http://127.0.0.1:$(cat "$tmp/upstream.log")/v1"
    magec agent add one --backend up --model any
    magec agent add two --backend up --model any
    magec flow add ten --root "{\"type\": \"parallel\", \"steps\": [$steps_of_five, $steps_of_five]}"
    magec client add many --passthrough --agents ten
} >"$tmp/clients"
token=$(token_of <"$tmp/clients")
serve

fcgi_bg single many --timeout 60
single=$bg_pid
ok 'a flow is in flight' wait_for 10 in_flight 1
alone=$(tasks)
fcgi_wait "$single" single
is "$end $status" 'whole 200' 'and is answered'

fcgi_bg all many --timeout 60 --count $flows
all=$bg_pid
ok "$flows flows of $agents agents are in flight at once" wait_for 20 in_flight $flows
is "$(tasks)" "$alone" "with as many threads and processes as one has: $alone"
wait_for 30 dead "$all" || fail 'they end'
is "$(cat "$tmp/all.log")" "$flows whole 200" 'and all are answered'
is "$(sql "SELECT count(*) FROM run WHERE status = 'ok'")" $((flows + 1)) 'every run is recorded as good'
is "$(sql "SELECT sum(json_array_length(results, '\$[0].steps')) FROM run")" $((agents * (flows + 1))) \
    'with every step of it'
is "$(sql "SELECT count(*) FROM run, json_each(results, '\$[0].steps') s WHERE NOT json_extract(s.value, '\$.ok')")" 0 \
    'each of which was good'
diag "$(awk '/^VmHWM/ { print $2 }' "/proc/$responder/status") kB at most"
done_testing
