#!/bin/sh
# What magec stores and shows: backends, agents, commands, clients and their tokens; that set changes
# what it names and nothing else; that secrets stay where they are.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq sqlite3

MAGEC_DB=$tmp/magec.db
export MAGEC_DB
cd "$tmp" || exit 1

# does WANTED-LINE ARGUMENT...: succeeds, says that and nothing on stderr
does() {
    want=$1
    shift
    run magec "$@"
    is "exit $rc; $(cat "$tmp/out" "$tmp/err")" "exit 0; $want" "magec $*"
}

# member WANTED FILTER ARGUMENT...: what jq finds in the JSON that is printed
member() {
    want=$1 filter=$2
    shift 2
    run magec "$@" --json
    is "exit $rc; $(jq -c "$filter" <"$tmp/out" 2>&1)" "exit 0; $want" "magec $*: $filter"
}

# --- first use, as the manual has it

printf 'Be strict.\nBe brief.\n' >reviewer.md
echo 'Write the daily report.' >daily.txt
printf '#!/bin/sh\nexec cat\n' >triage
chmod 755 triage

does 'store "'"$tmp/magec.db"'" made' init
is "$(stat -c %a magec.db)" 600 'the store is its owner'"'"'s alone'
does 'backend "openai" added' backend add openai --type openai --url https://api.openai.com/v1 --key env:OPENAI_API_KEY
does 'backend "echo" added' backend add echo --type echo --delay 20ms
does 'backend "triage" added' backend add triage --type exec -- "$tmp/triage" --json
does 'agent "reviewer" added' agent add reviewer --backend openai --model gpt-4.1 --system-prompt @reviewer.md
does 'agent "ops" added' agent add ops --backend triage
does 'command "daily-report" added' command add daily-report --prompt @daily.txt --agent reviewer
run magec client add ci --command daily-report --agents reviewer
is "$rc" 0 'magec client add ci'
cp out ci.out
run magec client add alert-handler --passthrough --agents reviewer,ops
is "$rc" 0 'magec client add alert-handler'

# --- tokens

token=$(grep -x 'mgc_[0-9a-f]\{40\}' ci.out)
like "$token" '^mgc_[0-9a-f]{40}$' 'the token has a line of its own'
is "$(grep -c '^curl ' ci.out)" 1 'there is one curl line'
like "$(grep '^curl ' ci.out)" \
    "^curl -X POST http://localhost:8080/api/v1/webhooks/ci -H \"Authorization: Bearer $token\" -d ''\$" \
    'the curl line of a command has an empty body'
like "$(grep '^curl ' out)" "Bearer mgc_[0-9a-f]{40}\" -d '.\"prompt\": \"" 'that of a passthrough client has one'
hash=$(printf %s "$token" | sha256sum | cut -c 1-64)
is "$(sqlite3 magec.db "SELECT lower(hex(hash)) FROM token WHERE client = 'ci'")" "$hash" 'its hash is stored'
magec export --secrets >export.json
not_ok 'the token itself is nowhere in the store' grep -q "${token#mgc_}" magec.db magec.db-wal export.json
for args in 'client show ci' 'client show ci --json' 'client list' 'client list --json' export; do
    # shellcheck disable=SC2086 # words
    unlike "$(magec $args)" "mgc_|$hash" "magec $args: neither token nor hash"
done
member '["created"]' '.tokens[0] | keys' client show ci

run magec client token ci --grace 1h
second=$(grep -x 'mgc_[0-9a-f]\{40\}' out)
isnt "$second" "$token" 'a new token is another one'
like "$(cat out)" '^client "ci" has a new token$' 'and it is said whose'
member '2' '.tokens | length' client show ci
member '1' '[.tokens[] | select(.expires)] | length' client show ci
run magec client token ci --json
is "$(jq -r 'keys | join(" ")' <out)" 'id token url' 'magec client token --json: id, token, url'
member '1' '.tokens | length' client show ci
run env MAGEC_URL=https://hooks.example.org/ "$top_builddir/magec" client token ci --json
is "$(jq -r .url <out)" https://hooks.example.org/api/v1/webhooks/ci 'MAGEC_URL says where the web server is'
run magec client token ci --url 'https://h/a b' --json
is "$(jq -r .url <out)" 'https://h/a b/api/v1/webhooks/ci' '--url too'
run magec client token ci --url "https://h/a'b\$c"
like "$(cat out)" "^curl -X POST 'https://h/a'.''b.c/api/v1/webhooks/ci' -H" 'and it is quoted for the shell'
run magec client add --passthrough --agents ops --json
like "$(jq -r .id <out)" '^[0-9a-f]{8}-[0-9a-f]{4}-4' 'a client without an id gets a UUID'
magec client remove "$(jq -r .id <out)" >/dev/null

