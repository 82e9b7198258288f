#!/bin/sh
# magec run, ask and runs: the path of a call from the terminal, streamed, recorded, canceled.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq sqlite3

new_store
cd "$tmp" || exit 1
cat >program <<'END'
#!/bin/sh
# Says what it got; "fail" ends badly, "hang" never ends.
prompt=$(cat)
case $prompt in
fail) echo half; echo 'no such table' >&2; exit 3 ;;
hang) echo begun; trap '' INT; sleep 600 & echo $! >"$PIDFILE"; wait ;;
*) printf '%s|%s|%s' "$1" "$WORD" "$prompt" ;;
esac
END
chmod 755 program
{
    magec backend add echo --type echo
    magec backend add slow --type echo --delay 100ms
    magec backend add program --type exec --env WORD=there --env PATH="$PATH" --env PIDFILE="$tmp/child" -- "$tmp/program" one
    magec agent add reviewer --backend echo
    magec agent add slow --backend slow
    magec agent add ops --backend program
    magec command add daily --prompt 'the daily report'
    magec client add report --command daily --agents reviewer
    magec client add open --passthrough --agents reviewer
    magec client add both --passthrough --agents slow,ops
    magec client add secretive --passthrough --agents reviewer --record-prompt hash
    magec client add slow --passthrough --agents slow
    magec client add nobody --passthrough
} >set-up.log 2>&1

# says WANTED ARGUMENT...: exit 0, exactly that on stdout, nothing on stderr
says() {
    want=$1
    shift
    run magec "$@"
    is "exit $rc; $(cat out); $(cat err)" "exit 0; $want; " "magec $*"
}

last() { # FILTER: of the newest run
    id=$(magec runs list --limit 1 --json | jq -r '.[0].id')
    magec runs show "$id" --json | jq -r "$1"
}

# --- what is asked

says 'the daily report' run report
is "$(last '[.client, .mode, .status, .prompt, .response, .agents[0]] | join(" / ")')" \
    'report / command / ok / the daily report / the daily report / reviewer' 'it is recorded'
says 'two words' run open two words
is "$(last .mode)" passthrough 'in its mode'
says 'two  words' ask reviewer 'two  words'
is "$(last '[.mode, .client] | @json')" '["ask",null]' 'ask has no client'
says 'one|there|hello' ask ops hello
says '--what is this' ask reviewer -- --what is this
says '@reviewer hi' run open '@@reviewer hi'
echo '{"prompt": "disk full", "agent": "ops", "more": 1}' >alert.json
echo '{"alert": "disk full"}' >other.json
printf 'just text\n' >text
run magec run open <text
is "$rc $(cat out)" '0 just text' 'text from standard input'
run magec run open @text
is "$rc $(cat out)" '0 just text' 'text from a file'
run magec run open - <other.json
is "$rc $(cat out)" '0 {"alert": "disk full"}' 'JSON without a prompt is forwarded as it is'
run magec ask reviewer <alert.json
is "$rc $(cat out)" '0 disk full' 'of JSON with a prompt that is forwarded'
run magec run both <alert.json
is "$rc $(cat out)" '0 one|there|disk full' 'and the agent that it names is asked'
run magec run both --agent slow hello
is "$rc $(cat out)" '0 hello' '--agent does the same'
run magec run open <alert.json
is "$rc" 77 'an agent that the client may not reach is refused'
like "$(cat err)" '^magec: agent "ops" is not one' 'with a sentence'
printf 'caf\351' >latin1
run magec run open <latin1
is "$rc $(cat out)" '65 ' 'a body that is not UTF-8 is refused'
run magec run nobody hello
is "$rc" 78 'a client without agents is a fault of the set-up'
like "$(cat err)" 'client set nobody --agents' 'that says what to do'
says hello run secretive hello
like "$(last .prompt)" '^sha256:[0-9a-f]{64}$' 'a client may keep its prompts secret'

# --- several agents

run magec run both a b c
is "$rc $(cat err)" '0 ' 'two agents at the same time'
is "$(cat out)" "$(printf '==> slow <==\na b c\n\n==> ops <==\none|there|a b c')" 'one after the other, under their names'
run magec run both fail
is "$rc" 0 'one of two that succeeds is a success'
is "$(cat out)" "$(printf '==> slow <==\nfail\n\n==> ops <==\nhalf')" 'what was said stands there'
like "$(cat err)" '^magec: agent "ops" failed: .*status 3: no such table' 'and what failed, on stderr'

