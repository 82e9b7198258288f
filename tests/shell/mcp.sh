#!/bin/sh
# MCP servers over their stdin and stdout, asked by tests/peers/mcp_ask: scripted ones that do what
# servers should not, and real ones from npm.
# shellcheck source=lib.sh disable=SC2016
. "${0%/*}/lib.sh"
need python3
peers=$top_srcdir/tests/peers
mcp_ask=$top_builddir/tests/peers/mcp_ask
[ -x "$mcp_ask" ] || skip_all 'tests/peers/mcp_ask is not built'
python=$(python3 -c 'import sys; print(sys.executable)')

# ask OPTIONS SERVER-OPTION... <STEPS: what was said, also in $tmp/out; what the server heard is in
# $tmp/log
ask() {
    ask_options=$1
    shift
    rm -f "$tmp/log"
    # shellcheck disable=SC2086 # options without blanks
    run "$mcp_ask" $ask_options -- "$python" "$peers/mcp_server.py" --log "$tmp/log" "$@"
    [ "$rc" = 0 ] || diag_file "$tmp/err"
}

steps() { # STEP...: one line each
    printf '%s\n' "$@" >"$tmp/steps"
}

# says NAME [LINE...]: exactly these, in any order
says() {
    says_name=$1
    shift
    printf '%s\n' "$@" | sort >"$tmp/want"
    grep -v ' schema: ' "$tmp/out" | sort >"$tmp/got"
    ok "$says_name" diff "$tmp/want" "$tmp/got"
}

heard() { # METHOD: how often
    grep -c "\"method\":\"$1\"" "$tmp/log"
}

starts() {
    grep -c '^pid ' "$tmp/log"
}

names='echo slow die never flood storm huge half change ask nonsense env folder big wrong input error batch deaf'

# ---- what is said

steps list 'call slow {"text":"first"}' 'call echo {"text":"second é"}' wait
ask '' <"$tmp/steps"
if grep -q 'cannot watch' "$tmp/out"; then
    skip 'programs cannot be waited for here'
    done_testing
    exit
fi
says 'answers come in any order' "1 tools: $names" '3 says: second é' '2 says: first'
like "$(sed -n 2p "$tmp/out")" 'schema: \{"type": "object"\}' 'the schema is as the server gives it'
is "$(starts)" 1 'one process for all'
is "$(tail -n 1 "$tmp/log")" eof 'its end is the end of its stdin'

steps 'call echo {"text":"a"}' 'call wrong' 'call error' 'call nosuch' 'call echo []' 'call batch' 'call ask' wait
ask '' <"$tmp/steps"
says 'results and errors' '1 says: a' '2 fails: it went wrong' \
    '3 fails: mcp server "x": an internal error (error -32603)' \
    '4 fails: mcp server "x": no such tool (error -32602)' \
    '5 fails: mcp server "x": the arguments are no JSON object' '6 says: one of several' \
    '7 says: [{"id": "p\"1", "jsonrpc": "2.0", "result": {}}, {"error": {"code": -32601, "message": "Method not found"}, "id": 7, "jsonrpc": "2.0"}, {"error": {"code": -32601, "message": "Method not found"}, "id": 8, "jsonrpc": "2.0"}]'

steps 'call big {"size":7}' 'call big {"size":5}' wait
ask '--max 11' <"$tmp/steps"
says 'a result is cut between characters' '1 says: ééééé' '[4 more bytes are left out]' '2 says: ééééé'

steps list wait 'call echo {"text":"a"}' wait
ask '' --crlf --early <"$tmp/steps"
says 'CRLF, and notifications before initialize is answered' "1 tools: $names" '2 says: a'

steps list wait 'call flood' 'call echo {"text":"a"}' wait
ask '' --nonsense 50 <"$tmp/steps"
says 'a log on stdout, and a flood of notifications' "1 tools: $names" '2 says: after the flood' '3 says: a'

# ---- what goes wrong

