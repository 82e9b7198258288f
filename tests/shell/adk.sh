#!/bin/sh
# The adk agent against a scripted upstream and against ADK's own api_server, from the terminal and
# through magec-fcgi as a plain CGI.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need python3

UPSTREAM_KEY=mgc_0123456789abcdef0123456789abcdef01234567
export UPSTREAM_KEY
own_failures='chunks not JSON
nothing the answer is empty
ends-early truncated: it ended in the middle of a text
empty the answer is empty
only-call a function call that nobody answered
code-first RESOURCE_EXHAUSTED: the quota is used up
error-mid RESOURCE_EXHAUSTED: the quota is used up
code-text MAX_TOKENS
safety the answer was stopped by the provider: SAFETY
error-first Agent not found: helper
error-event the model is gone
key-mid no token Bearer [redacted] here
error200 HTTP 200: it is not so
404 HTTP 404: Session not found: s-1
go404 HTTP 404: failed to find the session: not here
422 HTTP 422: userId is missing
session-404 there is no session: HTTP 404: 404 page not found
session-500 there is no session: HTTP 500: the database is away
session-html there is no session: HTTP 502
session-cut closed without an answer
echo-key there is no session: HTTP 401: no client has the token [redacted]
429 HTTP 429: too many runs
503 HTTP 503: the model is away'
start_upstream upstream_adk.py /api/v1/agent
set_up backend add up --type adk --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type adk --url "$url/?tenant=a"
set_up backend add nobody --type adk --attempts 1 --url http://127.0.0.1:1

add_agents tool split parallel snake max-tokens unstreamed session-409 session-go
add_agent slow-session session-stall up --first-byte-timeout 300ms
add_agent slow-both session-linger up --total-timeout 400ms
add_agent session-400 session-400 up
add_agent session-other session-400 up --options '{"sessionId":"s-1"}'
add_agent fixed echo up --options '{"sessionId":"daily é/1","userId":"ops","stateDelta":{"k":1}}'
add_agent odd 'a b/c?d#é%' up
add_agent keyless echo keyless
set_up agent add modelless --backend up
set_up agent add prompted --backend up --model echo --system-prompt 'Be brief.'
set_up agent add counted --backend up --model echo --max-tokens 9
set_up agent add nameless --backend up --model echo --options '{"userId":null}'
take_agent renamed up echo '{"appName":"x"}'
agents=$agents,modelless
add_client

# ---- what is right

every_success
says unstreamed 'all of it'
says max-tokens 'as far as it'
says tool 'Let me see.
---
It is é 😀.'
says split 'Let me see.
---
It is é 😀.'
says parallel 'one two
---
uno dos'
says snake 'snake case'

call max-tokens application/json
is "$(look member "$tmp/body" finishReason)" MAX_TOKENS 'the reply tells the finish reason'
call tool application/json
is "$(look member "$tmp/body" model)" m-2 'and the model, the last one'
is "$(look member "$tmp/body" usage)" '{"inputTokens": 50, "outputTokens": 15}' \
    'and the usage of all its calls, with the thoughts'
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"outputTokens": ?15' 'the usage is recorded'

# ---- what is wrong

every_failure
fails slow-session 504 'no answer within 300ms (first byte deadline)' 75
fails session-400 502 'there is no session: HTTP 400: no name for an app' 69
is "$(look count "$log" session-404)" 0 'without a session nothing is run'

call modelless application/json
is "$status" 500 'an agent without a model: the status'
refused() { # AGENT SENTENCE
    ask "$1"
    is "$rc" 78 "$1: the exit status"
    has "$(cat "$tmp/err")" "$2" "$1: the sentence"
}
refused modelless 'agent "modelless" has no model, which for an adk backend is the app'
refused prompted 'agent "prompted" has a system prompt, but the app has its own'
refused counted 'agent "counted" has a number of most tokens, but the app has its own'
refused nameless 'the option "userId" is not a text'
refused renamed 'the option "appName" cannot be set'

# ---- sessions, and what the upstream was sent

sent() { # SCRIPT WHAT VALUE NAME
    is "$(look last "$log" "$1" "$2")" "$3" "$4"
}
ask echo 'Say "x".'
session=$(look last "$log" echo json.sessionId)
like "$session" '^[0-9a-f-]{36}$' 'the session has a name of its own'
sent session path "/api/v1/agent/apps/echo/users/magec-fcgi/sessions/$session" 'and was made before'
sent session body '{}' 'without a state'
sent session headers.authorization "Bearer $UPSTREAM_KEY" 'the key goes with it'
sent session headers.x-extra yes 'so do the further headers'
sent echo path /api/v1/agent/run_sse 'it is run as a stream'
sent echo json "{\"appName\": \"echo\", \"userId\": \"magec-fcgi\", \"sessionId\": \"$session\", \"newMessage\": {\"role\": \"user\", \"parts\": [{\"text\": \"Say \\\"x\\\".\"}]}, \"streaming\": true}" \
    'with the prompt, and nothing else'
