# The list that every web server is put through. Sourced behind servers.sh, by a test that defines
# start_server and says what the server is like:
#   $cut       whether it passes on that a response was cut off: "no", "yes", or "page", which is an error page of
#              its own behind what was said
#   $bodyless  whether it takes a POST with neither body nor length (lighttpd says 411 by itself)
#   $chunked   whether the length of a body that comes in chunks is told to a CGI, which needs it ("no" is a 411)
#   $patient   whether it can be told to bear silence
#   $early     whether a refusal arrives while the request's body is still coming
#   $sockets   a pattern of names of sockets that it leaves itself when it is stopped
#   $processes how many responders a server starts that does not start one for each call
#   $beside    the process of a second responder, if there is one
#   $kind      who starts the responder: "apart" (nobody here: it is $responder), "spawned" (the server),
#              "cgi" (the server, for every call)
# A line "# --- NAME" stands before the results of each part, "# fact: ..." says what is as it is.
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
    magec agent add brief --backend upstream --model words:3
    magec client add model --passthrough --agents talker,brief
    magec backend add echo --type echo
    magec backend add slow --type echo --delay 50ms
    magec backend add late --type echo --delay 3s
    magec backend add broken --type exec -- /bin/sh -c 'echo half; exit 3'
    magec agent add parrot --backend echo
    magec agent add snail --backend slow
    magec agent add breaker --backend broken
    magec agent add mute --backend late
    magec command add greeting --prompt 'good morning'
    magec client add form --passthrough --agents parrot
    magec client add report --command greeting --agents parrot,snail
    magec client add stream --passthrough --agents snail
    magec client add half --passthrough --agents breaker
    magec client add silent --passthrough --agents mute
    magec client add --probe
}

part() { # NAME
    diag "--- $1"
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
    # A NUL would be the reason of a refusal, now and then.
    head -c 2000000 /dev/urandom | LC_ALL=C tr '\000' '\377' >"$tmp/random"
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
}

there_and_back() { # BYTES NAME [CURL OPTION...]: a text comes back as it was
    there_bytes=$1 there_name=$2
    shift 2
    python3 -c 'import sys; print(("\u00e4\u20ac\u4e16w" * int(sys.argv[1]))[:int(sys.argv[1]) // 3], end="")' \
        "$there_bytes" >"$tmp/there"
    call form -H 'Content-Type: text/plain' --data-binary "@$tmp/there" "$@"
    python3 "$top_srcdir/tests/peers/look.py" member "$tmp/body" response >"$tmp/back"
    is "$status $(sum <"$tmp/back")" "200 $({ cat "$tmp/there" && echo; } | sum)" "$there_name there and back"
}

check_bodies() {
    token=$form
    there_and_back 3 '3 bytes'
    there_and_back 3000 '3 kB'
    there_and_back 140000 '140 kB'
    there_and_back 1000000 '1 MB'
    if [ "${chunked-}" = no ]; then
        call form -H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' -d 'in chunks'
        is "$status" 411 'a body in chunks cannot be taken'
        diag 'fact: a body in chunks is a 411'
    else
        there_and_back 1000 '1 kB in chunks' -H 'Transfer-Encoding: chunked'
        there_and_back 1000000 '1 MB in chunks' -H 'Transfer-Encoding: chunked'
    fi
    there_and_back 300000 '300 kB behind Expect' -H 'Expect: 100-continue'
    there_and_back 3000 'no Expect' -H 'Expect:'
    call form -d ''
    is "$status" 400 'nothing'
    call form -H 'Content-Type: application/octet-stream' --data-binary "@$tmp/random"
    is "$status" 400 '2 MB of noise are no prompt'
    like "$(body)" 'UTF-8' 'and the reason is said'
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
    is "$(curl -s -o /dev/null -w '%{http_code}' -u form:secret "$url/form" -d hello)" 401 'credentials of another kind'
    token=$report
    call form -d hello
    is "$status" 401 "another client's token"
    token=
    call form -d hello
    is "$status" 401 'an empty token'
    is "$(curl -s -o "$tmp/body" -w '%{http_code}' -X POST "$url/form" -d hello \
        -H "X-Magec-Token: $form")" 200 'the token in a header of our own'
    is "$(curl -s -o /dev/null -D "$tmp/headers" -w '%{http_code}' "$url/form")" 405 'GET'
    like "$(header Allow)" '^POST' 'what is allowed'
    is "$(curl -s -o /dev/null -w '%{http_code}' -X PUT "$url/form" -d x)" 405 'PUT'
    is "$(curl -s -o /dev/null -w '%{http_code}' "$url/form/more")" 404 'a path that is none'
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
    token=$model
    call model -H 'Proxy: http://127.0.0.1:1' -d '{"prompt": "x", "agent": "brief"}'
    prompt_is 'word1 word2 word3 ' 'a Proxy header means nothing'
    is "$(python3 "$top_srcdir/tests/peers/upload.py" "$url/form" wrong)" "$early 401" \
        "a large body of somebody who may not: the refusal is $early"
    diag "fact: a refusal, while a large body is still coming, is $early"
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
    case $cut in
    yes) isnt "$rc" 0 'plain text that fails is cut off' ;;
    page) like "$(body)" '<title>' 'behind plain text that fails there is an error page' ;;
    *) is "$rc" 0 'plain text that fails just ends' ;;
    esac
    diag "fact: plain text that fails is cut off: $cut"
    is "$(head -n 1 "$tmp/body")" half 'what was said is there'
    call half -H 'Accept: text/event-stream' -d x
    like "$(body)" '^event: error' 'events that fail end with error'
    unlike "$(body)" '^event: done' 'and not with done'
    call half -d x
    is "$status" 502 'JSON that fails has the status'
    like "$(body)" 'exited with status 3' 'and the reason'
}

