#!/bin/sh
# magec-fcgi as a plain CGI: what only a CGI meets. An input that stays open, an output that goes away, TERM.
. "${0%/*}/lib.sh"
need sqlite3

new_store
magec backend add echo --type echo >/dev/null
magec backend add slow --type echo --delay 200ms >/dev/null
magec agent add parrot --backend echo >/dev/null
magec agent add snail --backend slow >/dev/null
token_of() {
    grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
pass=$(magec client add pass --passthrough --agents parrot | token_of)
snail=$(magec client add snail --passthrough --agents snail | token_of)

call() { # WORD...: as a CGI by hand, for what the helper does not do; with exec=exec in this process
    ${exec-} env -i PATH="$PATH" MAGEC_DB="$MAGEC_DB" MAGEC_ALLOW_ROOT=1 GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
        SCRIPT_NAME=/api/v1/webhooks REMOTE_ADDR=127.0.0.1 MAGEC_LOG=none \
        ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        ${UBSAN_OPTIONS+UBSAN_OPTIONS="$UBSAN_OPTIONS"} "$@"
}

# a server that never closes our standard input
mkfifo "$tmp/never-closed"
exec 3<>"$tmp/never-closed"
printf 'hello' >&3
# shellcheck disable=SC2086 # the wrapper is a command line
call PATH_INFO=/pass HTTP_AUTHORIZATION="Bearer $pass" CONTENT_LENGTH=5 \
    ${MAGEC_WRAP-} "$top_builddir/magec-fcgi" <"$tmp/never-closed" >"$tmp/out"
is "$?" 0 'an input that stays open'
like "$(cat "$tmp/out")" '"response":"hello"' 'is read as far as was declared'
exec 3>&-

# standard output gone in mid-stream, as lighttpd and mod_cgid do it
# shellcheck disable=SC2086
{
    printf 'a b c d e f g h i j k l m n o p q r s t' | call PATH_INFO=/snail \
        HTTP_AUTHORIZATION="Bearer $snail" CONTENT_LENGTH=39 HTTP_ACCEPT=text/event-stream \
        ${MAGEC_WRAP-} "$top_builddir/magec-fcgi"
    echo $? >"$tmp/rc"
} | head -n 1 >"$tmp/out"
is "$(cat "$tmp/rc")" 1 'a caller that hangs up'
is "$(sqlite3 "$MAGEC_DB" 'SELECT status FROM run ORDER BY n DESC LIMIT 1')" canceled 'cancels the run'

# standard input and output are one socket, as mod_cgid's are: a refusal arrives though its body is not read
cat >"$tmp/one-socket.py" <<'PYTHON'
import os, socket, subprocess, sys
ours, its = socket.socketpair()
p = subprocess.Popen(sys.argv[2:], stdin=its, stdout=its)
its.close()
try:
    for piece in range(int(sys.argv[1]) // 1000):
        ours.sendall(b"x" * 1000)
    ours.shutdown(socket.SHUT_WR)
    said = b""
    while got := ours.recv(4096):
        said += got
    print(said.decode().split("\r\n")[0], p.wait())
except OSError as e:
    print(e, p.wait())
PYTHON
if command -v python3 >/dev/null; then
    for length in 1000 '' 3000000; do
        # shellcheck disable=SC2086
        call PATH_INFO=/pass REQUEST_METHOD=PUT CONTENT_LENGTH="$length" \
            python3 "$tmp/one-socket.py" "${length:-5000}" ${MAGEC_WRAP-} "$top_builddir/magec-fcgi" >"$tmp/out" 2>&1
        is "$(cat "$tmp/out")" 'Status: 405 Method Not Allowed 0' "a refusal over a socket, with ${length:-unknown} bytes"
    done
else
    skip 'python3 is not installed' 3
fi

speaking() {
    grep -q 'event: delta' "$tmp/out"
}

: >"$tmp/out"
printf 'a b c d e f g h i j k l m n o p q r s t' >"$tmp/prompt"
# shellcheck disable=SC2086
exec='exec' call PATH_INFO=/snail HTTP_AUTHORIZATION="Bearer $snail" CONTENT_LENGTH=39 HTTP_ACCEPT=text/event-stream \
    ${MAGEC_WRAP-} "$top_builddir/magec-fcgi" <"$tmp/prompt" >"$tmp/out" &
pid=$!
ok 'it speaks' wait_for 20 speaking
kill -TERM $pid
wait $pid
is "$(sqlite3 "$MAGEC_DB" 'SELECT status FROM run ORDER BY n DESC LIMIT 1')" canceled 'and so does TERM'
is "$(sqlite3 "$MAGEC_DB" 'SELECT count(*) FROM run WHERE owner IS NOT NULL')" 0 'no run is left open'
done_testing
