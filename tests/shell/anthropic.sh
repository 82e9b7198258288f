#!/bin/sh
# The anthropic agent against a scripted upstream and against aimock, from the terminal and through
# magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need python3

UPSTREAM_KEY=sk-ant-test-0123456789abcdefXYZ
export UPSTREAM_KEY
own_failures='ends-early truncated: it ended without a finish reason
no-reason truncated: it ended without a finish reason
empty the answer is empty (finish reason "end_turn")
only-thinking the answer is empty (finish reason "max_tokens")
refusal the model refused: It could do harm.
bare-refusal the model refused to answer
tool called a tool
pause paused before its answer was complete
error-mid Overloaded (overloaded_error)
error-first Overloaded (overloaded_error)
key-mid cannot use [redacted] now (api_error)
gateway HTTP 403: no such tenant
429 HTTP 429: Slow down
spent HTTP 429: Spend limit reached
500 HTTP 500: Internal server error
529 HTTP 529: Overloaded
error200 HTTP 200: model: none
echo-key invalid x-api-key: [redacted], see elsewhere
503 HTTP 503: Service unavailable'
start_upstream upstream_anthropic.py ''
set_up backend add up --type anthropic --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add newer --type anthropic --attempts 1 --url "$url/v1" --header 'Anthropic-Version: 2026-10-21'
set_up backend add claude --type anthropic --key env:UPSTREAM_KEY
is "$rc" 0 'without a URL it is the provider'
set_up backend add nobody --type anthropic --attempts 1 --url http://127.0.0.1:1

add_agents thinking split max-tokens keepopen
add_agent brief echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent newer echo newer
add_agent set echo up --max-tokens 9 --options '{"temperature": 0.5, "max_tokens": 77}'
add_client

# ---- what is right

every_success
says thinking 'thought é through 😀'
says split 'thought é through 😀'
says max-tokens 'as far as it'
says keepopen 'said it all'

call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" max_tokens 'the reply tells the stop reason'
is "$(look member "$tmp/body" usage)" '{"inputTokens": 25, "outputTokens": 15}' 'and the usage'
is "$(look member "$tmp/body" model)" max-tokens 'and the model'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"inputTokens": ?25' 'the usage is recorded'

# ---- what is wrong

every_failure

# ---- what the upstream was sent

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
is "$rc" 65 'but not instead of the prompts'
ask newer
is "$rc" 0 'a base URL with the version in it'
sent path /v1/messages 'has it once'
sent headers.anthropic-version 2026-10-21 'another version is told instead'
sent headers.x-api-key null 'no key, no such header'
sent json.max_tokens 4096 'the protocol wants a number of tokens'
sent json.system null 'no system prompt, no such member'

# ---- tools

add_callers
every_call auto none
look last "$log" call json.tools >"$tmp/tools"
has "$(cat "$tmp/tools")" '"name": "say", "description": "Says \"it\".", "input_schema": {"' \
    'tools: one is told with its description and its schema'
ask half-caller
is "$rc $(cat "$tmp/out")" '69 ' 'tools: a call that is cut off is not made'
has "$(cat "$tmp/err")" 'the answer was cut off (finish reason "max_tokens") within a tool call' \
    'tools: and an error'

# ---- callers that go, and the key

every_caller_leaves
key_is_nowhere

# ---- aimock, a mock of the providers' servers from npm

if ! start_aimock <<'JSON'; then
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
    done_testing
    exit
fi
set_up backend set up --url "$mock_url"
set_up agent set echo --model claude-sonnet-4-5
every_aimock
call echo application/json hello
is "$(look member "$tmp/body" model)" mock-1 'aimock: the model'
aimock_fails 'too many' 'HTTP 529: Overloaded'

done_testing