# What an operator would see: nothing to be changed, up to what cannot be.
check_probe() {
    said=
    [ "${chunked-}" != no ] || said='note chunked'
    set -- --silence 3s
    [ "${patient-}" != no ] || {
        set --
        said="$said,skipped silence"
    }
    client_token probe >"$tmp/probe.token"
    run magec probe "$url/probe" -d "$MAGEC_DB" --token-file "$tmp/probe.token" "$@"
    is "$rc $(sed -nE 's/^(note|wrong|unknown|skipped) +([a-z-]*).*/\1 \2/p' "$tmp/out" | paste -sd, -)" \
        "0 $said" 'magec probe says all is well'
    is "$(grep -c '^ok ' "$tmp/out")" $((12 - $(printf %s "${said:+$said,}" | tr -cd , | wc -c))) 'of everything else'
    [ "$rc" -eq 0 ] || diag_file "$tmp/out"
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
    [ "$(sql "SELECT status FROM run ORDER BY n DESC LIMIT 1")" = canceled ]
}

check_hangup() {
    curl -sN -m 0.6 -o "$tmp/left" -X POST "$url/model" -H "Authorization: Bearer $model" \
        -H 'Accept: text/event-stream' -d hello
    like "$(cat "$tmp/left")" '^event: delta' 'a caller that hears a model'
    ok 'hangs up, and within a second the upstream connection is closed' wait_for 1 upstream_closed
    ok 'and the run is canceled' wait_for 1 canceled
}

# Servers that give up a silent connection would do so within two seconds here, but for what contrib/ says.
check_silence() {
    token=$silent
    curl -sSN -X POST "$url/silent" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' \
        -d hello >"$tmp/silent" 2>&1 &
    events=$!
    ( sleep 2 && cp "$tmp/silent" "$tmp/silent-early" ) &
    copy=$!
    call silent -d hello
    if [ "${patient-}" = no ]; then
        is "$status" 504 'a JSON reply after 3 s of silence is too late'
        diag 'fact: how long a JSON reply may take is said by whoever has the server'
    else
        is "$status" 200 'a JSON reply after 3 s of silence'
    fi
    wait $events $copy
    like "$(cat "$tmp/silent-early")" '^event: start' 'a stream begins before its agent speaks'
    like "$(cat "$tmp/silent-early")" '^:' 'and is kept alive'
    is "$(grep -c '^event: d' "$tmp/silent")" 2 'to its end'
}

open_runs() { # COUNT
    [ "$(sql "SELECT count(*) FROM run WHERE owner IS NOT NULL")" -eq "$1" ]
}

responders() { # the processes of responders on our store, whoever started them
    for responders_pid in $(pgrep -x magec-fcgi); do
        ! tr '\0' '\n' 2>/dev/null <"/proc/$responders_pid/environ" | grep -qxF "MAGEC_DB=$MAGEC_DB" ||
            echo "$responders_pid"
    done
}

