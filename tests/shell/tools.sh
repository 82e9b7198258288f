#!/bin/sh
# Agents that call programs: the model is a script, its tools are real, asked from the terminal and
# by a client's webhook; what they called is in events and in the run.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need jq python3

UPSTREAM_KEY=sk-tools-0123456789
export UPSTREAM_KEY
start_upstream upstream.py /v1
cd "$tmp" || exit 1
set_up backend add up --type openai --attempts 1 --url "$url" --key env:UPSTREAM_KEY
set_up backend add parrot --type echo

# An agent that links all tools says what its system prompt has it say. agent ID ROUNDS [MEMBERS]
tool() { # ID SCRIPT [MEMBERS]
    jq -n --arg id "$1" --arg script "$2" --arg dir "$tmp" \
        '{$id, description: "For a test.", command: ["/bin/sh", "-c", $script], workDir: $dir, env: {PATH: "/bin:/usr/bin"}} + '"${3:-{\}}"
}
agent() {
    jq -n --arg id "$1" --arg prompt "$2" '{$id, llm: {backend: "up", model: "tools"}, systemPrompt: $prompt,
        tools: ["shout", "here", "there", "fails", "hangs", "floods", "slow"]} + '"${3:-{\}}"
}
{
    tool shout 'tr a-z A-Z' '{parameters: {type: "object", properties: {text: {type: "string"}}, required: ["text"]}}'
    tool here 'touch here; while ! [ -e there ]; do sleep 0.02; done; echo met there'
    tool there 'touch there; while ! [ -e here ]; do sleep 0.02; done; echo met here'
    tool fails 'echo out of ink >&2; exit 3'
    # shellcheck disable=SC2016 # it is for the other shell
    tool hangs 'echo $$ >pid.new; mv pid.new pid; exec sleep 60'
    tool floods 'yes | head -c 3000000'
    tool slow 'sleep 5' '{timeout: "200ms"}'
} | jq -s . >tools
{
    agent one '[{"say": "Let me see.", "calls": [["shout", {"text": "hi"}]]}, {"end": "It said %R"}]'
    agent two '[{"calls": [["here", {}], ["there", {}]]}, {"end": "%R"}]'
    agent bad '[{"calls": [["fails", {}], ["slow", {}], ["nothing", {}], ["shout", {"text": 1}], ["shout", "{\"text\""]]}, {"end": "%R"}]'
    agent flood '[{"calls": [["floods", {}]]}, {"end": "Enough."}]'
    agent stuck '[{"calls": [["hangs", {}]]}, {"end": "%R"}]'
    agent late '[{"calls": [["hangs", {}]]}, {"end": "%R"}]' '{deadlines: {total: "500ms"}}'
    agent again '[{"calls": [["shout", {"text": "a"}]]}, {"calls": [["shout", {"text": "b"}]]}, {"calls": [["shout", {"text": "c"}]]}]' \
        '{toolLimits: {rounds: 2}}'
    agent few '[{"end": "%T"}]' '{allowedTools: ["s*"]}'
    agent none '[{"end": "no tools: %T"}]' '{allowedTools: ["none"]}'
    agent keyed '[{"calls": [["shout", {"text": "SK-TOOLS-0123456789 sk-tools-0123456789"}]]}, {"end": "Done."}]'
    agent wrong '[]' '{llm: {backend: "parrot"}}'
    # in flows
    agent writer '[{"calls": [["set_state", {"key": "draft", "value": "v1"}]]}, {"end": "Written."}]' '{tools: []}'
    agent critic '[{"calls": [["get_state", {"key": "draft"}], ["exit_loop", {}]]}, {"end": "%R"}]' '{tools: []}'
    agent idler '[{"end": "%T"}]' '{tools: []}'
} | jq -s . >agents
jq -n '{version: 1, tools: $tools[0], agents: $agents[0], flows: [
    {id: "loop", root: {type: "loop", maxIterations: 5, exitLoop: true, steps: [
        {type: "agent", agentId: "writer"}, {type: "agent", agentId: "critic"}]}},
    {id: "rounds", root: {type: "loop", maxIterations: 2, exitWhen: "false", steps: [{type: "agent", agentId: "idler"}]}},
    {id: "work", root: {type: "parallel", steps: [{type: "agent", agentId: "one"}, {type: "agent", agentId: "two"}]}}]}' \
    --slurpfile tools tools --slurpfile agents agents >import.json
