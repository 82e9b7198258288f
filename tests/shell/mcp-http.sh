#!/bin/sh
# MCP messages over HTTP against a scripted server: what is sent, and what is heard of every answer;
# and a real server from npm, what is wrong with which is not its own fault.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=../servers/certificates.sh
. "${0%/*}/../servers/certificates.sh"
need python3

log=$tmp/requests.json
key=sesame-0123456789abcdef
MCP_KEY=$key
export MCP_KEY

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

start_bg upstream python3 "$top_srcdir/tests/peers/upstream_mcp.py" --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
url=http://127.0.0.1:$(cat "$tmp/port")/mcp

talk() { # SCRIPT [OPTION...] < COMMANDS: what was heard is in $tmp/out
    talk_url=$url/$1
    shift
    cat >"$tmp/commands"
    "$top_builddir/tests/peers/mcp_wire" "$@" "$talk_url" <"$tmp/commands" >"$tmp/out" 2>"$tmp/err"
    rc=$?
    no_complaint mcp_wire "$tmp/err"
    [ "$rc" -eq 0 ] || fail "mcp_wire ends well: $rc"
    cat "$tmp/out" "$tmp/err" >>"$tmp/said"
}

heard() { # WHAT NAME
    is "$(cat "$tmp/out")" "$1" "$2"
}

has() { # TEXT NAME: heard somewhere
    if grep -qF -e "$1" "$tmp/out"; then
        pass "$2"
    else
        fail "$2"
        diag "does not contain: $1"
        diag_file "$tmp/out"
    fi
}

sent() { # SCRIPT WHAT VALUE NAME
    is "$(look last "$log" "$1" "$2")" "$3" "$4"
}

logged() { # SCRIPT COUNT
    [ "$(look count "$log" "$1")" -ge "$2" ]
}

# A call of one tool, to which nobody gave a session.
one='send 7 tools/call add 2025-11-25 legacy 20000 {"id":7,"method":"tools/call"}'
answer='message {"jsonrpc": "2.0", "id": 7, "result": {"said": "hello"}}'
note='message {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "é 😀"}}'

ask() { # SCRIPT [OPTION...]: sends it and hears of it
    printf '%s\nwait 1\n' "$one" >"$tmp/given"
    talk "$@" <"$tmp/given"
}

# ---- answers

for script in json gzip; do
    ask $script
    heard "$answer" "$script: the answer"
done
for script in batch stream bytes stays-open; do
    printf '%s\nwait 2\n' "$one" >"$tmp/given"
    talk $script <"$tmp/given"
    heard "$note
$answer" "$script: a notification, and the answer"
done
ok 'the connection of a stream that stays open is closed' wait_for 5 logged stays-open 1
talk json <<EOF
send 0 notifications/initialized - 2025-11-25 legacy 20000 {"method":"notifications/initialized"}
$one
wait 1
turn 50
EOF
heard "$answer" 'nothing is heard of a notification'
talk status:500 <<EOF
send 0 notifications/initialized - 2025-11-25 legacy 20000 {"method":"notifications/initialized"}
turn 300
EOF
heard '' 'not even when it was refused'
logged status 1
talk json:400 <<EOF
send 1 ping - 2025-11-25 legacy 20000 {"id":1}
send 2 ping - 2025-11-25 legacy 20000 {"id":2}
send 3 ping - 2025-11-25 legacy 20000 {"id":3}
forget 2
wait 2
turn 100
EOF
is "$(grep -c '"id": [13],' "$tmp/out") $(wc -l <"$tmp/out")" '2 2' 'several at a time, without the one that nobody waits for'

# ---- what is sent

