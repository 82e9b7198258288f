#!/bin/sh
# The command line of magec: --help everywhere, and what wrong words get: an exit status and one
# sentence on stderr, nothing on stdout.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

new_store
magec backend add echo --type echo >/dev/null
magec agent add reviewer --backend echo >/dev/null
magec command add daily --prompt 'the daily report' >/dev/null
magec client add daily-client --command daily --agents reviewer >/dev/null
magec client add open --passthrough --agents reviewer >/dev/null
magec client add shut --passthrough --agents reviewer --disabled >/dev/null

# wrong STATUS ERE ARGUMENT...: one line of stderr that matches
wrong() {
    want=$1 ere=$2
    shift 2
    run magec "$@"
    got="exit $rc; $(wc -l <"$tmp/err") line; $(wc -c <"$tmp/out") bytes; $(cat "$tmp/err")"
    like "$got" "^exit $want; 1 line; 0 bytes; magec: .*$ere" "magec $*"
}

# helps ERE ARGUMENT...
helps() {
    ere=$1
    shift
    run magec "$@"
    like "exit $rc; $(wc -c <"$tmp/err") bytes; $(cat "$tmp/out")" '^exit 0; 0 bytes; ' "magec $*"
    like "$(cat "$tmp/out")" "$ere" "magec $*: says what it takes"
}

# --- help

helps '^usage: magec ' --help
helps '^usage: magec ' -h
helps '^usage: magec ' help
helps '^magec [0-9]+\.[0-9]+' --version
for family in init run ask import export check; do
    helps "^usage: magec $family" "$family" --help
    helps "^usage: magec $family" help "$family"
done
for family in backend mcp tool agent command client; do
    helps "magec $family remove ID" "$family" --help
    helps "magec $family remove ID" help "$family"
    for word in add set show list remove; do
        helps "^usage: magec $family $word" "$family" "$word" --help
    done
done
helps '^usage: magec client token ID' client token -h
helps '^usage: magec runs list' runs list --help
helps '^usage: magec runs show' help runs show
helps '  openai .*chat completions' backend add --help
helps '  responses .*Responses' backend add --help
helps '  anthropic .*Messages' backend add --help
helps '  gemini .*Gemini' backend add --help
helps '  adk .*Magec' backend add --help
helps '  a2a .*Agent2Agent' backend add --help
helps '^usage: magec agent add' agent add x --backend nobody --help

for family in init run ask import export check 'runs list' 'runs show' 'client token' \
    'mcp add' 'mcp set' 'mcp show' 'mcp list' 'mcp remove' 'mcp tools' 'tool add' 'tool set' 'tool show' 'tool remove' \
    'backend add' 'backend set' 'backend show' 'backend list' 'backend remove' \
    'agent add' 'agent remove' 'command add' 'command remove' 'client add' 'client set'; do
    # shellcheck disable=SC2086 # words
    missing=$(magec $family --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p' | while read -r option; do
        grep -Eq -e "(Fl|,) -$option( |,|\$)" "$top_srcdir/man/magec.1" || printf -- '--%s ' "$option"
    done)
    is "$missing" '' "the manual has all options of magec $family"
done

run magec
is "$rc" 64 'magec alone is a usage error'
like "$(cat "$tmp/err")" '^usage: magec ' 'magec alone says what there is'

# --- words and options that are not known

wrong 64 'unknown subcommand "bakend"; did you mean "backend"\?$' bakend list
wrong 64 'unknown subcommand "xyzzy"; there are init, backend' xyzzy
wrong 64 'unknown subcommand "hlp"; did you mean "help"' hlp
wrong 64 'unknown subcommand "agnet"' help agnet
wrong 64 '"lst"; did you mean "list"\?$' backend lst
wrong 64 '"xyzzy"; there are add, set, show, list, remove, token$' client xyzzy
wrong 64 'a word is missing behind "agent"; see "magec help agent"' agent
wrong 64 'a word is missing behind "runs"' runs --json
wrong 64 'unknown option "--vresion"; did you mean "--version"' --vresion
wrong 64 'unknown option "--tpye"; did you mean "--type"\?$' backend add x --tpye echo
wrong 64 'unknown option "--xyzzy"; words that begin with a dash' backend add x --type echo --xyzzy
wrong 64 'unknown option "-x"' backend list -x
wrong 64 'unknown option "-jx"' backend list -jx
wrong 64 'unknown option "--what"' ask reviewer what is --what
wrong 64 'unknown option "--force"' client remove open --force
wrong 64 'unknown option "--model"' command add x --prompt y --model z

# --- words that are missing or too many

wrong 64 "a backend's id is missing: magec backend show ID" backend show
wrong 64 "an agent's id is missing" agent set --model x
wrong 64 "a command's id is missing" command remove
wrong 64 "a client's id is missing" client token
wrong 64 "a client's id is missing: magec run CLIENT" run
wrong 64 "an agent's id is missing" ask
wrong 64 "a run's id is missing" runs show
wrong 64 'a file is missing: magec import FILE' import
wrong 64 'unexpected "more"; see "magec backend list --help"' backend list more
wrong 64 'unexpected "two"' backend add one two --type echo
wrong 64 'unexpected "there"; see "magec init --help"' init there
wrong 64 'unexpected "x"' export x
wrong 64 '--type is missing: magec backend add' backend add x
wrong 64 '--backend is missing' agent add x
wrong 64 '--prompt is missing' command add x
wrong 64 'a client needs a prompt: name a stored one with --command ID, or say --passthrough' \
    client add x --agents reviewer