# --- backends

member '{"id":"openai","type":"openai","url":"https://api.openai.com/v1","apiKey":"env:OPENAI_API_KEY","state":"up"}' . backend show openai
member '{"id":"echo","type":"echo","delay":"20ms","state":"up"}' . backend show echo
member "[\"$tmp/triage\",\"--json\"]" .command backend show triage
member '["echo","openai","triage"]' '[.[].id]' backend list
does 'backend "openai" changed' backend set openai --name 'The model' --header 'X-A: one' --header 'X-B: two' \
    --connect-timeout 3s --total-timeout 5m
member '"The model"' .name backend show openai
member '"https://api.openai.com/v1"' .url backend show openai
member '{"connect":"3s","total":"5m"}' .deadlines backend show openai
member '{"X-A":null,"X-B":null}' .headers backend show openai
member '{"X-A":"one","X-B":"two"}' .headers backend show openai --secrets
like "$(magec backend show openai)" '^headers\.X-B: +\(set\)$' 'people see that a header has a value'
does 'backend "openai" changed' backend set openai --header 'X-A: one' --header 'x-a: two'
like "$(magec backend show openai)" '^headers\[1\]: +x-a: \(set\)$' 'those whose name is there twice are lines'
does 'backend "openai" changed' backend set openai --name= --header '' --connect-timeout ''
member '[null,null,{"total":"5m"}]' '[.name, .headers, .deadlines]' backend show openai
does 'backend "triage" changed' backend set triage --env HOME --env A=b -- /bin/cat -u
member '[["/bin/cat","-u"],["HOME","A="]]' '[.command, .env]' backend show triage
does 'backend "triage" changed' backend set triage --env= -- "$tmp/triage" --json

# --- how a backend is reached

does 'backend "openai" changed' backend set openai --ca-file /etc/ca.pem --client-cert /etc/c.pem \
    --client-key /etc/k.pem --proxy http://proxy:3128 --insecure
member '["/etc/ca.pem","/etc/c.pem","/etc/k.pem","http://proxy:3128",true]' \
    '[.caFile, .clientCert, .clientKey, .proxy, .insecure]' backend show openai
# shellcheck disable=SC2016 # expanded when it is used
does 'backend "openai" changed' backend set openai --secure --ca-file= --proxy 'http://u:${PASS}@proxy'
# shellcheck disable=SC2016
member '["http://u:${PASS}@proxy",null,null]' '[.proxy, .insecure, .caFile]' backend show openai
run magec backend set openai --client-cert=
isnt "$rc" 0 'a client key without a certificate is refused'
like "$(cat err)" 'client key needs its certificate' 'and it says so'
run magec backend set openai --insecure --secure
is "$rc" 64 '--insecure and --secure exclude each other'
run magec backend set openai --proxy http://u:hidden-pass@proxy
like "$rc $(cat err)" "^0 magec: warning: the proxy's password was visible" 'a password on the command line: a warning'
echo http://u:hidden-pass@proxy >proxy
does 'backend "openai" changed' backend set openai --proxy @proxy
for args in 'backend list' 'backend show openai' 'backend show openai --json' export; do
    # shellcheck disable=SC2086 # words
    unlike "$(magec $args 2>&1)" hidden-pass "magec $args: no password of a proxy"
done
magec export >withheld.json
magec import --replace withheld.json >/dev/null 2>&1
member '"http://u:hidden-pass@proxy"' .proxy backend show openai --secrets
does 'backend "openai" changed' backend set openai --client-cert= --client-key= --proxy=
member '[null,null]' '[.proxy, .clientCert]' backend show openai

# --- keys

