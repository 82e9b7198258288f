#!/bin/sh
# magec import and export: what Magec wrote is taken, what has no meaning here is named and comes out
# again, a deployed token goes on working, and one export imports into an equal store.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq sqlite3

new_store
cd "$tmp" || exit 1
token=mgc_0123456789abcdef0123456789abcdef01234567
cat >store.json <<END
{
  "backends": [
    {"id": "b1", "name": "OpenAI", "type": "openai", "url": "https://api.openai.com/v1", "apiKey": "sk-imported-secret"},
    {"id": "b2", "name": "Echo", "type": "echo", "color": "blue"},
    {"id": "b3", "name": "Claude", "type": "anthropic", "apiKey": "\${ANTHROPIC_API_KEY}"}
  ],
  "memoryProviders": [{"id": "m1", "type": "redis"}],
  "mcpServers": [],
  "agents": [
    {"id": "a1", "name": "Reviewer", "systemPrompt": "Be strict.", "llm": {"backend": "b2", "model": "gpt-4.1"}, "outputKey": "review"},
    {"id": "a2", "name": "Lost", "llm": {"backend": "b9"}}
  ],
  "commands": [{"id": "c1", "name": "Daily", "description": "each morning", "prompt": "Write the report."}],
  "clients": [
    {"id": "w1", "name": "CI", "type": "webhook", "token": "$token", "allowedAgents": ["a1", "f1"], "enabled": true,
     "config": {"webhook": {"passthrough": false, "commandId": "c1"}}},
    {"id": "w2", "name": "Alerts", "type": "webhook", "allowedAgents": ["a1"], "enabled": false,
     "config": {"webhook": {"passthrough": true}}},
    {"id": "t1", "name": "Phone", "type": "telegram", "config": {"telegram": {"botToken": "x"}}}
  ],
  "flows": [{"id": "f1", "steps": [{"agentId": "a1"}]}]
}
END

run magec import store.json
is "$rc $(cat err)" '0 ' 'a Magec store is imported'
is "$(head -n 1 out)" 'imported 3 backends, 0 MCP servers, 0 tools, 1 agent, 0 flows, 1 command, 2 clients' 'it says how much was taken'
for what in 'agents "a2": kept, but not used: .*"b9"' 'clients "t1": kept, but not used: .*telegram' \
    'clients "w1": taken without what is no agent here: "f1"' 'memoryProviders: kept' 'flows "f1": kept'; do
    like "$(cat out)" "^$what" "and what was only kept: $what"
done
unlike "$(cat out)" 'mcpServers|sk-imported|mgc_' 'an empty list is nothing; secrets are not shown'
is "$(magec run w1)" 'Write the report.' 'the imported client runs'
is "$(magec client show w2 --json | jq -c '[.enabled, .config.webhook.passthrough]')" '[false,true]' 'as it was'
cgi POST /api/v1/webhooks/w1 "HTTP_AUTHORIZATION=Bearer $token"
is "$status" 200 'a token that callers have goes on working'
unlike "$(magec export)" "$token|sk-imported|[0-9a-f]{64}" 'an export has no secrets'
is "$(magec export | jq -c '[.backends[] | select(.id == "b1") | .apiKey], .backends[1].color, .agents[0].outputKey')" \
    "$(printf '[null]\n"blue"\n"review"')" 'and what was not understood is in it again'
is "$(magec export | jq -c '[.flows[0].id, .memoryProviders[0].id, (.clients[] | select(.id == "t1") | .config.telegram.botToken), (.agents[] | select(.id == "a2") | .llm.backend)]')" \
    '["f1","m1",null,"b9"]' 'also whole things, without what looks like a secret'

# --- a round trip

magec export --secrets >first.json
is "$(jq -r '.backends[0].apiKey' first.json)" sk-imported-secret 'with --secrets keys are exported'
is "$(jq -r '.clients[] | select(.id == "w1") | .tokenHashes | length' first.json)" 1 'and hashes of tokens'
magec init -d second.db >/dev/null
run magec import first.json -d second.db
is "$rc" 0 'the export is imported elsewhere'
magec export --secrets -d second.db >second.json
ok 'and exported again it is the same' cmp first.json second.json
MAGEC_DB=$tmp/second.db
cgi POST /api/v1/webhooks/w1 "HTTP_AUTHORIZATION=Bearer $token"
is "$status" 200 'the token works there too'
MAGEC_DB=$tmp/magec.db
magec export | magec import - --replace >out
is "$(head -n 1 out)" 'imported 3 backends, 0 MCP servers, 0 tools, 1 agent, 0 flows, 1 command, 2 clients' 'standard input'

# --- what goes wrong leaves all as it was

magec export >before
run magec import store.json
is "$rc" 73 'what exists already is a conflict'
like "$(cat err)" '"b1" exists already: import with --replace' 'and the remedy is said'
echo '{"backends": [{"id": "new", "type": "echo"}], "clients": 5}' >bad.json
run magec import bad.json
is "$rc" 65 'a wrong file is refused'
like "$(cat err)" '^magec: "bad.json": clients: not an array' 'with the place in it'
echo '{"backends": [{"id": "new", "type": "echo"}], "agents": ["x"]}' >bad.json
run magec import bad.json
like "$rc $(cat err)" '^65 magec: "bad.json": agents\[0\]: not an object' 'an element that is none'
for text in '[]' '"x"' '{"backends":' ''; do
    printf %s "$text" >bad.json
    run magec import bad.json
    is "$rc $(wc -l <err)" '65 1' "refused: $text"
done
magec export >after
ok 'nothing of it was stored' cmp before after
is "$(sqlite3 magec.db 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok 'the store is whole'

done_testing
