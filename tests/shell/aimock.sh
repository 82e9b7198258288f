#!/bin/sh
# The openai agent against aimock, a mock of the providers' servers from npm.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need node python3

UPSTREAM_KEY=sk-mock-0123456789
export UPSTREAM_KEY
if ! start_aimock <<'JSON'; then
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
    done_testing
    exit
fi
new_store
set_up backend add mock --type openai --attempts 1 --url "$mock_url/v1" --key env:UPSTREAM_KEY
add_agent echo gpt-4.1 mock
add_client
every_aimock
call echo application/json hello
is "$(look member "$tmp/body" model)" mock-1 'aimock: the model'
key_is_nowhere

done_testing
