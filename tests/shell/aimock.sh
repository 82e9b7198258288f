#!/bin/sh
# The openai agent against aimock, a mock of the providers' servers from npm.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need node python3
mock=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/npm/node_modules/@copilotkit/aimock/dist/aimock-cli.js
[ -f "$mock" ] || skip_all "aimock is not installed: contrib/check.sh does it"
MOCK_KEY=sk-mock-0123456789
export MOCK_KEY

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

cat >"$tmp/fixtures.json" <<'JSON'
{"fixtures": [
  {"match": {"userMessage": "hello"}, "chunkSize": 5,
   "response": {"content": "Hello from the mock: é 😀.", "model": "mock-1",
                "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}}},
  {"match": {"userMessage": "cut short"}, "chunkSize": 5, "latency": 20, "truncateAfterChunks": 3,
   "response": {"content": "This answer is cut short somewhere."}},
  {"match": {"userMessage": "go away"}, "chunkSize": 5, "latency": 50, "disconnectAfterMs": 150,
   "response": {"content": "This answer loses its connection."}},
  {"match": {"userMessage": "use a tool"},
   "response": {"toolCalls": [{"name": "f", "arguments": {}}]}},
  {"match": {"userMessage": "too fast"},
   "response": {"error": {"message": "Rate limit reached for mock-1", "type": "rate_limit_error",
                          "code": "rate_limit_exceeded"}, "status": 429}}
]}
JSON
printf '{"llm":{"fixtures":"%s"}}\n' "$tmp/fixtures.json" >"$tmp/config.json"
start_bg mock node "$mock" --config "$tmp/config.json" --port 0 --host 127.0.0.1
if ! wait_for 20 grep -q listening "$tmp/mock.log"; then
    echo 'Bail out! aimock does not start'
    diag_file "$tmp/mock.log"
    exit 1
fi
url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$tmp/mock.log")

new_store
run magec backend add mock --type openai --attempts 1 --url "$url/v1" --key env:MOCK_KEY
run magec agent add helper --backend mock --model gpt-4.1
run magec client add hook --passthrough --agents helper
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)

call() { # PROMPT ACCEPT
    printf %s "$1" >"$tmp/call"
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT="$2" \
        CONTENT_TYPE=text/plain MOCK_KEY="$MOCK_KEY" <"$tmp/call"
}

last_event() {
    look events "$tmp/body" | tail -n 1
}

fails() { # PROMPT SENTENCE, a regular expression
    call "$1" application/json
    is "$status" 502 "$1: the status"
    like "$(look member "$tmp/body" detail)" "$2" "$1: the sentence"
    call "$1" text/event-stream
    if [ "$status" = 200 ]; then
        is "$(last_event)" error "$1: the stream ends with an error"
    else
        is "$status" 502 "$1: the status instead of a stream"
    fi
    run magec ask helper "$1"
    is "$rc" 69 "$1: the exit status"
    like "$(cat "$tmp/err")" "$2" "$1: the terminal is told"
}

call hello application/json
is "$status" 200 "a normal answer: the status"
is "$(look member "$tmp/body" response)" "Hello from the mock: é 😀." "a normal answer: the text"
is "$(look member "$tmp/body" model)" mock-1 "a normal answer: the model"
is "$(look member "$tmp/body" usage)" '{"inputTokens": 12, "outputTokens": 7}' \
    "a normal answer: the usage"
call hello text/event-stream
is "$(look text "$tmp/body")" "Hello from the mock: é 😀." "streamed: the text"
ok "streamed: in pieces" test "$(look events "$tmp/body" | grep -c delta)" -gt 2
is "$(last_event)" "done" "streamed: the end"
run magec ask helper hello
is "$rc $(cat "$tmp/out")" "0 Hello from the mock: é 😀." "from the terminal"

fails "cut short" "cut off before the answer was complete"
fails "go away" "cut off before the answer was complete"
fails "too fast" "HTTP 429: Rate limit reached for mock-1"
fails "use a tool" "called a tool"
fails "something else" "HTTP 404: No fixture matched"

done_testing