steps 'call echo {"text":"a"}' 'call die' 'call never' 'until 2' 'call echo {"text":"b"}' wait
ask '' <"$tmp/steps"
says 'killed in the middle of a call, and started again' '1 says: a' \
    '2 fails: mcp server "x": the program exited with status 7: the disk is full' \
    '3 fails: mcp server "x": the program exited with status 7: the disk is full' '4 says: b'
is "$(starts)" 2 'it was started again once'
is "$(heard server/discover)" 1 'what it speaks was remembered'

steps 'call echo {"text":"a"}' wait 'patience 300' 'call never' wait 'patience 0' 'call echo {"text":"b"}' wait
ask '' <"$tmp/steps"
says 'no answer' '1 says: a' '2 fails: mcp server "x": no answer to tools/call within 300ms' '3 says: b'
like "$(cat "$tmp/log")" 'notifications/cancelled","params":\{"requestId":4,' 'it is told that nobody waits'

steps 'call echo {"text":"a"}' wait 'call never' 'sleep 20' 'free 2' 'call echo {"text":"b"}' 'free 3' \
    list 'free 4' 'sleep 50' list wait
ask '' <"$tmp/steps"
says 'given up' '1 says: a' "5 tools: $names"
is "$(heard notifications/cancelled)" 3 'it is told of each'

steps list 'free 1' 'call echo {"text":"a"}' 'free 2' 'sleep 100' 'call echo {"text":"b"}' wait
ask '' <"$tmp/steps"
says 'given up while it begins' '3 says: b'

steps 'call huge' 'call echo {"text":"a"}' wait 'call echo {"text":"b"}' wait
ask '' <"$tmp/steps"
says 'a line of 10 MB' '1 fails: mcp server "x": it sent a message of over 4194304 bytes' \
    '2 fails: mcp server "x": it sent a message of over 4194304 bytes' '3 says: b'

steps 'call nonsense' wait
ask '' <"$tmp/steps"
says 'a flood of nonsense' \
    '1 fails: mcp server "x": it says 100 times in a row what is no message, lastly "Listening on nothing"'

steps 'call half' wait list wait list wait 'sleep 1050' list wait
ask '' <"$tmp/steps"
says 'half a message; the next restart is immediate' '1 fails: mcp server "x": the program ended' \
    "2 tools: $names" "3 tools: $names" "4 tools: $names"
is "$(heard tools/list)" 1 'the list is asked for once'

steps list wait list wait list wait 'sleep 1050' list wait
ask '' --die-at-start <"$tmp/steps"
like "$(sed -n 1p "$tmp/out")" '^1 fails: mcp server "x": the program exited with status 2: no configuration$' \
    'a server that does not start'
like "$(sed -n 3p "$tmp/out")" '^3 fails: mcp server "x": it failed 2 times in a row, and is started again in 1s; the last time: the program exited' \
    'it is not started at once a third time'
like "$(sed -n 4p "$tmp/out")" '^4 fails: .*no configuration$' 'but after a pause'

steps 'call echo {"text":"a"}' wait 'patience 300' 'call storm' wait
ask '' <"$tmp/steps"
says 'a flood without end' '1 says: a' '2 fails: mcp server "x": no answer to tools/call within 300ms'

steps 'call deaf' wait 'patience 500' "call echo {\"text\":\"$(head -c 60000 /dev/zero | tr '\0' a)\"}" 'call never' wait
ask '' <"$tmp/steps"
says 'one that does not read' '1 says: I do not listen' \
    '2 fails: mcp server "x": no answer to tools/call within 500ms' \
    '3 fails: mcp server "x": no answer to tools/call within 500ms'

{
    printf 'call deaf\nwait\npatience 500\n'
    yes "call echo {\"text\":\"$(head -c 60000 /dev/zero | tr '\0' a)\"}" | head -n 150
    echo wait
} >"$tmp/steps"
ask '' <"$tmp/steps"
ok 'what waits for it has a cap' grep -q '^150 fails: mcp server "x": the program does not read: over 8388608 bytes' "$tmp/out"
is "$(grep -c fails "$tmp/out")" 150 'every call has an end'

steps list wait
run "$mcp_ask" -- /nonexistent/program <"$tmp/steps"
like "$(cat "$tmp/out")" '^1 fails: mcp server "x": cannot start "/nonexistent/program" in "/": No such file' \
    'no such program'
