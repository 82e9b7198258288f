#!/bin/sh
# Flows that run: from the terminal and by a client's webhook, their steps in events and in the run.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq

new_store
cd "$tmp" || exit 1
program() { # NAME SCRIPT: an agent that runs it
    magec backend add "$1" --type exec -- /bin/sh -c "$2" >/dev/null
    magec agent add "$1" --backend "$1" >/dev/null
}

magec backend add echo --type echo >/dev/null
magec agent add parrot --backend echo >/dev/null
program facts 'echo The sky is blue.'
program doubts 'sleep 0.2; echo Is it?'
program bad 'echo out of ink >&2; exit 3'
# shellcheck disable=SC2016 # it is for the other shell
program slow 'echo $$ >>pids; exec sleep 60'
# Says APPROVED when it was asked with two of its own answers before.
program judge 'grep -c "^Again" | grep -q "^[01]$" && echo Again || echo APPROVED'
magec agent set judge --output-key verdict >/dev/null

magec flow add research --root '{"type": "sequential", "steps": [
    {"type": "parallel", "steps": [{"type": "agent", "agentId": "doubts"}, {"type": "agent", "agentId": "facts"}]},
    {"type": "agent", "agentId": "bad", "optional": true},
    {"type": "agent", "agentId": "parrot"}]}' >/dev/null
magec flow add debate --root '{"type": "loop", "maxIterations": 9, "exitWhen": "state.verdict.contains(\"APPROVED\")",
    "steps": [{"type": "agent", "agentId": "judge"}]}' >/dev/null
magec flow add broken --root '{"type": "sequential", "steps": [
    {"type": "flow", "flowId": "debate"}, {"type": "agent", "agentId": "bad"}]}' >/dev/null
magec flow add endless --root '{"type": "parallel", "steps": [
    {"type": "agent", "agentId": "slow"}, {"type": "agent", "agentId": "slow"}, {"type": "agent", "agentId": "bad"}]}' >/dev/null

# last FILTER: what jq finds in the last run
last() {
    magec runs show "$(magec runs list --json | jq -r '.[0].id')" --json | jq -c "$1"
}

# --- from the terminal

cat >want <<'END'
Colours

[doubts] said:
Is it?


[facts] said:
The sky is blue.
END
is "$(magec ask research Colours)" "$(cat want)" 'each step is told what was said before it, as it is listed'
is "$(last '[.results[0].steps[] | [.step, .agent, .ok]]')" \
    '[["root.steps[0].steps[1]","facts",true],["root.steps[0].steps[0]","doubts",true],["root.steps[1]","bad",false],["root.steps[2]","parrot",true]]' \
    'the run has each step, as it ended'
is "$(last '.results[0].steps[2].error')" '"the program exited with status 3: out of ink"' 'and why it failed'

is "$(magec ask debate Go)" APPROVED 'a loop ends when its condition is true'
is "$(last '[.results[0].steps[].round]')" '[1,2,3]' 'after so many rounds'

run magec ask broken Go
is "$rc $(cat err)" '69 magec: flow "broken" failed: root.steps[1]: agent "bad" failed: the program exited with status 3: out of ink' \
    'a failure names step, agent and cause'

run magec ask endless Go
like "$rc $(cat err)" '^69 .*root\.steps\[2\]: agent "bad"' 'a step of a parallel one fails'
gone() {
    while read -r pid; do ! alive "$pid" || return 1; done <pids
}
is "$(wc -l <pids)" 2 'the others had begun'
ok 'and are gone' gone

# --- by a webhook

run magec client add hook --passthrough --agents research,parrot
token=$(grep -o 'mgc_[0-9a-f]\{40\}' out | head -n 1)
post() { # AGENT ACCEPT
    printf '{"prompt": "Colours", "agent": "%s"}' "$1" >post
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT="$2" CONTENT_TYPE=application/json <post
}
post research application/json
is "$status $(body | jq -r .response)" "200 $(cat want)" 'a client reaches a flow as it does an agent'
post research text/plain
is "$status $(body)" "200 $(cat want)" 'as text'
post research text/event-stream
body | sed -n '/^event: step/{n;s/^data: //p;}' >steps
is "$(jq -r '[.flow, .state, .agent, (.ok // "")] | map(tostring) | join(" ") | rtrimstr(" ")' steps)" 'research begin doubts
research begin facts
research end facts true
research end doubts true
research begin bad
research end bad
research begin parrot
research end parrot true' 'its steps are events'
like "$(body)" '^event: delta' 'and so is its text'
is "$(body | sed -n '/^event: delta/{n;s/^data: //p;}' | jq -rs 'map(.text) | join("")')" "$(cat want)" 'which is all of it'

magec command add colours --prompt Colours --agent research >/dev/null
run magec client add daily --command colours --agents parrot
token=$(grep -o 'mgc_[0-9a-f]\{40\}' out | head -n 1)
cgi POST /api/v1/webhooks/daily HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT=text/plain
is "$status $(body)" "200 $(cat want)" 'a command is for a flow'

unlike "$(magec check)" 'research|facts|doubts' 'check has nothing to say of who is in a flow'
run magec flow remove research
like "$rc $(cat err)" 'client "hook"' 'a flow that a client reaches stays'
run magec agent remove facts --force
is "$rc" 0 'an agent is removed by force'
run magec ask research Colours
like "$rc $(cat err)" '^78 .*root\.steps\[0\]\.steps\[1\]: agent "facts" failed: it is gone' 'and its flow says so'
like "$(magec check)" 'flow "research" asks "facts", which is not there' 'as check does'

done_testing
