#!/bin/sh
# Agents whose answers match a JSON Schema, against scripted upstreams: what is sent of it in each
# protocol, what is said of an answer that matches, and what becomes of one that does not.
# shellcheck disable=SC2016 # schemas have $ in them
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

begin_upstream() { # NAME SCRIPT
    start_bg "$1" python3 "$top_srcdir/tests/peers/$2" --port-file "$tmp/$1.port" --log "$tmp/$1.json"
    if ! wait_for 10 test -s "$tmp/$1.port"; then
        echo 'Bail out! an upstream does not start'
        diag_file "$tmp/$1.log"
        exit 1
    fi
}
begin_upstream openai upstream.py
begin_upstream responses upstream_responses.py
begin_upstream anthropic upstream_anthropic.py
begin_upstream gemini upstream_gemini.py
begin_upstream adk upstream_adk.py

MAGEC_TEST_KEY=mk-a-key-of-the-test-4711
export MAGEC_TEST_KEY
new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}
port() {
    printf 'http://127.0.0.1:%s' "$(cat "$tmp/$1.port")"
}
set_up backend add openai --type openai --url "$(port openai)/v1" --key env:MAGEC_TEST_KEY
set_up backend add responses --type responses --url "$(port responses)/v1"
set_up backend add anthropic --type anthropic --url "$(port anthropic)"
set_up backend add gemini --type gemini --url "$(port gemini)/v1beta"
set_up backend add adk --type adk --url "$(port adk)/api/v1/agent"
set_up backend add echo --type echo
cat >"$tmp/program" <<'END'
#!/bin/sh
text=$(cat)
case $text in
*'--- You answered:'*'not a JSON'*'does not match the JSON Schema'*) printf '{"n": 7}' ;;
*'does not match the JSON Schema'*) printf '{"n": 8}' ;;
*) printf 'not a JSON' ;;
esac
END
chmod +x "$tmp/program"
set_up backend add exec --type exec -- "$tmp/program"

strict='{"type":"object","properties":{"n":{"type":"integer"},"s":{"type":["string","null"]}},"required":["n","s"],"additionalProperties":false}'
loose='{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"n":{"type":"integer","minimum":0}},"required":["n"]}'
printf '%s' "$strict" >"$tmp/strict"
printf '%s' "$loose" >"$tmp/loose"

agents=
kept=loose
add_agent() { # ID MODEL BACKEND [OPTION...]: with the schema in the file $kept
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" \
        --response-schema "@$tmp/$kept" "$@"
}
for type in openai responses anthropic gemini; do
    kept=strict
    add_agent "$type-strict" reply:good "$type"
    kept=loose
    add_agent "$type-loose" reply:good "$type"
    add_agent "$type-again" reply:bad:good "$type"
done
add_agent adk-loose reply:good adk
add_agent adk-again reply:bad:good adk
set_up agent add plain --model reply:prose --backend openai
agents=$agents,plain
add_agent fenced reply:fenced openai
add_agent half-fenced reply:half-fenced:fenced openai
add_agent prose reply:prose:bad openai
add_agent cut reply:cut:cut openai
add_agent long reply:long:long openai
add_agent secret reply:key:key openai
add_agent lost reply-once:bad openai --fallbacks plain
add_agent lost-alone reply-once:bad:400 openai
add_agent slow reply:bad:cut:500 openai --total-timeout 1500ms
set_up agent add stand-in --model reply:bad:good --backend openai
add_agent down after:9:503:Retry-After-Ms=10 openai --fallbacks stand-in
add_agent big reply:big openai
add_agent crawls reply:bad:long:200 openai
add_agent program x exec
add_agent parrot x echo
add_agent own reply:good openai --options '{"response_format":{"type":"json_object"}}'
add_agent none reply:good openai --options '{"response_format":null}'
add_agent own-text reply:good responses --options '{"text":{"verbosity":"low"}}'
add_agent own-type reply:good gemini \
    --options '{"generationConfig":{"responseMimeType":"text/plain","responseSchema":{"a":1}}}'
kept=strict
add_agent own-config reply:good anthropic --options '{"output_config":{"effort":"low"}}'
set_up client add hook --passthrough --agents "$agents"
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)

