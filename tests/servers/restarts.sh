#!/bin/sh
# 50 restarts of a responder with the units of contrib/systemd/, behind nginx, under load: not one call fails.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
need nginx curl sqlite3 python3

restarted() { # COUNT
    grep -qx "restarted $1" "$tmp/systemd.log"
}

call_on() { # NUMBER: calls one after the other, JSON and events in turn, until told to stop
    while [ ! -e "$tmp/enough" ]; do
        curl -sS -X POST "$url/steady" -H "Authorization: Bearer $token" -d "a b c d" -w ' %{http_code}\n' &&
            curl -sSN -X POST "$url/steady" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' \
                -d "a b c d" -w ' %{http_code}\n' || echo "curl ended with $?"
    done >"$tmp/caller.$1" 2>&1
}

calls() { # at least so many have ended
    [ "$(cat "$tmp"/caller.* | grep -c ' 200$')" -ge "$1" ]
}

new_store
magec backend add echo --type echo --delay 10ms
magec agent add parrot --backend echo
token=$(magec client add steady --passthrough --agents parrot | token_of)
spawned
contrib systemd/magec-fcgi.socket >"$tmp/magec-fcgi.socket"
contrib systemd/magec-fcgi.service >"$tmp/magec-fcgi.service"
start_bg systemd python3 "$top_srcdir/tests/peers/systemd.py" "$tmp/magec-fcgi.socket" "$tmp/magec-fcgi.service"
systemd=$bg_pid
start_nginx magec.conf

callers=
for i in 1 2 3 4 5 6 7 8; do
    call_on $i &
    callers="$callers $!"
done
n=0
while [ $n -lt 50 ]; do
    n=$((n + 1))
    wait_for 60 calls $((4 * n)) || break
    kill -s HUP "$systemd"
    wait_for 60 restarted $n || break
done
touch "$tmp/enough"
# shellcheck disable=SC2086 # a list of processes
wait $callers
ok 'it was restarted 50 times' restarted 50
calls=$(cat "$tmp"/caller.* | grep -c ' 200$')
ok "in the middle of calls ($calls)" test "$calls" -ge 200
is "$(cat "$tmp"/caller.* | grep ' [1-5][0-9][0-9]$' | grep -vc ' 200$')" 0 'none has another status than 200'
is "$(cat "$tmp"/caller.* | grep '^curl' | head -n 3)" '' 'none is cut off'
is "$(cat "$tmp"/caller.* | grep -c '"ok":false\|^event: error')" 0 'none fails'
stop "$server"
stop "$systemd"
is "$rc" 0 'it stops well'
is "$(sql "SELECT count(*), sum(status = 'ok') FROM run")" "$calls|$calls" 'all of them are recorded as good'
done_testing