no_responders() {
    [ -z "$(responders)" ]
}

begin_calls() { # WORDS: four streamed calls, and waits until they are in flight
    call_pids=
    for i in 1 2 3 4; do
        curl -sSN -o "$tmp/flight.$i" -X POST "$url/stream" -H "Authorization: Bearer $stream" \
            -H 'Accept: text/event-stream' -d "$(seq -s ' ' 1 "$1")" 2>/dev/null &
        call_pids="$call_pids $!"
    done
    ok 'calls are in flight' wait_for 15 open_runs 4
}

end_calls() {
    # shellcheck disable=SC2086 # a list of processes
    wait $call_pids
}

health_status() {
    curl -s -o /dev/null -w '%{http_code}' "$url/health"
}

check_restart() {
    if [ "$kind" = cgi ]; then
        diag 'fact: there is no responder to restart: each call has its own'
        return
    fi
    begin_calls 30
    if [ "$kind" = apart ]; then
        kill -s TERM "$responder"
        if [ -n "${beside-}" ]; then
            ok 'the socket is gone' wait_for 2 test ! -e "$tmp/magec.sock"
            token=$form
            call form -d hello
            is "$status" 200 'a call meanwhile is answered by the other one'
            ok 'so far both had calls' grep -q 'agents=' "$tmp/responder.log"
            ok 'so far both had calls' grep -q 'agents=' "$tmp/other.log"
        fi
    else
        [ -z "${processes-}" ] || is "$(responders | wc -l)" "$processes" 'there is one responder'
        # shellcheck disable=SC2046 # a list of processes
        kill -s TERM $(responders)
    fi
    end_calls
    is "$(cat "$tmp"/flight.* | grep -c '^event: done')" 4 'the responder stops: its calls come to their ends'
    [ "$kind" != apart ] || {
        stop "$responder"
        is "$rc" 0 'it ends well'
        [ -n "${beside-}" ] || like "$(health_status)" '^50[234]$' 'nobody is there'
        start_responder --log stderr --heartbeat 500ms
        ${other_user:+to_web_user}
        ok 'somebody is there again, and that is soon known' wait_for 3 answers
    }
    [ "$kind" = apart ] || ok 'and another one answers' wait_for 10 answers
}

# Whatever becomes of the calls: each is in the store, and none of them is left open.
check_stop() {
    before=$(sql 'SELECT max(n) FROM run')
    begin_calls 60
    stop "$server"
    isnt "$rc" 137 'the server stops in the middle of calls, by itself'
    end_calls
    [ "$kind" != apart ] || ok 'they are ended' wait_for 10 open_runs 0
    [ "$kind" != apart ] || stop "$responder"
    [ -z "${beside-}" ] || stop "$beside"
    ok 'no process is left' wait_for 10 no_responders
    is "$(find "$tmp" -type s ! -name "${sockets-}")" '' 'nor a socket'
    [ -z "${sockets-}" ] ||
        diag "fact: sockets of the server's own are left: $(find "$tmp" -type s -name "$sockets" | wc -l)"
    start_responder
    is "$(sql "SELECT count(*) FROM run WHERE n > $before")" 4 'all of them are recorded'
    ok 'no run is left open' wait_for 5 open_runs 0
    diag "fact: calls in the middle of which it is stopped end as $(sql "SELECT group_concat(DISTINCT status) FROM run WHERE n > $before")"
    stop "$responder"
    ok 'the store is whole' test "$(sql 'PRAGMA integrity_check')" = ok
}

client_token() { # CLIENT
    sed -n "/client \"$1\"/,\$p" "$tmp/clients" | token_of
}

run_checks() {
    need curl sqlite3 python3 pgrep
    new_store
    start_upstream
    make_clients >"$tmp/clients"
    model=$(client_token model) form=$(client_token form) report=$(client_token report)
    stream=$(client_token stream) half=$(client_token half) silent=$(client_token silent)
    start_server
    is "$(curl -s "$url/health")" ok 'health'
    [ "$tap_failed" -eq 0 ] || done_testing
    for run_part in documented_calls bodies refusals stream silence probe many hangup restart stop; do
        part "$run_part"
        "check_$run_part"
    done
    done_testing
}
