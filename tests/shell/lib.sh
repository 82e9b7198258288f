# Helpers for tests in POSIX sh that speak TAP. Sourced at the head of a test:
#
#   . "${0%/*}/lib.sh"              from tests/shell
#   . "${0%/*}/../shell/lib.sh"     from tests/servers
#
# `make check` runs the tests; by hand, in the build folder: sh SRCDIR/tests/shell/NAME.sh
# Standard input is /dev/null from here on.
#
# Results. Every one is one TAP line; what a failing one got is shown as comment lines.
#   ok NAME COMMAND...     COMMAND succeeds (its output is shown only if it does not)
#   not_ok NAME COMMAND... COMMAND fails by itself; a crash or a sanitizer's word is no such failure
#   is GOT WANT NAME       equal strings               isnt GOT UNWANTED NAME
#   like GOT ERE NAME      the regular expression matches a line   unlike GOT ERE NAME
#   pass NAME, fail NAME   decided by the caller
#   skip REASON [COUNT]    one or COUNT results that cannot be had here
#   skip_all REASON        before any result: the whole test cannot be had here
#   diag TEXT...           a comment
#   done_testing           the last line of every test: stops what was started, prints the plan
#
# Conditions, each a skip_all.
#   need PROGRAM...        is installed
#   MAGEC_QUICK="NAME..."  in the environment: only the shell tests NAME.sh are run
#   need_plain_build       no sanitizers, no valgrind: for what measures memory or time
#
# Files and processes.
#   $tmp                   a folder of the test's own, removed at its end (MAGEC_KEEP=1 keeps it)
#   start_bg NAME COMMAND...   in the background, output in $tmp/NAME.log; its process is $bg_pid
#   stop PID [SIGNAL]      signals (TERM), waits 10 s, then kills; its exit status is in $rc
#   alive PID              is running
#   wait_for SECONDS COMMAND...   polls until COMMAND succeeds; fails after SECONDS
#   free_port              prints a TCP port that is free on 127.0.0.1
#   run COMMAND...         output in $tmp/out and $tmp/err, exit status in $rc; succeeds
# Whatever start_bg started is stopped at the end, and a sanitizer's or valgrind's complaint (exit
# status 99) from it, from run or from cgi is a failed result.
#
# The programs.
#   new_store              `magec init` in $tmp/magec.db, which MAGEC_DB names from then on
#   magec ARGUMENT...      the operator's tool (under valgrind in `make check-valgrind`)
#   cgi METHOD PATH[?QUERY] [VARIABLE=VALUE...] [< BODY]
#                          magec-fcgi as a plain CGI in an environment of nothing but what CGI
#                          says, MAGEC_DB and the VARIABLEs, which win. CONTENT_LENGTH is the body's
#                          unless given ("CONTENT_LENGTH=" for none). Afterwards:
#                            $status       the HTTP status           $rc   the exit status
#                            $tmp/headers  header lines, without CR  $tmp/body  the body's bytes
#                            $tmp/err      what it wrote to stderr
#   header NAME            prints the value of a header of the last cgi
#   body                   prints the body of the last cgi

