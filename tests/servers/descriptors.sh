#!/bin/sh
# A responder that has as many files open as it may: calls fail with a sentence that says so, and that is
# not the backend's fault, so it is asked again as soon as there is room.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port"
ok 'the upstream listens' wait_for 10 test -s "$tmp/port"
new_store
{
    magec backend add up --type openai --url "http://127.0.0.1:$(cat "$tmp/port")/v1"
    magec agent add talker --backend up --model words:1
    magec client add say --passthrough --agents talker
} >"$tmp/clients"
token=$(token_of <"$tmp/clients")


call_once() {
    fcgi say --type application/json --accept application/json --body '{"prompt":"hello"}'
}

limit=48
(
    # shellcheck disable=SC3045
    ulimit -n $limit
    exec "$top_builddir/magec-fcgi" --listen "$socket" --log stderr
) >"$tmp/responder.log" 2>&1 &
responder=$!
bg_all="$bg_all $responder:responder"
wait_for 10 health || fail 'the responder answers'

# Others hold all of them but one, which the next call takes.
start_bg holder python3 -c '
import os, socket, sys, time
held = []
limit = int(sys.argv[3])  # inherited ones may be above it
while sum(int(fd) < limit for fd in os.listdir(f"/proc/{sys.argv[2]}/fd")) < limit - 1:
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1].removeprefix("unix:"))
    held.append(s)
    time.sleep(0.02)
print("held", flush=True)
time.sleep(100)' "$socket" "$responder" $limit
holder=$bg_pid
ok 'all descriptors but one are taken' wait_for 20 grep -q held "$tmp/holder.log"

calls=0 said=
while [ $calls -lt 7 ]; do
    calls=$((calls + 1))
    call_once
    said="$said $status"
done
is "$said" ' 503 503 503 503 503 503 503' 'each call is told to try again'
like "$(cat "$tmp/body")" 'no file descriptor left: raise its limit of open files' 'and why'
like "$(cat "$tmp/headers")" '^Retry-After:' 'and when'
stop "$holder"
wait_for 5 sh -c "[ \$(find /proc/$responder/fd -mindepth 1 | wc -l) -lt $((limit / 2)) ]"
call_once
is "$status" 200 'with room again the backend is asked at once'
unlike "$(cat "$tmp/responder.log")" 'taken to be down' 'it was never taken to be down'
done_testing