run "$mcp_ask" --folder /nonexistent -- /bin/cat <"$tmp/steps"
like "$(cat "$tmp/out")" 'cannot start "/bin/cat" in "/nonexistent": No such file' 'no such folder'
run "$mcp_ask" --timeout 300 -- /bin/cat <"$tmp/steps"
like "$(cat "$tmp/out")" '^1 fails: mcp server "x": ' 'one that only says what it hears'

# ---- its process

steps 'call env' 'call folder' wait
MCP_PASSED='one two' ask "--env MCP_PASSED --env MCP_GIVEN=1 --env MCP_NOT_SET --folder $tmp" <"$tmp/steps"
like "$(sed -n 1p "$tmp/out")" '^1 says: (LC_CTYPE=[^ ]* )?MCP_GIVEN=1 MCP_PASSED=one two$' 'its whole environment'
like "$(sed -n 2p "$tmp/out")" "^2 says: $tmp 0 1 2 3\$" 'its folder; it inherits nothing' # 3: the listing

steps 'call echo {"text":"a"}' wait
ask '' --stubborn <"$tmp/steps"
pid=$(sed -n 's/^pid //p' "$tmp/log")
says 'one that does not end' '1 says: a'
ok 'is killed' dead "$pid"

steps 'call echo {"text":"a"}' wait 'other y' 'call echo {"text":"b"}' wait 'call echo {"text":"c"}' wait
ask '' <"$tmp/steps"
is "$(starts)" 2 'a process for each server'

{
    for i in $(seq 66); do
        printf 'other s%d\nlist\nwait\n' "$i"
    done
} >"$tmp/steps"
run "$mcp_ask" -- /bin/sh -c 'echo $$ >>"$0"; read -r x
    echo '\''{"id":1,"result":{"supportedVersions":["2026-07-28"]}}'\''; read -r x
    echo '\''{"id":2,"result":{"tools":[{"name":"t"}]}}'\''; read -r x' "$tmp/pids" <"$tmp/steps"
is "$(grep -c 'tools: t$' "$tmp/out")" 66 'more servers than are kept'
ok 'nothing is left of them' sh -c 'while read -r pid; do ! kill -0 "$pid" 2>/dev/null || exit 1; done <"$0"' "$tmp/pids"

# ---- lists

steps list list list wait list wait
ask '' <"$tmp/steps"
is "$(heard tools/list)" 1 'who wants the list at the same time shares it'
steps list wait 'call change' wait list wait
ask '' --changes <"$tmp/steps"
says 'the list changed' "1 tools: $names" '2 says: changed' "3 tools: $names new0"
steps list wait 'sleep 60' list wait
ask '--list 50' <"$tmp/steps"
is "$(heard tools/list)" 2 'the list is too old'
steps list wait
ask '' --pages 5 <"$tmp/steps"
says 'a list of pages' '1 tools: tool0 tool1 tool2 tool3 tool4'
ask '' --endless <"$tmp/steps"
says 'endless pages' '1 fails: mcp server "x": a list of tools of more than 64 pages'
ask '' --no-tools <"$tmp/steps"
says 'no tools' '1 tools:'

# ---- revisions

steps list 'call echo {"text":"a"}' 'call input' wait
ask '' --modern --changes <"$tmp/steps"
says 'the revision 2026-07-28' "1 tools: $names" '2 says: a' \
    '3 fails: mcp server "x": it wants to ask the person behind the client, and there is none (input_required)'
is "$(heard initialize) $(heard subscriptions/listen)" '0 1' 'it is not initialized, but listened to'
steps list wait 'call change' wait list wait
ask '' --modern --changes --ttl 0 <"$tmp/steps"
says 'it tells of changes' "1 tools: $names" '2 says: changed' "3 tools: $names new0"
steps list wait list wait
ask '' --modern --ttl 0 <"$tmp/steps"
is "$(heard tools/list)" 2 'it says how long its list is good'
steps list wait
ask '' --modern --discover late <"$tmp/steps"
says 'one that begins late' "1 tools: $names"
for how in silent die empty; do
    ask '' --discover $how <"$tmp/steps"
    says "to server/discover: $how" "1 tools: $names"