call() { # AGENT [ACCEPT] [VARIABLE=VALUE...]
    call_agent=$1 call_accept=${2-application/json}
    shift
    [ $# -eq 0 ] || shift
    printf '{"prompt":"how many?","agent":"%s"}' "$call_agent" >"$tmp/call"
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" \
        HTTP_ACCEPT="$call_accept" CONTENT_TYPE=application/json MAGEC_TEST_KEY="$MAGEC_TEST_KEY" \
        "$@" <"$tmp/call"
}

sent() { # UPSTREAM MEMBER: of the last request that was a reply
    look last "$tmp/$1.json" "${3-reply}" "json.$2"
}

count() { # UPSTREAM
    look count "$tmp/$1.json" reply
}

recorded() { # MEMBER of the last run
    run magec runs list --limit 1 --json
    run magec runs show --json "$(sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' "$tmp/out" | head -n 1)"
    look member "$tmp/out" "$1"
}

good='{"n": 1, "s": "é😀"}'

# ---- what is sent

python_equal() { # JSON JSON NAME
    ok "$3" python3 -c 'import json, sys
a, b = (json.loads(s) for s in sys.argv[1:])
sys.exit(f"{a} is not {b}" if a != b else 0)' "$1" "$2"
}

for agent in openai-strict responses-strict anthropic-strict gemini-strict openai-loose responses-loose \
    anthropic-loose gemini-loose adk-loose; do
    call "$agent"
    is "$status" 200 "$agent: the status"
    is "$(look member "$tmp/body" response)" "$good" "$agent: the text, as it was said"
    case $agent in
    openai-strict)
        python_equal "$(sent openai response_format)" \
            "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":$strict,\"strict\":true}}" \
            "$agent: what is sent"
        ;;
    openai-loose)
        python_equal "$(sent openai response_format)" \
            "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":$loose,\"strict\":false}}" \
            "$agent: what is sent"
        ;;
    responses-*)
        [ "$agent" = responses-strict ] && schema=$strict || schema=$loose
        [ "$agent" = responses-strict ] && word=true || word=false
        python_equal "$(sent responses text)" \
            "{\"format\":{\"type\":\"json_schema\",\"name\":\"answer\",\"schema\":$schema,\"strict\":$word}}" \
            "$agent: what is sent"
        ;;
    anthropic-strict)
        python_equal "$(sent anthropic output_config)" \
            "{\"format\":{\"type\":\"json_schema\",\"schema\":$strict}}" "$agent: what is sent"
        is "$(sent anthropic system)" null "$agent: there is no system prompt"
        ;;
    anthropic-loose)
        is "$(sent anthropic output_config)" null "$agent: what it does not take is not sent"
        like "$(sent anthropic system)" 'Answer with JSON that matches .*nothing else' \
            "$agent: but said in words"
        like "$(sent anthropic system)" '"minimum":0' "$agent: with the schema"
        ;;
    gemini-*)
        is "$(sent gemini generationConfig.responseMimeType)" application/json "$agent: JSON is asked for"
        schema=$strict
        [ "$agent" = gemini-strict ] || schema="{${loose#*schema\",}"
        python_equal "$(sent gemini generationConfig.responseJsonSchema)" "$schema" \
            "$agent: and the schema, without \$schema"
        ;;
    esac
done

call own
is "$(sent openai response_format)" '{"type": "json_object"}' "an option wins"
call none
is "$(sent openai response_format)" null "an option can leave it out"
call own-text
is "$(sent responses text.verbosity)" low "responses: another option of the same member stays"
is "$(sent responses text.format.type)" json_schema "responses: beside the schema"
call own-config
is "$(sent anthropic output_config.effort)" low "anthropic: another option of the same member stays"
is "$(sent anthropic output_config.format.type)" json_schema "anthropic: beside the schema"
call own-type
python_equal "$(sent gemini generationConfig)" '{"responseMimeType":"text/plain","responseSchema":{"a":1}}' \
    "gemini: options of the same members win"
call plain
is "$status $(look member "$tmp/body" response)" '200 It is 1.' "without a schema nothing is checked"
is "$(sent openai response_format)" null "nor sent"

# ---- asked again

before=$(count openai)
call openai-again
is "$status $(look member "$tmp/body" response)" "200 $good" "again: what is said in the end"
is "$(($(count openai) - before))" 2 "again: two requests"
python_equal "$(look member "$tmp/body" usage)" '{"inputTokens":20,"outputTokens":6}' "again: the tokens of both"
is "$(sent openai messages | grep -o '"role": "[a-z]*"' | tr '\n' ' ')" \
    '"role": "user" "role": "assistant" "role": "user" ' "again: the conversation goes on"
like "$(sent openai messages)" '"content": "how many\?"' "again: with the question"
like "$(sent openai messages)" '"content": "{\\"n\\": \\"one\\"}"' "again: the answer"
like "$(sent openai messages)" '\$\.n: not an integer' "again: and what is wrong with it"
is "$(sent openai response_format.type)" json_schema "again: the schema is sent, too"
like "$(cat "$tmp/err")" 'msg="attempt failed" .*does not match its schema: \$\.n: not an integer' \
    "again: the log says so"
like "$(recorded results)" '"attempts": .*does not match its schema: \$\.n: not an integer' \
    "again: so does the run"

call responses-again
is "$status $(look member "$tmp/body" response)" "200 $good" "responses, again: what is said in the end"
is "$(sent responses input | grep -o '"role": "[a-z]*"' | tr '\n' ' ')" \
    '"role": "user" "role": "assistant" "role": "user" ' "responses, again: the conversation"
call anthropic-again
is "$status $(look member "$tmp/body" response)" "200 $good" "anthropic, again: what is said in the end"
is "$(sent anthropic messages | grep -o '"role": "[a-z]*"' | tr '\n' ' ')" \
    '"role": "user" "role": "assistant" "role": "user" ' "anthropic, again: the conversation"
