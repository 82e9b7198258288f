#!/bin/sh
# What a call costs a plain CGI, counted instead of timed: the libraries that are loaded, threads, system
# calls, syncs. And what happens when the library that is loaded late is not there.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need sqlite3

new_store
magec backend add echo --type echo >/dev/null
magec agent add parrot --backend echo >/dev/null
magec backend add far --type openai --attempts 1 --url "http://127.0.0.1:$(free_port)/v1" >/dev/null
magec agent add friend --backend far --model any >/dev/null
token_of() {
    grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
near=$(magec client add near --passthrough --agents parrot | token_of)
far=$(magec client add far --passthrough --agents friend | token_of)
hooks=/api/v1/webhooks
nobody=mgc_0000000000000000000000000000000000000000

# call KIND [VARIABLE=VALUE...]: a CGI of that kind
call() {
    call_kind=$1
    shift
    printf hello >"$tmp/hello"
    case $call_kind in
    401) cgi POST $hooks/near "$@" ;;
    404) cgi POST /elsewhere/near! "$@" ;;
    405) cgi DELETE $hooks/near "$@" ;;
    wrong) cgi POST $hooks/near HTTP_AUTHORIZATION="Bearer $nobody" "$@" ;;
    413) cgi POST $hooks/near HTTP_AUTHORIZATION="Bearer $near" CONTENT_LENGTH=99999999999 "$@" ;;
    near) cgi POST $hooks/near HTTP_AUTHORIZATION="Bearer $near" "$@" <"$tmp/hello" ;;
    far) cgi POST $hooks/far HTTP_AUTHORIZATION="Bearer $far" "$@" <"$tmp/hello" ;;
    esac
}

# ---- libraries

loaded() { # the libraries that the last call loaded
    sed -n 's/.*calling init: .*\/\([^/]*\)$/\1/p' "$tmp/err" | tr '\n' ' '
}

call 404 LD_DEBUG=files
if loaded | grep -q libsqlite3; then
    for kind in 404 405 401 wrong 413 near; do
        call $kind LD_DEBUG=files
        unlike "$(loaded)" 'libcurl|libssl' "$kind: no HTTP library is loaded ($status)"
    done
    call far LD_DEBUG=files
    like "$(loaded)" libcurl "a call that needs it loads it ($status)"
else
    skip 'the dynamic linker does not tell what it loads' 7
fi

# ---- system calls

count() { # ERE: how many system calls of that name the last call made
    grep -Ec "^[0-9]+ +($1)\(" "$tmp/trace"
}

at_most() { # GOT MOST NAME
    if [ "$1" -le "$2" ]; then
        pass "$3: $1 of at most $2"
    else
        fail "$3: $1 of at most $2"
    fi
}

traced() { # KIND
    MAGEC_WRAP="strace -f -o $tmp/trace" call "$1"
}

if [ -n "${MAGEC_SANITIZERS-}${MAGEC_WRAP-}" ]; then
    skip 'a sanitizer or valgrind has its own' 11
elif ! strace -f -o "$tmp/trace" true 2>/dev/null; then
    skip 'strace is not installed, or may not trace' 11
else
    # About half more than they are, without those of the dynamic linker.
    for bound in 404:35 wrong:105 413:108 near:185; do
        kind=${bound%:*}
        traced "$kind"
        is "$(count 'clone3?|v?fork')" 0 "$kind: no thread and no process"
        at_most "$(grep -Evc ' (mmap|mprotect|openat|newfstatat|fstat|read|pread64|close)\(' "$tmp/trace")" \
            "${bound#*:}" "$kind: system calls"
    done
    traced wrong
    is "$(count 'f(data)?sync')" 0 'nothing is synced for a refusal'
    traced far
    isnt "$(count socket)" 0 'what is counted is there: a call over HTTP opens a socket'
    run strace -f -o "$tmp/trace" "$top_builddir/magec" client set near --enable
    isnt "$(count 'f(data)?sync')" 0 'and what closes the store for good syncs it'
fi

# ---- the log, which calls leave to each other

for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    call near
    [ "$status" = 200 ] || break
done
is "$status $i" '200 20' 'twenty calls after each other'
at_most "$(($(wc -c <"$MAGEC_DB-wal") / 4096))" 90 'pages that they leave in the log'
magec client set near --enable >/dev/null
not_ok 'which magec writes back' test -e "$MAGEC_DB-wal"
is "$(sqlite3 "$MAGEC_DB" "PRAGMA integrity_check; SELECT count(*) >= 20 FROM run WHERE status = 'ok'" |
    tr '\n' ' ')" 'ok 1 ' 'and the store has every run'

# ---- without libcurl

curl=$(sed -n 's/^#define MAGEC_LIBCURL "\(.*\)"$/\1/p' "$top_builddir/config.h")
mkdir "$tmp/lib"
echo 'no library' >"$tmp/lib/$curl"
call near LD_LIBRARY_PATH="$tmp/lib"
is "$status" 200 'without libcurl what needs no HTTP is answered'
call far LD_LIBRARY_PATH="$tmp/lib"
is "$status" 500 'and what needs it is an error of the call'
unlike "$(body)" libcurl 'whose reason the caller is not told'
like "$(cat "$tmp/err")" "libcurl cannot be loaded: .*$curl.*install" 'but the operator'
(
    LD_LIBRARY_PATH=$tmp/lib
    export LD_LIBRARY_PATH
    run magec check
    echo "$rc" >"$tmp/rc"
)
like "$(cat "$tmp/rc") $(cat "$tmp/out")" '^1 ' 'check fails'
like "$(cat "$tmp/out")" 'over HTTP: libcurl cannot be loaded' 'and says why'
done_testing