done
ask '' --version 2024-11-05 <"$tmp/steps"
says 'the oldest revision' "1 tools: $names"
ask '' --version 2099-01-01 <"$tmp/steps"
says 'one that is not known' '1 fails: mcp server "x": it speaks the revision "2099-01-01" of the protocol; known are 2024-11-05 to 2025-11-25 and 2026-07-28'

steps 'call echo {"text":"a"}' wait list 'sleep 1200' list wait
ask '--timeout 2000' --lose 1 <"$tmp/steps"
says 'a list that gets lost is asked for once more for who waits on' '1 says: a' \
    '2 fails: mcp server "x": no answer to tools/list within 2s' "3 tools: $names"

# ---- over HTTP

serve() { # OPTION...: at $url
    rm -f "$tmp/port" "$tmp/log"
    start_bg http "$python" "$peers/mcp_server.py" --http "$tmp/port" --log "$tmp/log" "$@"
    wait_for 10 test -s "$tmp/port" || fail 'the server over HTTP begins'
    url=http://127.0.0.1:$(cat "$tmp/port")/mcp
}

steps list 'call echo {"text":"a"}' wait 'call forget' wait 'call echo {"text":"b"}' 'call echo {"text":"c"}' \
    'call wrong' list wait
for expired in 404 400; do
    serve --expired $expired
    run "$mcp_ask" --url "$url" <"$tmp/steps"
    says "over HTTP, and a session that is forgotten ($expired)" "1 tools: $names" '2 says: a' \
        '3 says: forgotten' '4 says: b' '5 says: c' '6 fails: it went wrong' "7 tools: $names"
    is "$(heard initialize) $(heard server/discover)" '2 1' 'it is initialized once more'
    stop "$bg_pid"
done
steps 'call pings {"count":3}' wait 'call pings {"count":5000}' wait 'sleep 500' 'call echo {"text":"a"}' wait
serve
run "$mcp_ask" --url "$url" <"$tmp/steps"
says 'over HTTP, and what it asks' '1 says: after the pings' '2 says: after the pings' '3 says: a'
replies=$(grep -c '"result":{}' "$tmp/log")
ok 'is answered, as long as it asks not too much' test "$replies" -ge 3 -a "$replies" -le 67
stop "$bg_pid"
steps list wait 'call forget' wait 'sleep 60' list 'call echo {"text":"a"}' wait
serve
run "$mcp_ask" --list 50 --url "$url" <"$tmp/steps"
says 'a list is repeated, too' "1 tools: $names" '2 says: forgotten' "3 tools: $names" '4 says: a'
stop "$bg_pid"
steps 'call echo {"text":"a"}' 'call echo {"text":"b"}' 'call echo {"text":"c"}' 'call echo {"text":"d"}' wait
serve --young
run "$mcp_ask" --url "$url" <"$tmp/steps"
says 'sessions that end young' '1 says: a' '2 says: b' '3 says: c' '4 says: d'
stop "$bg_pid"
steps list wait 'call modernize' wait 'call echo {"text":"a"}' list wait
serve
run "$mcp_ask" --list 1 --url "$url" <"$tmp/steps"
says 'a server that became another' "1 tools: $names" '2 says: I am another' '3 says: a' "4 tools: $names"
steps list wait
stop "$bg_pid"
run "$mcp_ask" --url "$url" <"$tmp/steps"
like "$(cat "$tmp/out")" '^1 fails: mcp server "x": .*connect' 'nobody is there'

# ---- real ones

npm=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/mcp/node_modules/@modelcontextprotocol
if [ ! -d "$npm/server-filesystem" ] || [ ! -d "$npm/server-everything" ] || ! command -v node >/dev/null; then
    skip 'the MCP servers are not installed: contrib/check.sh does it'
    done_testing
    exit
fi
node=$(node -p process.execPath)
steps list 'call echo {"message":"hello é"}' 'call get-sum {"a":2,"b":40}' 'call get-tiny-image' \
    'call get-resource-links {"count":2}' 'call nosuch {}' wait