# --- values that are missing, too many or not understood

wrong 64 '--type needs a value: TYPE$' backend add x --type
wrong 64 '-d needs a value: FILE$' backend list -d
wrong 64 '--json takes no value' backend list --json=yes
wrong 64 '--type is given twice' backend add x --type echo --type exec
wrong 64 '--delay: "fast" is not a duration: write 250ms, 20s' backend add x --type echo --delay fast
wrong 64 '--idle-timeout: "-1" is not a duration' backend set echo --idle-timeout -1
wrong 64 '--max-tokens: "many" is not a whole number' agent set reviewer --max-tokens many
wrong 64 '--max-tokens: "-5" is not a whole number' agent set reviewer --max-tokens=-5
wrong 64 '--limit: "1.5" is not a whole number' runs list --limit 1.5
wrong 64 '--since: "yesterday" is not a duration' runs list --since yesterday
wrong 64 '--grace: "1w" is not a duration' client token open --grace 1w
wrong 64 '--on-disconnect: "stop" is not one of cancel, continue' client set open --on-disconnect stop
wrong 64 '--record-prompt: "no" is not one of text, hash' client set open --record-prompt no
wrong 64 '--command and --passthrough exclude each other' client set open --command daily --passthrough
wrong 64 '--enable and --disable exclude each other' client set open --enable --disable
wrong 64 'no run ends with "timout"; did you mean "timeout"\?' runs list --status timout
wrong 64 'no run ends with "qqq"; magec\(1\) lists' runs list --status qqq

# --- what cannot be read or is not text

printf 'caf\351\n' >"$tmp/latin1"
printf 'a\0b' >"$tmp/nul"
head -c 20000 /dev/zero | tr '\0' k >"$tmp/long"
wrong 66 '--prompt: cannot read ".*/none": No such file' command add x --prompt "@$tmp/none"
wrong 66 'cannot read ".*": Is a directory' command add x --prompt "@$tmp"
wrong 65 '--prompt: not valid UTF-8 at byte 3' command add x --prompt "@$tmp/latin1"
wrong 65 '--prompt: a NUL at byte 1' command add x --prompt "@$tmp/nul"
wrong 65 '--system-prompt: not valid UTF-8 at byte 0' agent set reviewer --system-prompt "$(printf '\377')"
wrong 65 '--key: .*larger than the limit of 16384 bytes' backend set echo --key "@$tmp/long"
wrong 66 'cannot read ".*/none.json": No such file' import "$tmp/none.json"
wrong 65 'not JSON at byte' import "$tmp/latin1"

# --- what the store does not have, or has already

wrong 66 'no backend "ecko"; did you mean "echo"\?' backend show ecko
wrong 66 'no backend "qqq"; "magec backend list" shows' backend set qqq --name x
wrong 66 'no agent "reviewr"; did you mean "reviewer"' agent show reviewr
wrong 66 'no agent "reviewr"; did you mean' ask reviewr hello
magec flow add weekly-digest --root '{"type":"agent","agentId":"reviewer"}' >/dev/null
wrong 66 'no agent "weekly-digst"; did you mean "weekly-digest"\?' ask weekly-digst hello
wrong 65 'no agent "weekly-digst"; did you mean "weekly-digest"\?' command add x --prompt y --agent weekly-digst
wrong 65 'no agent "weekly-digst"; did you mean "weekly-digest"\?' client add x --passthrough --agents weekly-digst
wrong 66 'no agent "qqq"; "magec agent list" and "magec flow list" show what there is$' ask qqq hello
wrong 66 'no agent "weekly-digst"; "magec agent list" shows' agent show weekly-digst # a flow will not do
magec flow remove weekly-digest >/dev/null
wrong 66 'no command "dayly"; did you mean "daily"' command show dayly
wrong 66 'no client "opne"; did you mean "open"' client token opne
wrong 66 'no client "opne"; did you mean "open"' run opne
wrong 66 'no client "nobody"' client remove nobody
wrong 66 'no run "01234567"' runs show 01234567
wrong 65 '"0123" is not a run.s id' runs show 0123
wrong 73 'backend "echo" exists already' backend add echo --type echo
wrong 73 'agent "reviewer" exists already' agent add reviewer --backend echo
wrong 73 'command "daily" exists already' command add daily --prompt x
wrong 73 'client "open" exists already' client add open --passthrough --agents reviewer
wrong 73 'the store ".*" exists already' init
wrong 65 'no backend "ecko"; did you mean "echo"' agent add x --backend ecko
wrong 65 'no agent "reviewr"; did you mean' command add x --prompt y --agent reviewr
wrong 65 'no command "dayly"' client add x --command dayly --agents reviewer
wrong 65 'no agent "ops"' client add x --passthrough --agents reviewer,ops
wrong 65 'agent "reviewer" is named twice' client set open --agents reviewer,reviewer
wrong 73 'backend "echo" is used by agent "reviewer": remove these first, or use --force' backend remove echo
wrong 73 'agent "reviewer" is used by .*client "open"' agent remove reviewer
wrong 73 'command "daily" is used by client "daily-client"' command remove daily

