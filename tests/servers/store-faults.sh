#!/bin/sh
# A store that goes away, is full, locked, corrupt, or grows for ever.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

small=
unmount() {
    [ -z "$small" ] || umount -l "$small"
}
trap 'unmount; cleanup' EXIT

fails() { # STATUS NAME [WORD OF THE LOG]: a call, with a sentence that does not name the store
    fcgi say --body-file "$tmp/large"
    is "$end $status" "whole $1" "$2"
    like "$(cat "$tmp/body")" '"ok":false,.*: the operator.s log says why"' 'with a sentence'
    unlike "$(cat "$tmp/body")" 'magec.db' 'without the path'
    [ $# -lt 3 ] || like "$(cat "$tmp/responder.log")" "$3" 'and the log says why'
}

works() { # NAME: a large call is answered, and recorded
    fcgi say --body-file "$tmp/large"
    is "$end $status" 'whole 200' "$1"
    is "$(sql 'SELECT status, length(prompt) FROM run ORDER BY n DESC LIMIT 1')" "ok|$large" 'and recorded'
}

python3 -c 'print("word" * 64000 + " end")' >"$tmp/large"
large=$(($(wc -c <"$tmp/large")))
new_store
make_echo 5ms

# --- away

serve
works 'a large call'
mv "$MAGEC_DB" "$MAGEC_DB.away"
fails 500 'the store is removed' 'no store at .*magec.db'
fcgi health --method GET
is "$status" 503 'health says so too'
mv "$MAGEC_DB.away" "$MAGEC_DB"
works 'it is back'
cp "$MAGEC_DB" "$MAGEC_DB.copy"
mv "$MAGEC_DB" "$MAGEC_DB.away"
mv "$MAGEC_DB.copy" "$MAGEC_DB"
fails 500 'another one took its place' 'replaced by another file: restart the responder'
mv "$MAGEC_DB.away" "$MAGEC_DB"

# --- locked

cat >"$tmp/lock.py" <<'PYTHON'
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").close()
time.sleep(float(sys.argv[3]))
db.execute("COMMIT")
PYTHON
start_bg lock python3 "$tmp/lock.py" "$MAGEC_DB" "$tmp/locked" 1
lock=$bg_pid
ok 'another process locks the store for 1 s' wait_for 5 test -e "$tmp/locked"
fcgi_bg wait say --count 8 --accept text/event-stream
fcgi_wait "$bg_pid" wait
is "$(cat "$tmp/wait.log")" '8 whole 200' 'calls wait, and are answered'
ok 'but not before' dead "$lock"
stop "$lock"
works 'then all is as before'
stop "$responder"
is "$rc" 0 'it ends well'

# --- full

fill() { # what is left of it, and a bit for what is open
    cat /dev/zero >"$small/filler" 2>/dev/null
}

check_full() {
    fill
    fails 500 'no room' 'could not be recorded.* is full'
    fails 500 'again'
    ok 'it is alive' alive "$responder"
    fcgi health --method GET
    is "$status" 200 'it can still be read'
    fcgi nobody
    is "$status" 401 'and says no where it should'
    rm "$small/filler"
    works 'room is made'
    { words 200 && cat "$tmp/large"; } >"$tmp/long"
    fcgi_bg last say --body-file "$tmp/long"
    last=$bg_pid
    ok 'a call is in flight' wait_for 5 sql_is 1 'SELECT count(*) FROM run WHERE owner IS NOT NULL'
    fill
    fcgi_wait "$last" last
    is "$end $status" 'whole 500' 'whose end cannot be recorded: the caller is told'
    rm "$small/filler"
    works 'room is made'
    is "$(sql 'PRAGMA integrity_check')" ok 'the store is whole'
    stop "$responder"
    is "$rc" 0 'it ends well'
    serve
    is "$(sql "SELECT count(*) FROM run WHERE owner IS NOT NULL")" 0 'behind the next start no run is open'
    is "$(sql "SELECT count(*) FROM run WHERE status = 'interrupted'")" 1 'the one that had no end is interrupted'
    stop "$responder"
}

kept=$MAGEC_DB
mkdir "$tmp/small"
if mount -t tmpfs -o size=8m magec-test "$tmp/small" 2>/dev/null; then
    small=$tmp/small
    MAGEC_DB=$small/magec.db
    sqlite3 "$kept" "VACUUM INTO '$MAGEC_DB'"
    sqlite3 "$MAGEC_DB" 'DELETE FROM run; PRAGMA journal_mode = WAL; VACUUM' >/dev/null
    serve
    check_full
    unmount
    small=
else
    skip 'tmpfs cannot be mounted' 22
fi
MAGEC_DB=$kept

limited() { # COMMAND...: files may have 256 kB
    # shellcheck disable=SC3045
    ulimit -S -f 512
    exec "$@"
}

sqlite3 "$MAGEC_DB" 'DELETE FROM run; VACUUM'
if command -v prlimit >/dev/null; then
    start_bg responder limited "$top_builddir/magec-fcgi" --listen "$socket"
    responder=$bg_pid
    ok 'a responder whose files may not grow' wait_for 10 health
    fails 500 'a call that is too large for them' 'recorded'
    fcgi say
    is "$end $status" 'whole 200' 'a small one'
    prlimit --fsize=unlimited --pid "$responder"
    works 'when they may'
    stop "$responder"
    is "$rc" 0 'it ends well'
else
    skip 'prlimit is not installed' 9
fi

# --- corrupt

serve
printf 'this is no header' | dd of="$MAGEC_DB" conv=notrunc 2>/dev/null
sqlite3 "$MAGEC_DB" 'SELECT 1 FROM run' >/dev/null 2>&1
fcgi say
like "$end $status" '^whole (200|500)$' 'the store is overwritten in use: it does not crash'
stop "$responder"
is "$rc" 0 'it ends well'
# what SQLite had in its log may have mended the header
printf 'this is no header' | dd of="$MAGEC_DB" conv=notrunc 2>/dev/null
start_bg responder "$top_builddir/magec-fcgi" --listen "$socket"
ok 'it does not start on a corrupt store' wait_for 5 dead "$bg_pid"
stop "$bg_pid"
isnt "$rc" 0 'and says so'
like "$(cat "$tmp/responder.log")" 'magec.db.*is' 'with the path'
rm -f "$MAGEC_DB" "$MAGEC_DB"-*
run timeout 5 "$top_builddir/magec-fcgi" --listen "$socket"
isnt "$rc" 0 'nor without one'
like "$(cat "$tmp/err")" 'magec init' 'and says what to do'

# --- for ever

new_store
make_echo 1ms
serve
fcgi_bg calls say --count 12
fcgi_wait "$bg_pid" calls
is "$(sql 'SELECT count(*) FROM run')" 12 '12 runs'
stop "$responder"
serve --keep-runs 5
ok 'the newest 5 are kept' wait_for 5 sql_is '5 8' "SELECT count(*) || ' ' || min(n) FROM run"
stop "$responder"
sql "UPDATE run SET started_ms = started_ms - 7200000 WHERE n < 11"
serve --keep-runs-for 1h
ok 'those of the last hour are kept' wait_for 5 sql_is '2 11' "SELECT count(*) || ' ' || min(n) FROM run"
fcgi say
is "$status" 200 'it answers'
stop "$responder"
done_testing
