#!/bin/sh
# The gemini agent against a scripted upstream and against aimock, from the terminal and through
# magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

UPSTREAM_KEY=AIzaTest-0123456789abcdefXYZ
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

start_bg upstream python3 "$top_srcdir/tests/peers/upstream_gemini.py" \
    --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
url=http://127.0.0.1:$(cat "$tmp/port")/v1beta

new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}
set_up backend add up --type gemini --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type gemini --url "$url/?tenant=a"
set_up backend add nobody --type gemini --attempts 1 --url http://127.0.0.1:1

agents=
add_agent() { # ID MODEL BACKEND [OPTION...]
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" "$@"
}
for script in thinking split max-tokens cut-head cut-mid ends-early empty only-thinking safety \
    recitation malformed tool blocked badjson error-first error-mid error-array error-bare key-mid \
    echo-key chunks array 429 429-array 500 503 error200 html plain500 redirect echo; do
    add_agent "$script" "$script" up
done
add_agent three words:3:10 up
add_agent html200 html:200 up
add_agent slow-head stall-head up --first-byte-timeout 300ms
add_agent slow-middle stall-mid up --idle-timeout 300ms
add_agent brief models/echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent odd 'echo:a b/c?d#é%' up
add_agent keyless echo keyless
add_agent nobody echo nobody
add_agent tuned echo up --max-tokens 9 --options '{"generationConfig":{"temperature":0.20,
"stopSequences":["\u00e9"]},"safetySettings":[{"category":"c"}]}'
add_agent longer echo up --max-tokens 9 --options '{"generationConfig":{"maxOutputTokens":77}}'
add_agent without echo up --max-tokens 9 --options '{"generationConfig":null}'
add_agent greedy echo up --options '{"system_instruction":"x"}'
set_up agent add modelless --backend up
set_up agent add nameless --backend up --model models/
agents=$agents,modelless,nameless
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

call three text/event-stream
ok 'the words come one by one' test "$(look events "$tmp/body" | grep -c delta)" -ge 3
call echo application/json 'say \"h\u00e9\" 😀'
is "$(look member "$tmp/body" response)" 'say "hé" 😀' 'the prompt arrives as it was meant'
call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" MAX_TOKENS 'the reply tells the finish reason'
is "$(look member "$tmp/body" model)" gemini-scripted 'and the model'
call thinking application/json
is "$(look member "$tmp/body" usage)" '{"inputTokens": 25, "outputTokens": 15}' \
    'and the usage, of which the last counts, with the thoughts'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"outputTokens": ?15' 'the usage is recorded'

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
fails empty 502 'the answer is empty (finish reason "STOP")' 69
fails only-thinking 502 'the answer is empty (finish reason "MAX_TOKENS")' 69
fails safety 502 'the answer was stopped by the provider: SAFETY' 69
fails recitation 502 'the answer was stopped by the provider: RECITATION' 69
fails malformed 502 'stopped by the provider: MALFORMED_FUNCTION_CALL: Malformed: f(' 69
fails tool 502 'called a tool' 69
fails blocked 502 'the prompt was blocked: PROHIBITED_CONTENT' 69
fails badjson 502 'not JSON' 69
fails error-first 502 'The model is overloaded.' 69
fails error-mid 502 'The model is overloaded.' 69
fails error-array 502 'The model is overloaded.' 69
fails error-bare 502 'The model is overloaded.' 69
fails key-mid 502 'no key [redacted] here' 69
fails chunks 502 'truncated' 69
fails array 502 'no event stream' 69
fails 429 502 'HTTP 429: Resource has been exhausted.' 69
fails 429-array 502 'HTTP 429: Resource has been exhausted.' 69
fails 500 502 'HTTP 500: An internal error.' 69
fails 503 502 'HTTP 503: The model is overloaded.' 69
fails error200 502 'HTTP 200: models/none is not found.' 69
fails html 502 'HTTP 502' 69
fails html200 502 'no event stream' 69
fails plain500 502 'HTTP 500: upstream exploded' 69
fails redirect 502 'HTTP 307' 69
fails echo-key 502 'API key [redacted] not valid.' 69
call modelless application/json
is "$status" 500 'an agent without a model: the status'
for agent in modelless nameless; do
    ask "$agent"
    is "$rc" 78 "$agent: terminal: the exit status"
    has "$(cat "$tmp/err")" "agent \"$agent\" has no model" "$agent: terminal: the sentence"