set_up import import.json

# last FILTER: what jq finds in the last run
last() {
    magec runs show "$(magec runs list --json | jq -r '.[0].id')" --json | jq -c "$1"
}

# --- a call, in each form

set_up client add hook --passthrough \
    --agents one,two,bad,flood,stuck,late,again,few,none,keyed,loop,rounds,work
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)
want='Let me see.

It said {"TEXT": "HI"}'
call one application/json
is "$status $(body | jq -r .response)" "200 $want" 'what a tool said is told to the model: JSON'
is "$(body | jq -c .usage)" '{"inputTokens":20,"outputTokens":2}' 'tokens of all rounds are counted'
is "$(last '[.results[0].tools[] | [.name, .arguments, .result, .failed, (.durationMs >= 0), (.startedMs >= 0)]]')" \
    '[["shout","{\"text\": \"hi\"}","{\"TEXT\": \"HI\"}",false,true,true]]' 'the run has the call'
call one text/plain
is "$status $(body)" "200 $want" 'as text'
call one text/event-stream
is "$(look text "$tmp/body")" "$want" 'as events'
body | sed -n '/^event: tool/{n;s/^data: //p;}' >events
is "$(jq -c 'del(.durationMs)' events)" '{"agent":"one","state":"begin","id":"call-0-0","name":"shout","arguments":"{\"text\": \"hi\"}"}
{"agent":"one","state":"end","id":"call-0-0","name":"shout","arguments":"{\"text\": \"hi\"}","result":"{\"TEXT\": \"HI\"}","failed":false}' \
    'a call is two events'
is "$(look events "$tmp/body" | tr '\n' ' ')" 'start delta tool tool delta delta done ' 'where it happened'
is "$(magec ask one hello)" "$want" 'from the terminal'

# --- what tools do

call two application/json
is "$status $(body | jq -r .response)" '200 met there
|met here' 'calls of one answer are made at the same time, and told in order'

call bad application/json
is "$status" 200 'tools that fail do not end the run'
is "$(last '[.results[0].tools[] | .failed] | unique')" '[true]' 'the run says that they failed'
is "$(last '.results[0].tools | sort_by(.name, .arguments)[] | [.name, .result]' | sed 's/ at byte.*"/"/')" \
    '["fails","the program exited with status 3: out of ink"]
["nothing","there is no tool \"nothing\""]
["shout","the arguments are not valid: not JSON"]
["shout","the arguments do not match the tool'"'"'s schema: $.text: not a string"]
["slow","the tool did not finish within 200ms"]' 'and why'

call flood application/json
is "$status $(body | jq -r .response)" '200 Enough.' 'a tool that floods'
is "$(look last "$log" tools json.messages | jq '.[-1].content | [length < 66000, test("\\[cut: this is the beginning of 3000000 bytes\\]$")] | all')" true \
    'is cut for the model'
is "$(last '.results[0].tools[0].result | length < 2100')" true 'and more for the run'

call again application/json
is "$status $(body | jq -r .response)" '200 {"TEXT": "A"}|{"TEXT": "B"}' 'after the last round text is wanted'
like "$(look last "$log" tools json.tools)" '^(null|None|)$' 'and no tool is told'

# --- which tools

call few application/json
is "$(body | jq -r .response)" 'shout,slow' 'an agent is narrowed'
call none application/json
is "$(body | jq -r .response)" 'no tools: ' 'to nothing'
set_up client set hook --allowed-tools 'sh*,here'
call few application/json
is "$(body | jq -r .response)" 'shout' 'a client narrows further'
set_up client set hook --allowed-tools ''
run magec ask wrong hello
is "$rc $(cat err)" '78 magec: agent "wrong" failed: agent "wrong" has tools, but its backend "parrot" is of the type "echo", which cannot call them' \
    'a backend that cannot call tools'

# --- MCP servers

python=$(python3 -c 'import sys; print(sys.executable)')
for name in things other; do
    set_up mcp add "$name" --env PATH -- "$python" "$top_srcdir/tests/peers/mcp_server.py" --log "$tmp/$name.log"
done
# shellcheck disable=SC2016 # it is for the other shell
set_up mcp add talks --env API_TOKEN=hunter22 -- /bin/sh -c 'echo "no such token: $API_TOKEN" >&2; exit 2'
set_up mcp add gone --env PATH -- "$python" "$top_srcdir/tests/peers/mcp_server.py" --die-at-start
uses() { # ID ROUNDS OPTION...: an agent with servers
    uses_id=$1 uses_prompt=$2
    shift 2
    set_up agent add "$uses_id" --backend up --model tools --system-prompt "$uses_prompt" "$@"
}
uses served '[{"calls": [["things__echo", {"text": "a"}], ["other__echo", {"text": "b"}], ["things__wrong", {}]]},
    {"calls": [["things__echo", {"text": "c"}]]}, {"end": "%R"}]' --mcp things,other
