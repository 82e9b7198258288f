#!/bin/sh
# magec check: silence about a store that is right, one line for each thing that is not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq sqlite3

new_store
cd "$tmp" || exit 1
unset THE_KEY

# finds STATUS ERE NAME: in what check prints
finds() {
    run magec check
    is "$rc" "$1" "$3: exit status $1"
    like "$(cat out)" "$2" "$3"
}

{
    magec backend add echo --type echo
    magec agent add reviewer --backend echo
    magec command add daily --prompt x
    magec client add ci --command daily --agents reviewer
    magec client add open --passthrough --agents reviewer
} >set-up.log
run magec check
is "exit $rc; $(cat out err)" 'exit 0; no problems found' 'a store that is right'
run magec check --json
is "exit $rc; $(cat out)" 'exit 0; []' 'also in JSON'

# --- files

chmod 644 magec.db
finds 1 '^error: others can read or change ".*magec.db" \(mode 0644\): chmod 600' 'readable by all'
chmod 640 magec.db
finds 0 '^warning: its group can read or change' 'readable by a group'
chmod 600 magec.db
: >magec.db-owners
chmod 606 magec.db-owners
finds 1 '^error: others can read or change ".*magec.db-owners"' 'a file beside it'
rm -f magec.db-owners

# --- warnings: what may be meant

magec backend add model --type openai --url http://127.0.0.1:1/v1 --key env:THE_KEY >/dev/null
finds 0 '^warning: no agent asks the backend "model"$' 'a backend that no agent asks'
finds 0 '^warning: backend "model": its key cannot be used here: the variable "THE_KEY" is not set' 'a variable that is not set here'
is "$(THE_KEY=x magec check | grep -c THE_KEY)" 0 'with the variable it is right'
# shellcheck disable=SC2016 # expanded by magec
magec backend set model --key '' --header 'X-Tenant: ${THE_KEY}' >/dev/null
finds 0 '^warning: backend "model": its header cannot be used here: .*"THE_KEY"' 'one in a header'
magec backend set model --header '' >/dev/null
magec agent add spare --backend model >/dev/null
finds 0 '^warning: nobody can reach the agent "spare"' 'an agent that nobody can reach'
magec command set daily --agent spare >/dev/null
run magec check
is "$rc $(cat out)" '0 no problems found' 'through a command somebody can'
magec command add weekly --prompt x >/dev/null
finds 0 '^warning: no client runs the command "weekly"$' 'a command that no client runs'
magec client set open --disable >/dev/null
finds 0 '^warning: client "open" is disabled: magec client set open --enable$' 'a disabled client'
magec client set open --enable >/dev/null
magec backend add passing --type exec --env THE_KEY -- /bin/cat >/dev/null
finds 0 '^warning: backend "passing": the variable "THE_KEY" is not set here' 'a variable that is passed on and not there'
magec backend remove passing >/dev/null
magec command remove weekly >/dev/null

# --- errors: what does not work

magec client set open --agents '' >/dev/null
finds 1 '^error: client "open" has no agent, so its calls fail: magec client set open --agents' 'a client without agents'
magec client set open --agents reviewer >/dev/null
magec backend set model --key "file:$tmp/key" >/dev/null
finds 1 '^error: backend "model": its key cannot be used: cannot read the key file' 'a key file that is not there'
: >key
finds 1 'its key cannot be used: the key file ".*" is empty' 'an empty one'
echo sk-abcdefgh >key
run magec check
is "$rc" 0 'one with a key'
unlike "$(cat out)" sk-abc 'which is not shown'
magec backend add program --type exec -- "$tmp/none" >/dev/null
finds 1 '^error: backend "program": the program ".*/none" is not there or cannot be executed' 'a program that is not there'
echo '#!/bin/sh' >none
finds 1 'is not there or cannot be executed' 'one that cannot be executed'
chmod 755 none
run magec check
is "$rc" 0 'one that can'
magec backend remove program >/dev/null
sqlite3 magec.db "DELETE FROM token WHERE client = 'ci'"
finds 1 '^error: client "ci" has no token that is valid: magec client token ci$' 'a client without a token'
magec client token ci >/dev/null
magec command remove daily --force >/dev/null
magec client set ci --enable >/dev/null 2>&1
sqlite3 magec.db "UPDATE client SET enabled = 1 WHERE id = 'ci'"
finds 1 '^error: client "ci" has no command: magec client set ci --command ID$' 'a client without a command'
sqlite3 magec.db "DELETE FROM client WHERE id = 'ci'"
sqlite3 magec.db "DELETE FROM backend WHERE id = 'model'"
finds 1 '^error: agent "spare" asks the backend "model", which is not there$' 'a backend that is not there'
sqlite3 magec.db "DELETE FROM agent WHERE id = 'reviewer'"
finds 1 '^error: client "open" may reach the agent "reviewer", which is not there$' 'an agent that is not there'
echo '{"backends": [{"id": "claude", "type": "bedrock"}]}' | magec import - >/dev/null
finds 1 '^error: backend "claude": no backend type "bedrock"' 'a type that is not spoken'
run magec check --json
is "$rc $(jq -c '[.[].level] | unique' <out)" '1 ["error","warning"]' 'all of that in JSON'
is "$(jq -c '[.[] | keys] | unique' <out)" '[["level","message"]]' 'each with a level and a message'

# --- online

new_store_at() {
    rm -f online.db
    magec init -d online.db >/dev/null
    MAGEC_DB=$tmp/online.db
}
new_store_at
magec check --online >out
is "$(cat out)" 'no problems found' 'online, with no backends'
magec backend add echo --type echo >/dev/null
magec backend add cat --type exec -- /bin/cat >/dev/null
run magec check --online
is "$rc" 0 'online, with backends that answer'
like "$(cat out)" '^ok: backend "echo" answered in [0-9]+ms: .*word' 'what they say'
like "$(cat out)" '^ok: backend "cat" answered' 'each of them'
magec backend add gone --type openai --url http://127.0.0.1:1/v1 >/dev/null
magec agent add asks --backend gone --model m >/dev/null
run magec check --online
is "$rc" 1 'and one that does not'
like "$(cat out)" '^error: backend "gone" does not answer: ' 'which one'
is "$(magec runs list --json --limit 1 | jq -c '[.[0].mode, (.[0].agents | length)]')" '["ask",3]' 'and it is recorded like any call'

done_testing
