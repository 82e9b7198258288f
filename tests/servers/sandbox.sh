#!/bin/sh
# What a responder gave up once it started: what it and its programs can still do, and what they say when they cannot.
# shellcheck disable=SC2016 # programs for other shells
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3 curl
fcgi_program=$top_builddir/magec-fcgi

# Temporary files may be written, so what is outside has to be elsewhere.
outside=$(mktemp -d "${HOME:-/root}/.magec-test.XXXXXX") || skip_all 'there is no home to write to'
echo precious >"$outside/private"
echo a-key >"$outside/key"
mkdir "$outside/tool" "$outside/data"
printf '#!/bin/sh\ncat "$0.txt"\n' >"$outside/tool/run"
echo beside >"$outside/tool/run.txt"
chmod +x "$outside/tool/run"
cp "$outside/tool/run" "$outside/other"
echo other >"$outside/other.txt"

echo 'import beside' >"$outside/data/main.py"
echo 'print("imported")' >"$outside/data/beside.py"

asks() { # AGENT: the reply's text, or the error
    fcgi say --client any --token "$token" --body "{\"agent\": \"$1\", \"prompt\": \"x\"}"
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(d.get("response") or d.get("error"))' <"$tmp/body"
}

program() { # NAME COMMAND...: an exec agent of that name
    program_name=$1
    shift
    magec backend add "$program_name" --type exec --env PATH --env "SECRET=$outside/private" -- "$@" >/dev/null
    magec agent add "$program_name" --backend "$program_name" >/dev/null
    magec client set any --agents "$(magec agent list --json | python3 -c 'import json, sys
print(",".join(a["id"] for a in json.load(sys.stdin)))')" >/dev/null
}

new_store
magec backend add echo --type echo >/dev/null
magec agent add echo --backend echo >/dev/null
token=$(magec client add any --passthrough --agents echo | token_of)

# --- no programs

serve
like "$(cat "/proc/$responder/status")" '^NoNewPrivs:.*1$' 'it gets no new privileges'
like "$(cat "/proc/$responder/limits")" '^Max core file size  *0  *0 ' 'it leaves no core'
is "$(asks echo)" x 'it does its work'
if grep -q 'no Landlock' "$tmp/responder.log"; then
    stop "$responder"
    skip 'this kernel has no Landlock' 20
    rm -rf "$outside"
    done_testing
fi
program late /bin/echo no
asks late >/dev/null
like "$(cat "$tmp/responder.log")" 'cannot start .*/bin/echo.*: Permission denied; the sandbox has what was configured when' \
    'a program that was configured behind its back says so'
magec backend add keyed --type openai --url http://127.0.0.1:1/v1 --key "file:$outside/key" >/dev/null
magec agent add keyed --backend keyed >/dev/null
magec client set any --agents keyed,late,echo >/dev/null
asks keyed >/dev/null
like "$(cat "$tmp/responder.log")" 'cannot read the key file .*/key.*: Permission denied; the sandbox' 'so does a key file'
stop "$responder"
is "$rc" 0 'it ends well'
not_ok 'with its socket' test -e "$tmp/magec.sock"

# --- programs that are known when it starts

program named "$outside/tool/run"
program reader /bin/sh -c 'cat "$SECRET"'
program writer /bin/sh -c 'echo no >>"$SECRET" && echo written'
program temporary /bin/sh -c 'f=$(mktemp) && echo well >"$f" && cat "$f" && rm "$f"'
program folder /bin/sh -c 'echo kept >"$1/new" && cat "$1/new"' sh "$outside/data"
program module /usr/bin/python3 "$outside/data/main.py"
program elsewhere /bin/sh -c "'$outside'/oth''er"
serve
is "$(asks late)" no 'after a restart it runs'
like "$(asks keyed)" 'cannot connect|refused' 'and a key is read'
is "$(asks named)" beside 'a program is run wherever it is, and has what is beside it'
[ ! -x /usr/bin/python3 ] || is "$(asks module)" imported 'so has a script'
like "$(asks reader)" 'ermission denied' 'a program reads nothing that is not named'
like "$(asks writer)" 'ermission denied' 'nor writes it'
is "$(cat "$outside/private")" precious 'so it stays as it was'
is "$(asks temporary)" well 'temporary files are its own business'
is "$(asks folder)" kept 'a folder that is named can be written'
like "$(asks elsewhere)" 'ermission denied; the sandbox has' 'a program that is not named is not run'
stop "$responder"

serve --allow-write "/nowhere:$outside"
is "$(asks writer)" written '--allow-write lets programs write more'
stop "$responder"
serve --no-sandbox
is "$(asks elsewhere)" other '--no-sandbox lets them run what they like'
like "$(cat "/proc/$responder/status")" '^NoNewPrivs:.*0$' 'with what privileges they like'
stop "$responder"

# --- root

if [ "$(id -u)" = 0 ]; then
    run env -u MAGEC_ALLOW_ROOT "$fcgi_program" --listen "unix:$tmp/root.sock"
    is "$rc" 64 'root is refused'
    like "$(cat "$tmp/err")" '^magec-fcgi: it is not to run as root: .* --allow-root$' 'with the remedy'
    cgi POST /api/v1/webhooks/any MAGEC_ALLOW_ROOT=no HTTP_AUTHORIZATION="Bearer $token" </dev/null
    is "$status" 500 'as a CGI, too'
else
    skip 'this is not root' 3
fi
rm -rf "$outside"
done_testing