uses dying '[{"calls": [["things__die", {}], ["other__echo", {"text": "b"}]]},
    {"calls": [["things__echo", {"text": "c"}]]}, {"end": "%R"}]' --mcp things,other
uses waiting '[{"calls": [["things__never", {}]]}, {"end": "%R"}]' --mcp things --tool-timeout 300ms
uses reader '[{"end": "%T"}]' --mcp things,other --tools shout --allowed-tools 'things/e*,*/slow,shout'
uses lost '[{"end": "%T"}]' --mcp things,gone
uses betrayed '[{"end": "%T"}]' --mcp talks
like "$(magec ask served hello)" '^a\|b\|.*\|c$' 'tools of servers are called'
is "$(last '[.results[0].tools[] | .name] | sort')" '["other/echo","things/echo","things/echo","things/wrong"]' \
    'and known by what people call them'
is "$(grep -c '^pid' things.log) $(tail -n 1 things.log)" '1 eof' 'one process of each, which is ended'
is "$(magec ask dying hello | tail -n 1 | sed 's/.*|//')" c 'a server that dies in a call is there for the next one'
is "$(last '[.results[0].tools[] | [.name, .failed]] | sort')" \
    '[["other/echo",false],["things/die",true],["things/echo",false]]' 'the call failed, and nothing else'
like "$(magec ask waiting hello)" '300ms|300 ms|time' 'one that does not answer is not waited for longer than the agent says'
is "$(magec ask reader hello)" 'shout,things__echo,things__slow,things__env,things__error,other__slow' 'patterns narrow servers, too'
run magec ask lost hello
like "$rc $(cat err)" '^69 .*agent "lost" failed.*"gone"' 'a server without a list is an error that names it'
run magec ask betrayed hello
like "$rc $(cat err)" '^69 .*no such token: \[redacted\]' 'and does not show the keys that it has'

# --- keys

call keyed text/event-stream
unlike "$(body)" 'sk-tools' 'a key is in no event'
unlike "$(last .)" 'sk-tools' 'nor in the run'
like "$(body)" 'redacted' 'but the words around it are'

# --- ends from outside

gone() { ! alive "$(cat pid)"; }
call late application/json
is "$status" 504 'the total deadline holds for tools, too'
like "$(body)" 'not finished within 500ms' 'and is named'
ok 'what ran is gone' gone
rm pid
start_bg stuck "$top_builddir/magec" ask stuck hello
ok 'a tool runs' wait_for 10 test -s pid
began=$(date +%s%N)
kill -INT "$bg_pid"
ok 'and is gone when its caller is' wait_for 5 gone
took=$((($(date +%s%N) - began) / 1000000))
if [ "$took" -lt 1000 ]; then pass 'within a second'; else fail "within a second: $took ms"; fi
ok 'the run ended' wait_for 5 sh -c "magec runs list --json | jq -e '.[0].status != \"running\"'"
is "$(last '[.status, .results[0].tools[0].name]')" '["canceled","hangs"]' 'the run has what was called'