key=sk-test-abcdefghijklmnop
run magec backend add literal --type openai --url http://127.0.0.1:1/v1 --key $key
is "$rc" 0 'a key on the command line is taken'
like "$(cat err)" '^magec: warning: the key was visible in the list of processes' 'with a warning'
echo "$key" >key
run magec backend add filed --type openai --url http://127.0.0.1:1/v1 --key @key
is "$rc $(cat err)" '0 ' 'a key from a file is taken without one'
printf '%s\n' "$key" | magec backend add piped --type openai --url http://127.0.0.1:1/v1 --key - >/dev/null
for id in literal filed piped; do
    is "$(magec backend show $id --secrets --json | jq -r .apiKey)" $key "$id: the key is stored without a line's end"
    like "$(magec backend show $id)" '^apiKey: +\(set\)$' "$id: it is not shown"
    member null .apiKey backend show $id
done
for args in 'backend list' 'backend list --json' export 'check' 'check --json'; do
    # shellcheck disable=SC2086 # words
    unlike "$(magec $args 2>&1)" "$key" "magec $args: no key"
done
like "$(magec export --secrets)" "$key" 'magec export --secrets has it'
like "$(magec backend list)" '^literal .*\(set\)' 'the list says that there is one'
does 'backend "literal" changed' backend set literal --key env:SOME_KEY
member '"env:SOME_KEY"' .apiKey backend show literal
does 'backend "literal" changed' backend set literal --key=
member null '.apiKey' backend show literal
for id in literal filed piped; do
    does "backend \"$id\" removed" backend remove $id
done

# --- agents

member '"Be strict.\nBe brief.\n"' .systemPrompt agent show reviewer
member '{"backend":"openai","model":"gpt-4.1"}' .llm agent show reviewer
does 'agent "reviewer" changed' agent set reviewer --max-tokens 200 --description 'reviews' --idle-timeout 5s
member '["gpt-4.1","reviews",{"idle":"5s"}]' '[.llm.model, .description, .deadlines]' agent show reviewer
does 'agent "reviewer" changed' agent set reviewer --model '' --max-tokens ''
member 'null' .llm.model agent show reviewer
member '"Be strict.\nBe brief.\n"' .systemPrompt agent show reviewer
printf 'Gr\303\274\303\237e \344\270\226' | magec agent set ops --system-prompt - >/dev/null
member '"Grüße 世"' .systemPrompt agent show ops
does 'agent "ops" changed' agent set ops --system-prompt '@@ops, be nice'
member '"@ops, be nice"' .systemPrompt agent show ops
like "$(magec agent show reviewer)" '^    Be brief\.$' 'a text of several lines stands below its label'
member '["ops","reviewer"]' '[.[].id]' agent list

echo '{"type": "object", "required": ["n"]}' >schema.json
does 'agent "ops" changed' agent set ops --response-schema @schema.json --tag fast --tag 'two words'
member '[{"type":"object","required":["n"]},["fast","two words"]]' '[.responseSchema, .tags]' agent show ops
member '["ops"]' '[.[].id]' agent list --tag fast
member '[]' . agent list --tag slow
like "$(magec agent list)" '^ops .* fast,two words +' 'the list shows tags'
does 'agent "ops" changed' agent set ops --tag slow
member '["ops"]' '[.[].id]' agent list --tag slow
for schema in '[]' '{' '7'; do
    run magec agent set ops --response-schema "$schema"
    isnt "$rc" 0 "a schema that is $schema is refused"
    like "$(cat err)" '^magec: --response-schema: not ' 'and it is said of what'
done
{ printf '{"description":"' && head -c 65536 /dev/zero | tr '\0' x && echo '"}'; } >schema.json
run magec agent set ops --response-schema @schema.json
like "$rc $(cat err)" '^[1-9].*--response-schema: larger than 65536 bytes' 'a schema has a size'
run magec agent set ops --tag x --tag x
like "$rc $(cat err)" '^[1-9].*the tag "x" is there twice' 'a tag is there once'
does 'agent "ops" changed' agent set ops --tag= --response-schema ''
member '[null,null]' '[.responseSchema, .tags]' agent show ops

# --- options that a protocol has no room for

