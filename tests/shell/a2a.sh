#!/bin/sh
# The a2a agent against a scripted upstream and against real servers from npm, from the terminal and
# through magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

UPSTREAM_KEY=mgc_0123456789abcdef0123456789abcdef01234567
export UPSTREAM_KEY
log=$tmp/requests.json

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

has() { # GOT TEXT NAME: the text is somewhere in it
    case $1 in
    *"$2"*) pass "$3" ;;
    *)
        fail "$3"
        diag "got:              $1"
        diag "does not contain: $2"
        ;;
    esac
}

start_bg upstream python3 "$top_srcdir/tests/peers/upstream_a2a.py" \
    --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
url=http://127.0.0.1:$(cat "$tmp/port")

new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}

agents=
add_agent() { # ID BACKEND [OPTION...]
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_backend=$2
    shift 2
    set_up agent add "$agent_id" --backend "$agent_backend" "$@"
}
add_backend() { # ID URL [OPTION...]: and an agent of the same name
    backend_id=$1 backend_url=$2
    shift 2
    set_up backend add "$backend_id" --type a2a --attempts 1 --url "$backend_url" "$@"
    add_agent "$backend_id" "$backend_id"
}
with_key='--key env:UPSTREAM_KEY'
for folder in old new old-whole new-whole path tenant older elsewhere grpc v2 file-url big error \
    key-card changing no-card card-500 card-html card-401 card-cut; do
    # shellcheck disable=SC2086 # it is two words
    add_backend "$folder" "$url/$folder" $with_key --header 'X-Extra: yes'
done
# shellcheck disable=SC2086 # it is two words
add_backend file "$url/file/the-card.json" $with_key
add_backend keyless "$url/elsewhere/?tenant=a"
add_backend header-only "$url/elsewhere" --header 'X-Key: abc'
add_backend nobody http://127.0.0.1:1
add_backend slow-card "$url/card-stall"
set_up agent set slow-card --first-byte-timeout 300ms
add_agent slow-head new --first-byte-timeout 300ms
add_agent slow-middle new --idle-timeout 300ms
add_agent patient new
add_agent context new --options '{"contextId":"c \"9\"","metadata":{"k":1},"configuration":{"x":2}}'
take_agent renamed new '' '{"message":{}}'
agents=$agents,renamed
add_agent numbered old --options '{"contextId":7}'
add_agent modelled old --model m-1
add_agent prompted old --system-prompt 'Be brief.'
add_agent counted old --max-tokens 9
set_up client add hook --passthrough --agents "$agents"
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)

# call AGENT ACCEPT [PROMPT]: the prompt is JSON's inside of a string
call() {
    printf '{"prompt":"%s","agent":"%s"}' "${3-hello}" "$1" >"$tmp/call"
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT="$2" \
        CONTENT_TYPE=application/json UPSTREAM_KEY="$UPSTREAM_KEY" <"$tmp/call"
    cat "$tmp/response" "$tmp/err" >>"$tmp/said"
}

ask() { # AGENT [PROMPT]
    run magec ask "$1" "${2-hello}"
    cat "$tmp/out" "$tmp/err" >>"$tmp/said"
}

last_event() {
    look events "$tmp/body" | tail -n 1
}

# ---- what is right

says() { # AGENT PROMPT TEXT
    call "$1" application/json "$2"
    is "$status" 200 "$1, $2: JSON: the status"
    is "$(look member "$tmp/body" response)" "$3" "$1, $2: JSON: the text"
    call "$1" text/event-stream "$2"
    is "$(look text "$tmp/body")" "$3" "$1, $2: events: the text"
    is "$(last_event)" "done" "$1, $2: events: the last one"
    call "$1" text/plain "$2"
    is "$status $rc $(body)" "200 0 $3" "$1, $2: text"
    ask "$1" "$2"
    is "$rc $(cat "$tmp/out")" "0 $3" "$1, $2: terminal"
}

