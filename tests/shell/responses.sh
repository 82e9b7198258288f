#!/bin/sh
# The responses agent against a scripted upstream and against aimock, from the terminal and through
# magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need python3

UPSTREAM_KEY=sk-test-0123456789abcdefXYZ
export UPSTREAM_KEY
own_failures='ends-early truncated: it ended without a finish reason
done-early truncated: it ended without a finish reason
empty the answer is empty (finish reason "completed")
only-thinking the answer is empty (finish reason "max_output_tokens")
filtered content filter
broken-off the answer is not complete ("maintenance")
refusal the model refused: I cannot help
tool called a tool
failed The server had an error
error-mid The server had an error
error-object The server had an error
key-mid no key [redacted] here
429 HTTP 429: Rate limit reached, slow down
503 HTTP 503: Loading model
error200 model does not exist
echo-key Incorrect API key provided: [redacted]. Find yours elsewhere'
start_upstream upstream_responses.py /v1
set_up backend add up --type responses --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type responses --attempts 1 --url "$url/?api-version=preview"
set_up backend add nobody --type responses --attempts 1 --url http://127.0.0.1:1/v1

add_agents thinking split keepopen no-deltas only-completed max-tokens
add_agent brief echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent keyless echo keyless
add_agent tuned echo up --max-tokens 9 \
    --options '{"temperature":0.20,"reasoning":{"effort":"low"},"store":null,"max_output_tokens":77}'
take_agent greedy up echo '{"input":"x"}'
agents=$agents,greedy
add_client

# ---- what is right

every_success
says thinking 'thought é through 😀'
says split 'thought é through 😀'
says keepopen 'said it all'
says no-deltas 'all at once'
says only-completed 'one event'
says max-tokens 'as far as it'

call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" max_output_tokens 'the reply tells the finish reason'
is "$(look member "$tmp/body" model)" gpt-scripted 'and the model'
call thinking application/json
is "$(look member "$tmp/body" usage)" '{"inputTokens": 25, "outputTokens": 15}' 'and the usage'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"outputTokens": ?15' 'the usage is recorded'

# ---- what is wrong

every_failure
ask greedy
is "$rc" 78 'the prompt is no option: the exit status'
has "$(cat "$tmp/err")" 'the option "input" cannot be set' 'the prompt is no option: the sentence'

# ---- what the upstream was sent

ask brief 'line one'
sent json '{"model": "echo", "instructions": "Be \"brief\".", "input": "line one", "max_output_tokens": 9, "stream": true, "store": false}' \
    'the system prompt, the prompt and the most tokens, and nothing is to be kept'
sent path /v1/responses 'the path is the protocol'\''s'
sent headers.authorization "Bearer $UPSTREAM_KEY" 'the key goes with it'
sent headers.x-extra yes 'so are the further headers'
ask tuned
sent json '{"model": "echo", "input": "hello", "stream": true, "temperature": 0.2, "reasoning": {"effort": "low"}, "max_output_tokens": 77}' \
    'options replace, and leave out'
ask keyless
sent headers.authorization null 'no key, no such header'
sent path '/v1/responses?api-version=preview' 'a query of the URL stays'

# ---- callers that go, and the key

every_caller_leaves
key_is_nowhere

# ---- aimock, a mock of the providers' servers from npm

if ! start_aimock <<'JSON'; then
{"fixtures": [
  {"match": {"userMessage": "hello"}, "chunkSize": 5,
   "response": {"content": "Hello from the mock: é 😀.", "reasoning": "hm",
                "usage": {"prompt_tokens": 12, "completion_tokens": 7}}},
  {"match": {"userMessage": "cut short"}, "chunkSize": 5, "latency": 20, "truncateAfterChunks": 8,
   "response": {"content": "This answer is cut short somewhere."}},
  {"match": {"userMessage": "go away"}, "chunkSize": 5, "latency": 50, "disconnectAfterMs": 400,
   "response": {"content": "This answer loses its connection."}},
  {"match": {"userMessage": "use a tool"},
   "response": {"toolCalls": [{"name": "f", "arguments": {}}]}},
  {"match": {"userMessage": "too fast"},
   "response": {"error": {"message": "Rate limit reached", "type": "rate_limit_error"},
                "status": 429}},
  {"match": {"userMessage": "too many"},
   "response": {"error": {"message": "Overloaded", "type": "overloaded"}, "status": 503}},
  {"match": {"userMessage": "filtered"},
   "response": {"content": "Up to he", "finishReason": "content_filter"}},
  {"match": {"userMessage": "too long"},
   "response": {"content": "As far as", "finishReason": "length"}}
]}
JSON
    done_testing
    exit
fi
set_up backend set up --url "$mock_url/v1"
set_up agent set echo --model gpt-4.1
every_aimock
aimock_fails 'too many' 'HTTP 503: Overloaded'
aimock_fails 'filtered' 'an error without a message'
call echo application/json 'too long'
is "$status $(look member "$tmp/body" response)" '200 As far as' 'aimock: too long: the text'

done_testing
