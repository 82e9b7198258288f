# The list that every web server is put through. Sourced behind servers.sh, by a test that defines
# start_server and says
#   $cut       whether the server passes on that a response was cut off
#   $bodyless  whether it takes a POST with neither body nor length (lighttpd says 411 by itself)
# shellcheck shell=sh
# shellcheck disable=SC2154

start_upstream() {
    start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/upstream.port" \
        --log "$tmp/upstream.calls"
    wait_for 10 test -s "$tmp/upstream.port" || fail 'the upstream listens'
}

make_clients() {
    magec backend add upstream --type openai --url "http://127.0.0.1:$(cat "$tmp/upstream.port")/v1"
    magec agent add talker --backend upstream --model words:200:50
    magec client add model --passthrough --agents talker
    magec backend add echo --type echo
    magec backend add slow --type echo --delay 50ms
    magec backend add broken --type exec -- /bin/sh -c 'echo half; exit 3'
    magec agent add parrot --backend echo
    magec agent add snail --backend slow
    magec agent add breaker --backend broken
    magec command add greeting --prompt 'good morning'
    magec client add form --passthrough --agents parrot
    magec client add report --command greeting --agents parrot,snail
    magec client add stream --passthrough --agents snail
    magec client add half --passthrough --agents breaker
}

prompt_is() { # PROMPT NAME: the JSON reply says it
    is "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["response"])' <"$tmp/body")" "$1" "$2"
}

check_documented_calls() {
    token=$report
    if [ "$bodyless" = yes ]; then
        call report
    else
        call report -d ''
    fi
    is "$status" 200 'command mode without a body'
    prompt_is 'good morning
---
good morning' 'every allowed agent answers, in order'
    call report -d '{"prompt": "something else", "agent": "nobody"}'
    prompt_is 'good morning
---
good morning' 'command mode does not read the body'
    head -c 2000000 /dev/urandom >"$tmp/random"
    call report -H 'Content-Type: image/png' --data-binary "@$tmp/random"
    is "$status" 200 'command mode with 2 MB of noise'
    token=$form
    call form -H 'Content-Type: application/json' -d '{"prompt": "Analyze this error"}'
    prompt_is 'Analyze this error' 'passthrough with a content type'
    call form -d '{"prompt": "Analyze this error"}'
    prompt_is 'Analyze this error' "passthrough with curl's own content type"
    call form -H 'Content-Type: text/plain;charset=UTF-8' -d '{"prompt": "from a browser"}'
    prompt_is 'from a browser' 'JSON that is labelled text/plain'
    call form --data-urlencode 'prompt=a form & more'
    prompt_is 'a form & more' 'a form'
    call form -H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' -d 'in chunks'
    prompt_is 'in chunks' 'a chunked body'
    python3 -c 'print("word " * 200000)' >"$tmp/large"
    call form -H 'Content-Type: text/plain' --data-binary "@$tmp/large"
    is "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)["response"]))' <"$tmp/body")" \
        1000001 '1 MB there and back'
}

check_refusals() {
    token=$form
    call nobody -d hello
    is "$status" 401 'an unknown client'
    token=mgc_0000000000000000000000000000000000000000
    call form -d hello
    is "$status" 401 'a wrong token'
    like "$(header WWW-Authenticate)" '^Bearer$' 'the scheme is named'
    is "$(curl -s -o "$tmp/body" -w '%{http_code}' -X POST "$url/form" -d hello)" 401 'no credentials'
    like "$(body)" 'web server' 'the web server is suspected'
    is "$(curl -s -o "$tmp/body" -w '%{http_code}' -X POST "$url/form" -d hello \
        -H "X-Magec-Token: $form")" 200 'the token in a header of our own'
    is "$(curl -s -o /dev/null -D "$tmp/headers" -w '%{http_code}' "$url/form")" 405 'GET'
    like "$(header Allow)" '^POST' 'what is allowed'
    token=$form
    call form -d '  '
    is "$status" 400 'an empty prompt'
    call form -H 'Content-Type: application/json' -d '{"prompt": '
    is "$status" 400 'half a document'
    call form -d '{"prompt": "x", "agent": "snail"}'
    is "$status" 403 'an agent that is not allowed'
    head -c 5000000 /dev/zero | tr '\0' a >"$tmp/too-large"
    call form -H 'Expect:' --data-binary "@$tmp/too-large"
    is "$status" 413 'a body over the limit'
    like "$(header Content-Type)" '^application/problem.json' 'problems are documents'
    call form -H 'Proxy: http://127.0.0.1:1' -d hello
    is "$status" 200 'a Proxy header means nothing'
}

