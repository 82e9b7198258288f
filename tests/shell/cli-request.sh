#!/bin/sh
# magec agent show ID --request PROMPT: the very request that the agent makes, without its keys, with
# its tools.
# shellcheck disable=SC2016 # variables of the store, not of the shell
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

log=$tmp/requests.json
start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
base=http://127.0.0.1:$(cat "$tmp/port")

new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}
TEST_TENANT=the-tenant-4711 TEST_KEY=the-key-of-the-test
export TEST_TENANT TEST_KEY
set_up backend add openai --type openai --url "$base/v1?version=2&tenant=\${TEST_TENANT}" \
    --key env:TEST_KEY --header 'X-Team: ops' --header 'X-Auth-Tenant: ${TEST_TENANT}'
set_up backend add unset --type openai --url http://127.0.0.1:9/v1 --key env:TEST_UNSET \
    --proxy 'http://someone:${TEST_KEY}@127.0.0.1:3128'
set_up backend add azure --type openai --url 'http://127.0.0.1:9/v1?api-key=${TEST_KEY}&v=1' \
    --key env:TEST_KEY --key-header api-key
set_up backend add gemini --type gemini --url http://127.0.0.1:9/v1beta --key env:TEST_KEY
set_up backend add adk --type adk --url http://127.0.0.1:9 --key env:TEST_KEY
set_up backend add exec --type exec --env TEST_KEY --env "SECRET_WORD=hush-hush" -- /bin/cat -u
set_up backend add echo --type echo
set_up agent add helper --backend openai --model words --system-prompt 'Be "brief".' --max-tokens 50 \
    --options '{"temperature":0.5}' \
    --response-schema '{"type":"object","properties":{"n":{"type":"integer"}}}'
set_up agent add plain --backend openai --model words:2
for id in unset azure gemini adk exec echo; do
    set_up agent add "$id" --backend "$id" --model the-model
done

show() {
    run magec agent show "$@"
    is "$rc" 0 "$1: the exit status"
}

# ---- as people see it

show helper --request 'How are you?'
is "$(head -n 1 "$tmp/out")" "POST $base/v1/chat/completions?version=2&tenant=[redacted]" "the first line"
like "$(cat "$tmp/out")" '^Authorization: Bearer \[redacted\]$' "the key is not shown"
like "$(cat "$tmp/out")" '^X-Team: ops$' "a header"
like "$(cat "$tmp/out")" '^X-Auth-Tenant: \[redacted\]$' "a header that is a secret"
like "$(cat "$tmp/out")" '^Content-Type: application/json$' "the type"
unlike "$(cat "$tmp/out")" '^Expect' "what is not sent is not shown"
unlike "$(cat "$tmp/out")" "$TEST_KEY|$TEST_TENANT" "nothing secret is shown anywhere"
like "$(cat "$tmp/out")" '"content": ?"How are you\?"' "the prompt"
like "$(cat "$tmp/out")" '"content": ?"Be \\"brief\\"\."' "the system prompt"
like "$(cat "$tmp/out")" '"response_format"' "the schema"
sed '1,/^$/d' "$tmp/out" >"$tmp/shown"
ok "the body is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/shown"
is "$(wc -l <"$log" 2>/dev/null || echo 0)" 0 "nothing was sent"

# ---- it is what is sent

same_body() {
    python3 -c 'import json, sys
shown = json.load(open(sys.argv[1]))["requests"][0]["body"]
sent = json.loads(open(sys.argv[2]).readlines()[-1])["body"]
sys.exit(None if json.dumps(shown) == json.dumps(json.loads(sent)) else f"{shown} is not {sent}")' "$@"
}
printf 'From a file.\n' >"$tmp/prompt"
show plain --request "@$tmp/prompt" --json
cp "$tmp/out" "$tmp/shown.json"
run magec ask plain "@$tmp/prompt"
is "$(cat "$tmp/out")" 'word1 word2 ' "the agent answers"
ok "the body that was sent is the body that was shown" same_body "$tmp/shown.json" "$log"
is "$(look last "$log" words path)" "/v1/chat/completions?version=2&tenant=$TEST_TENANT" \
    "the URL was sent with what was hidden"
is "$(look last "$log" words headers.authorization)" "Bearer $TEST_KEY" "and the key"

# ---- others

show unset --request x
like "$(cat "$tmp/out")" '^\(through the proxy http://\[redacted\]@127.0.0.1:3128\)$' "a proxy's password"
like "$(cat "$tmp/out")" '^Authorization: Bearer \[redacted\]$' "a key that is not there is not needed"
show azure --request x
like "$(cat "$tmp/out")" '^POST .*\?api-key=\[redacted\]&v=1$' "a key in the URL"
like "$(cat "$tmp/out")" '^api-key: \[redacted\]$' "a key in a header of its own"
show gemini --request x
like "$(cat "$tmp/out")" '^POST .*/models/the-model:streamGenerateContent\?alt=sse$' "gemini: the URL"
like "$(cat "$tmp/out")" '^x-goog-api-key: \[redacted\]$' "gemini: the key"
show adk --request x
is "$(grep -c '^POST' "$tmp/out")" 2 "adk: two requests"
like "$(grep '^POST' "$tmp/out" | head -n 1)" '/apps/the-model/users/magec-fcgi/sessions/' "adk: the session"
like "$(grep '^POST' "$tmp/out" | tail -n 1)" '/run_sse$' "adk: the run"
show exec --request 'Hello there'
like "$(cat "$tmp/out")" '^program: /bin/cat -u$' "exec: the program"
like "$(cat "$tmp/out")" '^environment: TEST_KEY SECRET_WORD$' "exec: the names of the environment"
unlike "$(cat "$tmp/out")" "hush|$TEST_KEY" "exec: not its values"
like "$(cat "$tmp/out")" '^Hello there$' "exec: the prompt"
show exec --request x --json
is "$(look member "$tmp/out" command)" '["/bin/cat", "-u"]' "exec, JSON: the program"
show echo --request x
like "$(cat "$tmp/out")" '^nothing is sent' "echo: nothing"
show echo --request x --json
is "$(look member "$tmp/out" requests)" '[]' "echo, JSON: nothing"

