#!/bin/sh
# The anthropic agent against a scripted upstream and against aimock, from the terminal and through
# magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

UPSTREAM_KEY=sk-ant-test-0123456789abcdefXYZ
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

start_bg upstream python3 "$top_srcdir/tests/peers/upstream_anthropic.py" \
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
set_up backend add up --type anthropic --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add newer --type anthropic --attempts 1 --url "$url/v1" --header 'Anthropic-Version: 2026-10-21'
set_up backend add claude --type anthropic --key env:UPSTREAM_KEY
is "$rc" 0 'without a URL it is the provider'
set_up backend add nobody --type anthropic --attempts 1 --url http://127.0.0.1:1

agents=
add_agent() { # ID MODEL BACKEND [OPTION...]
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" "$@"
}
for script in thinking split max-tokens keepopen cut-head cut-mid ends-early no-reason empty \
    only-thinking refusal bare-refusal tool pause badjson error-mid error-first key-mid chunks \
    echo-key json gateway 429 spent 500 529 error200 html plain500 redirect echo; do
    add_agent "$script" "$script" up
done
add_agent three words:3:10 up
add_agent html200 html:200 up
add_agent slow-head stall-head up --first-byte-timeout 300ms
add_agent slow-middle stall-mid up --idle-timeout 300ms
add_agent brief echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent newer echo newer
add_agent set echo up --max-tokens 9 --options '{"temperature": 0.5, "max_tokens": 77}'
add_agent nobody echo nobody
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

says() { # AGENT TEXT
    call "$1" application/json
    is "$status" 200 "$1: JSON: the status"
    is "$(look member "$tmp/body" response)" "$2" "$1: JSON: the text"
    call "$1" text/event-stream
    is "$(look text "$tmp/body")" "$2" "$1: events: the text"
    is "$(last_event)" "done" "$1: events: the last one"
    call "$1" text/plain
    is "$status $rc $(body)" "200 0 $2" "$1: text"
    ask "$1"
    is "$rc $(cat "$tmp/out")" "0 $2" "$1: terminal"
}

says three 'word1 word2 word3 '
says thinking 'thought é through 😀'
says split 'thought é through 😀'
says max-tokens 'as far as it'
says keepopen 'said it all'

call three text/event-stream
ok 'the words come one by one' test "$(look events "$tmp/body" | grep -c delta)" -ge 3
call echo application/json 'say \"h\u00e9\" 😀'
is "$(look member "$tmp/body" response)" 'say "hé" 😀' 'the prompt arrives as it was meant'
call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" max_tokens 'the reply tells the stop reason'
is "$(look member "$tmp/body" usage)" '{"inputTokens": 25, "outputTokens": 15}' 'and the usage'
is "$(look member "$tmp/body" model)" max-tokens 'and the model'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"inputTokens": ?25' 'the usage is recorded'

# ---- what is wrong

fails() { # AGENT STATUS SENTENCE EXIT
    call "$1" application/json
    is "$status" "$2" "$1: JSON: the status"
    has "$(look member "$tmp/body" detail)" "$3" "$1: JSON: the sentence"
    call "$1" text/event-stream
    if [ "$status" = 200 ]; then
        is "$(last_event)" error "$1: events: the last one"
        look data "$tmp/body" error >"$tmp/problem"
        is "$(look member "$tmp/problem" status)" "$2" "$1: events: the status in it"
    else
        is "$status" "$2" "$1: events: the status"
    fi
    call "$1" text/plain
    if [ "$status" = 200 ]; then
        isnt "$rc" 0 "$1: text: it does not look whole"
    else
        is "$status" "$2" "$1: text: the status"
    fi
    ask "$1"
    is "$rc" "$4" "$1: terminal: the exit status"
    has "$(cat "$tmp/err")" "$3" "$1: terminal: the sentence"
}

fails slow-head 504 'no answer within 300ms (first byte deadline)' 75
fails slow-middle 504 'nothing came for 300ms (idle deadline)' 75
fails nobody 502 'cannot connect: Connection refused' 69
fails cut-head 502 'closed without an answer' 69
fails cut-mid 502 'cut off before the answer was complete' 69
fails ends-early 502 'truncated: it ended without a finish reason' 69
fails no-reason 502 'truncated: it ended without a finish reason' 69
fails empty 502 'the answer is empty (finish reason "end_turn")' 69
fails only-thinking 502 'the answer is empty (finish reason "max_tokens")' 69
fails refusal 502 'the model refused: It could do harm.' 69
fails bare-refusal 502 'the model refused to answer' 69
fails tool 502 'called a tool' 69
fails pause 502 'paused before its answer was complete' 69
fails badjson 502 'not JSON' 69
fails error-mid 502 'Overloaded (overloaded_error)' 69
fails error-first 502 'Overloaded (overloaded_error)' 69
fails key-mid 502 'cannot use [redacted] now (api_error)' 69
fails chunks 502 'truncated' 69
fails json 502 'no event stream' 69
fails gateway 502 'HTTP 403: no such tenant' 69
fails 429 502 'HTTP 429: Slow down' 69
fails spent 502 'HTTP 429: Spend limit reached' 69
fails 500 502 'HTTP 500: Internal server error' 69
fails 529 502 'HTTP 529: Overloaded' 69
fails error200 502 'HTTP 200: model: none' 69
fails html 502 'HTTP 502' 69
fails html200 502 'no event stream' 69
fails plain500 502 'HTTP 500: upstream exploded' 69
fails redirect 502 'HTTP 307' 69
fails echo-key 502 'invalid x-api-key: [redacted], see elsewhere' 69
ask error-mid
is "$(cat "$tmp/out")" 'so far ' 'what came before an error was said'