# The time of the first event, of the last one, and how many texts came one by one.
check_stream() {
    token=$stream
    curl -sSN -X POST "$url/stream" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' \
        -d '{"prompt": "a b c d e f g h i j k l m n o p"}' | python3 -c '
import sys, time
first = None
text = ""
for line in sys.stdin:
    first = first or time.monotonic()
    last = time.monotonic()
    text += line
print("early" if last - first > 0.4 else "late", text.count("event: delta"))
print(text)' >"$tmp/stream"
    is "$(head -n 1 "$tmp/stream")" 'early 16' 'a stream arrives while it is made'
    like "$(cat "$tmp/stream")" '^event: start' 'it begins with start'
    like "$(cat "$tmp/stream")" '^event: done' 'it ends with done'
    unlike "$(cat "$tmp/stream")" '^event: error' 'without an error'
    call stream -H 'Accept: text/plain' -d 'just the text'
    is "$(body)" 'just the text' 'plain text is the text and nothing else'
    token=$half
    call half -H 'Accept: text/plain' -d x
    [ "$cut" = no ] || isnt "$rc" 0 'plain text that fails is cut off'
    is "$(body)" half 'behind what was said'
    call half -H 'Accept: text/event-stream' -d x
    like "$(body)" '^event: error' 'events that fail end with error'
    unlike "$(body)" '^event: done' 'and not with done'
    call half -d x
    is "$status" 502 'JSON that fails has the status'
    like "$(body)" 'exited with status 3' 'and the reason'
}

check_many() {
    token=$stream
    i=0
    pids=
    while [ $i -lt 64 ]; do
        curl -s -o "$tmp/many.$i" -X POST "$url/stream" -H "Authorization: Bearer $stream" \
            -d "call number $i" &
        pids="$pids $!"
        i=$((i + 1))
    done
    # shellcheck disable=SC2086 # a list of processes
    wait $pids
    is "$(cat "$tmp"/many.* | grep -c '"ok":true')" 64 '64 calls at once'
}

upstream_closed() { # its log has a call that its client left
    grep -q '"closed": [0-9]' "$tmp/upstream.calls" 2>/dev/null
}

canceled() {
    [ "$(sqlite3 "$MAGEC_DB" "SELECT status FROM run ORDER BY n DESC LIMIT 1")" = canceled ]
}

check_hangup() {
    curl -sN -m 0.6 -o "$tmp/left" -X POST "$url/model" -H "Authorization: Bearer $model" \
        -H 'Accept: text/event-stream' -d hello
    like "$(cat "$tmp/left")" '^event: delta' 'a caller that hears a model'
    ok 'hangs up, and within a second the upstream connection is closed' wait_for 1 upstream_closed
    ok 'and the run is canceled' wait_for 1 canceled
}

nothing_open() {
    [ "$(sqlite3 "$MAGEC_DB" "SELECT count(*) FROM run WHERE owner IS NOT NULL")" = 0 ]
}

run_checks() {
    need curl sqlite3 python3
    new_store
    start_upstream
    make_clients >"$tmp/clients"
    model=$(sed -n '/client "model"/,$p' "$tmp/clients" | token_of)
    form=$(sed -n '/client "form"/,$p' "$tmp/clients" | token_of)
    report=$(sed -n '/client "report"/,$p' "$tmp/clients" | token_of)
    stream=$(sed -n '/client "stream"/,$p' "$tmp/clients" | token_of)
    half=$(sed -n '/client "half"/,$p' "$tmp/clients" | token_of)
    start_server
    is "$(curl -s "$url/health")" ok 'health'
    check_documented_calls
    check_refusals
    check_stream
    check_many
    check_hangup
    ok 'no run is left open' wait_for 5 nothing_open
    stop "$server"
    ok 'the store is whole' test "$(sqlite3 -cmd '.timeout 5000' "$MAGEC_DB" 'PRAGMA integrity_check')" = ok
    done_testing
}