sent echo headers.authorization "Bearer $UPSTREAM_KEY" 'and the key'
sent echo headers.x-extra yes 'and the further headers'
ask echo
isnt "$(look last "$log" echo json.sessionId)" "$session" 'the next run has another session'

for time in first second; do
    ask fixed "$time"
    is "$rc $(cat "$tmp/out")" "0 $time" "a session that stays: the $time time"
done
sent session path '/api/v1/agent/apps/echo/users/ops/sessions/daily%20%C3%A9%2F1' 'it is asked for'
sent echo json '{"appName": "echo", "newMessage": {"role": "user", "parts": [{"text": "second"}]}, "streaming": true, "sessionId": "daily é/1", "userId": "ops", "stateDelta": {"k": 1}}' \
    'and it is run, with the further options'
ask odd 'an odd name'
is "$rc $(cat "$tmp/out")" '0 an odd name' 'an odd name of an app'
sent echo json.appName 'a b/c?d#é%' 'is said as it is'
like "$(look last "$log" session path)" '/apps/a%20b%2Fc%3Fd%23%C3%A9%25/users/' \
    'and is one segment of the path'
for agent in session-409 session-go session-other; do
    ask "$agent" 'there is one'
    is "$rc $(cat "$tmp/out")" '0 there is one' "$agent: the session exists already"
done
ask keyless
sent session headers.authorization null 'no key, no such header: the session'
sent echo headers.authorization null 'no key, no such header'
sent echo path '/api/v1/agent/run_sse?tenant=a' 'a query of the URL stays'
like "$(look last "$log" session path)" '[?]tenant=a$' 'a query of the URL stays: the session'
ask slow-both
is "$rc $(cat "$tmp/out")" '0 hello' 'both fit into the total deadline'
set_up agent set slow-both --total-timeout 200ms
ask slow-both
is "$rc" 75 'the session takes too long'
set_up agent set slow-both --model stall-head --total-timeout 300ms
ask slow-both
is "$rc" 75 'the run takes too long'
has "$(cat "$tmp/err")" '(total deadline)' 'by the deadline of both'

# ---- callers that go, and the key

every_caller_leaves
key_is_nowhere

# ---- ADK's own server, from npm

adk=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/adk/node_modules
if [ ! -e "$adk/.bin/adk" ] || ! command -v node >/dev/null; then
    skip "ADK's api_server is not installed: contrib/check.sh does it"
    done_testing
    exit
fi
mkdir "$tmp/apps"
ln -s "$adk" "$tmp/apps/node_modules"
for app in helper chain pair; do
    cp "$top_srcdir/tests/peers/adk_agent.mjs" "$tmp/apps/$app.mjs"
done
start_bg server node "$adk/.bin/adk" api_server --host 127.0.0.1 --port 0 --compile false \
    --bundle false --session_service_uri memory:// "$tmp/apps"
if ! wait_for 30 grep -q 'access at http' "$tmp/server.log"; then
    fail 'api_server starts'
    diag_file "$tmp/server.log"
    done_testing
    exit
fi
set_up backend set up --url "$(sed -n 's/.* at \(http[^ ]*\)[.] .*/\1/p' "$tmp/server.log")"
set_up agent set echo --model helper
set_up agent set three --model chain
set_up agent set parallel --model pair
set_up agent set empty --model nobody
set_up agent set fixed --model helper

call echo application/json hello
is "$status $(look member "$tmp/body" response)" '200 You said: hello' 'api_server: the text'
is "$(look member "$tmp/body" usage)" '{"inputTokens": 3, "outputTokens": 2}' \
    'api_server: the usage'
is "$(look member "$tmp/body" finishReason)" STOP 'api_server: the finish reason'
call echo text/event-stream 'hello world'
is "$(look text "$tmp/body")" 'You said: hello world' 'api_server: streamed'
ok 'api_server: in pieces' test "$(look events "$tmp/body" | grep -c delta)" -gt 2
ask echo 'use a tool'
is "$rc $(cat "$tmp/out")" '0 Let me see.
---
It is done.' 'api_server: a tool'
for agent in three parallel; do
    ask "$agent"
    is "$rc $(cat "$tmp/out")" '0 one was asked
---
two was asked' "api_server: several agents: $agent"
done
for text in 1 2; do
    ask echo count
    is "$rc $(cat "$tmp/out")" '0 prompt 1' "api_server: run $text has a session of its own"
    ask fixed count
    is "$rc $(cat "$tmp/out")" "0 prompt $text" "api_server: run $text in a session that stays"
done

server_fails() { # AGENT PROMPT SENTENCE
    call "$1" application/json "$2"
    is "$status" 502 "api_server: $2: the status"
    has "$(look member "$tmp/body" detail)" "$3" "api_server: $2: the sentence"
    ask "$1" "$2"
    is "$rc" 69 "api_server: $2: the exit status"
}
server_fails echo 'too much' 'RESOURCE_EXHAUSTED: the quota is used up'
server_fails echo break 'the model is gone'
server_fails empty 'no such app' "Agent 'nobody' not found"

done_testing
