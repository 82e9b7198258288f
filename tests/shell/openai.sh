#!/bin/sh
# The openai agent against a scripted upstream: from the terminal, and through magec-fcgi as a plain
# CGI, as JSON, as server-sent events and as text.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need python3

UPSTREAM_KEY=sk-test-0123456789abcdefXYZ
export UPSTREAM_KEY
own_failures='no-finish truncated: it ended without a finish reason
empty the answer is empty
content_filter content filter
refusal the model refused: I cannot help with that
tool called a tool
error-mid the engine overheated
huge-line larger than 1048576 bytes
huge-reply larger than the limit of
429 HTTP 429: Rate limit reached, slow down
503 HTTP 503: Loading model
error200 model does not exist
echo-key Incorrect API key provided: [redacted]. Find yours elsewhere
ends-early truncated: it ended without a finish reason
key-mid no key [redacted] here'
start_upstream upstream.py /v1
set_up backend add up --type openai --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type openai --url "$url"
set_up backend add azure --type openai --url "$url/deployments/d?api-version=2024-10-21" \
    --key env:UPSTREAM_KEY --key-header api-key --max-tokens-as max_tokens
# shellcheck disable=SC2016 # expanded by the program
set_up backend add headers --type openai --url "$url?tag=\${UPSTREAM_KEY}" \
    --header 'Authorization: Bearer ${UPSTREAM_KEY}'
set_up backend add nobody --type openai --attempts 1 --url http://127.0.0.1:1/v1
set_up backend add lost-key --type openai --url "$url" --key env:NO_SUCH_VARIABLE

add_agents usage split crlf comments azure surrogates utf8-split gzip no-done length keepopen invalid-utf8
add_agent slow-line trickle-headers:1 up
add_agent endless pings up --total-timeout 500ms
add_agent brief echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent no-key echo keyless
add_agent deployed echo azure --max-tokens 7
add_agent tuned echo up --max-tokens 7 --options '{"temperature":0.20,"seed":12345678901234567890,
"stop":["a","b\u00e9"],"stream_options":null,"max_completion_tokens":11,"user":"\"u\""}'
take_agent greedy up echo '{"messages":[]}'
agents=$agents,greedy
add_agent by-header echo-key headers
add_agent lost-key echo lost-key
add_client

# ---- what is right

every_success
says usage counted
says split 'cut é everywhere 😀'
says crlf 'crlf lines'
says comments 'with comments'
says azure 'from azure'
says surrogates 'smile 😀!'
says utf8-split 'half 😀 whole'
says gzip unpacked
says no-done 'no done'
says length 'as far as it'
says keepopen 'said it all'
says slow-line 'slow head'
says invalid-utf8 'bad ��( end'

call length application/json
is "$(look member "$tmp/body" finishReason)" length "length: the reply tells the finish reason"
call length text/event-stream
is "$(look data "$tmp/body" "done" >"$tmp/done" && look member "$tmp/done" finishReason)" length \
    "length: the last event tells the finish reason"
call usage application/json
is "$(look member "$tmp/body" usage)" '{"inputTokens": 11, "outputTokens": 3}' \
    "usage: the reply tells it"
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"inputTokens": ?11' "usage: the input is recorded"
like "$(cat "$tmp/out")" '"outputTokens": ?3' "usage: the output is recorded"

# ---- what is wrong

every_failure
fails endless 504 'not finished within 500ms (total deadline)' 75

call lost-key application/json
is "$status" 500 "a key that is not there: the status"
ask lost-key
is "$rc" 78 "a key that is not there: the exit status"
has "$(cat "$tmp/err")" NO_SUCH_VARIABLE "a key that is not there: the terminal is told which"

# ---- what the upstream was sent

ask brief "line one"
sent json.messages '[{"role": "system", "content": "Be \"brief\"."}, {"role": "user", "content": "line one"}]' \
    "the system prompt comes before the prompt"
sent json.max_completion_tokens 9 "the most tokens are told"
sent json.stream true "a stream is asked for"
sent json.stream_options '{"include_usage": true}' "so is the usage"
sent headers.authorization "Bearer $UPSTREAM_KEY" "the key goes with it"
sent headers.x-extra yes "so do the backend's headers"
sent path /v1/chat/completions "the path is the protocol's"
ask deployed
sent path '/v1/deployments/d/chat/completions?api-version=2024-10-21' \
    "a query in the URL stays behind the path"
sent headers.api-key "$UPSTREAM_KEY" "the key goes in the header that is named"
sent headers.authorization null "and in no other"
sent json.max_tokens 7 "the most tokens have the older name"
sent json.max_completion_tokens null "and not the newer one"
ask tuned
is "$rc" 0 "options: the exit status"
like "$(look last "$log" echo body)" '"temperature": ?0.20?[,}]' "options: a number"
like "$(look last "$log" echo body)" '"seed": ?12345678901234567890[,}]' "options: a large number"
sent json.stop '["a", "bé"]' "options: an array"
sent json.user '"u"' "options: a string"
sent json.max_completion_tokens 11 "options: one replaces what we say"
sent json.stream_options null "options: null leaves out what we say"
ask greedy
is "$rc" 78 "options: the messages are no option"
has "$(cat "$tmp/err")" 'the option "messages" cannot be set' "options: the terminal is told"
run magec agent set tuned --options '{"messages":[]}'
is "$rc $(cat "$tmp/err")" \
    '65 magec: the option "messages" cannot be set: it is a part of every request' "options: it is not taken"
run magec agent show tuned --json
like "$(cat "$tmp/out")" '"options": ?[{]' "options: shown"
run magec agent set tuned --options '{"temperature":'
is "$rc" 65 "options: not JSON"
run magec agent set tuned --options '[1]'
is "$rc" 65 "options: no object"
run magec agent set tuned --options ''
run magec agent show tuned --json
if grep -q options "$tmp/out"; then fail "options: cleared"; else pass "options: cleared"; fi
run magec backend add wrong --type openai --url "$url" --max-tokens-as tokens
is "$rc" 65 "a third name for the most tokens"
run magec backend add wrong --type openai --url "$url" --key-header 'a b'
is "$rc" 65 "a header that is none"
ask by-header
is "$rc" 69 "a key in a header line: the exit status"
has "$(cat "$tmp/err")" 'key provided: [redacted]. Find' "a key in a header line is redacted"
ask no-key
sent headers.authorization null "no key, no such header"

# ---- callers that go, and the key

every_caller_leaves
key_is_nowhere

done_testing
