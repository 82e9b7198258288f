#!/bin/sh
# magec flow: what is stored, drawn and refused.
. "${0%/*}/lib.sh"
. "${0%/*}/cli.sh"

magec init >/dev/null
magec backend add echo --type echo >/dev/null
for agent in manager front back reviewer writer; do
    magec agent add $agent --backend echo >/dev/null
done

cat >factory.json <<'END'
{"type": "sequential", "steps": [
  {"type": "agent", "agentId": "manager"},
  {"type": "parallel", "steps": [{"type": "agent", "agentId": "front"}, {"type": "agent", "agentId": "back"}]},
  {"type": "loop", "maxIterations": 5, "exitWhen": "state.verdict.contains('APPROVED')",
   "steps": [{"type": "agent", "agentId": "reviewer", "optional": true}]},
  {"type": "agent", "agentId": "writer", "responseAgent": true, "color": "red"}]}
END
cat >tree <<'END'
factory: Makes software

sequential
├── agent manager
├── parallel
│   ├── agent front
│   └── agent back
├── loop, at most 5 times, until state.verdict.contains('APPROVED')
│   └── agent reviewer (optional)
└── agent writer (reply)
END

does 'flow "factory" added' flow add factory --root @factory.json --description 'Makes software'
does "$(cat tree)" flow show factory
run magec flow show factory --json
is "$(jq -cS .root out)" "$(jq -cS . factory.json)" 'it is kept as it was given'
run magec flow list
like "$(cat out)" 'factory +sequential +Makes software' 'flow list'

does 'flow "factory" changed' flow set factory --name Factory
jq -n --slurpfile root factory.json '{id: "x", name: "Whole", description: "All of it", root: $root[0]}' >whole.json
does 'flow "whole" added' flow add whole --root @whole.json --name Mine
run magec flow show whole --json
is "$(jq -c '[.id, .name, .description, .root.type]' out)" '["whole","Mine","All of it","sequential"]' \
    'all of a flow may stand where its root is expected'
does 'flow "x" added' flow add --root @whole.json --total-timeout 90s
is "$(magec flow show x --json | jq -c .deadlines)" '{"total":"90s"}' 'how long it may take'
magec flow show x --json | jq '.id = "y"' >y.json
does 'flow "y" added' flow add --root @y.json
is "$(magec flow show y --json | jq -c .deadlines)" '{"total":"90s"}' 'which all of a flow says, too'
does 'flow "y" changed' flow set y --total-timeout ''
is "$(magec flow show y --json | jq -c .deadlines)" null 'and need not be said'
does 'flow "y" removed' flow remove y
does 'flow "x" removed' flow remove x
is "$(magec flow add piped --root - <factory.json)" 'flow "piped" added' 'from standard input'

refused '--root is missing' flow add x
refused '.*root\.steps\[0\]\.agentId: no agent "reviewr"; did you mean "reviewer"\?' \
    flow add x --root '{"type":"sequential","steps":[{"type":"agent","agentId":"reviewr"}]}'
refused '.*root\.exitWhen: column 11: found "="; did you mean "=="\?' flow add x --root \
    '{"type":"loop","maxIterations":2,"exitWhen":"state.x ===","steps":[{"type":"agent","agentId":"front"}]}'
refused '.*root\.agentId: flow "factory" would be in itself' \
    flow set factory --root '{"type":"agent","agentId":"factory"}'
refused '--root: ' flow add x --root 'no JSON'
does "$(cat tree)" flow show factory

does 'flow "outer" added' flow add outer --root '{"type":"flow","flowId":"factory"}'
does 'command "daily" added' command add daily --prompt Go --agent factory
refused 'no agent "factori"' command set daily --agent factori
refused 'flow "factory" is .*command "daily", flow "outer"' flow remove factory
refused 'agent "writer" is .*flow "factory"' agent remove writer
does 'flow "outer" removed' flow remove outer
refused 'flow "factory" is .*command "daily"' flow remove factory
does 'flow "factory" removed' flow remove factory --force
run magec command show daily --json
is "$(jq -r '.agentId // "none"' out)" none 'its command is without it'
does 'command "daily" changed' command set daily --agent piped
refused 'no flow "factory"' flow show factory

magec export >all.json
is "$(jq -r '[.flows[].id, .commands[].agentId] | join(" ")' all.json)" 'piped whole piped' 'flows are exported'
MAGEC_DB=$tmp/other.db
magec init >/dev/null
run magec import all.json
is "$(head -n 1 out)" 'imported 1 backend, 0 MCP servers, 0 tools, 5 agents, 2 flows, 1 command, 0 clients' 'and imported'
magec export >again.json
is "$(cat again.json)" "$(cat all.json)" 'the same comes out again'

done_testing
