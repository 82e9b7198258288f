#!/bin/sh
# Every way to get a socket, and to stop: what was begun is finished, what is new is refused.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3
fcgi_program=$top_builddir/magec-fcgi

refused() { # WHERE ERE: exit status 78 and a sentence
    run timeout 10 "$fcgi_program" --listen "$1"
    is "$rc" 78 "\"$1\" is refused"
    like "$(cat "$tmp/err")" "^magec-fcgi: .*$2" 'with a sentence'
    is "$(wc -l <"$tmp/err")" 1 'and no more'
}

activated() { # HOW [COMMAND PREFIX...]
    start_bg activated "$@"
    activated=$bg_pid
    ok 'it answers' wait_for 10 health
}

cpu_ticks() {
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

called() { # at least so many runs in flight
    [ "$(sql 'SELECT count(*) FROM run WHERE owner IS NOT NULL')" -ge "$1" ]
}

new_store
make_echo 20ms

# --- our own unix socket

umask 077
serve
is "$(stat -c '%a %F' "$tmp/magec.sock")" '660 socket' 'a socket has mode 0660, whatever the umask'
first=$responder
refused "unix:$tmp/magec.sock" 'another process listens on'
answers_well 'and the one that listens goes on'
kill -s KILL "$first"
wait "$first" 2>/dev/null
ok 'killed, it leaves its socket' test -S "$tmp/magec.sock"
umask 0
serve
umask 022
is "$(stat -c '%a %F' "$tmp/magec.sock")" '660 socket' 'which the next one replaces'
stop "$responder"
is "$rc" 0 'TERM ends it'
not_ok 'with its socket' test -e "$tmp/magec.sock"
echo precious >"$tmp/file"
refused "unix:$tmp/file" 'is not a socket'
is "$(cat "$tmp/file")" precious 'and a file stays what it is'
refused 'unix:' 'is empty'
refused "unix:$tmp/$(printf '%0108d' 0)" 'longer than'
refused "unix:$tmp/no/such/folder" 'No such file'

# --- TCP

refused ':9000' 'a host is needed'
refused '9000' 'HOST:PORT'
refused '127.0.0.1:' 'the port is a number'
refused '127.0.0.1:http' 'the port is a number'
refused '127.0.0.1:99999' 'the port is a number from 1 to 65535'
refused '[::1' 'HOST:PORT'
port=$(free_port)
socket=127.0.0.1:$port
serve
answers_well 'over TCP'
refused "$socket" 'Address already in use'
stop "$responder"
is "$rc" 0 'TERM ends it'
fcgi say
is "$end" refused 'nobody listens any more'

# --- one that is handed over

socket=unix:$tmp/inherited.sock
for how in stdin nonblocking systemd; do
    activated python3 "$top_srcdir/tests/peers/activate.py" "$how" "$tmp/inherited.sock" "$fcgi_program"
    answers_well "$how"
    before=$(cpu_ticks "$activated")
    fcgi say --body "$(words 25)"
    ok 'waiting costs nothing' test $(($(cpu_ticks "$activated") - before)) -lt 30
    stop "$activated"
    is "$rc" 0 'TERM ends it'
    ok 'a socket that is not its own stays' test -S "$tmp/inherited.sock"
    rm "$tmp/inherited.sock"
done
run python3 "$top_srcdir/tests/peers/activate.py" other "$tmp/inherited.sock" "$fcgi_program"
is "$rc" 64 'a socket that systemd meant for somebody else is not taken'
rm "$tmp/inherited.sock"
start_bg two python3 "$top_srcdir/tests/peers/activate.py" two "$tmp/inherited.sock" "$fcgi_program"
two=$bg_pid
ok 'two share a socket' wait_for 10 health
pids=$(grep -x '[0-9]* [0-9]*' "$tmp/two.log") # they may have warned before
one=${pids% *} other=${pids#* }
fcgi_bg both say --count 8 --body "$(words 50)"
both=$bg_pid
ok 'with calls in flight' wait_for 10 called 8
kill -s TERM "$one"
answers_well 'one stops, and the other goes on'
fcgi_wait "$both" both
is "$(cat "$tmp/both.log")" '8 whole 200' 'nothing in flight is lost'
fcgi_bg both say --count 8
fcgi_wait "$bg_pid" both
is "$(cat "$tmp/both.log")" '8 whole 200' 'and nothing that is new'
kill -s TERM "$other"
ok 'both end' wait_for 10 dead "$two"
stop "$two"
is "$rc" 0 'well'
rm "$tmp/inherited.sock"
if command -v spawn-fcgi >/dev/null; then
    activated spawn-fcgi -n -s "$tmp/inherited.sock" -- "$fcgi_program"
    answers_well 'spawn-fcgi'
    stop "$activated"
    is "$rc" 0 'TERM ends it'
else
    skip 'spawn-fcgi is not installed' 3
fi

# --- none at all

run "$fcgi_program"
is "$rc" 64 'neither a socket nor a CGI'
like "$(cat "$tmp/err")" '^magec-fcgi: no socket on standard input .* --listen unix:PATH$' 'says what to do'
run "$fcgi_program" --listen
is "$rc" 64 'an option without its value'
run "$fcgi_program" --lisen unix:x
like "$(cat "$tmp/err")" 'did you mean "--listen"' 'a mistyped option'

# --- stopping

socket=unix:$tmp/magec.sock
serve
fcgi_bg last say --body "$(words 100)" --accept text/event-stream
last=$bg_pid
ok 'a call of 2 s is in flight' wait_for 5 called 1
fcgi_bg half say --body "$(words 5)" begin params params-end stdin-half "touch:$tmp/half" wait:600 stdin-rest \
    stdin-end read
half=$bg_pid
ok 'another one is being received' wait_for 5 test -e "$tmp/half"
kill -s TERM "$responder"
ok 'TERM takes the socket away at once' wait_for 1 test ! -e "$tmp/magec.sock"
fcgi say
is "$end" refused 'so that new calls are refused'
fcgi_wait "$half" half
is "$end $status" 'whole 200' 'what was being received is answered'
fcgi_wait "$last" last
is "$end $status" 'whole 200' 'what was in flight is finished'
like "$(cat "$tmp/body")" '^event: done' 'to its end'
ok 'then it ends' wait_for 2 dead "$responder"
stop "$responder"
is "$rc" 0 'well'
is "$(sql "SELECT count(*) FROM run WHERE status != 'ok'")" 0 'and every run is recorded as ok'

serve --drain 300ms
fcgi_bg cut say --body "$(words 500)" --accept text/event-stream
cut=$bg_pid
fcgi_bg json say --body "$(words 500)"
json=$bg_pid
ok 'calls of 10 s are in flight' wait_for 5 called 2
fcgi_bg silent say begin "touch:$tmp/silent" read
silent=$bg_pid
ok 'one says nothing' wait_for 5 test -e "$tmp/silent"
kill -s TERM "$responder"
ok 'are cut when the drain time is over' wait_for 3 dead "$responder"
stop "$responder"
is "$rc" 0 'it ends well'
fcgi_wait "$cut" cut
like "$(cat "$tmp/body")" '^event: error' 'a stream is told'
fcgi_wait "$json" json
is "$end $status" 'whole 503' 'so is who waits for JSON'
like "$(cat "$tmp/headers")" '^Retry-After: ' 'and when to try again'
fcgi_wait "$silent" silent
is "$end" cut 'one that says nothing holds nothing up'
is "$(sql "SELECT group_concat(DISTINCT status || ' ' || http) FROM run WHERE status != 'ok'")" 'unavailable 503' \
    'they are recorded as such'

serve --max-unsent 4M
head -c 3000000 /dev/zero | tr '\0' x >"$tmp/large"
fcgi_bg deaf say --body-file "$tmp/large" --timeout 60 begin params params-end stdin stdin-end wait:20000
deaf=$bg_pid
fcgi_bg cut say --body "$(words 500)" --accept text/event-stream
cut=$bg_pid
ok 'a call is in flight, and one that is not read' wait_for 5 sql_is 1 \
    "SELECT count(*) FROM run WHERE owner IS NOT NULL AND (SELECT status FROM run ORDER BY length(prompt) DESC
        LIMIT 1) = 'ok'"
kill -s TERM "$responder"
ok 'TERM' wait_for 1 test ! -e "$tmp/magec.sock"
kill -s TERM "$responder"
ok 'TERM twice ends at once' wait_for 4 dead "$responder"
stop "$responder"
is "$rc" 0 'well'
fcgi_wait "$cut" cut
like "$(cat "$tmp/body")" '^event: error' 'and tells who still listens'
stop "$deaf"
is "$(sql 'SELECT count(*) FROM run WHERE owner IS NOT NULL')" 0 'no run is left open'
done_testing