# ---- what the upstream was sent

sent() { # WHAT VALUE NAME
    is "$(look last "$log" echo "$1")" "$2" "$3"
}
ask brief 'line one'
sent json.system 'Be "brief".' 'the system prompt has its own place'
sent json.messages '[{"role": "user", "content": "line one"}]' 'the prompt is a message'
sent json.max_tokens 9 'the most tokens are told'
sent json.stream true 'a stream is asked for'
sent json.temperature null 'no sampling parameter'
sent headers.x-api-key "$UPSTREAM_KEY" 'the key goes with it'
sent headers.authorization null 'in one header only'
sent headers.anthropic-version 2023-06-01 'the version is told'
sent headers.x-extra yes 'so are the further headers'
sent path /v1/messages 'the path is the protocol'\''s'
ask set
sent json.temperature 0.5 'an option is sent'
sent json.max_tokens 77 'also instead of what is sent anyway'
run magec agent set set --options '{"system": "x"}'
ask set
is "$rc" 78 'but not instead of the prompts'
ask newer
is "$rc" 0 'a base URL with the version in it'
sent path /v1/messages 'has it once'
sent headers.anthropic-version 2026-10-21 'another version is told instead'
sent headers.x-api-key null 'no key, no such header'
sent json.max_tokens 4096 'the protocol wants a number of tokens'
sent json.system null 'no system prompt, no such member'
if grep -qF "$UPSTREAM_KEY" "$tmp/said" "$MAGEC_DB"*; then
    fail 'the key is in no reply, no message, no log line and not in the store'
else
    pass 'the key is in no reply, no message, no log line and not in the store'
fi

# ---- aimock, a mock of the providers' servers from npm

mock=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/npm/node_modules/@copilotkit/aimock/dist/aimock-cli.js
if [ ! -f "$mock" ] || ! command -v node >/dev/null; then
    skip 'aimock is not installed: contrib/check.sh does it'
    done_testing
    exit
fi
cat >"$tmp/fixtures.json" <<'JSON'
{"fixtures": [
  {"match": {"userMessage": "hello"}, "chunkSize": 5,
   "response": {"content": "Hello from the mock: é 😀.", "model": "mock-1", "reasoning": "hm",
                "usage": {"input_tokens": 12, "output_tokens": 7}}},
  {"match": {"userMessage": "cut short"}, "chunkSize": 5, "latency": 20, "truncateAfterChunks": 5,
   "response": {"content": "This answer is cut short somewhere."}},
  {"match": {"userMessage": "go away"}, "chunkSize": 5, "latency": 50, "disconnectAfterMs": 250,
   "response": {"content": "This answer loses its connection."}},
  {"match": {"userMessage": "use a tool"},
   "response": {"toolCalls": [{"name": "f", "arguments": {}}]}},
  {"match": {"userMessage": "too fast"},
   "response": {"error": {"message": "Rate limit reached", "type": "rate_limit_error"},
                "status": 429}},
  {"match": {"userMessage": "too many"},
   "response": {"error": {"message": "Overloaded", "type": "overloaded_error"}, "status": 529}}
]}
JSON
printf '{"llm":{"fixtures":"%s"}}\n' "$tmp/fixtures.json" >"$tmp/config.json"
start_bg mock node "$mock" --config "$tmp/config.json" --port 0 --host 127.0.0.1
if ! wait_for 20 grep -q listening "$tmp/mock.log"; then
    fail 'aimock starts'
    diag_file "$tmp/mock.log"
fi
set_up backend set up --url "$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$tmp/mock.log")"
set_up agent set echo --model claude-sonnet-4-5

call echo application/json hello
is "$status $(look member "$tmp/body" response)" '200 Hello from the mock: é 😀.' 'aimock: the text'
is "$(look member "$tmp/body" model)" mock-1 'aimock: the model'
is "$(look member "$tmp/body" usage)" '{"inputTokens": 12, "outputTokens": 7}' 'aimock: the usage'
call echo text/event-stream hello
is "$(look text "$tmp/body")" 'Hello from the mock: é 😀.' 'aimock: streamed'
is "$(last_event)" "done" 'aimock: the end'
ok 'aimock: in pieces' test "$(look events "$tmp/body" | grep -c delta)" -gt 2

mock_fails() { # PROMPT SENTENCE
    call echo application/json "$1"
    is "$status" 502 "aimock: $1: the status"
    has "$(look member "$tmp/body" detail)" "$2" "aimock: $1: the sentence"
    call echo text/event-stream "$1"
    case $status in
    200) is "$(last_event)" error "aimock: $1: the stream ends with an error" ;;
    *) is "$status" 502 "aimock: $1: the status instead of a stream" ;;
    esac
    ask echo "$1"
    is "$rc" 69 "aimock: $1: the exit status"
}
mock_fails 'cut short' 'cut off before the answer was complete'
mock_fails 'go away' 'cut off before the answer was complete'
mock_fails 'use a tool' 'called a tool'
mock_fails 'too fast' 'HTTP 429: Rate limit reached'
mock_fails 'too many' 'HTTP 529: Overloaded'
mock_fails 'something else' 'HTTP 404: No fixture matched'

done_testing
