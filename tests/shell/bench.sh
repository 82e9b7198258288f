#!/bin/sh
# The programs of the benchmarks: load's counts add up, and it notices every kind of failure; the upstream's
# streams take the time they should.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

load=$top_builddir/bench/load

count() { # NAME: a figure of the last run
    grep -o "\"$1\": [0-9.]*" "$tmp/out" | sed 's/.* //'
}

errors() { # by kind, of the last run
    echo "connect $(count connect), cut $(count cut), protocol $(count protocol)," \
        "status $(count status), text $(count text), timeout $(count timeout)"
}

adds_up() { # NAME: started = ok + errors
    is "$(count started)" $(($(count ok) + $(count connect) + $(count cut) + $(count protocol) + \
        $(count status) + $(count text) + $(count timeout))) "$1: every call ended somehow"
}

all_failed() { # KIND NAME
    adds_up "$2"
    is "$(count ok) $(count "$1")" "0 $(count started)" "$2: every call failed so"
    isnt "$(count started)" 0 "$2: there were calls"
}

at_least() { # NUMBER BOUND
    awk -v n="$1" -v bound="$2" 'BEGIN { exit !(n >= bound) }'
}

start_bg upstream "$top_builddir/bench/upstream" 0:0:0:3 0:0:10:5 0:60000:0:1
has_ports() {
    [ "$(wc -l <"$tmp/upstream.log")" -eq 3 ]
}
ok 'the upstream says its ports' wait_for 10 has_ports
# shellcheck disable=SC2046 # one word a line
set -- $(cat "$tmp/upstream.log")
instant=http://127.0.0.1:$1/v1/chat/completions
slow=http://127.0.0.1:$2/v1/chat/completions
silent=http://127.0.0.1:$3/v1/chat/completions

run "$load" -c 8 -d 0.5 -b '{"stream":true}' -f ' answer' -e '[DONE]' "$instant"
is "$rc" 0 'load ends'
adds_up 'good calls'
is "$(count ok)" "$(count started)" 'good calls: none failed'
ok 'good calls: more than connections' at_least "$(count ok)" 9
ok 'good calls: calls a second are those of the time' at_least "$(count rps)" "$(count calls)"

# Five events 10 ms apart; times are rounded down by less than 1 %.
run "$load" -c 4 -d 0.3 -f 'The' -e '[DONE]' "$slow"
is "$(count ok)" "$(count started)" 'streams: none failed'
ok 'streams: at least as long as their gaps' at_least "$(count total_p50)" 39
not_ok 'streams: the first event does not wait for the last' \
    at_least "$(count first_p50)" "$(count total_p50)"

run "$load" -c 2 -d 0.2 -e 'not in any reply' "$instant"
all_failed text 'a text that is missing'
run "$load" -c 2 -d 0.2 -f 'not in any reply' "$instant"
all_failed text 'a first text that is missing'
run "$load" -c 2 -d 0.2 -t 0.1 "$silent"
all_failed timeout 'no reply in time'
run "$load" -c 2 -d 0.2 "http://127.0.0.1:$(free_port)/"
all_failed connect 'nobody listens'

# A server that answers something else.
if command -v python3 >/dev/null 2>&1; then
    cat >"$tmp/other.py" <<'PYTHON'
import socket, sys
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection = listener.accept()[0]
    path = connection.recv(65536).split()[1]
    connection.sendall({b'/status': b'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n',
                        b'/protocol': b'HTTP/1.1 200 OK\r\n\r\n',
                        b'/cut': b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nThe'}[path])
    connection.close()
PYTHON
    start_bg other python3 "$tmp/other.py"
    ok 'the other server listens' wait_for 10 test -s "$tmp/other.log"
    for kind in status protocol cut; do
        run "$load" -c 1 -d 0.2 "http://127.0.0.1:$(cat "$tmp/other.log")/$kind"
        all_failed $kind "$kind"
        diag "$(errors)"
    done
    run python3 -B "$top_srcdir/bench/run.py" --only nothing
    like "$rc $(tail -n 1 "$tmp/err")" '^2 .*there is no mode "nothing"' \
        'run.py says what it does not know'
else
    skip 'python3 is not installed' 11
fi

run "$load" -c 0 "$instant"
is "$rc" 64 'no connections: a usage error'
run "$load" http://192.0.2.1:80/
is "$rc" 64 'another host: a usage error'
done_testing