both='Let me see é 😀.
---
It is so.'
answers() { # AGENT PROMPT TEXT
    ask "$1" "$2"
    is "$rc $(cat "$tmp/out")" "0 $3" "$1, $2"
}
for agent in old new; do
    says $agent both "$both"
    says $agent replaced 'the text'
    answers $agent 'words:3:10' 'word1 word2 word3 '
    answers $agent split "$both"
    answers $agent message 'Hello é 😀.'
    answers $agent repeated 'the text'
    answers $agent at-end 'It is done.'
    call $agent text/event-stream words:5:10
    ok "$agent: the words come one by one" test "$(look events "$tmp/body" | grep -c delta)" -ge 4
    call $agent text/event-stream both
    unlike "$(cat "$tmp/body")" 'draft' "$agent: what was replaced is not seen by those who stream"
    call $agent application/json 'say \"h\u00e9\" 😀'
    is "$(look member "$tmp/body" response)" 'say "hé" 😀' "$agent: the prompt arrives as it was meant"
done
for agent in old-whole new-whole; do
    says $agent both "$both"
    answers $agent message 'Hello é 😀.'
    answers $agent at-end 'It is done.'
done
call new application/json both
is "$(look member "$tmp/body" finishReason)" TASK_STATE_COMPLETED 'the reply tells the state'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"answerId": ?"t-1"' "the run has the task's id"
for agent in path tenant older file keyless; do
    ask $agent 'hello there'
    is "$rc $(cat "$tmp/out")" '0 hello there' "$agent: is found by its card"
done

# ---- what is wrong

# fails AGENT PROMPT STATUS SENTENCE EXIT; a caller that saw text already gets an error at the end
fails() {
    call "$1" application/json "$2"
    is "$status" "$3" "$1, $2: JSON: the status"
    has "$(look member "$tmp/body" detail)" "$4" "$1, $2: JSON: the sentence"
    call "$1" text/event-stream "$2"
    if [ "$status" = 200 ]; then
        is "$(last_event)" error "$1, $2: events: the last one"
        look data "$tmp/body" error >"$tmp/problem"
        is "$(look member "$tmp/problem" status)" "$3" "$1, $2: events: the status in it"
    else
        is "$status" "$3" "$1, $2: events: the status"
    fi
    call "$1" text/plain "$2"
    if [ "$status" = 200 ]; then
        isnt "$rc" 0 "$1, $2: text: it does not look whole"
    else
        is "$status" "$3" "$1, $2: text: the status"
    fi
    ask "$1" "$2"
    is "$rc" "$5" "$1, $2: terminal: the exit status"
    has "$(cat "$tmp/err")" "$4" "$1, $2: terminal: the sentence"
}