done
ask error-mid
is "$(cat "$tmp/out")" 'so far ' 'what came before an error was said'

# ---- what the upstream was sent

sent() { # WHAT VALUE NAME
    is "$(look last "$log" echo "$1")" "$2" "$3"
}
ask brief 'line one'
sent json '{"systemInstruction": {"parts": [{"text": "Be \"brief\"."}]}, "contents": [{"role": "user", "parts": [{"text": "line one"}]}], "generationConfig": {"maxOutputTokens": 9}}' \
    'the system prompt, the prompt and the most tokens, and nothing else'
sent path '/v1beta/models/echo:streamGenerateContent?alt=sse' 'the model is in the path, once'
sent headers.x-goog-api-key "$UPSTREAM_KEY" 'the key goes with it'
sent headers.authorization null 'in one header only'
sent headers.x-extra yes 'so are the further headers'
ask tuned
like "$(look last "$log" echo body)" '"temperature": ?0.20[,}]' 'options are passed as given'
sent json.generationConfig '{"maxOutputTokens": 9, "temperature": 0.2, "stopSequences": ["é"]}' \
    'together with the most tokens'
sent json.safetySettings '[{"category": "c"}]' 'others too'
ask longer
sent json.generationConfig '{"maxOutputTokens": 77}' 'an option replaces the most tokens'
ask without
is "$rc" 0 'an option that is null'
sent json.generationConfig null 'leaves out what we say'
ask greedy
is "$rc" 78 'the system prompt is no option'
has "$(cat "$tmp/err")" 'the option "system_instruction" cannot be set' 'the terminal is told'
ask odd
is "$rc" 0 'an odd name of a model'
sent path '/v1beta/models/echo%3Aa%20b%2Fc%3Fd%23%C3%A9%25:streamGenerateContent?alt=sse' \
    'is one segment of the path'
ask keyless 'Say \"x\".'
sent json '{"contents": [{"role": "user", "parts": [{"text": "Say \\\"x\\\"."}]}]}' \
    'without a system prompt and a number of tokens there is nothing of them'
sent headers.x-goog-api-key null 'no key, no such header'
sent path '/v1beta/models/echo:streamGenerateContent?alt=sse&tenant=a' 'a query of the URL stays'
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
   "response": {"content": "Hello from the mock: é 😀.", "reasoning": "hm",
                "usage": {"promptTokenCount": 12, "candidatesTokenCount": 7}}},
  {"match": {"userMessage": "cut short"}, "chunkSize": 5, "latency": 20, "truncateAfterChunks": 5,
   "response": {"content": "This answer is cut short somewhere."}},
  {"match": {"userMessage": "go away"}, "chunkSize": 5, "latency": 50, "disconnectAfterMs": 250,
   "response": {"content": "This answer loses its connection."}},
  {"match": {"userMessage": "use a tool"},
   "response": {"toolCalls": [{"name": "f", "arguments": {}}]}},
  {"match": {"userMessage": "too fast"},
   "response": {"error": {"message": "Rate limit reached", "type": "RESOURCE_EXHAUSTED"},
                "status": 429}},
  {"match": {"userMessage": "too many"},
   "response": {"error": {"message": "Overloaded", "type": "UNAVAILABLE"}, "status": 503}},
  {"match": {"userMessage": "filtered"},
   "response": {"content": "Up to he", "finishReason": "content_filter"}}
]}
JSON
printf '{"llm":{"fixtures":"%s"}}\n' "$tmp/fixtures.json" >"$tmp/config.json"
start_bg mock node "$mock" --config "$tmp/config.json" --port 0 --host 127.0.0.1
if ! wait_for 20 grep -q listening "$tmp/mock.log"; then
    fail 'aimock starts'
    diag_file "$tmp/mock.log"
fi
set_up backend set up --url "$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$tmp/mock.log")/v1beta"
set_up agent set echo --model models/gemini-2.5-flash

call echo application/json hello
is "$status $(look member "$tmp/body" response)" '200 Hello from the mock: é 😀.' 'aimock: the text'
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
mock_fails 'too many' 'HTTP 503: Overloaded'
mock_fails 'filtered' 'stopped by the provider: SAFETY'
mock_fails 'something else' 'HTTP 404: No fixture matched'

done_testing
