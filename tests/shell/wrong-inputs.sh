#!/bin/sh
# Two hundred requests that are wrong, or only strange: each gets the documented status and one sentence that
# helps, as a problem document without a path, a token or a program's name in it; and strange ones that are
# right get what they ask for. Through magec-fcgi as a plain CGI.
. "${0%/*}/lib.sh"
need python3 sqlite3

new_store
{
    magec backend add echo --type echo
    magec agent add parrot --backend echo
    magec agent add other --backend echo
    magec command add greeting --prompt 'good morning'
    magec client add form --passthrough --agents parrot
    magec client add report --command greeting --agents parrot
    magec client add off --passthrough --agents parrot --disabled
    magec client add nobody --passthrough
    magec client add lost --command greeting --agents parrot
} >"$tmp/clients" 2>"$tmp/warnings"
token_of() {
    sed -n "/client \"$1\"/,\$p" "$tmp/clients" | grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
form=$(token_of form) report=$(token_of report) off=$(token_of off) nobody=$(token_of nobody)
lost=$(token_of lost)
magec command add gone --prompt x >/dev/null
magec client set lost --command gone >/dev/null
magec command remove gone --force >/dev/null
magec client set lost --enable >/dev/null 2>&1 || sqlite3 "$MAGEC_DB" "UPDATE client SET enabled = 1 WHERE id = 'lost'"

rows=0
served=0
: >"$tmp/rows"

zeros() { # COUNT CHARACTER: as many of it
    head -c "$1" /dev/zero | tr '\0' "$2"
}

sends() { # FORMAT: what the next request carries, as printf writes it
    # shellcheck disable=SC2059 # it is a format
    printf -- "$1" >"$tmp/send"
}

record() { # NAME STATUS REGEX: of the response that is there
    rows=$((rows + 1))
    cp "$tmp/body" "$tmp/row.$rows"
    cp "$tmp/err" "$tmp/log.$rows"
    cat "$tmp/headers" >>"$tmp/all-headers"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$rows" "$2" "$status" "$rc" "$(header Content-Type)" "$3" "$1" \
        >>"$tmp/rows"
}

wrong() { # NAME STATUS REGEX METHOD PATH [VARIABLE=VALUE...]
    wrong_name=$1 wrong_status=$2 wrong_regex=$3
    shift 3
    cgi "$@" <"$tmp/send"
    record "$wrong_name" "$wrong_status" "$wrong_regex"
}

post() { # NAME STATUS REGEX [VARIABLE=VALUE...]: to the passthrough client, with its token
    post_name=$1 post_status=$2 post_regex=$3
    shift 3
    wrong "$post_name" "$post_status" "$post_regex" POST /api/v1/webhooks/form \
        HTTP_AUTHORIZATION="Bearer $form" "$@"
}

right() { # NAME RESPONSE: the last response is a success that says RESPONSE
    served=$((served + 1))
    record "$1" ok "$2"
}

says() { # NAME RESPONSE [VARIABLE=VALUE...]: the passthrough client takes it
    says_name=$1 says_response=$2
    shift 2
    cgi POST /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $form" "$@" <"$tmp/send"
    right "$says_name" "$says_response"
}

# ---- path and method

sends hello
for path in /api/v1/webhooks/ /api/v1/webhooks; do
    wrong "no client in $path" 404 'PATH_INFO' POST $path HTTP_AUTHORIZATION="Bearer $form"
done
wrong 'no path at all' 404 'nginx.*Apache.*lighttpd' POST '' HTTP_AUTHORIZATION="Bearer $form"
for path in form/ form/more ../form 'fo rm' 'fo%20rm' .form -form _form 'form;x' 'form&x' "$(printf 'f\303\266rm')" \
    "$(head -c 65 /dev/zero | tr '\0' a)" "$(head -c 5000 /dev/zero | tr '\0' a)"; do
    wrong "the path $(printf %.20s "$path")" 404 '^(no such path|the path is too long)' \
        POST "/api/v1/webhooks/$path" HTTP_AUTHORIZATION="Bearer $form"
done
for method in GET PUT PATCH DELETE OPTIONS TRACE post FOO; do
    wrong "the method $method" 405 'use POST' $method /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $form"
    like "$(header Allow)" '^POST$' "and Allow for $method"
done
cgi HEAD /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $form"
is "$rc $status $(header Allow) $(wc -c <"$tmp/body")" '0 405 POST 0' 'the method HEAD, without a body'
wrong 'no method' 405 'use POST' POST /api/v1/webhooks/form REQUEST_METHOD= HTTP_AUTHORIZATION="Bearer $form"
for method in PUT DELETE OPTIONS; do
    wrong "health is not for $method" 405 'use GET' $method /api/v1/webhooks/health
    is "$(header Allow)" 'GET, HEAD' "and Allow of health for $method"
done
wrong 'health is no client' 401 'not valid' POST /api/v1/webhooks/health HTTP_AUTHORIZATION="Bearer $form"
wrong 'nothing behind health' 404 'no such path' GET /api/v1/webhooks/health/
wrong 'a method of odd bytes' 405 'the method ".*" is not allowed: use POST' "$(printf 'G"\001\377T')" \
    /api/v1/webhooks/form
wrong 'a method without an end' 405 '"M{64}" is not allowed: use POST' "$(zeros 3000 M)" /api/v1/webhooks/form
for method in GET HEAD; do
    cgi $method /api/v1/webhooks/health
    is "$rc $status $(header Content-Type)" '0 200 text/plain' "health for $method"
done
is "$(wc -c <"$tmp/body")" 0 'which has no body for HEAD'
sends hello
says 'the path in SCRIPT_NAME alone' hello SCRIPT_NAME=/api/v1/webhooks/form PATH_INFO=
says 'the path in PATH_INFO alone' hello SCRIPT_NAME= PATH_INFO=/api/v1/webhooks/form
says 'a prefix before it' hello SCRIPT_NAME=/cgi-bin/magec.cgi PATH_INFO=/ai/api/v1/webhooks/form
says 'only the id in PATH_INFO' hello SCRIPT_NAME=/hooks PATH_INFO=/form

# ---- credentials

for value in '' ' ' 'Bearer' 'Bearer ' 'bearer  '; do
    wrong "no credentials: '$value'" 401 'no credentials arrived' POST /api/v1/webhooks/form \
        HTTP_AUTHORIZATION="$value"
done
like "$(header WWW-Authenticate)" '^Bearer$' 'a 401 names the scheme'
wrong 'no credentials at all' 401 'CGIPassAuth On' POST /api/v1/webhooks/form
for value in 'Basic dXNlcjpwYXNz' "Token $form" "$form" "Bearer$form" "Bearer:$form" 'Digest x'; do
    wrong "the scheme of '$(printf %.8s "$value")'" 401 'not of the scheme Bearer' POST /api/v1/webhooks/form \
        HTTP_AUTHORIZATION="$value"
done
upper=$(printf %s "$form" | tr a-f A-F)
for value in mgc_ x "${form}0" "${form%?}" "$upper" "$report" "x$form" "$form$form" \
    mgc_0000000000000000000000000000000000000000 "$(head -c 9000 /dev/zero | tr '\0' a)" "' OR 1=1 --"; do
    wrong "the token $(printf %.12s "$value")" 401 'not valid for this webhook' POST /api/v1/webhooks/form \
        HTTP_AUTHORIZATION="Bearer $value"
done
wrong 'an unknown client' 401 'not valid for this webhook' POST /api/v1/webhooks/unknown \
    HTTP_AUTHORIZATION="Bearer $form"
wrong 'a wrong token in our own header' 401 'not valid' POST /api/v1/webhooks/form HTTP_X_MAGEC_TOKEN=x
wrong 'the first header counts' 401 'not valid' POST /api/v1/webhooks/form HTTP_AUTHORIZATION='Bearer x' \
    HTTP_X_MAGEC_TOKEN="$form"
wrong 'a disabled client' 403 'disabled' POST /api/v1/webhooks/off HTTP_AUTHORIZATION="Bearer $off"
wrong 'our own header, twice the token' 401 'not valid' POST /api/v1/webhooks/form HTTP_X_MAGEC_TOKEN="$form$form"
wrong 'the redirected header after the first' 401 'not of the scheme' POST /api/v1/webhooks/form \
    HTTP_AUTHORIZATION='Basic eDp5' REDIRECT_HTTP_AUTHORIZATION="Bearer $form"
wrong 'a wrong token behind a redirect' 401 'not valid' POST /api/v1/webhooks/form \
    REDIRECT_HTTP_AUTHORIZATION="Bearer $report"
wrong 'a disabled client and a wrong token' 401 'not valid' POST /api/v1/webhooks/off \
    HTTP_AUTHORIZATION="Bearer $form"
for value in "bearer $form" "BEARER $form" "BeArEr   $form" "  Bearer $form" "Bearer $form " \
    "$(printf 'Bearer\t%s' "$form")"; do
    says "credentials as '$(printf %.9s "$value")'" hello HTTP_AUTHORIZATION="$value"
done
cgi POST /api/v1/webhooks/form REDIRECT_HTTP_AUTHORIZATION="Bearer $form" <"$tmp/send"
right 'credentials behind a redirect' hello
cgi POST /api/v1/webhooks/form HTTP_X_MAGEC_TOKEN="$form" <"$tmp/send"
right 'the token in our own header' hello
cgi POST /api/v1/webhooks/form HTTP_X_MAGEC_TOKEN="Bearer $form" <"$tmp/send"
right 'with a scheme, too' hello

# ---- the order of the checks: the first that fails is the one that is told

sends '\377'
wrong 'the path before the method' 404 'no such path' GET /api/v1/webhooks/a/b
wrong 'the method before the credentials' 405 'use POST' GET /api/v1/webhooks/form
wrong 'the credentials before the size' 401 'not valid' POST /api/v1/webhooks/form \
    HTTP_AUTHORIZATION='Bearer x' CONTENT_LENGTH=99999999999
wrong 'the credentials before the encoding' 401 'no credentials' POST /api/v1/webhooks/form \
    HTTP_CONTENT_ENCODING=gzip
wrong 'the credentials before the body' 401 'not valid' POST /api/v1/webhooks/form HTTP_AUTHORIZATION='Bearer x'
wrong 'disabled before the size' 403 'disabled' POST /api/v1/webhooks/off HTTP_AUTHORIZATION="Bearer $off" \
    CONTENT_LENGTH=99999999999
wrong 'disabled before the body' 403 'disabled' POST /api/v1/webhooks/off HTTP_AUTHORIZATION="Bearer $off"
wrong 'the size before the body' 413 'limit of 1 bytes' POST /api/v1/webhooks/form \
    HTTP_AUTHORIZATION="Bearer $form" CONTENT_LENGTH=2 MAGEC_MAX_BODY=1
wrong 'the body before the agents' 400 'UTF-8' POST /api/v1/webhooks/nobody HTTP_AUTHORIZATION="Bearer $nobody"
wrong 'the path before the store' 404 'no such path' POST /api/v1/webhooks/a/b MAGEC_DB="$tmp/none.db"
wrong 'the method before the store' 405 'use POST' GET /api/v1/webhooks/form MAGEC_DB="$tmp/none.db"
sends hello
post 'no room' 503 'too many calls' MAGEC_MAX_CALLS=0
like "$(header Retry-After)" '^[1-9][0-9]*$' 'and when to try again'

# ---- what is set up wrongly

wrong 'a client without agents' 500 'no agents.*magec client set nobody --agents' POST /api/v1/webhooks/nobody \
    HTTP_AUTHORIZATION="Bearer $nobody"
wrong 'a client without its command' 500 'no command.*magec client set lost --command' POST \
    /api/v1/webhooks/lost HTTP_AUTHORIZATION="Bearer $lost"

# ---- size and encoding

post 'declared too large' 413 'larger than the limit of 4194304 bytes' CONTENT_LENGTH=4194305
post 'over a limit that was set' 413 'limit of 4 bytes' MAGEC_MAX_BODY=4
post 'declared longer than it is' 400 'cut off' CONTENT_LENGTH=6
for value in x 1x -5 1.5 ' 5' 99999999999999999999 0x5; do
    post "the content length '$value'" 400 'content length' CONTENT_LENGTH="$value"
done
post 'chunked, without a length' 411 'Content-Length' CONTENT_LENGTH= HTTP_TRANSFER_ENCODING=chunked
for value in gzip br deflate 'gzip, identity' zstd x; do
    post "the content encoding $value" 415 'not understood' HTTP_CONTENT_ENCODING="$value"
done
post 'an encoding of odd bytes' 415 'not understood' HTTP_CONTENT_ENCODING="$(printf 'x\377"\001')"
post 'an encoding without an end' 415 '"e{64}" is not understood: send' HTTP_CONTENT_ENCODING="$(zeros 3000 e)"
post 'a length without an end' 400 '"9{64}" is not a number' CONTENT_LENGTH="$(zeros 3000 9)"
post 'a length of zero' 400 'empty' CONTENT_LENGTH=0
says 'exactly the limit' hello MAGEC_MAX_BODY=5
says 'what is more than declared is not read' hel CONTENT_LENGTH=3
says 'the encoding identity' hello HTTP_CONTENT_ENCODING=Identity
post 'no length is no body' 400 '(empty|white space)' CONTENT_LENGTH=

# ---- bodies: bytes

for bytes in '\377' 'abc\377' '\303' 'a\303(' '\300\257' '\340\200\200' '\355\240\200' '\364\220\200\200' '\200'; do
    sends "$bytes"
    post "the bytes $bytes" 400 'not valid UTF-8 at byte [0-9]' CONTENT_TYPE=text/plain
    post "the bytes $bytes as nothing in particular" 400 'not valid UTF-8' CONTENT_TYPE=application/octet-stream
done
sends 'a\000b'
post 'a NUL' 400 'NUL at byte 1' CONTENT_TYPE=text/plain
sends '{"prompt":"a\\u0000b"}'
post 'an escaped NUL' 400 'NUL' CONTENT_TYPE=application/json
for bytes in '' ' ' '\n\n' '\t \r\n'; do
    sends "$bytes"
    post "an empty prompt '$bytes'" 400 '(empty|white space)' CONTENT_TYPE=text/plain
    post "an empty document '$bytes'" 400 '(empty|white space|not JSON)' CONTENT_TYPE=application/json
done
for bytes in '{"prompt":""}' '{"prompt":"  "}' '{"prompt":"\\n"}'; do
    sends "$bytes"
    post "the empty prompt $bytes" 400 '(empty|white space)' CONTENT_TYPE=application/json
    post "the empty prompt $bytes, labelled text" 400 '(empty|white space)' CONTENT_TYPE=text/plain
done

# ---- bodies: JSON that is none

for bytes in '{' '}' '[' ']' '{"prompt"' '{"prompt":' '{"prompt":"x' '{"prompt":"x"' '{"prompt":"x",}' \
    '{"prompt":"x"}}' '{"prompt":"x"} x' "{'prompt':'x'}" '{prompt:"x"}' '{"prompt":x}' '{"prompt":"\\x"}' \
    '{"prompt":"\\u12"}' '{"prompt":"\\ud8"}' '{"a":01}' '{"a":1.}' '{"a":.5}' '{"a":+1}' '{"a":1e}' '{"a":--1}' \
    '{"a":NaN}' '{"a":Infinity}' '{"a":-Infinity}' '{"a":True}' '{"a":tru}' '{"a":nul}' '[1,]' '[,1]' '[1 2]' \
    '{"a" 1}' '{"a"::1}' '{,}' '{"a":1,,}' '/* x */ {}' '{} // x' '"x' 'hello' '{"prompt":"a\nb"}' '{"a":"\t"}'; do
    sends "$(printf %s "$bytes" | sed 's/%/%%/g')"
    post "no JSON: $(printf %s "$bytes" | tr '\n\t' '  ')" 400 'declared "application/json": not JSON at byte [0-9]+: ' \
        CONTENT_TYPE=application/json
done
sends '{"prompt":'
post 'no JSON, of a type of its own' 400 'not JSON at byte' CONTENT_TYPE='application/problem+json; charset=utf-8'
post 'no JSON, of a type without an end' 400 '"a/x{62}": not JSON at byte' CONTENT_TYPE="a/$(zeros 3000 x)+json"
zeros 600 '[' >"$tmp/send"
post 'nested too deeply' 400 'not JSON at byte [0-9]+' CONTENT_TYPE=application/json

# ---- bodies: agents

sends '{"prompt":"x","agent":"other"}'
post 'an agent of others' 403 'agent "other" is not one that this webhook may use' CONTENT_TYPE=application/json
sends '{"prompt":"x","agent":"no such"}'
post 'an agent that is not there' 403 'agent "no such"' CONTENT_TYPE=application/json
sends '{"alert":"cpu","agent":"other"}'
post 'an agent beside no prompt' 403 'agent "other"' CONTENT_TYPE=application/json
sends "{\"prompt\":\"x\",\"agent\":\"$(zeros 3000 a)\"}"
post 'an agent without an end' 403 'agent "a{64}" is not one that this webhook may use' CONTENT_TYPE=application/json
sends '{"prompt":"x","agent":"\\u0001\\"\\u2028"}'
post 'an agent of odd characters' 403 'is not one that this webhook may use' CONTENT_TYPE=application/json
sends '{"prompt":"x","agent":"a\\u0000"}'
post 'an agent with a NUL' 400 'NUL' CONTENT_TYPE=application/json
sends '{"prompt":"x","agent":"PARROT"}'
post 'an agent in another case' 403 'agent "PARROT"' CONTENT_TYPE=application/json
for bytes in 5 true '["parrot"]' '{"id":"parrot"}' 1.5; do
    sends "{\"prompt\":\"x\",\"agent\":$bytes}"
    says "the agent $bytes names none" x CONTENT_TYPE=application/json
done
sends 'prompt=x&agent=other'
post 'an agent in a form' 403 'agent "other"' CONTENT_TYPE=application/x-www-form-urlencoded

# ---- bodies: forms

for bytes in 'prompt=' 'prompt=+%%20' 'prompt=%%0A'; do
    sends "$bytes"
    post "the form $bytes" 400 '(empty|white space)' CONTENT_TYPE=application/x-www-form-urlencoded
done
for bytes in 'prompt=%%FF' 'a=%%C3' 'a=%%00' '%%FF=1' '%%00=1'; do
    sends "$bytes"
    post "the form $bytes" 400 '(field 1|UTF-8|NUL)' CONTENT_TYPE=application/x-www-form-urlencoded
done
python3 -c 'print("&".join(f"f{i}=1" for i in range(1001)), end="")' >"$tmp/send"
post 'a form of 1001 fields' 400 'more than 1000 fields' CONTENT_TYPE=application/x-www-form-urlencoded
multipart='multipart/form-data; boundary=XX'
for bytes in 'nothing' '--XX' '--XX\r\n' '--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx' \
    '--YY\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--YY--\r\n' \
    '--XX\r\n\r\nx\r\n--XX--\r\n' '--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n' \
    '--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\377\r\n--XX--\r\n' \
    '--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\r\n--XX--\r\n'; do
    sends "$bytes"
    post "the parts $(printf %.40s "$bytes")" 400 '(cut off|no name|UTF-8|empty|white space)' CONTENT_TYPE="$multipart"
done
for bytes in '--XX--\r\n' '--XX\n\nx\n--XX--\n' 'XX\r\n\r\nx\r\nXX--' \
    '--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--XXX\r\n' \
    '--XX x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--XX--' \
    '--XX\r\nContent-Type: text/plain; name="prompt"\r\n\r\nx\r\n--XX--' \
    '--XX\r\nContent-Disposition: form-data; name="prompt"\r\nx\r\n--XX--' \
    '\r\n--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\000\r\n--XX--'; do
    sends "$bytes"
    post "the form of parts $bytes" 400 '(cut off|no name|no fields|NUL)' CONTENT_TYPE="$multipart"
done
post 'parts with a boundary of 71' 400 '1 to 70 characters' CONTENT_TYPE="multipart/form-data; boundary=$(zeros 71 x)"
post 'parts without a boundary' 400 'no boundary' CONTENT_TYPE=multipart/form-data
post 'parts with an empty boundary' 400 'boundary' CONTENT_TYPE='multipart/form-data; boundary='

# ---- strange, but right

sends '{"prompt":"x"}'
for type in application/json text/plain application/x-www-form-urlencoded application/octet-stream '' nonsense \
    'text/plain;charset=UTF-8'; do
    says "JSON labelled '$type'" x CONTENT_TYPE="$type"
done
for bytes in '{"a":1}' '[1,2]' '"a string"' 17 null '{"prompt":5}' '{"prompt":null,"x":1}' '{}'; do
    sends "$bytes"
    says "the document $bytes is its text" "$bytes" CONTENT_TYPE=application/json
done
sends 'disk=91%% full'
says 'a form that is none' 'disk: 91% full' CONTENT_TYPE=application/x-www-form-urlencoded
sends 'just words'
says 'words labelled as a form' 'just words' CONTENT_TYPE=application/x-www-form-urlencoded
sends '{half a document'
says 'text that begins like JSON' '{half a document' CONTENT_TYPE=text/plain
sends hello
for accept in '' '*/*' text/html 'application/*' ';;;,,' 'application/json;q=nan' 'text/event-stream;q=0'; do
    says "the accept '$accept' is JSON" hello HTTP_ACCEPT="$accept"
done

while IFS='|' read -r accept type; do
    cgi POST /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $form" HTTP_ACCEPT="$accept" <"$tmp/send"
    served=$((served + 1))
    is "$rc $status $(header Content-Type)" "0 200 $type" "the accept '$accept'"
done <<'TABLE'
text/event-stream|text/event-stream; charset=utf-8
TEXT/Event-Stream|text/event-stream; charset=utf-8
application/json;q=0.5, text/event-stream|text/event-stream; charset=utf-8
text/html, text/event-stream;q=0.1|text/event-stream; charset=utf-8
text/event-stream, text/plain|text/event-stream; charset=utf-8
text/plain|text/plain; charset=utf-8
text/plain;charset=utf-8|text/plain; charset=utf-8
text/plain, application/json|text/plain; charset=utf-8
text/event-stream;q=0.2,text/plain;q=0.3|text/plain; charset=utf-8
application/json, text/event-stream|application/json
text/plain;q=0, application/json;q=0.001|application/json
TABLE
sends '{"prompt":'
for accept in text/event-stream text/plain text/html; do
    post "a refusal for the accept $accept is a problem document" 400 'not JSON' CONTENT_TYPE=application/json \
        HTTP_ACCEPT="$accept"
    wrong "a 401 for the accept $accept is one, too" 401 'not valid' POST /api/v1/webhooks/form \
        HTTP_AUTHORIZATION='Bearer x' HTTP_ACCEPT="$accept"
done

# ---- command mode: whatever it is means nothing

for bytes in '' '{"prompt":"other","agent":"other"}' '\377\000' '{"prompt":'; do
    sends "$bytes"
    for type in '' application/json multipart/form-data text/plain; do
        cgi POST /api/v1/webhooks/report HTTP_AUTHORIZATION="Bearer $report" CONTENT_TYPE="$type" <"$tmp/send"
        right "command mode: '$bytes' as '$type'" 'good morning'
    done
done
sends hello
for value in '' 0 3 99 -1 x 99999999999 99999999999999999999; do
    cgi POST /api/v1/webhooks/report HTTP_AUTHORIZATION="Bearer $report" CONTENT_LENGTH="$value" \
        HTTP_CONTENT_ENCODING=gzip HTTP_TRANSFER_ENCODING=chunked MAGEC_MAX_BODY=1 <"$tmp/send"
    right "command mode: the length '$value', gzip" 'good morning'
done

# ---- a store that cannot be used: the caller learns nothing of it, the log does

broken() { # NAME REGEX: with the store in $tmp/broken.db
    cgi POST /api/v1/webhooks/form HTTP_AUTHORIZATION="Bearer $form" MAGEC_DB="$tmp/broken.db" <"$tmp/send"
    record "$1" 500 'operator'
    like "$(cat "$tmp/err")" "$2" "$1: the log says it"
    cgi GET /api/v1/webhooks/health MAGEC_DB="$tmp/broken.db" </dev/null
    record "$1: health" 503 'operator'
}

broken 'no store' 'no store at .*broken.db.*magec init'
: >"$tmp/broken.db"
broken 'an empty store' 'empty'
echo 'this is not a database, but it is long enough to look like a file of some kind, is it not' >"$tmp/broken.db"
broken 'no database' 'not a store'
cp "$MAGEC_DB" "$tmp/broken.db"
sqlite3 "$tmp/broken.db" 'PRAGMA user_version = 999' >/dev/null
broken 'a store of a newer version' 'newer version.*upgrade'
rm -f "$tmp"/broken.db*
sqlite3 "$tmp/broken.db" 'CREATE TABLE other (x)'
broken 'a database of others' 'not a store of this program'
rm -f "$tmp"/broken.db*
mkdir "$tmp/broken.db"
broken 'a folder' 'not a file'
rmdir "$tmp/broken.db"
ln -s broken.db "$tmp/broken.db"
broken 'a link to itself' 'broken.db.*cannot be opened'
rm -f "$tmp/broken.db"
sqlite3 "$MAGEC_DB" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
head -c 5000 "$MAGEC_DB" >"$tmp/broken.db"
broken 'half a store' 'damaged'
rm -f "$tmp"/broken.db*

# Nobody can reach what is in the folder of a test.
nobody_else='setpriv --reuid 65534 --regid 65534 --clear-groups'
if [ -n "${MAGEC_WRAP-}" ] || ! $nobody_else test -x "$top_builddir/magec-fcgi" 2>/dev/null; then
    skip 'another user cannot be had here'
else
    cp "$MAGEC_DB" "$tmp/broken.db"
    MAGEC_WRAP=$nobody_else
    broken 'a store of somebody else' 'Permission denied.*this user needs permission'
    MAGEC_WRAP=
fi

# ---- all of them at once

MAGEC_TMP=$tmp python3 - "$tmp/rows" <<'PY' >"$tmp/verdict"
import json, os, re, sys

tmp = os.environ["MAGEC_TMP"]
count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    row, want, status, rc, kind, regex, name = line.rstrip("\n").split("\t", 6)
    count += 1
    wrong = []
    text = open(f"{tmp}/row.{row}", encoding="utf-8").read()
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
        wrong.append("the body is no JSON")
    if rc != "0":
        wrong.append(f"exit status {rc}")
    if want == "ok":
        if status != "200" or document.get("response") != regex:
            wrong.append(f"status {status}, response {document.get('response')!r}, not {regex!r}")
    else:
        detail = str(document.get("detail", ""))
        if not re.fullmatch(want, status):
            wrong.append(f"status {status}, not {want}")
        if str(document.get("status")) != status:
            wrong.append("the document has another status")
        if kind != "application/problem+json":
            wrong.append(f"type {kind}")
        if document.get("ok") is not False or document.get("error") != detail:
            wrong.append("no ok and error")
        if not re.search(regex, detail):
            wrong.append(f"{detail!r} does not match {regex!r}")
        if not detail or detail[0].isupper() or "\n" in detail or detail.endswith(".") or len(detail) > 500:
            wrong.append(f"not one sentence: {detail!r}")
    log = open(f"{tmp}/log.{row}", encoding="utf-8", errors="replace").read()
    if log.count("\n") != 1 or not log.startswith("time="):
        wrong.append(f"not one line in the log: {log!r}")
    if re.search("mgc_[0-9a-f]{40}", log):
        wrong.append("it logs a token")
    if tmp in text or re.search("mgc_[0-9a-f]{40}", text):
        wrong.append("it tells a path or a token")
    for w in wrong:
        print(f"{name}: {w}")
print(f"rows {count}")
PY
is "$(grep -v '^rows' "$tmp/verdict")" '' 'every row is answered as documented'
rows=$(sed -n 's/^rows //p' "$tmp/verdict")
refused=$(awk -F '\t' '$2 != "ok"' "$tmp/rows" | wc -l)
ok "$((refused)) of them are refused, at least 200" test "$refused" -ge 200
not_ok 'no path and no token in a header' grep -Ei "$tmp|mgc_" "$tmp/all-headers"
ok "$rows rows, at least 200 of them" test "${rows:-0}" -ge 200
is "$(sqlite3 "$MAGEC_DB" 'PRAGMA integrity_check')" ok 'the store is whole'
is "$(sqlite3 "$MAGEC_DB" "SELECT count(*), count(*) FILTER (WHERE status = 'ok') FROM run")" "$served|$served" \
    'every success is a run, and no refusal is'
done_testing