# shellcheck shell=sh
# shellcheck disable=SC2034 # status and bg_pid are for the tests
exec </dev/null
LC_ALL=C.UTF-8
export LC_ALL
: "${top_srcdir:=$(cd "${0%/*}/../.." && pwd)}" "${top_builddir:=$PWD}"
case :$PATH: in
*":$top_builddir:"*) ;;
*) PATH=$top_builddir:$PATH ;;
esac
export PATH top_srcdir top_builddir
unset MAGEC_DB
MAGEC_ALLOW_ROOT=1 # who runs tests may be root
export MAGEC_ALLOW_ROOT

tap_count=0
tap_failed=0
bg_all=

# --- results

tap_line() { # ok|not ok, NAME
    tap_count=$((tap_count + 1))
    [ "$1" = ok ] || tap_failed=$((tap_failed + 1))
    printf '%s %d - %s\n' "$1" "$tap_count" "$(printf %s "$2" | tr '\n#' ' =')"
}

diag() {
    printf '%s\n' "$*" | sed 's/^/# /'
}

diag_file() { # the end of a file
    [ ! -s "$1" ] || tail -n "${2:-40}" "$1" | sed 's/^/#   /'
}

pass() {
    tap_line ok "$1"
}

fail() {
    tap_line 'not ok' "$1"
}

ok() {
    tap_name=$1
    shift
    if "$@" >"$tmp/ok.out" 2>&1; then
        pass "$tap_name"
    else
        tap_rc=$?
        fail "$tap_name"
        diag "exit status $tap_rc: $*"
        diag_file "$tmp/ok.out"
    fi
}

not_ok() {
    tap_name=$1
    shift
    "$@" >"$tmp/ok.out" 2>&1
    tap_rc=$?
    if [ $tap_rc -ge 1 ] && [ $tap_rc -lt 99 ]; then
        pass "$tap_name"
    else
        fail "$tap_name"
        diag "exit status $tap_rc: $*"
        diag_file "$tmp/ok.out"
    fi
}

is() {
    if [ "$1" = "$2" ]; then
        pass "$3"
    else
        fail "$3"
        diag "got:    $1"
        diag "wanted: $2"
    fi
}

isnt() {
    if [ "$1" != "$2" ]; then
        pass "$3"
    else
        fail "$3"
        diag "got: $1"
    fi
}

like() {
    if printf '%s\n' "$1" | grep -Eq -e "$2"; then
        pass "$3"
    else
        fail "$3"
        diag "got:             $1"
        diag "does not match:  $2"
    fi
}

unlike() {
    if printf '%s\n' "$1" | grep -Eq -e "$2"; then
        fail "$3"
        diag "got:            $1"
        diag "should not match: $2"
    else
        pass "$3"
    fi
}

skip() {
    tap_left=${2:-1}
    while [ "$tap_left" -gt 0 ]; do
        tap_count=$((tap_count + 1))
        printf 'ok %d # SKIP %s\n' "$tap_count" "$1"
        tap_left=$((tap_left - 1))
    done
}

skip_all() {
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

done_testing() {
    stop_all
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" -eq 0 ] || diag "$tap_failed of $tap_count failed"
    exit 0
}

# --- conditions

need() {
    for tap_name in "$@"; do
        command -v "$tap_name" >/dev/null 2>&1 || skip_all "$tap_name is not installed"
    done
}

need_plain_build() {
    [ -z "${MAGEC_SANITIZERS-}" ] || skip_all "built with sanitizers: $MAGEC_SANITIZERS"
    [ -z "${MAGEC_WRAP-}" ] || skip_all "under $MAGEC_WRAP"
}

# --- files and processes

cleanup() {
    tap_rc=$?
    trap '' HUP INT TERM
    stop_all >/dev/null
    if [ "${MAGEC_KEEP-}" = 1 ]; then
        diag "kept: $tmp"
    else
        rm -rf "$tmp"
    fi
    exit $tap_rc
}

alive() {
    kill -0 "$1" 2>/dev/null || return 1
    # A child that ended stays visible until it is waited for.
    tap_stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    case ${tap_stat##*) } in
    Z*) return 1 ;;
    esac
}

dead() {
    ! alive "$1"
}

start_bg() {
    tap_name=$1
    shift
    "$@" >"$tmp/$tap_name.log" 2>&1 &
    bg_pid=$!
    bg_all="$bg_all $bg_pid:$tap_name"
}

stop() {
    kill -s "${2:-TERM}" "$1" 2>/dev/null
    if ! wait_for 10 dead "$1"; then
        diag "process $1 did not end within 10 s: killed"
        kill -s KILL "$1" 2>/dev/null
    fi
    wait "$1" 2>/dev/null
    rc=$?
    tap_list=
    for tap_job in $bg_all; do
        if [ "${tap_job%%:*}" = "$1" ]; then
            no_complaint "${tap_job#*:}" "$tmp/${tap_job#*:}.log"
        else
            tap_list="$tap_list $tap_job"
        fi
    done
    bg_all=$tap_list
}

stop_all() {
    for tap_job in $bg_all; do
        kill -s TERM "${tap_job%%:*}" 2>/dev/null
    done
    while [ -n "$bg_all" ]; do
        bg_all=${bg_all# }
        stop "${bg_all%%:*}"
    done
}

no_complaint() { # WHO FILE: after an exit status in $rc
    [ "$rc" -eq 99 ] || return 0
    fail "no complaint about $1 from the sanitizers or valgrind"
    diag_file "$2" 80
}

wait_for() {
    tap_polls=$(($1 * 20))
    shift
    while ! "$@"; do
        [ "$tap_polls" -gt 0 ] || return 1
        tap_polls=$((tap_polls - 1))
        sleep 0.05
    done
}

free_port() {
    perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1,
        LocalAddr => "127.0.0.1") or die "no free port: $!\n"; print $s->sockport, "\n"'
}

run() {
    "$@" >"$tmp/out" 2>"$tmp/err"
    rc=$?
    no_complaint "$*" "$tmp/err"
}

# --- the programs

magec() {
    # shellcheck disable=SC2086 # the wrapper is a command line
    ${MAGEC_WRAP-} "$top_builddir/magec" "$@"
}

# take_agent ID BACKEND MODEL OPTIONS: as an import takes it, which does not know the protocols
take_agent() {
    printf '{"agents":[{"id":"%s","llm":{"backend":"%s","model":"%s","options":%s}}]}\n' "$@" |
        magec import - >/dev/null || diag "the agent $1 was not taken"
}

new_store() {
    MAGEC_DB=$tmp/magec.db
    export MAGEC_DB
    magec init >"$tmp/init.log" 2>&1 || {
        tap_rc=$?
        echo "Bail out! magec init failed with exit status $tap_rc"
        diag_file "$tmp/init.log"
        exit 1
    }
}

cgi() {
    cgi_method=$1
    cgi_path=${2%%\?*}
    case $2 in
    *\?*) cgi_query=${2#*\?} ;;
    *) cgi_query= ;;
    esac
    shift 2
    case $cgi_path in
    /api/v1/webhooks | /api/v1/webhooks/*)
        cgi_script=/api/v1/webhooks
        cgi_info=${cgi_path#/api/v1/webhooks}
        ;;
    *)
        cgi_script=
        cgi_info=$cgi_path
        ;;
    esac
    cat >"$tmp/request"
    cgi_length=$(($(wc -c <"$tmp/request")))
    # shellcheck disable=SC2086 # the wrapper is a command line
    env -i PATH="$PATH" LC_ALL="$LC_ALL" MAGEC_ALLOW_ROOT=1 \
        ${MAGEC_DB+MAGEC_DB="$MAGEC_DB"} \
        ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        ${UBSAN_OPTIONS+UBSAN_OPTIONS="$UBSAN_OPTIONS"} \
        ${TSAN_OPTIONS+TSAN_OPTIONS="$TSAN_OPTIONS"} \
        GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 SERVER_SOFTWARE=test \
        SERVER_NAME=127.0.0.1 SERVER_PORT=80 REMOTE_ADDR=127.0.0.1 \
        REQUEST_METHOD="$cgi_method" SCRIPT_NAME="$cgi_script" PATH_INFO="$cgi_info" \
        QUERY_STRING="$cgi_query" CONTENT_LENGTH="$cgi_length" "$@" \
        ${MAGEC_WRAP-} "$top_builddir/magec-fcgi" <"$tmp/request" >"$tmp/response" 2>"$tmp/err"
    rc=$?
    # The header ends at the first empty line; its length in bytes says where the body begins.
    cgi_skip=$(LC_ALL=C awk '{ n += length($0) + 1 } $0 == "" || $0 == "\r" { exit } END { print n + 1 }' \
        "$tmp/response")
    head -c $((cgi_skip - 1)) "$tmp/response" | tr -d '\r' | sed '/^$/d' >"$tmp/headers"
    tail -c "+$cgi_skip" "$tmp/response" >"$tmp/body"
    status=$(header Status)
    status=${status%% *}
    [ -n "$status" ] || status=200
    [ -s "$tmp/headers" ] || status=none
    no_complaint "$cgi_method $cgi_path" "$tmp/err"
}

header() {
    awk -v "name=$1" 'BEGIN { name = tolower(name) ":" }
        tolower(substr($0, 1, length(name))) == name {
            sub(/^[^:]*:[ \t]*/, ""); print; exit }' "$tmp/headers"
}

body() {
    cat "$tmp/body"
}

# --- start

tap_name=${0##*/}
case " ${MAGEC_QUICK-${tap_name%.sh}} " in
*" ${tap_name%.sh} "*) ;;
*) skip_all "MAGEC_QUICK leaves it out" ;;
esac
tmp=$(mktemp -d "${TMPDIR:-/tmp}/magec-test.XXXXXX") || {
    echo 'Bail out! no temporary folder'
    exit 1
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