run "$mcp_ask" --env PATH -- "$node" "$npm/server-everything/dist/index.js" stdio <"$tmp/steps"
like "$(cat "$tmp/out")" '^1 tools: .*echo.*get-sum' 'everything: its tools'
like "$(cat "$tmp/out")" '^2 says: Echo: hello é$' 'everything: echo'
like "$(cat "$tmp/out")" '^3 says: .*42' 'everything: a sum'
like "$(cat "$tmp/out")" '^\[image, image/png, [0-9]+ bytes\]$' 'everything: an image'
like "$(cat "$tmp/out")" '^\[resource_link .*demo://' 'everything: links'
like "$(cat "$tmp/out")" '^6 fails: .*nosuch' 'everything: a tool that it has not'

# It would listen on every address.
local='import net from "node:net"; const l = net.Server.prototype.listen; net.Server.prototype.listen =
    function (port, ...a) { return l.call(this, {port: Number(port), host: "127.0.0.1"}, ...a) }'
port=$(free_port)
start_bg everything env PORT="$port" "$node" --import "data:text/javascript,$local" \
    "$npm/server-everything/dist/index.js" streamableHttp
if wait_for 20 grep -q "listening on port" "$tmp/everything.log"; then
    cp "$tmp/out" "$tmp/stdio"
    run "$mcp_ask" --url "http://127.0.0.1:$port/mcp" <"$tmp/steps"
    sort "$tmp/stdio" >"$tmp/want"
    sort "$tmp/out" >"$tmp/got"
    ok 'everything: the same over HTTP' diff "$tmp/want" "$tmp/got"
else
    fail 'everything begins over HTTP'
    diag_file "$tmp/everything.log"
fi

mkdir "$tmp/files"
echo 'what is in it' >"$tmp/files/one.txt"
steps list "call read_text_file {\"path\":\"$tmp/files/one.txt\"}" 'call read_text_file {"path":"/etc/passwd"}' \
    "call list_directory {\"path\":\"$tmp/files\"}" wait
run "$mcp_ask" -- "$node" "$npm/server-filesystem/dist/index.js" "$tmp/files" <"$tmp/steps"
like "$(cat "$tmp/out")" '^1 tools: .*read_text_file' 'filesystem: its tools'
like "$(cat "$tmp/out")" '^2 says: what is in it$' 'filesystem: a file'
like "$(cat "$tmp/out")" '^3 fails: .*outside allowed' 'filesystem: what it does not give'
like "$(cat "$tmp/out")" '^4 says: .*one.txt' 'filesystem: a folder'

# The SDK's own server of the newest revision.
if [ -d "$npm/server" ] && [ -d "$npm/node" ]; then
    mkdir "$tmp/sdk"
    ln -s "${npm%/*}" "$tmp/sdk/node_modules"
    cp "$peers/mcp_sdk.mjs" "$tmp/sdk"
    steps list 'call add {"a":2,"b":40}' 'call fail' wait
    run "$mcp_ask" -- "$node" "$tmp/sdk/mcp_sdk.mjs" stdio <"$tmp/steps"
    says "the SDK's server" '1 tools: add fail grow' '2 says: 42' '3 fails: out of order'
    start_bg sdk "$node" "$tmp/sdk/mcp_sdk.mjs" http
    wait_for 20 grep -q 'listening on http' "$tmp/sdk.log" || fail "the SDK's server begins"
    run "$mcp_ask" --url "$(sed -n 's/^listening on //p' "$tmp/sdk.log")" <"$tmp/steps"
    says "the SDK's server over HTTP" '1 tools: add fail grow' '2 says: 42' '3 fails: out of order'
    steps list 'call grow' wait 'sleep 100' list wait
    run "$mcp_ask" -- "$node" "$tmp/sdk/mcp_sdk.mjs" stdio <"$tmp/steps"
    says "the SDK's server tells of changes" '1 tools: add fail grow' '2 says: grown' '3 tools: add fail grow grown'
else
    skip "MCP's SDK is not installed: contrib/check.sh does it"
fi

done_testing
