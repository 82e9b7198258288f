#!/bin/sh
# Builds magec-fcgi and shows it at work: a store in a temporary folder, lighttpd on 127.0.0.1 with the
# responder behind it, one call answered as JSON and one as a stream. Goes on serving until Ctrl-C.
#
# usage: sh contrib/demo.sh [--once] [--agent echo|openai|ollama]
#   --once    end after the two calls
#   --agent   echo needs nothing; openai takes OPENAI_API_KEY; ollama takes the first model it has
#
# Without --agent it asks, if there is a choice and a terminal, and takes echo otherwise.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
build=${MAGEC_DEMO_BUILD:-${XDG_CACHE_HOME:-$HOME/.cache}/magec-fcgi/demo}
packages='gcc make autoconf automake pkg-config libjson-c-dev libcurl4-openssl-dev
libsqlite3-dev libuv1-dev libssl-dev lighttpd curl'
once=no agent='' server=''

say() {
    printf '\n\033[1m%s\033[0m\n' "$*"
}

die() {
    echo "demo: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --once) once=yes ;;
    --agent) agent=${2:?demo: --agent needs a name} && shift ;;
    *) die "unknown option \"$1\": there are --once and --agent" ;;
    esac
    shift
done

missing=''
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    echo "installing from Debian:$missing"
    sudo=''
    [ "$(id -u)" = 0 ] || sudo=sudo
    command -v ${sudo:-true} >/dev/null || die "not root and no sudo: install$missing yourself"
    $sudo apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
    # Debian starts it on port 80, for everybody, now and with the system; the demo has its own
    case $missing in
    *lighttpd*)
        $sudo service lighttpd stop >/dev/null 2>&1 || :
        $sudo update-rc.d lighttpd disable >/dev/null 2>&1 || :
        ;;
    esac
fi

mkdir -p "$build"
log=$build/build.log
[ -x "$build/magec-fcgi" ] || echo "building (the words of it are in $log)"
(
    cd "$top"
    if [ -z "$(find configure -newer configure.ac -newer Makefile.am 2>/dev/null)" ]; then
        autoreconf -fi
    fi
    cd "$build"
    if [ -z "$(find Makefile -newer "$top/configure" 2>/dev/null)" ]; then
        "$top/configure" CFLAGS='-O2 -g'
    fi
    make -j"$(nproc)"
) >"$log" 2>&1 || { tail -n 20 "$log" >&2 && die "the build failed"; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/magec-demo.XXXXXX")
cleanup() {
    trap - EXIT INT TERM
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || :
        wait "$server" 2>/dev/null || :
    fi
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

ollama_model() {
    curl -s --max-time 2 http://127.0.0.1:11434/v1/models 2>/dev/null |
        sed -n 's/.*"data":\[{"id":"\([^"]*\)".*/\1/p'
}

offer() {
    [ -t 0 ] && [ -t 1 ] || return 1
    printf '%s [Y/n] ' "$1"
    read -r answer
    case $answer in [nN]*) return 1 ;; esac
}

if [ -z "$agent" ]; then
    agent='echo'
    if [ -n "${OPENAI_API_KEY:-}" ] && offer 'OPENAI_API_KEY is set: let OpenAI answer?'; then
        agent=openai
    elif [ -n "$(ollama_model)" ] && offer "Ollama is there: let $(ollama_model) answer?"; then
        agent=ollama
    fi
fi

PATH=$build:$PATH
MAGEC_DB=$dir/magec.db
export PATH MAGEC_DB
magec init >/dev/null
case $agent in
echo)
    magec backend add demo --type echo --delay 80ms
    magec agent add demo --backend demo
    ;;
openai)
    [ -n "${OPENAI_API_KEY:-}" ] || die "OPENAI_API_KEY is not set"
    magec backend add demo --type openai --url https://api.openai.com/v1 --key env:OPENAI_API_KEY
    magec agent add demo --backend demo --model "${OPENAI_MODEL:-gpt-4.1-mini}"
    ;;
ollama)
    [ -n "$(ollama_model)" ] || die "no Ollama answers on 127.0.0.1:11434, or it has no model"
    magec backend add demo --type openai --url http://127.0.0.1:11434/v1
    magec agent add demo --backend demo --model "$(ollama_model)"
    ;;
*) die "no agent \"$agent\": there are echo, openai and ollama" ;;
esac >/dev/null
magec command add daily-report --prompt 'Say in one sentence that all is well.' >/dev/null
token_of() {
    grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
report=$(magec client add ci --command daily-report --agents demo | token_of)
chat=$(magec client add chat --passthrough --agents demo | token_of)

port=8080
while curl -s -o /dev/null "http://127.0.0.1:$port/" || [ $? != 7 ]; do
    port=$((port + 1))
    [ $port -lt 8180 ] || die "no free port from 8080 to 8179"
done
cat >"$dir/lighttpd.conf" <<CONF
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "$dir"
server.errorlog = "$dir/lighttpd.log"
server.modules = ( "mod_fastcgi" )
server.stream-response-body = 1
fastcgi.server = ( "/api/v1/webhooks" => ((
    "bin-path" => "$build/magec-fcgi",
    "socket" => "$dir/magec.sock",
    "check-local" => "disable",
    "max-procs" => 1,
    "bin-environment" => ( "MAGEC_DB" => "$MAGEC_DB", "MAGEC_LOG" => "none", "MAGEC_ALLOW_ROOT" => "1" )
)))
CONF
lighttpd=$(command -v lighttpd || echo /usr/sbin/lighttpd)
"$lighttpd" -D -f "$dir/lighttpd.conf" &
server=$!
url=http://127.0.0.1:$port/api/v1/webhooks
tries=0
until curl -sf -o /dev/null "$url/health"; do
    kill -0 $server 2>/dev/null || { cat "$dir/lighttpd.log" >&2 && die "lighttpd did not start"; }
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$dir/lighttpd.log" >&2 && die "the responder does not answer"; }
    sleep 0.1
done

say "lighttpd on $url, the responder behind it; the agent is $agent."
say "1. Command mode: a stored prompt, no body. The reply is JSON."
# lighttpd wants a length with every POST: -d '' says that there is nothing
echo "curl -X POST $url/ci -H 'Authorization: Bearer $report' -d ''"
curl -sS -X POST "$url/ci" -H "Authorization: Bearer $report" -d '' || die "the call failed"
say "2. Passthrough mode: the prompt is in the body. The reply is streamed."
echo "curl -N -X POST $url/chat -H 'Authorization: Bearer $chat' -H 'Accept: text/event-stream' \\"
echo "  -d '{\"prompt\": \"The words of a stream arrive one by one\"}'"
curl -sSN -X POST "$url/chat" -H "Authorization: Bearer $chat" -H 'Accept: text/event-stream' \
    -d '{"prompt": "The words of a stream arrive one by one"}' || die "the call failed"
say "3. What was recorded (magec -d $MAGEC_DB runs list):"
magec runs list

[ $once = no ] || exit 0
say "Serving until Ctrl-C. Try the two curl lines above in another terminal; as plain text:"
echo "curl -N -X POST $url/chat -H 'Authorization: Bearer $chat' -H 'Accept: text/plain' -d 'Hello you'"
wait $server