# --- flows

call loop application/json
is "$status $(body | jq -r .response)" '200 v1|the loop ends with this iteration' 'agents of a flow share its state'
is "$(last '[.results[0].steps[] | [.agent, .round, [.tools[].name]]]')" \
    '[["writer",1,["set_state"]],["critic",1,["get_state","exit_loop"]]]' 'one ended the loop, and the run has the calls of each step'
call rounds application/json
is "$(body | jq -r .response)" 'set_state,get_state' 'a loop that cannot be ended so has no tool for it'
rm -f here there
call work text/event-stream
body | sed -n '/^event: tool/{n;s/^data: //p;}' >events
is "$(jq -r 'select(.state == "end") | [.flow, .step, .agent, .name] | join(" ")' events | sort)" 'work root.steps[0] one shout
work root.steps[1] two here
work root.steps[1] two there' 'events of a flow say where a tool was called'
is "$(last '[.results[0].steps[] | [.agent, ([.tools[].name] | sort)]] | sort')" '[["one",["shout"]],["two",["here","there"]]]' \
    'steps at the same time have their own calls'

# --- a CGI, which ends its servers with each call

cat >"$tmp/wrap.py" <<'PY'
import subprocess, sys
p = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE)
out = p.stdout.read()
try:
    p.wait(0.2)
    then = "has ended"
except subprocess.TimeoutExpired:
    then = "goes on"
with open(sys.argv[1], "w") as f:
    f.write(then)
sys.stdout.buffer.write(out)
sys.exit(p.wait())
PY
set_up mcp add stubborn --env PATH -- "$python" "$top_srcdir/tests/peers/mcp_server.py" --stubborn --log "$tmp/stubborn.log"
uses patient '[{"calls": [["stubborn__echo", {"text": "a"}]]}, {"end": "%R"}]' --mcp stubborn
set_up client add once --passthrough --agents patient
once=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)
MAGEC_WRAP="$python $tmp/wrap.py $tmp/then"
echo hello >"$tmp/hello"
cgi POST /api/v1/webhooks/once HTTP_AUTHORIZATION="Bearer $once" UPSTREAM_KEY="$UPSTREAM_KEY" <"$tmp/hello"
unset MAGEC_WRAP
is "$status $(body | jq -r .response)" '200 a' 'a CGI asks a server that does not want to end'
is "$(cat "$tmp/then")" 'goes on' 'whose end the caller does not wait for'
stubborn=$(sed -n 's/^pid //p' "$tmp/stubborn.log")
not_ok 'but it is gone with the CGI' alive "$stubborn"

# --- each protocol, against a mock of the providers' servers

if start_aimock <<'JSON'; then
{"fixtures": [
  {"match": {"userMessage": "weather", "hasToolResult": false}, "response": {"content": "One moment.", "toolCalls": [
    {"name": "shout", "arguments": {"text": "paris"}}, {"name": "here", "arguments": {}}, {"name": "there", "arguments": {}}]}},
  {"match": {"toolResultContains": "met here"}, "response": {"content": "It rains in Paris."}}
]}
JSON
    for type in openai responses anthropic gemini; do
        case $type in
        openai | responses) base=$mock_url/v1 ;;
        gemini) base=$mock_url/v1beta ;;
        *) base=$mock_url ;;
        esac
        set_up backend add "mock-$type" --type "$type" --url "$base" --key env:UPSTREAM_KEY
        set_up agent add "mock-$type" --backend "mock-$type" --model gpt-4.1 --tools shout,here,there
        rm -f here there
        is "$(magec ask "mock-$type" 'What is the weather?')" 'One moment.

It rains in Paris.' "aimock: $type"
        is "$(last '[.results[0].tools[] | [.name, .failed]] | sort')" '[["here",false],["shout",false],["there",false]]' \
            "aimock: $type: what was called"
    done
fi

done_testing