magec backend add chat --type openai --url http://127.0.0.1:1/v1 >/dev/null
run magec agent add tuned --backend chat --options '{"messages":[]}'
is "$rc $(cat err)" '65 magec: the option "messages" cannot be set: it is a part of every request' \
    'an option that is a part of the request is not taken'
not_ok 'and the agent is not there' magec agent show tuned
does 'agent "tuned" added' agent add tuned --backend chat --options '{"system":"s"}'
run magec backend set chat --type anthropic
is "$rc $(cat err)" \
    '65 magec: agent "tuned": the option "system" cannot be set: it is a part of every request' \
    'nor is a type that has no room for it'
member '"openai"' .type backend show chat
does 'agent "tuned" changed' agent set tuned --options ''
does 'backend "chat" changed' backend set chat --type anthropic
take_agent tuned2 chat m '{"system":"s"}'
like "$(magec check 2>&1)" '^error: agent "tuned2": the option "system" cannot be set' 'check finds one that was imported'
does 'agent "tuned2" changed' agent set tuned2 --name 'No options'
does 'backend "chat" removed' backend remove chat --force

# --- commands

member '{"id":"daily-report","prompt":"Write the daily report.\n","agentId":"reviewer"}' \
    '{id, prompt, agentId}' command show daily-report
does 'command "daily-report" changed' command set daily-report --prompt 'Shorter.' --agent ''
member '["Shorter.",null]' '[.prompt, .agentId]' command show daily-report
does 'command "daily-report" changed' command set daily-report --agent reviewer --name Daily
member '"Daily"' '.[0].name' command list

# --- clients

member '{"passthrough":false,"commandId":"daily-report"}' .config.webhook client show ci
member '{"passthrough":true}' .config.webhook client show alert-handler
member '["reviewer","ops"]' .allowedAgents client show alert-handler
does 'client "ci" changed' client set ci --agents ops --agents reviewer --on-disconnect continue --record-prompt hash --disable
member '[["ops","reviewer"],"continue","hash",false]' '[.allowedAgents, .onDisconnect, .recordPrompt, .enabled]' client show ci
does 'client "ci" changed' client set ci --enable --passthrough
member '[true,{"passthrough":true}]' '[.enabled, .config.webhook]' client show ci
does 'client "ci" changed' client set ci --command daily-report --on-disconnect cancel
member '[{"passthrough":false,"commandId":"daily-report"},"cancel"]' '[.config.webhook, .onDisconnect]' client show ci
run magec client add lonely --passthrough
is "$rc" 0 'a client without agents is taken'
like "$(cat err)" 'warning: no agent answers for client "lonely": .*client set lonely --agents' 'with a warning and the remedy'
run magec client add own --command daily-report
is "$rc $(cat err)" '0 ' 'with a command that has an agent there is no warning'

# --- tables

magec agent set ops --description "$(printf '\344\270\226\344\270\226 wide')" --system-prompt "$(printf 'one\ntwo\tthree')" >/dev/null
magec agent set reviewer --description narrow \
    --system-prompt "$(printf '\344\270\226%.0s' 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5)" >/dev/null
magec agent list >out
is "$(wc -l <out)" 3 'a table has one line for each, and a head'
is "$(awk 'NR == 1 { print $1, $2, $3 }' out)" 'ID BACKEND MODEL' 'the head names the columns'
like "$(cat out)" 'one two three' 'white space in a cell is a space'
like "$(cat out)" '(世){19}… ' 'a long cell is cut by its width on the screen'
is "$(sed -n 's/世世 wide$/@/; s/narrow$/@/; s/世/ww/g; s/…/./; /@/{s/@.*//; p}' out | awk '{ print length($0) }' | sort -u | wc -l)" \
    1 'wide characters do not push the columns out of line'

# --- removing

does 'client "lonely" removed' client remove lonely
does 'agent "ops" removed' agent remove ops --force
member '["reviewer"]' .allowedAgents client show ci
does 'command "daily-report" removed' command remove daily-report --force
member '[false,null]' '[.enabled, .config.webhook.commandId]' client show ci
does 'backend "openai" removed' backend remove openai --force
member '[]' . agent list
does '' agent list
is "$(sqlite3 magec.db 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok 'the store is whole'

done_testing