# --- what does not make sense

wrong 65 '"../x" is not an id' backend add ../x --type echo
wrong 65 'no backend type "opnai"; did you mean "openai"' backend add x --type opnai
wrong 65 'no backend type "soap"; there are openai, .* and echo' backend add x --type soap
wrong 65 'an openai backend needs a URL' backend add x --type openai
wrong 65 'a responses backend needs a URL' backend add x --type responses
wrong 65 'a responses backend has only one name' backend add x --type responses --url http://h/v1 --max-tokens-as max_tokens
wrong 65 'an anthropic backend has no program' backend add x --type anthropic -- /bin/cat
wrong 65 'an anthropic backend has only one name' backend add x --type anthropic --max-tokens-as max_tokens
wrong 65 'a gemini backend needs a URL, such as https://[^ ]*/v1beta$' backend add x --type gemini
wrong 65 'a gemini backend has no program' backend add x --type gemini -- /bin/cat
wrong 65 'a gemini backend has only one name' backend add x --type gemini --url http://h/v1 --max-tokens-as max_tokens
wrong 65 'an adk backend needs a URL, such as http://[^ ]*/api/v1/agent$' backend add x --type adk
wrong 65 'an adk backend has no program' backend add x --type adk -- /bin/cat
wrong 65 'an a2a backend needs a URL, such as http://[^ ]*' backend add x --type a2a
wrong 65 'an a2a backend has no program' backend add x --type a2a -- /bin/cat
wrong 65 'is not a URL' backend add x --type openai --url api.openai.com
wrong 65 'carries a user or password' backend add x --type openai --url http://u:p@host/v1
wrong 65 'does not name an environment variable' backend add x --type openai --url http://h/v1 --key env:1x
wrong 65 'is not an absolute path' backend add x --type openai --url http://h/v1 --key file:key
wrong 65 'is not a header: write "Name: value"' backend add x --type openai --url http://h/v1 --header nonsense
wrong 65 'is not an environment entry' backend add x --type exec --env 'A-B=c' -- /bin/cat
wrong 65 'an exec backend needs a program' backend add x --type exec
wrong 65 'an echo backend has a delay, and nothing of HTTP' backend set echo --url http://h/v1
wrong 65 'an echo backend has a delay, and nothing of HTTP' backend set echo --insecure
wrong 65 'an exec backend has nothing of HTTP' backend add x --type exec --ca-file /etc/ca.pem -- /bin/cat
wrong 65 'the prompt of a command is empty' command set daily --prompt ''
wrong 65 'an agent needs a backend' agent set reviewer --backend ''
wrong 65 'a client needs a prompt' client set daily-client --command ''

# --- run and ask

wrong 64 'client "daily-client" runs the command "daily" and takes no prompt' run daily-client hello
wrong 64 '--agent is for passthrough clients' run daily-client --agent reviewer
wrong 77 'client "shut" is disabled: enable it with "magec client set shut --enable"' run shut hello
wrong 77 'agent "other" is not one that this webhook may use' run open --agent other hello
wrong 65 'the prompt is empty' ask reviewer ''
wrong 65 'the prompt is empty: give it behind the id' ask reviewer
wrong 65 'not valid UTF-8 at byte 3' ask reviewer "@$tmp/latin1"
wrong 66 'cannot read ".*/none"' ask reviewer "@$tmp/none"

# --- stores that cannot be used

wrong 74 'no store at ".*/none.db": make one with "magec init"' -d "$tmp/none.db" backend list
wrong 74 'no store at ".*/none.db"' backend list -d "$tmp/none.db"
wrong 74 'no store at ".*/none.db"' backend "-d$tmp/none.db" list
wrong 74 'no store at ".*/none.db"' run open hello --db="$tmp/none.db"
wrong 74 'no folder ".*/none" for the store: make it' init -d "$tmp/none/magec.db"
: >"$tmp/empty.db"
wrong 74 'is empty: remove the file and run "magec init"' -d "$tmp/empty.db" check
wrong 74 "$tmp/latin1" -d "$tmp/latin1" check
wrong 74 'is not a file' -d "$tmp" client list

# --- nothing of it was stored

is "$(magec backend list --json | tr -d ' \n')" '[{"id":"echo","type":"echo","state":"up"}]' 'no backend was added or changed'
is "$(magec client list | wc -l)" 4 'no client was added'

# --- where output cannot go

if [ -w /dev/full ]; then
    magec backend list >/dev/full 2>"$tmp/err"
    is $? 74 'a full disk behind standard output is an error'
    like "$(cat "$tmp/err")" '^magec: cannot write to standard output: No space' 'and says so'
fi
magec backend list >&- 2>/dev/null
ok 'a closed standard output does no harm to the store' magec backend show echo

done_testing