fails slow-card x 504 'no answer within 300ms (first byte deadline)' 75
fails slow-head stall-head 504 'no answer within 300ms (first byte deadline)' 75
fails slow-middle stall-mid 504 'nothing came for 300ms (idle deadline)' 75
fails nobody x 502 'cannot connect: Connection refused' 69
fails no-card x 502 'there is no agent card: HTTP 404: nothing here' 69
fails card-html x 502 'its agent card is not a JSON object' 69
fails elsewhere x 502 'which is not the host of the backend' 69
fails new cut-head 502 'closed without an answer' 69
fails new cut-mid 502 'cut off before the answer was complete' 69
fails new ends-early 502 'truncated: it ended before the task was complete' 69
fails new only-taken 502 'truncated: it ended before the task was complete' 69
fails new empty 502 'the answer is empty: it has no text (state "TASK_STATE_COMPLETED")' 69
call new application/json changed
is "$status $(look member "$tmp/body" response)" '200 three' 'a JSON reply has what replaced a text'
call new text/event-stream changed
is "$(last_event)" error 'which a stream cannot take back'
call new text/plain changed
isnt "$rc" 0 'nor can a text'
fails new failed 502 'the task failed: the oven is cold' 69
fails new badjson 502 'not JSON' 69
fails new error200 502 'HTTP 200: it is not so' 69
fails new error-mid 502 'the engine overheated' 69
fails new key-mid 502 'no key Bearer [redacted] here' 69
fails new echo-key 502 'HTTP 401: no client has [redacted]' 69
fails new unexpected 502 'no event stream' 69
fails new html 502 'HTTP 502' 69
fails new-whole ends-early 502 'the agent answered before the task was complete' 69
fails new-whole half 502 'truncated: it is no whole JSON' 69
told() { # AGENT PROMPT SENTENCE
    ask "$1" "$2"
    is "$rc" 69 "$1, $2: the exit status"
    has "$(cat "$tmp/err")" "$3" "$1, $2: the sentence"
}
told card-500 x 'there is no agent card: HTTP 500: it broke'
told card-401 x 'there is no agent card: HTTP 401: who are you?'
told card-cut x 'closed without an answer'
told error x 'its agent card names no URL'
told big x 'its agent card is not below 262144 bytes'
told grpc x 'its agent card offers "GRPC", and JSONRPC is what can be spoken'
told v2 x 'its agent card says version "2.0" of A2A'
told file-url x 'its agent card says "file:///etc/passwd" where an http'
told key-card x 'its agent card says "ftp://h/[redacted]" where an http'
told header-only x 'which is not the host of the backend'
for agent in old new; do
    told $agent ends-early 'truncated: it ended before the task was complete'
    told $agent nothing 'truncated: it ended before the task was complete'
    told $agent empty 'the answer is empty'
    told $agent changed "an artifact's text was replaced when it had been handed on"
    told $agent failed 'the task failed: the oven is cold'
    told $agent rejected 'the agent rejected the task: not my task'
    told $agent canceled 'the agent canceled the task'
    told $agent input 'the agent asks back, and nobody is there to answer: which one?'
    told $agent auth 'nobody is there to give them: log in first'
    told $agent badjson 'not JSON'
    told $agent error200 'HTTP 200: it is not so'
    told $agent unexpected 'no event stream'
    told $agent html200 'no event stream'
    told $agent plain500 'HTTP 500: upstream exploded'
    told $agent redirect 'HTTP 307'
    told $agent 404 'HTTP 404: no such agent'
    told $agent-whole ends-early 'the agent answered before the task was complete'
    told $agent-whole failed 'the task failed: the oven is cold'
    told $agent-whole input 'nobody is there to answer: which one?'
    told $agent-whole empty 'the answer is empty'
    told $agent-whole html200 'no JSON'
    told $agent-whole unexpected 'no JSON'
    told $agent-whole error200 'it is not so'
done
ask new ends-early
is "$(cat "$tmp/out")" 'one two' 'what came before an error was said'

refused() { # AGENT SENTENCE
    ask "$1"
    is "$rc" 78 "$1: the exit status"
    has "$(cat "$tmp/err")" "$2" "$1: the sentence"
}
refused modelled 'agent "modelled" has a model, but the one behind an a2a backend has its own'
refused prompted 'agent "prompted" has a system prompt, but the one behind'
refused counted 'agent "counted" has a number of most tokens, but the one behind'
refused numbered 'the option "contextId" is not a text'
refused renamed 'the option "message" cannot be set'

# ---- what the upstream was sent

sent() { # SCRIPT WHAT VALUE NAME
    is "$(look last "$log" "$1" "$2")" "$3" "$4"
}
first_part() {
    look last "$log" echo json.params.message >"$tmp/message"
    python3 -c 'import json, sys; m = json.load(sys.stdin); m.pop("messageId"); print(json.dumps(m))' \
        <"$tmp/message"
}
ask old 'echo "x"'
sent card:old path /old/.well-known/agent-card.json 'the card is asked for'
sent card:old method GET 'as one asks for a document'
sent card:old headers.accept application/json 'of JSON'
sent card:old headers.content-type null 'and sends none'
sent card:old headers.authorization "Bearer $UPSTREAM_KEY" 'the key goes with it'
sent card:old headers.x-extra yes 'so do the further headers'
sent echo json.method message/stream '0.3: it is streamed'
sent echo path /old/rpc '0.3: where the card says'
sent echo headers.accept text/event-stream '0.3: as events'
sent echo headers.a2a-version null '0.3: nothing is said of a version'
sent echo headers.authorization "Bearer $UPSTREAM_KEY" '0.3: with the key'
sent echo headers.x-extra yes '0.3: and the further headers'
is "$(first_part)" '{"kind": "message", "role": "user", "parts": [{"kind": "text", "text": "echo \"x\""}]}' \
    '0.3: the message'