# --- JSON

run magec run both hello --json
is "$rc $(jq -c '[.ok, .response, (.results | length)]' <out)" '0 [true,"hello\n---\none|there|hello",2]' '--json is what the webhook replies'
run magec ask ops --json fail
is "$rc" 69 'a failure of the program is exit status 69'
is "$(jq -c '[.ok, (.error | test("no such table"))]' <out)" '[false,true]' 'also in JSON'
like "$(cat err)" '^magec: .*no such table' 'and on stderr'

# --- streaming

start_bg stream "$top_builddir/magec" ask slow one two three 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 end
stream=$bg_pid
ok 'the reply is shown as it comes' wait_for 10 grep -q two stream.log
not_ok 'and not when it is complete' grep -q end stream.log
is "$(magec runs list --status running --json | jq length)" 1 'meanwhile the run is recorded as running'
wait_for 10 dead "$stream"
is "$(cat stream.log)" 'one two three 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 end' 'all of it arrives'

# --- Ctrl-C

words=$(printf 'word %.0s' 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0)
start_bg interrupted "$top_builddir/magec" run slow "$words$words$words"
ok 'a long reply has begun' wait_for 10 grep -q 'word word' interrupted.log
stop "$bg_pid" INT
is "$rc" 130 'SIGINT: exit status 130'
like "$(cat interrupted.log)" '^magec: canceled; it is recorded as run [0-9a-f-]{36}$' 'said so, on a line of its own'
is "$(last '[.status, .client] | join(" ")')" 'canceled slow' 'and recorded as canceled'
like "$(last .response)" '^word word' 'with what was said until then'

start_bg hanging "$top_builddir/magec" ask ops hang
ok 'a program that hangs has begun' wait_for 10 test -s child
stop "$bg_pid" TERM
is "$rc" 130 'SIGTERM: exit status 130'
ok 'the children of the program are gone too' wait_for 5 dead "$(cat child)"
is "$(last .status)" canceled 'and recorded as canceled'

magec ask slow "$words" 2>err | head -c 5 >out
is "$(cat out)" 'word ' 'a reader that goes away'
is "$(last .status)" canceled 'cancels the run'

start_bg killed "$top_builddir/magec" ask slow "$words"
wait_for 10 grep -q word killed.log
stop "$bg_pid" KILL
is "$(magec ask reviewer hello)" hello 'after kill -9'
is "$(magec runs list --json --limit 2 | jq -r '.[1].status')" interrupted 'the next one marks the run as interrupted'

# --- runs

is "$(magec runs list --limit 3 --json | jq length)" 3 '--limit'
is "$(magec runs list --client report --json | jq -c '[.[].client] | unique')" '["report"]' '--client'
is "$(magec runs list --agent ops --limit 100 --json | jq -c '[.[] | .agents | index("ops") != null] | unique')" '[true]' '--agent'
is "$(magec runs list --status backend --json | jq -c '[.[].status] | unique')" '["backend"]' '--status'
is "$(magec runs list --since 1h --limit 100 | wc -l)" "$(magec runs list --limit 100 | wc -l)" '--since a while ago'
sqlite3 magec.db "UPDATE run SET started_ms = started_ms - 7200000 WHERE client = 'report'"
is "$(magec runs list --since 1h --client report --json | jq length)" 0 '--since leaves out what is older'
is "$(magec runs list --json --limit 1 | jq -c '.[0] | has("prompt"), has("response")' | tr '\n' ' ')" 'false false ' \
    'a list has no prompts and responses'
id=$(magec runs list --limit 1 --json | jq -r '.[0].id')
is "$(magec runs show "$(printf %.35s "$id")" --json | jq -r .id)" "$id" 'the beginning of an id is enough'
like "$(magec runs show "$id")" '^status: +ok$' 'people see lines'
like "$(magec runs list | head -n 1)" '^ID +STARTED +CLIENT +AGENTS +STATUS' 'and tables'
is "$(magec runs list --status timeout | wc -l)" 0 'nothing for nothing'

# --- deadlines, and stores that cannot be written

magec agent set slow --total-timeout 300ms >/dev/null
run magec ask slow one two three four five six seven eight nine ten
is "$rc" 75 'past a deadline: exit status 75'
like "$(cat err)" '^magec: .*300ms' 'which one'
is "$(last .status)" timeout 'and recorded so'

done_testing