call gemini-again
is "$status $(look member "$tmp/body" response)" "200 $good" "gemini, again: what is said in the end"
is "$(sent gemini contents | grep -o '"role": "[a-z]*"' | tr '\n' ' ')" \
    '"role": "user" "role": "model" "role": "user" ' "gemini, again: the conversation"
call adk-again
is "$status $(look member "$tmp/body" response)" "200 $good" "adk, again: what is said in the end"
like "$(sent adk newMessage)" 'how many\?.*You answered:.*one.*not an integer' \
    "adk, again: the conversation is one text"
call program
is "$status $(look member "$tmp/body" response)" '200 {"n": 7}' "exec, again: one text, too"

call openai-again text/event-stream
is "$(look text "$tmp/body")" "$good" "streamed: only what matches is said"
is "$(look events "$tmp/body" | grep -c delta)" 1 "streamed: at once"
call prose text/event-stream
is "$(look events "$tmp/body" | tr '\n' ' ')" 'start error ' "streamed: nothing of what does not"
call big
is "$status $(look member "$tmp/body" response | wc -c | tr -d ' ')" '200 300018' "a large one is said whole"

# ---- around the answer

call fenced
is "$status $(look member "$tmp/body" response)" '200 {"n": 2}' "a fence around it is taken off"
call half-fenced
is "$status $(look member "$tmp/body" response)" '200 {"n": 2}' "one in the middle is none"

# ---- what fails

call prose
is "$status" 502 "twice wrong: the status"
like "$(look member "$tmp/body" detail)" \
    'agent "prose" failed 2 times: the answer does not match its schema: \$\.n: not an integer; it was: {"n": "one"}$' \
    "twice wrong: what, and what it was"
call cut
like "$(look member "$tmp/body" detail)" 'not JSON at byte 7: it ends too early; it was: {"n": 1$' \
    "cut off: the sentence"
call long
is "$status" 502 "a long one: the status"
like "$(look member "$tmp/body" detail)" 'not an integer; it was: {"n": "é+\.\.\.$' "a long one is cut"
ok "a long one: not to less than 2000 bytes" test "$(look member "$tmp/body" detail | wc -c)" -gt 2000
call secret
like "$(look member "$tmp/body" detail)" 'it was: the key is \[redacted\]$' "a key is not shown"
unlike "$(cat "$tmp/body" "$tmp/err")" "$MAGEC_TEST_KEY" "nor anywhere else"
call lost-alone
is "$status" 502 "asked again, it fails: the status"
like "$(look member "$tmp/body" detail)" \
    'failed 2 times: asked again, as the answer did not match its schema: HTTP 400: not any more' \
    "asked again, it fails: the sentence"
call slow
is "$status" 504 "the total deadline holds for both: the status"
like "$(look member "$tmp/body" detail)" 'not finished within 1500ms \(total deadline\)' \
    "the total deadline holds for both: the sentence"
call parrot
is "$status" 502 "echo is checked, too"

# ---- canceled

# shellcheck disable=SC2317 # called by wait_for
asked() { # COUNT
    [ "$(count openai)" -ge "$1" ]
}
before=$(count openai)
start_bg crawl "$top_builddir/magec" ask crawls 'how many?'
crawl=$bg_pid
ok "canceled: the first answer was heard" wait_for 10 asked $((before + 1))
stop "$crawl" INT
is "$rc" 130 "canceled while it is asked again: the exit status"
is "$(recorded status)" canceled "canceled while it is asked again: the run"
ok "canceled: so is the request" wait_for 10 asked $((before + 2))
isnt "$(look last "$tmp/openai.json" reply closed)" null "canceled: it was hung up on"

# ---- others in its place

call down
is "$status $(look member "$tmp/body" response)" "200 $good" "fallback: its answer is made to match"
is "$(look member "$tmp/body" agent)" stand-in "fallback: who answered"
is "$(sent openai model)" reply:bad:good "fallback: it was asked again, not the first one"
is "$(sent openai response_format.json_schema.name)" answer "fallback: the schema was sent to it"
call lost
is "$status $(look member "$tmp/body" response)" "200 $good" "fallback of the second question: the text"
is "$(look member "$tmp/body" agent)" plain "fallback of the second question: who answered"
is "$(sent openai messages | grep -o '"role": "[a-z]*"' | tr '\n' ' ')" \
    '"role": "user" "role": "assistant" "role": "user" ' "fallback of the second question: it got all"

# ---- what is no schema

run magec agent set plain --response-schema '{"type":"object","properties":{"n":{"type":"int"}}}'
isnt "$rc" 0 "a mistake in a schema is refused"
like "$(cat "$tmp/err")" 'the schema of answers: #/properties/n/type: not one of the types' \
    "a mistake in a schema: where"
run magec agent set plain --response-schema '{"$ref":"https://example.com/schema"}'
like "$(cat "$tmp/err")" '#/\$ref: it refers to something outside' "a foreign reference is refused"
run magec agent set plain --response-schema '{"pattern":"(?=a)"}'
like "$(cat "$tmp/err")" '#/pattern: the pattern cannot be used' "so is a pattern that cannot be used"

done_testing