id=$(look last "$log" echo json.params.message.messageId)
like "$id" '^[0-9a-f-]{36}$' '0.3: it has an id'
ask old 'echo "x"'
isnt "$(look last "$log" echo json.params.message.messageId)" "$id" '0.3: the next one has another'
ask new 'echo "x"'
sent echo json.method SendStreamingMessage '1.0: it is streamed'
sent echo headers.a2a-version 1.0 '1.0: the version is said'
is "$(first_part)" '{"role": "ROLE_USER", "parts": [{"text": "echo \"x\""}]}' '1.0: the message'
sent echo json.params.tenant null '1.0: no tenant unless the card has one'
ask tenant echo
sent echo json.params.tenant t-1 '1.0: the tenant'
ask old-whole echo
sent echo json.method message/send '0.3: it is sent'
sent echo json.params.configuration '{"blocking": true}' '0.3: and waited for'
sent echo headers.accept application/json '0.3: as JSON'
ask new-whole echo
sent echo json.method SendMessage '1.0: it is sent'
sent echo json.params.configuration null '1.0: which waits anyway'
ask context echo
sent echo json.params.message.contextId 'c "9"' 'a context that stays'
sent echo json.params.configuration '{"x": 2}' 'and further options'
sent echo json.params.metadata '{"k": 1}' 'all of them'
sent echo json.params.contextId null 'where each belongs'
ask keyless echo
sent echo headers.authorization null 'no key, no such header'
sent card:elsewhere path '/elsewhere/.well-known/agent-card.json?tenant=a' 'a query of the URL stays'
sent echo path /elsewhere/rpc 'and the URL of the card is as it is'
like "$(look last "$log" echo headers.host)" '^localhost:' 'another host may be asked without a key'
ask file echo
sent card:file path /file/the-card.json 'a URL that is a card'
if grep -qF "$UPSTREAM_KEY" "$tmp/said" "$MAGEC_DB"*; then
    fail 'the key is in no reply, no message, no log line and not in the store'
else
    pass 'the key is in no reply, no message, no log line and not in the store'
fi

# ---- a caller that goes

# shellcheck disable=SC2317 # called by wait_for
closed() {
    [ "$(look last "$log" words closed)" != null ]
}
is "$(python3 "$top_srcdir/tests/peers/caller.py" interrupt word2 magec ask patient words:50:100 \
    2>"$tmp/err")" '130 in time' 'Ctrl-C: ends the call'
ok "Ctrl-C: the agent's stream is closed" wait_for 5 closed

# ---- a process that has more than one call

socket=unix:$tmp/magec.sock
peer() { # AGENT PROMPT
    python3 "$top_srcdir/tests/peers/fcgi.py" "$socket" --client hook --token "$token" \
        --type application/json --body "{\"agent\":\"$1\",\"prompt\":\"$2\"}" >"$tmp/peer"
    sed -n '1s/ [0-9.]*$//p' "$tmp/peer"
}
# shellcheck disable=SC2317 # called by wait_for
serves() {
    [ "$(peer new echo)" = 'whole 1 200' ]
}
start_bg responder magec-fcgi --listen "$socket"
ok 'the responder answers' wait_for 10 serves
cards=$(look count "$log" card:new)
for prompt in echo both message; do
    is "$(peer new $prompt)" 'whole 1 200' "one more call: $prompt"
done
is "$(look count "$log" card:new)" "$cards" 'the card is not asked for with each call'
is "$(peer new failed)" 'whole 1 502' 'a call that fails'
is "$(peer new echo)" 'whole 1 200' 'and the next'
is "$(look count "$log" card:new)" $((cards + 1)) 'then the card is asked for again'
is "$(peer changing echo)" 'whole 1 200' 'an agent of version 0.3'
is "$(peer changing echo)" 'whole 1 502' 'which is of 1.0 now'
is "$(peer changing echo)" 'whole 1 200' 'is asked as its new card says'
sent echo json.method SendStreamingMessage 'in its new version'
magec backend set new --url "$url/old" >"$tmp/out"
is "$(peer new echo)" 'whole 1 200' 'a backend of another URL'
sent echo path /old/rpc 'has another card'

# ---- aimock

