#!/bin/sh
# Calls that fail at first, against a scripted upstream: what is attempted again, when, and what the
# caller and the operator are told.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

log=$tmp/requests.json

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
url=http://127.0.0.1:$(cat "$tmp/port")/v1

new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}
set_up backend add up --type openai --url "$url"
set_up backend add stubborn --type openai --url "$url" --attempts 10
set_up backend add once --type openai --url "$url" --attempts 1

agents=
add_agent() { # ID MODEL BACKEND [OPTION...]
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" "$@"
}
add_agent twice after:2:503 up
add_agent twice-streamed after:2:503: up
add_agent lost after:1:cut up
add_agent thrice after:3:503 up
add_agent overloaded after:1:529:Retry-After-Ms=50 up
add_agent asked after:1:429:Retry-After=1 up
add_agent wrong after:1:400 up
add_agent told-to after:1:400:X-Should-Retry=true up
add_agent in-stream after:1:event-overloaded_error up
add_agent in-json after:1:json-server_error up
add_agent final after:1:event-invalid_request_error up
add_agent final-json after:1:json-invalid_request_error up
add_agent error-mid error-mid up
add_agent named after:1:503:X-Request-Id=req_1 up
add_agent named-late after:9:503:CF-Ray=ray-2 once
add_agent echoed after:9:401:Request-Id=0sesame0 once
add_agent ids ids up
add_agent later after:9:429:Retry-After=7 once
add_agent later-ms after:9:503:Retry-After-Ms=1001 once
add_agent later-final after:9:400:Retry-After=7 once
add_agent told-not after:1:503:X-Should-Retry=false up
add_agent spent spent up
add_agent spare words:2 up
add_agent final-spare after:1:event-authentication_error up --fallbacks spare
add_agent broken after:3:503:B=1 up --fallbacks spare
add_agent refused after:1:401 up --fallbacks broken,spare
add_agent unset words once --fallbacks spare
add_agent half cut-mid up --fallbacks spare
add_agent down after:9:503:Retry-After-Ms=20 stubborn
add_agent down-too after:9:503:Retry-After-Ms=19 stubborn --fallbacks spare
add_agent one-try after:1:503:A=1 once
add_agent no-time after:1:429:Retry-After=30 up --total-timeout 5s
add_agent little-time after:9:503 stubborn --total-timeout 2s
add_agent stalls after:1:503::stall-head up --total-timeout 1500ms
add_agent cut-mid cut-mid up
add_agent cut-mid-after after:1:503::cut-mid up
add_agent waits after:1:429:Retry-After=40 up
add_agent waits-too after:1:429:Retry-After=41 up
# Flows that fail with one of these, beside what else goes wrong.
optional='{"type": "agent", "agentId": "later-ms", "optional": true}'
set_up flow add later-flow --root "{\"type\": \"sequential\", \"steps\": [$optional,
    {\"type\": \"agent\", \"agentId\": \"later\"}]}"
set_up flow add later-parallel --root "{\"type\": \"parallel\", \"steps\": [$optional,
    {\"type\": \"sequential\", \"steps\": [{\"type\": \"agent\", \"agentId\": \"later\"}]}]}"
set_up client add hook --passthrough --agents "$agents,later-flow,later-parallel"
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)

# call AGENT [ACCEPT]: how often the upstream was asked is then in $requests
call() {
    requests_before=$(requests)
    printf '{"prompt":"hello","agent":"%s"}' "$1" >"$tmp/call"
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" \
        HTTP_ACCEPT="${2-application/json}" CONTENT_TYPE=application/json <"$tmp/call"
}

requests() {
    [ ! -f "$log" ] || wc -l <"$log" | tr -d ' '
}

# shellcheck disable=SC2317 # called by wait_for
reached() {
    [ "$(requests)" -ge "$1" ]
}

# asked COUNT NAME: so often was the upstream asked in the last call
asked() {
    wait_for 2 reached "$((${requests_before:-0} + $1))"
    is "$(($(requests) - ${requests_before:-0}))" "$1" "$2: requests"
}

# member NAME: of the last run, as it is recorded
recorded() {
    run magec runs list --limit 1 --json
    run magec runs show --json "$(sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' "$tmp/out" | head -n 1)"
    look member "$tmp/out" "$1"
}

succeeds() { # AGENT REQUESTS
    call "$1"
    is "$status" 200 "$1: the status"
    is "$(look member "$tmp/body" response)" 'word1 word2 word3 word4 word5 ' "$1: the text"
    asked "$2" "$1"
}

fails() { # AGENT REQUESTS STATUS SENTENCE
    call "$1"
    is "$status" "$3" "$1: the status"
    like "$(look member "$tmp/body" detail)" "$4" "$1: the sentence"
    asked "$2" "$1"
}

# ---- what is attempted again

succeeds twice 3
like "$(cat "$tmp/err")" 'msg="attempt failed" .*agent=twice .*error="HTTP 503: not now"' \
    "twice: the log has the attempts"
unlike "$(cat "$tmp/body")" attempts "twice: the caller is not told of them"
like "$(recorded results)" '"attempts": .*HTTP 503: not now.*HTTP 503: not now' \
    "twice: the run has them"
call twice-streamed text/event-stream
is "$(look text "$tmp/body")" 'word1 word2 word3 word4 word5 ' "streamed: the text, once"
is "$(look events "$tmp/body" | grep -c start)" 1 "streamed: one start"
asked 3 streamed
succeeds lost 2
succeeds overloaded 2
succeeds told-to 2
succeeds in-stream 2
like "$(recorded results)" '"attempts": .*"error": *"not now' "in-stream: the run has the attempt"
succeeds in-json 2
succeeds asked 2
ok "asked: not before the time" test "$(recorded durationMs)" -ge 1000

# ---- whose ids

succeeds named 2
like "$(cat "$tmp/err")" 'msg="attempt failed" .*error="HTTP 503: not now \(request id req_1\)"' \
    "named: the log has the request's id"
is "$(recorded answerId)" c-1 "named: the run has the answer's id"
like "$(recorded results)" '"attempts": .*"requestId": *"req_1"' "named: the run has the request's id"
fails named-late 1 502 'failed: HTTP 503: not now \(request id ray-2\)'
like "$(recorded results)" '"requestId": *"ray-2"' "named-late: the run has the request's id"
set_up backend set once --key sesame
call echoed
set_up backend set once --key ''
like "$(recorded error)" 'request id 0\[redacted\]0' "a key is not part of an id"
call ids
is "$status" 200 "ids: the status"
like "$(recorded results)" '"answerId": *"c-1", *"requestId": *"req-3"' "ids: the run of a success has them"

# ---- what is not

fails thrice 3 502 'failed 3 times: HTTP 503: not now'
fails wrong 1 502 'failed: HTTP 400: not now'
is "$(header Retry-After)" '' "wrong: nothing of when to come again"
fails later 1 502 'failed: HTTP 429: not now'
is "$(header Retry-After)" 7 "later: when to come again, as the provider says"
fails later-ms 1 502 'failed: HTTP 503: not now'
is "$(header Retry-After)" 2 "later, in milliseconds: whole seconds"
fails later-final 1 502 'failed: HTTP 400: not now'
is "$(header Retry-After)" '' "later, but final: nothing of when to come again"
fails later-flow 2 502 'root.steps\[1\]: agent .later. failed: HTTP 429: not now'
is "$(header Retry-After)" 7 "later-flow: what the step says that it failed with"
fails later-parallel 2 502 'root.steps\[1\].steps\[0\]: agent .later. failed: HTTP 429: not now'
is "$(header Retry-After)" 7 "later-parallel: and not what one says that it went on without"
fails told-not 1 502 'failed: HTTP 503'
fails spent 1 502 'spend limit reached'
fails one-try 1 502 'failed: HTTP 503'
fails final 1 502 'failed: not now'
fails final-json 1 502 'failed: HTTP 200: not now'
fails error-mid 1 502 'failed: the engine overheated'
fails cut-mid 1 502 'cut off before the answer was complete'
call cut-mid-after text/event-stream
is "$(look text "$tmp/body")" 'one two ' "cut off after words: they are said once"
is "$(look events "$tmp/body" | tail -n 1)" error "cut off after words: the end is an error"
asked 2 "cut off after words"

# ---- others in its place

call broken
is "$status" 200 "fallback: the status"
is "$(look member "$tmp/body" response)" 'word1 word2 ' "fallback: the text"
is "$(look member "$tmp/body" agent)" spare "fallback: who answered"
is "$(look member "$tmp/body" insteadOf)" broken "fallback: who was asked"
asked 4 fallback
like "$(recorded results)" '"agent": *"spare", *"insteadOf": *"broken"' "fallback: the run says so"
like "$(cat "$tmp/err" "$tmp/out")" 'next|insteadOf' "fallback: so does the log"
call refused text/event-stream
is "$(look text "$tmp/body")" 'word1 word2 word3 word4 word5 ' "fallback of one that is refused: the text"
asked 2 "fallback of one that is refused"
call final-spare
is "$(look member "$tmp/body" agent)" spare "fallback of an error that is final: who answered"
call half text/event-stream
is "$(look text "$tmp/body")" 'one two ' "fallback: not after a word was said"
asked 1 "fallback: not after a word was said"
set_up backend set once --key env:NO_SUCH_VARIABLE
fails unset 0 500 'log says why'
run magec agent set spare --fallbacks refused
is "$rc" 65 "a circle: the exit status"
like "$(cat "$tmp/err")" 'circle' "a circle: refused"
run magec agent set spare --fallbacks spere
like "$(cat "$tmp/err")" 'no agent "spere"; did you mean "spare"' "an unknown one: refused"
run magec agent remove spare
like "$(cat "$tmp/err")" 'used by .*agent "broken"' "one that is used is not removed"
run magec export
cp "$tmp/out" "$tmp/export.json"
set_up agent set broken --fallbacks ''
set_up import "$tmp/export.json" --replace
run magec agent show broken --json
like "$(tr -d ' \n' <"$tmp/out")" '"fallbacks":\["spare"\]' "exported and imported"
run magec --db "$tmp/other.db" init
run magec --db "$tmp/other.db" import "$tmp/export.json"
run magec --db "$tmp/other.db" agent show refused --json
like "$(tr -d ' \n' <"$tmp/out")" '"fallbacks":\["broken","spare"\]' "imported into an empty store"
set_up backend set once --key ''

# ---- a backend that is down

fails down 5 503 'backend "stubborn" is taken to be down: it failed 5 times in a row'
is "$(header Retry-After)" 10 "down: when to come again"
like "$(cat "$tmp/err")" 'msg="a backend is taken to be down" backend=stubborn failures=5' \
    "down: the log says so"
call down-too
is "$status" 200 "down, with a fallback: the status"
is "$(look member "$tmp/body" agent)" spare "down, with a fallback: who answered"
asked 6 "down, with a fallback"

# ---- only so many at once

set_up backend add narrow --type echo --delay 300ms --max-calls 1
for i in a b c; do set_up agent add "narrow-$i" --backend narrow; done
set_up agent add narrow-spare --backend narrow --fallbacks spare
set_up agent add narrow-hasty --backend narrow --total-timeout 200ms
set_up client add narrow --passthrough --agents narrow-a,narrow-b,narrow-c,narrow-spare
run magec run narrow --json 'one two'
python3 -c 'import json, sys
for r in json.load(sys.stdin)["results"]: print(r["agent"], r.get("response"), r.get("error"))' \
    <"$tmp/out" >"$tmp/results"
is "$(sed -n 1p "$tmp/results")" 'narrow-a one two None' "the first is asked"
is "$(sed -n 2p "$tmp/results")" 'narrow-b one two None' "the second waits and is asked"
like "$(sed -n 3p "$tmp/results")" '^narrow-c None .*"narrow" has 1 calls in flight and as many waiting' \
    "the third is refused"
is "$(sed -n 4p "$tmp/results")" 'spare word1 word2  None' "the fourth has another in its place"
ok "they were asked one after the other" test "$(recorded durationMs)" -ge 1000
set_up client set narrow --agents narrow-a,narrow-hasty
run magec run narrow --json 'one two'
like "$(cat "$tmp/out")" '"narrow\\" had no place within 200ms .total deadline' "one waits as long as it may"
set_up client set narrow --agents narrow-a,narrow-b
start_bg line "$top_builddir/magec" run narrow 'one two three four five six seven eight nine ten'
# shellcheck disable=SC2317 # called by wait_for
begun() {
    grep -q one "$tmp/line.log"
}
ok "a cancel in line: it waits" wait_for 5 begun
began=$(date +%s)
stop "$bg_pid"
ok "a cancel in line: it ends at once" test "$(($(date +%s) - began))" -lt 2
is "$(recorded status)" canceled "a cancel in line: the run is canceled"
set_up agent remove spare --force
run magec agent show broken --json
unlike "$(cat "$tmp/out")" spare "a fallback that is removed is taken off the lists"
run magec agent show refused --json
like "$(tr -d ' \n' <"$tmp/out")" '"fallbacks":\["broken"\]' "and the others stay on them"
set_up client set narrow --agents narrow-c
run magec run narrow 'one two'
is "$rc $(cat "$tmp/out")" '0 one two' "alone there is room"

# ---- time

fails no-time 1 502 'failed: HTTP 429'
ok "no time for the wait: it is not begun" test "$(recorded durationMs)" -lt 4000
call little-time
is "$status" 502 "little time: the status"
ok "little time: the deadline holds" test "$(recorded durationMs)" -le 2500
fails stalls 2 504 'not finished within 1500ms \(total deadline\)'
ok "stalls: the deadline holds" test "$(recorded durationMs)" -lt 2500

# ---- a cancel in a wait

before=$(requests)
start_bg waiting "$top_builddir/magec" ask waits hello
ok "a wait: it is waited" wait_for 5 reached "$((before + 1))"
began=$(date +%s)
stop "$bg_pid"
ok "a wait: it ends at once" test "$(($(date +%s) - began))" -lt 4
is "$(recorded status)" canceled "a wait: the run is canceled"

before=$(requests)
printf '{"prompt":"hello","agent":"waits-too"}' >"$tmp/call"
# shellcheck disable=SC2016 # expanded there
ok "a caller that goes in a wait: it is waited" python3 - "$log" "$((before + 1))" \
    "$top_builddir/magec-fcgi" "$token" "$tmp/call" <<'PYTHON'
import os, socket, subprocess, sys, time
log, wanted, program, token, body = sys.argv[1:]
env = {k: v for k, v in os.environ.items() if k.startswith(("PATH", "LC_", "MAGEC_DB", "ASAN", "UBSAN"))}
text = open(body, "rb").read()
env.update(GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="POST", SCRIPT_NAME="/api/v1/webhooks",
           PATH_INFO="/hook", HTTP_AUTHORIZATION="Bearer " + token, CONTENT_LENGTH=str(len(text)),
           CONTENT_TYPE="application/json", HTTP_ACCEPT="text/event-stream")
ours, its = socket.socketpair()
p = subprocess.Popen([program], env=env, stdin=subprocess.PIPE, stdout=its, stderr=subprocess.DEVNULL)
its.close()
p.stdin.write(text)
p.stdin.close()
until = time.monotonic() + 5
while sum(1 for _ in open(log)) < int(wanted) and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.1)
ours.close()
p.wait(4)
PYTHON
is "$(recorded status)" canceled "a caller that goes in a wait: the run is canceled"

run magec backend add many --type openai --url "$url" --attempts 11
isnt "$rc" 0 "more attempts than are sensible"

done_testing