ask json -H "X-Key: \${MCP_KEY}" -H "X-Other: \${NO_SUCH_VARIABLE:-other} é" -H 'Authorization: Bearer open'
sent json method POST 'a message is a POST'
sent json json '{"id": 7, "method": "tools/call"}' 'of the message'
sent json headers.content-type application/json 'its type'
sent json headers.accept 'application/json, text/event-stream' 'what may come'
sent json headers.mcp-protocol-version 2025-11-25 'the revision'
sent json headers.x-key "$key" 'a header with a variable'
sent json headers.x-other 'other Ã©' 'a header with a variable that there is not' # read as Latin-1
sent json headers.authorization 'Bearer open' 'a further one'
for name in mcp-session-id mcp-method mcp-name expect last-event-id; do
    sent json "headers.$name" null "no header $name"
done
talk json <<'EOF'
send 7 tools/call add 2026-07-28 modern 20000 {"id":7}
wait 1
EOF
sent json headers.mcp-protocol-version 2026-07-28 'the later revision'
sent json headers.mcp-method tools/call 'its method'
sent json headers.mcp-name add 'its name'
while read -r tool encoded; do
    printf 'send 7 tools/call %s 2026-07-28 modern 20000 {"id":7}\nwait 1\n' "$tool" >"$tmp/given"
    talk json <"$tmp/given"
    sent json headers.mcp-name "=?base64?$encoded?=" "a name that no header can hold: $tool"
done <<'EOF'
é w6k=
añ YcOx
abé YWLDqQ==
日本 5pel5pys
=?base64?x?= PT9iYXNlNjQ/eD89
EOF
ask json -H "X: \${NO_SUCH_VARIABLE}"
heard 'cannot open: config: the variable "NO_SUCH_VARIABLE" is not set in the environment of this process' \
    'a variable that there is not'

# ---- sessions

talk session <<'EOF'
send 1 initialize - - legacy 20000 {"id":1,"method":"initialize"}
inside send 2 ping - 2025-06-18 legacy 20000 {"id":2}
wait 2
EOF
is "$(grep -c '^message' "$tmp/out")" 2 'a session'
sent session headers.mcp-session-id 's-1 of all' 'its name is sent back'
ok 'it is ended' wait_for 5 logged DELETE:session 1
sent DELETE:session headers.mcp-session-id 's-1 of all' 'by its name'
sent DELETE:session headers.mcp-protocol-version 2025-06-18 'with the revision'
sent DELETE:session body '' 'and without a body'
talk session <<'EOF'
send 1 initialize - - legacy 20000 {"id":1,"method":"initialize"}
wait 1
send 2 server/discover - 2026-07-28 modern 20000 {"id":2}
wait 1
send 3 initialize - - legacy 20000 {"id":3,"method":"initialize"}
wait 1
close
turn 300
EOF
has 'failed 2 404 backend: HTTP 404: no session None | {"jsonrpc": "2.0", "id": null, "error"' \
    'messages of the later revision have none; a failure has the body'
sent session headers.mcp-session-id null 'neither has what begins one'
ok 'that is ended, too' wait_for 5 logged DELETE:session 2
ask session
has 'failed 7 404 backend: HTTP 404: no session None' 'without a session'
talk long-session <<'EOF'
send 1 initialize - - legacy 20000 {"id":1,"method":"initialize"}
wait 1
EOF
has 'failed 1 200 backend: the id that it gave the session is none' 'a name that is none'
is "$(look count "$log" DELETE:long-session)" 0 'and no session'

# ---- streams that are cut off

for script in resume resume-broken; do
    printf '%s\nwait 2\n' "$one" >"$tmp/given"
    talk $script <"$tmp/given"
    heard "$note