npm=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests
mock=$npm/npm/node_modules/@copilotkit/aimock/dist/aimock-cli.js
expect() { # AGENT PROMPT EXIT TEXT, which is on the standard output, or in a sentence
    ask "$1" "$2"
    if [ "$3" = 0 ]; then
        is "$rc $(cat "$tmp/out")" "0 $4" "$1: $2"
    else
        is "$rc" "$3" "$1: $2: the exit status"
        has "$(cat "$tmp/err")" "$4" "$1: $2: the sentence"
    fi
}
if [ -f "$mock" ] && command -v node >/dev/null; then
    cat >"$tmp/mock.json" <<'JSON'
{"a2a": {"agents": [{"name": "mock", "streamingTasks": [
  {"pattern": "hello", "delayMs": 10, "events": [
    {"type": "status", "state": "TASK_STATE_WORKING"},
    {"type": "artifact", "parts": [{"text": "Hello "}], "name": "a"},
    {"type": "artifact", "parts": [{"text": "é 😀."}], "append": true, "lastChunk": true},
    {"type": "status", "state": "TASK_STATE_COMPLETED"}]},
  {"pattern": "fail", "events": [{"type": "status", "state": "TASK_STATE_FAILED"}]},
  {"pattern": "ask", "events": [{"type": "status", "state": "TASK_STATE_INPUT_REQUIRED"}]},
  {"pattern": "stop", "events": [
    {"type": "artifact", "parts": [{"text": "so far"}], "append": true},
    {"type": "status", "state": "TASK_STATE_WORKING"}]}]}]}}
JSON
    start_bg mock node "$mock" --config "$tmp/mock.json" --port 0 --host 127.0.0.1
    ok 'aimock starts' wait_for 20 grep -q listening "$tmp/mock.log"
    add_backend mock "$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$tmp/mock.log")/a2a"
    expect mock hello 0 'Hello é 😀.'
    expect mock fail 69 'the task failed'
    expect mock ask 69 'the agent asks back'
    expect mock stop 69 'truncated: it ended before the task was complete'
    expect mock 'something else' 69 'HTTP 200: No matching pattern for message'
else
    skip 'aimock is not installed: contrib/check.sh does it'
fi

# ---- the servers of A2A's own SDK

sdk=$npm/a2a/node_modules
if [ ! -d "$sdk/a2a-sdk-0.3" ] || ! command -v node >/dev/null; then
    skip "A2A's SDK is not installed: contrib/check.sh does it"
    done_testing
    exit
fi
mkdir "$tmp/sdk"
ln -s "$sdk" "$tmp/sdk/node_modules"
cp "$top_srcdir/tests/peers/a2a_agent.mjs" "$tmp/sdk"
start_bg sdk node "$tmp/sdk/a2a_agent.mjs"
if ! wait_for 20 grep -q 'listening on http' "$tmp/sdk.log"; then
    fail "the SDK's server starts"
    diag_file "$tmp/sdk.log"
    done_testing
    exit
fi
url=$(sed -n 's,listening on \(http.*\)/$,\1,p' "$tmp/sdk.log")
for folder in new new-whole old old-whole compat; do
    add_backend "sdk-$folder" "$url/$folder"
    set_up agent add "sdk-$folder-context" --backend "sdk-$folder" --options '{"contextId":"c-'$folder'"}'
    expect "sdk-$folder" 'hello world' 0 'You said: hello world'
    expect "sdk-$folder" message 0 'Hello é 😀.'
    expect "sdk-$folder" replace 0 'the text'
    expect "sdk-$folder" two 0 'one two
---
three'
    expect "sdk-$folder" fail 69 'the task failed: the oven is cold'
    expect "sdk-$folder" break 69 'the agent broke'
    expect "sdk-$folder" ask 69 'the agent asks back, and nobody is there to answer: which one?'
    for n in 1 2; do
        expect "sdk-$folder" count 0 'question 1'
        expect "sdk-$folder-context" count 0 "question $n"
    done
done
set_up client set hook --agents sdk-new,sdk-old
for folder in new old; do
    call "sdk-$folder" text/event-stream 'a b c d'
    is "$(look text "$tmp/body")" 'You said: a b c d' "sdk-$folder: streamed"
    ok "sdk-$folder: in pieces" test "$(look events "$tmp/body" | grep -c delta)" -gt 2
done

done_testing
