#!/bin/sh
# The gemini agent against a scripted upstream and against aimock, from the terminal and through
# magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need python3

UPSTREAM_KEY=AIzaTest-0123456789abcdefXYZ
export UPSTREAM_KEY
own_failures='ends-early truncated: it ended without a finish reason
empty the answer is empty (finish reason "STOP")
only-thinking the answer is empty (finish reason "MAX_TOKENS")
safety the answer was stopped by the provider: SAFETY
recitation the answer was stopped by the provider: RECITATION
malformed the model wrote a tool call that cannot be read: MALFORMED_FUNCTION_CALL: Malformed: f(
tool called a tool
blocked the prompt was blocked: PROHIBITED_CONTENT
error-first The model is overloaded.
error-mid The model is overloaded.
error-array The model is overloaded.
error-bare The model is overloaded.
key-mid no key [redacted] here
array no event stream
429 HTTP 429: Resource has been exhausted.
429-array HTTP 429: Resource has been exhausted.
500 HTTP 500: An internal error.
503 HTTP 503: The model is overloaded.
error200 HTTP 200: models/none is not found.
echo-key API key [redacted] not valid.'
start_upstream upstream_gemini.py /v1beta
set_up backend add up --type gemini --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type gemini --url "$url/?tenant=a"
set_up backend add nobody --type gemini --attempts 1 --url http://127.0.0.1:1

add_agents thinking split max-tokens
add_agent brief models/echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent odd 'echo:a b/c?d#é%' up
add_agent keyless echo keyless
add_agent tuned echo up --max-tokens 9 --options '{"generationConfig":{"temperature":0.20,
"stopSequences":["\u00e9"]},"safetySettings":[{"category":"c"}]}'
add_agent longer echo up --max-tokens 9 --options '{"generationConfig":{"maxOutputTokens":77}}'
add_agent without echo up --max-tokens 9 --options '{"generationConfig":null}'
take_agent greedy up echo '{"system_instruction":"x"}'
agents=$agents,greedy
set_up agent add modelless --backend up
set_up agent add nameless --backend up --model models/
agents=$agents,modelless,nameless
add_client

# ---- what is right

every_success
says thinking 'thought é through 😀'
says split 'thought é through 😀'
says max-tokens 'as far as it'

call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" MAX_TOKENS 'the reply tells the finish reason'
is "$(look member "$tmp/body" model)" gemini-scripted 'and the model'
call thinking application/json
is "$(look member "$tmp/body" usage)" '{"inputTokens": 25, "outputTokens": 15}' \
    'and the usage, of which the last counts, with the thoughts'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"outputTokens": ?15' 'the usage is recorded'

# ---- what is wrong

every_failure
call modelless application/json
is "$status" 500 'an agent without a model: the status'
for agent in modelless nameless; do
    ask "$agent"
    is "$rc" 78 "$agent: terminal: the exit status"
    has "$(cat "$tmp/err")" "agent \"$agent\" has no model" "$agent: terminal: the sentence"
done

# ---- what the upstream was sent

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

# ---- tools

add_callers
every_call auto none
is "$(look last "$log" call json.tools)" '[{"functionDeclarations": [{"name": "say", "description": "Says \"it\".", "parametersJsonSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}, {"name": "fails", "parametersJsonSchema": {"type": "object", "properties": {}}}]}]' \
    'tools: they are told with their schemas, without the member that the API refuses'

# ---- callers that go, and the key

every_caller_leaves
key_is_nowhere

# ---- aimock, a mock of the providers' servers from npm

if ! start_aimock <<'JSON'; then
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
    done_testing
    exit
fi
set_up backend set up --url "$mock_url/v1beta"
set_up agent set echo --model models/gemini-2.5-flash
every_aimock
aimock_fails 'too many' 'HTTP 503: Overloaded'
aimock_fails 'filtered' 'stopped by the provider: SAFETY'

done_testing
