#!/bin/sh
# Flows whose third step fails, whose caller goes away or whose time is over: the run says so, and no program of
# any step is left running, nor what these started.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq python3

new_store
cd "$tmp" || exit 1
program() { # NAME SCRIPT: an agent that runs it
    magec backend add "$1" --type exec -- /bin/sh -c "$2" >/dev/null
    magec agent add "$1" --backend "$1" >/dev/null
}
agents() { # NAME...: steps that ask these
    printf '{"type": "agent", "agentId": "%s"}\n' "$@" | paste -sd,
}

magec backend add echo --type echo >/dev/null
magec agent add parrot --backend echo >/dev/null
program facts 'echo The sky is blue.'
# These wait until the slow ones have begun.
# shellcheck disable=SC2016 # it is for the other shell
program ready 'while [ "$(wc -l <pids)" -lt 2 ]; do sleep 0.02; done; echo Ready.'
# shellcheck disable=SC2016 # it is for the other shell
program bad 'while [ "$(wc -l <pids)" -lt 4 ]; do sleep 0.02; done; echo out of ink >&2; exit 3'
# A program that started another one, and waits for it.
# shellcheck disable=SC2016 # it is for the other shell
program slow 'sleep 60 & echo $$ $! | tr " " "\n" >>pids; wait'
begin='{"type": "sequential", "steps": [{"type": "agent", "agentId": "parrot", "responseAgent": true}, '"$(agents facts)"
magec flow add fails --root "$begin, {\"type\": \"parallel\", \"steps\": [$(agents slow slow bad)]}, $(agents facts)]}" >/dev/null
magec flow add waits --root "$begin, {\"type\": \"parallel\", \"steps\": [$(agents ready slow)]}, $(agents facts)]}" >/dev/null
magec flow add nested --root "$begin, {\"type\": \"flow\", \"flowId\": \"waits\"}, $(agents facts)]}" >/dev/null
magec flow add late --root "$begin, $(agents slow facts)]}" --total-timeout 700ms >/dev/null
run magec client add hook --passthrough --agents fails,waits,nested,late
token=$(grep -o 'mgc_[0-9a-f]\{40\}' out | head -n 1)

# last FILTER: what jq finds in the last run
last() {
    magec runs show "$(magec runs list --json | jq -r '.[0].id')" --json | jq -c "$1"
}
steps='[.results[0].steps[] | [.step, .agent, .status // .ok]]'

all_gone() {
    while read -r pid; do ! alive "$pid" || return 1; done <pids
}

# gone COUNT: so many programs had begun, and within a second none of them is there
gone() {
    ok 'its programs are gone within a second' wait_for 1 all_gone
    is "$(($(wc -l <pids)))" "$1" "which were $1"
    : >pids
}

post() { # FLOW ACCEPT
    printf '{"prompt": "Colours", "agent": "%s"}' "$1" >post
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT="$2" CONTENT_TYPE=application/json <post
}

# leaves FLOW TEXT: a caller that hangs up when it has read the text
leaves() {
    printf '{"prompt": "Colours", "agent": "%s"}' "$1" >post
    # shellcheck disable=SC2086 # the wrapper is a command line
    python3 "$top_srcdir/tests/peers/caller.py" hang-up "$2" env GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
        SCRIPT_NAME=/api/v1/webhooks PATH_INFO=/hook HTTP_AUTHORIZATION="Bearer $token" MAGEC_LOG=none \
        HTTP_ACCEPT=text/event-stream CONTENT_TYPE=application/json CONTENT_LENGTH="$(wc -c <post)" \
        ${MAGEC_WRAP-} "$top_builddir/magec-fcgi" <post
}
: >pids

# --- it fails

post fails application/json
is "$status" 502 'a third step that fails: the status'
like "$(body | jq -r .detail)" 'root\.steps\[2\]\.steps\[2\]: agent "bad" failed: .*out of ink' 'which step, and why'
gone 4
is "$(last '[.status, .httpStatus]')" '["backend",502]' 'the run says so'
is "$(last "$steps | sort")" \
    '[["root.steps[0]","parrot",true],["root.steps[1]","facts",true],["root.steps[2].steps[0]","slow",499],["root.steps[2].steps[1]","slow",499],["root.steps[2].steps[2]","bad",502]]' \
    'with every step that began'
ok 'and it was over at once' test "$(last .durationMs)" -lt 5000
post fails text/event-stream
like "$(body | grep '^event:' | tail -n 1)" error 'a stream: its last event'
gone 4

# --- its caller goes away

for flow in waits nested; do
    like "$(leaves $flow '"agent":"ready","ok":true')" ' in time$' "$flow: a caller hangs up"
    gone 2
    is "$(last '[.status, .httpStatus]')" '["canceled",499]' 'the run says so'
    is "$(last "$steps | map(.[1:])[-2:]")" '[["ready",true],["slow",499]]' 'and its last steps'
done
like "$(python3 "$top_srcdir/tests/peers/caller.py" interrupt Colours "$top_builddir/magec" ask waits Colours 2>err)" ' in time$' \
    'from the terminal: it is interrupted'
ok 'and nothing is left' wait_for 1 all_gone
: >pids
is "$(last .status)" '"canceled"' 'the run says so'

# --- its time is over

post late application/json
is "$status" 504 'a flow whose time is over: the status'
like "$(body | jq -r .detail)" 'root\.steps\[2\]: agent "slow" failed: ' 'in which step'
gone 2
is "$(last '[.status, .httpStatus]')" '["timeout",504]' 'the run says so'
is "$(last "$steps | map(.[2])")" '[true,true,504]' 'and its last steps'
ok 'no sooner, and not much later' test "$(last .durationMs)" -ge 690 -a "$(last .durationMs)" -lt 3000
magec flow set late --total-timeout '' >/dev/null
magec agent set slow --total-timeout 300ms >/dev/null
post late application/json
is "$status" 504 'a step whose own time is over: the status'
gone 2
is "$(last "$steps | map(.[2])")" '[true,true,504]' 'the run says so'

done_testing