# ---- agents with tools

cat >"$tmp/server.sh" <<'END'
#!/bin/sh
# An MCP server of the revision 2025-06-18, as small as can be.
while IFS= read -r line; do
    id=$(printf '%s\n' "$line" | sed -n 's/.*"id": *\("[^"]*"\|[0-9]*\).*/\1/p')
    [ -n "$id" ] || continue
    case $line in
    *'"initialize"'*) said='"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *'"tools/list"'*) said='"result":{"tools":[{"name":"read","description":"Reads a file","inputSchema":{"type":"object","required":["path"]}},{"name":"bad","inputSchema":{"type":"array"}},{"name":"stat","inputSchema":{"type":"object"}}]}' ;;
    *) said='"error":{"code":-32601,"message":"no such method"}' ;;
    esac
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$said"
done
END
set_up mcp add files --env PATH -- /bin/sh "$tmp/server.sh"
set_up mcp add gone -- "$tmp/no-such-server"
set_up mcp add closed --endpoint http://127.0.0.1:9/mcp
set_up tool add clock --description 'Says the time' -- /bin/date
set_up agent add clerk --backend openai --model words:2 --mcp files --tools clock
set_up agent add narrow --backend openai --model words:2 --mcp files --tools clock --allowed-tools 'files/s*'
set_up agent add idle --backend openai --model words:2 --mcp files --tools clock --allowed-tools none
set_up agent add lost --backend openai --model words:2 --mcp gone,files,closed --tools clock
set_up agent add closed --backend openai --model words:2 --mcp closed
set_up agent add unable --backend exec --tools clock
set_up flow add both --root '{"type":"agent","agentId":"clerk"}'

tools() {
    python3 -c 'import json, sys
body = json.load(open(sys.argv[1]))["requests"][0]["body"]
print(*[t["function"]["name"] for t in body.get("tools", [])])' "$tmp/out"
}

for id in clerk narrow idle; do
    show "$id" --request Hello --json
    cp "$tmp/out" "$tmp/shown.json"
    case $id in
    clerk) is "$(tools)" 'clock files__read files__stat' "tools of programs and of MCP servers" ;;
    narrow) is "$(tools)" 'files__stat' "tools that the agent is allowed" ;;
    idle) is "$(tools)" '' "an agent that is allowed none" ;;
    esac
    [ "$id" != clerk ] || like "$(cat "$tmp/err")" '"?tool left out"?.*files/bad' "what no model can be told"
    run magec ask "$id" Hello
    is "$rc" 0 "$id answers"
    ok "$id: the body that was sent is the body that was shown" same_body "$tmp/shown.json" "$log"
done
show clerk --request Hello
like "$(cat "$tmp/out")" '"name": ?"files__read"' "tools as people see them"

run magec agent show lost --request Hello --json
shown_rc=$rc
is "$(tools)" 'clock files__read files__stat' "the request is shown without their tools"
is "$(grep -c '^magec: its tools cannot be listed: mcp server "gone": ' "$tmp/err")" 1 "which server cannot be listed, and why"
is "$(grep -c '^magec: its tools cannot be listed: mcp server "closed": ' "$tmp/err")" 1 "each of them"
run magec ask lost Hello
like "$rc" '^(69|78)$' "the agent that is asked fails"
is "$shown_rc" "$rc" "the exit status is that of the agent"
run magec agent show closed --request Hello
is "$rc" 69 "a server that is not there: the exit status"
run magec agent show unable --request Hello
is "$rc" 78 "a backend that cannot call tools"
like "$(cat "$tmp/err")" '^magec: agent "unable" has tools, but its backend "exec"' "which"
is "$(wc -c <"$tmp/out")" 0 "nothing is shown then"

# ---- what cannot be

run magec agent show nobody --request x
is "$rc" 66 "no such agent"
run magec agent show both --request x
is "$rc" 66 "a flow makes no request"
like "$(cat "$tmp/err")" '^magec: "both" is a flow, .*magec flow show both' "its agents do"
run env -u TEST_TENANT "$top_builddir/magec" agent show helper --request x
is "$rc" 78 "a variable that is not set: the exit status"
like "$(cat "$tmp/err")" '"TEST_TENANT" is not set' "a variable that is not set: which"
show helper
like "$(cat "$tmp/out")" '^systemPrompt' "without --request it is the agent"

done_testing