message {\"jsonrpc\": \"2.0\", \"id\": 7, \"result\": {\"said\": \"hello\", \"last\": \"1\"}}" \
        "$script: it is gone on with, behind each event"
    sent "GET:$script" headers.last-event-id 1 "$script: by the name of the last"
    sent "GET:$script" headers.mcp-protocol-version 2025-11-25 "$script: with the revision"
    sent "GET:$script" body '' "$script: without a body"
done
printf '%s\nwait 2\n' "$one" >"$tmp/given"
talk resume:12 <"$tmp/given"
has '"last": "12"' 'it is gone on with as often as something comes'
printf '%s\nwait 1\n' "$one" | sed 's/2025-11-25 legacy/2026-07-28 modern/' >"$tmp/given"
talk resume <"$tmp/given"
heard 'failed 7 200 backend: its event stream ended before the answer | ' 'not in the later revision'
ask resume-refused
has 'failed 7 0 backend: cut off before the answer, and it does not go on: HTTP 405: not here' 'refused'
ask resume-refused:404
has 'failed 7 0 backend: cut off before the answer, and it does not go on: HTTP 404' \
    'a session that is over by then: whether the call was made is not known'
ask resume-in-vain
has 'failed 7 0 backend: cut off before the answer, and it does not go on: its event stream ended' 'in vain'
is "$(look count "$log" GET:resume-in-vain)" 3 'three times'
ask resume-never
has 'failed 7 200 backend: its event stream ended before the answer' 'when the pause is longer than the patience'
printf '%s\nwait 2\n' "$one" >"$tmp/given"
talk no-ids <"$tmp/given"
has 'failed 7 200 backend: its event stream ended before the answer' 'no event has a name'
talk resume-in-vain <<EOF
$one
turn 120
EOF
heard '' 'closed during the pause'

# ---- what is wrong

while read -r script status sentence; do
    ask "$script"
    has "failed 7 $status backend: $sentence" "$script"
done <<'EOF'
uninitialized 400 HTTP 400: Bad Request: Server not initialized | {"jsonrpc": "2.0", "id": null,
status:401 401 HTTP 401: it wants credentials
status:403 403 HTTP 403: it takes no such call from here
status:404 404 HTTP 404: is this the URL of its MCP endpoint?
status:405:no+such+method 405 HTTP 405: no such method | no such method
status:429:too+many 429 HTTP 429: too many
status:500 500 HTTP 500 |
status:202 202 HTTP 202 with no content
plain200 200 HTTP 200 with text/plain: neither JSON nor an event stream
plain500 500 HTTP 500: upstream exploded
html 502 HTTP 502
redirect 307 HTTP 307: redirects are not followed
nothing 200 its event stream ended before the answer
garbage 200 it answered with something that is no JSON
half 200 the connection was cut off before the answer was complete
cut-head 0 the connection was closed without an answer
huge 200 it sent a message of more than 4 MB
EOF
is "$(look count "$log" redirect)" 1 'a redirect is not followed'
printf '%s\nfailure\n' "$one" >"$tmp/given"
talk flood <"$tmp/given"
tail -n 1 "$tmp/out" >"$tmp/last"
mv "$tmp/last" "$tmp/out"
has 'failed 7 200 backend: it sent more than 16 MB without the answer' 'a flood of notifications'
for script in floods huge-call cut-call; do
    printf 'call echo {}\nwait\n' >"$tmp/given"
    run "$top_builddir/tests/peers/mcp_ask" --url "$url/$script" <"$tmp/given"
    cp "$tmp/out" "$tmp/$script"
done
like "$(cat "$tmp/floods")" '^1 fails: mcp server "x": it sent more than 16 MB without the answer$' 'a call: a flood'
like "$(cat "$tmp/huge-call")" '^1 fails: mcp server "x": it sent a message of more than 4 MB$' 'a call: a message too large'
like "$(cat "$tmp/cut-call")" '^1 fails: mcp server "x": the connection was cut off' 'a call: half of an answer'
talk stall-head <<'EOF'
send 7 tools/call add 2025-11-25 legacy 300 {"id":7}
wait 1
EOF
has 'failed 7 0 timeout: not finished within 300ms' 'no answer in time'
ok 'its connection is closed' wait_for 5 logged stall-head 1
talk stall-mid <<'EOF'
send 7 tools/call add 2025-11-25 legacy 300 {"id":7}
wait 2
EOF
is "$(sed 1d "$tmp/out" | cut -d: -f 1)" 'failed 7 200 timeout' 'no answer in time, in a stream'
talk_nobody() {
    printf '%s\nwait 1\n' "$one" >"$tmp/commands"
    run "$top_builddir/tests/peers/mcp_wire" "$1" <"$tmp/commands"
}
talk_nobody http://127.0.0.1:1/mcp
has 'failed 7 0 backend: cannot connect: Connection refused' 'nobody is there'
talk_nobody ftp://127.0.0.1/mcp
has 'cannot open: config: its URL is not an http or https URL' 'neither http nor https'

ask echo-key -H "Authorization: Bearer \${MCP_KEY}"
has 'failed 7 401 backend: HTTP 401: no such key: Bearer [redacted] | ' 'a key is not repeated'
ask echo-key-stream -H "X-Key: \${MCP_KEY}"
has 'failed 7 200 backend: no key [redacted]' 'nor that of a stream'

# ---- forget and close, at any time

talk stall-mid <<EOF
$one
wait 1
forget 7
turn 100
EOF
heard "$note" 'forgotten: nothing more is heard'
ok 'and its connection is closed' wait_for 5 logged stall-mid 2
for inside in 'forget 7' close; do
    printf 'inside %s\n%s\nwait 1\nturn 50\n' "$inside" "$one" >"$tmp/given"
    talk stream <"$tmp/given"
    heard "$note" "$inside within a message: nothing more is heard"
    printf 'inside %s\n%s\nwait 1\nturn 50\n' "$inside" "$one" >"$tmp/given"
    talk plain500 <"$tmp/given"
    is "$(wc -l <"$tmp/out")" 1 "$inside within a failure"
done
printf '%s\nclose\n' "$one" >"$tmp/given"
talk stream <"$tmp/given"
heard '' 'closed at once'
talk json <<EOF
inside send 8 ping - 2025-11-25 legacy 20000 {"id":8}
inside send 9 ping - 2025-11-25 legacy 20000 {"id":9}
$one
wait 3
EOF
is "$(grep -c '"id": [789]' "$tmp/out")" 3 'sent within a message'

# ---- TLS

if command -v openssl >/dev/null && new_authority ours && new_authority theirs &&
    new_certificate leaf ours IP:127.0.0.1; then
    cat "$tmp/leaf.pem" "$tmp/leaf.key" >"$tmp/tls.pem"
    start_bg tls python3 "$top_srcdir/tests/peers/upstream_mcp.py" --port-file "$tmp/tls-port" \
        --log "$log" --tls "$tmp/tls.pem"
    ok 'the upstream with TLS begins' wait_for 10 test -s "$tmp/tls-port"
    plain=$url
    url=https://127.0.0.1:$(cat "$tmp/tls-port")/mcp
    ask json -c "$tmp/ours.pem"
    heard "$answer" 'TLS, with the authority that is named'
    ask json -c "$tmp/theirs.pem"
    has "failed 7 0 backend: the server's certificate is not trusted" 'with another'
    ask json
    has "failed 7 0 backend: the server's certificate is not trusted" 'with those of the system'
    ask json -i
    heard "$answer" 'whoever answers is believed'
    printf '%s\nwait 2\n' "$one" >"$tmp/given"
    talk resume -c "$tmp/ours.pem" <"$tmp/given"
    has '"last": "1"' 'a stream that is cut off, over TLS'
    deletes=$(look count "$log" DELETE:session)
    talk session -c "$tmp/ours.pem" <<'EOF'
send 1 initialize - - legacy 20000 {"id":1,"method":"initialize"}
wait 1
EOF
    ok 'a session over TLS is ended' wait_for 5 logged DELETE:session $((deletes + 1))
    url=$plain
else
    skip 'there are no certificates without openssl'
fi

# ---- a real server, that is ended, stopped and begun again while it is asked

everything=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/mcp/node_modules/@modelcontextprotocol/server-everything
# It would listen on every address.
local_only='import net from "node:net"; const l = net.Server.prototype.listen; net.Server.prototype.listen =
    function (port, ...a) { return l.call(this, {port: Number(port), host: "127.0.0.1"}, ...a) }'

begin_everything() {
    rm -f "$tmp/everything.log"
    start_bg everything env PORT="$port" "$node" --import "data:text/javascript,$local_only" \
        "$everything/dist/index.js" streamableHttp 3>&-
    server=$bg_pid
    ok 'everything begins' wait_for 20 grep -sq 'listening on port' "$tmp/everything.log"
}

asker() { # OPTION...: takes steps from descriptor 3 until it is closed
    rm -f "$tmp/steps"
    mkfifo "$tmp/steps"
    # shellcheck disable=SC2016
    start_bg asker sh -c 'steps=$1; shift; exec "$@" <"$steps"' sh "$tmp/steps" \
        "$top_builddir/tests/peers/mcp_ask" "$@" --url "http://127.0.0.1:$port/mcp"
    asker=$bg_pid
    exec 3>"$tmp/steps"
}

asks() { # STEP...
    printf '%s\n' "$@" >&3
}

says() { # SECONDS ERE NAME
    if wait_for "$1" grep -Eq "$2" "$tmp/asker.log"; then
        pass "$3"
    else
        fail "$3"
        diag "does not match: $2"
        diag_file "$tmp/asker.log"
    fi
}

calls() { # COUNT: POSTs that the server has heard of
    [ "$(grep -c 'MCP POST' "$tmp/everything.log")" -ge "$1" ]
}

every_everything() {
    node=$(node -p process.execPath)
    port=$(free_port)
    begin_everything
    asker
    asks 'call trigger-long-running-operation {"duration":1,"steps":5}' 'call get-tiny-image' \
        'call get-sum {"a":2,"b":"x"}' wait
    says 10 '^1 says: Long running operation completed' 'everything: an operation that takes a while'
    says 1 '^\[image, image/png, [0-9]+ bytes\]' 'everything: an image, meanwhile'
    says 1 '^3 fails: ' 'everything: wrong arguments'

    stop "$server" KILL
    begin_everything
    asks 'call echo {"message":"again"}' wait
    says 10 '^4 says: Echo: again$' 'everything: begun again between two calls, which forgets the session'

    heard_of=$(grep -c 'MCP POST' "$tmp/everything.log")
    asks 'call trigger-long-running-operation {"duration":30,"steps":60}' wait
    ok 'everything: a call that takes long' wait_for 10 calls $((heard_of + 1))
    stop "$server" KILL
    says 10 '^5 fails: mcp server "x": .*(cut off|connect)' 'everything: killed in the middle of it'
    asks 'call echo {"message":"nobody"}' wait
    says 10 '^6 fails: mcp server "x": cannot connect' 'everything: not there'
    begin_everything
    asks 'call echo {"message":"back"}' list wait
    says 10 '^7 says: Echo: back$' 'everything: and back'
    says 10 '^8 tools: .*echo' 'everything: with its tools'
    exec 3>&-
    ok 'the asker ends' wait_for 10 dead "$asker"
    ok 'everything: its session is ended' wait_for 5 grep -q 'session termination' "$tmp/everything.log"

    asker --timeout 1500
    asks 'call echo {"message":"once"}' wait
    says 10 '^1 says: Echo: once$' 'everything: another one asks'
    kill -s STOP "$server"
    asks 'call echo {"message":"stopped"}' wait
    says 10 '^2 fails: mcp server "x": .*within 1500ms' 'everything: no answer in time'
    kill -s CONT "$server"
    asks 'call echo {"message":"goes on"}' wait
    says 10 '^3 says: Echo: goes on$' 'everything: and then one'
    exec 3>&-
    ok 'that asker ends' wait_for 10 dead "$asker"
}

if [ ! -d "$everything" ] || ! command -v node >/dev/null; then
    skip 'the MCP servers are not installed: contrib/check.sh does it'
else
    every_everything
fi

if grep -qF "$key" "$tmp/said"; then
    fail 'the key is in nothing that was heard'
else
    pass 'the key is in nothing that was heard'
fi
done_testing
