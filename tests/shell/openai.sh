#!/bin/sh
# The openai agent against a scripted upstream: from the terminal, and through magec-fcgi as a plain
# CGI, as JSON, as server-sent events and as text.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

UPSTREAM_KEY=sk-test-0123456789abcdefXYZ
export UPSTREAM_KEY
log=$tmp/requests.json

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

has() { # GOT TEXT NAME: the text is somewhere in it
    case $1 in
    *"$2"*) pass "$3" ;;
    *)
        fail "$3"
        diag "got:              $1"
        diag "does not contain: $2"
        ;;
    esac
}

# ---- the upstream, and agents that are named like its scripts

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/port" --log "$log"
if ! wait_for 10 test -s "$tmp/port"; then
    echo 'Bail out! the upstream does not start'
    diag_file "$tmp/upstream.log"
    exit 1
fi
url=http://127.0.0.1:$(cat "$tmp/port")/v1

new_store
set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}
set_up backend add up --type openai --attempts 1 --url "$url" --key env:UPSTREAM_KEY --header 'X-Extra: yes'
set_up backend add keyless --type openai --url "$url"
set_up backend add azure --type openai --url "$url/deployments/d?api-version=2024-10-21" \
    --key env:UPSTREAM_KEY --key-header api-key --max-tokens-as max_tokens
# shellcheck disable=SC2016 # expanded by the program
set_up backend add headers --type openai --url "$url?tag=\${UPSTREAM_KEY}" \
    --header 'Authorization: Bearer ${UPSTREAM_KEY}'
set_up backend add nobody --type openai --attempts 1 --url http://127.0.0.1:1/v1
set_up backend add lost-key --type openai --url "$url" --key env:NO_SUCH_VARIABLE

agents=
add_agent() { # ID MODEL BACKEND [OPTION...]
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" "$@"
}
for script in usage split crlf comments azure surrogates utf8-split gzip no-done length keepopen \
    cut-head cut-mid no-finish empty content_filter refusal tool badjson error-mid invalid-utf8 \
    huge-line huge-reply html plain500 429 503 error200 echo-key json redirect echo; do
    add_agent "$script" "$script" up
done
add_agent three words:3:10 up
add_agent slow-line trickle-headers:1 up
add_agent html200 html:200 up
add_agent slow-head stall-head up --first-byte-timeout 300ms
add_agent slow-middle stall-mid up --idle-timeout 300ms
add_agent endless pings up --total-timeout 500ms
add_agent brief echo up --system-prompt 'Be "brief".' --max-tokens 9
add_agent no-key echo keyless
add_agent deployed echo azure --max-tokens 7
add_agent tuned echo up --max-tokens 7 --options '{"temperature":0.20,"seed":12345678901234567890,
"stop":["a","b\u00e9"],"stream_options":null,"max_completion_tokens":11,"user":"\"u\""}'
add_agent greedy echo up --options '{"messages":[]}'
add_agent by-header echo-key headers
add_agent nobody echo nobody
add_agent lost-key echo lost-key
add_agent patient stall-mid up
set_up client add hook --passthrough --agents "$agents"
token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)

# call AGENT ACCEPT [PROMPT]: the prompt is JSON's inside of a string
call() {
    printf '{"prompt":"%s","agent":"%s"}' "${3-hello}" "$1" >"$tmp/call"
    cgi POST /api/v1/webhooks/hook HTTP_AUTHORIZATION="Bearer $token" HTTP_ACCEPT="$2" \
        CONTENT_TYPE=application/json UPSTREAM_KEY="$UPSTREAM_KEY" <"$tmp/call"
    cat "$tmp/response" "$tmp/err" >>"$tmp/said"
}

ask() { # AGENT [PROMPT]
    run magec ask "$1" "${2-hello}"
    cat "$tmp/out" "$tmp/err" >>"$tmp/said"
}

last_event() {
    look events "$tmp/body" | tail -n 1
}

# ---- what is right

says() { # AGENT TEXT: the same text in every form of reply
    call "$1" application/json
    is "$status" 200 "$1: JSON: the status"
    is "$(look member "$tmp/body" response)" "$2" "$1: JSON: the text"
    call "$1" text/event-stream
    is "$(look text "$tmp/body")" "$2" "$1: events: the text"
    is "$(last_event)" "done" "$1: events: the last one"
    call "$1" text/plain
    is "$status $rc" "200 0" "$1: text: the status"
    is "$(body)" "$2" "$1: text: the text"
    ask "$1"
    is "$rc" 0 "$1: terminal: the exit status"
    is "$(cat "$tmp/out")" "$2" "$1: terminal: the text"
}

says three 'word1 word2 word3 '
says usage counted
says split 'cut é everywhere 😀'
says crlf 'crlf lines'
says comments 'with comments'
says azure 'from azure'
says surrogates 'smile 😀!'
says utf8-split 'half 😀 whole'
says gzip unpacked
says no-done 'no done'
says length 'as far as it'
says keepopen 'said it all'
says slow-line 'slow head'
says invalid-utf8 'bad ��( end'

call echo application/json 'say \"h\u00e9\" 😀'
is "$(look member "$tmp/body" response)" 'say "hé" 😀' "the prompt arrives as it was meant"
call length application/json
is "$(look member "$tmp/body" finishReason)" length "length: the reply tells the finish reason"
call length text/event-stream
is "$(look data "$tmp/body" "done" >"$tmp/done" && look member "$tmp/done" finishReason)" length \
    "length: the last event tells the finish reason"
call usage application/json
is "$(look member "$tmp/body" usage)" '{"inputTokens": 11, "outputTokens": 3}' \
    "usage: the reply tells it"
run magec runs show --json "$(look member "$tmp/body" runId)"
like "$(cat "$tmp/out")" '"inputTokens": ?11' "usage: the input is recorded"
like "$(cat "$tmp/out")" '"outputTokens": ?3' "usage: the output is recorded"

# ---- what is wrong

fails() { # AGENT STATUS SENTENCE EXIT: in every form of reply
    call "$1" application/json
    is "$status" "$2" "$1: JSON: the status"
    has "$(look member "$tmp/body" detail)" "$3" "$1: JSON: the sentence"
    call "$1" text/event-stream
    if [ "$status" = 200 ]; then
        is "$(last_event)" error "$1: events: the last one"
        look data "$tmp/body" error >"$tmp/problem"
        is "$(look member "$tmp/problem" status)" "$2" "$1: events: the status in it"
        has "$(look member "$tmp/problem" detail)" "$3" "$1: events: the sentence"
    else
        is "$status" "$2" "$1: events: the status"
    fi
    call "$1" text/plain
    if [ "$status" = 200 ]; then
        isnt "$rc" 0 "$1: text: it does not look whole"
    else
        is "$status" "$2" "$1: text: the status"
        has "$(look member "$tmp/body" detail)" "$3" "$1: text: the sentence"
    fi
    ask "$1"
    is "$rc" "$4" "$1: terminal: the exit status"
    has "$(cat "$tmp/err")" "$3" "$1: terminal: the sentence"
}

fails slow-head 504 'no answer within 300ms (first byte deadline)' 75
fails slow-middle 504 'nothing came for 300ms (idle deadline)' 75
fails endless 504 'not finished within 500ms (total deadline)' 75
fails nobody 502 'cannot connect: Connection refused' 69
fails cut-head 502 'closed without an answer' 69
fails cut-mid 502 'cut off before the answer was complete' 69
fails no-finish 502 'truncated: it ended without a finish reason' 69
fails empty 502 'the answer is empty' 69
fails content_filter 502 'content filter' 69
fails refusal 502 'the model refused: I cannot help with that' 69
fails tool 502 'called a tool' 69
fails badjson 502 'not JSON' 69
fails error-mid 502 'the engine overheated' 69
fails huge-line 502 'larger than 1048576 bytes' 69
fails huge-reply 502 'larger than the limit of' 69
fails html 502 'HTTP 502' 69
fails html200 502 'no event stream' 69
fails plain500 502 'HTTP 500' 69
fails 429 502 'HTTP 429: Rate limit reached, slow down' 69
fails 503 502 'HTTP 503: Loading model' 69
fails error200 502 'model does not exist' 69
fails json 502 'no event stream' 69
fails redirect 502 'HTTP 307' 69
fails echo-key 502 'Incorrect API key provided: [redacted]. Find yours elsewhere' 69

call lost-key application/json
is "$status" 500 "a key that is not there: the status"
ask lost-key
is "$rc" 78 "a key that is not there: the exit status"
has "$(cat "$tmp/err")" NO_SUCH_VARIABLE "a key that is not there: the terminal is told which"

# ---- what the upstream was sent

is "$(look count "$log" redirect)" 4 "a redirect is not followed"
ask brief "line one"
is "$(look last "$log" echo json.messages)" \
    '[{"role": "system", "content": "Be \"brief\"."}, {"role": "user", "content": "line one"}]' \
    "the system prompt comes before the prompt"
is "$(look last "$log" echo json.max_completion_tokens)" 9 "the most tokens are told"
is "$(look last "$log" echo json.stream)" true "a stream is asked for"
is "$(look last "$log" echo json.stream_options)" '{"include_usage": true}' "so is the usage"
is "$(look last "$log" echo headers.authorization)" "Bearer $UPSTREAM_KEY" "the key goes with it"
is "$(look last "$log" echo headers.x-extra)" yes "so do the backend's headers"
is "$(look last "$log" echo path)" /v1/chat/completions "the path is the protocol's"
ask deployed
is "$(look last "$log" echo path)" '/v1/deployments/d/chat/completions?api-version=2024-10-21' \
    "a query in the URL stays behind the path"
is "$(look last "$log" echo headers.api-key)" "$UPSTREAM_KEY" "the key goes in the header that is named"
is "$(look last "$log" echo headers.authorization)" null "and in no other"
is "$(look last "$log" echo json.max_tokens)" 7 "the most tokens have the older name"
is "$(look last "$log" echo json.max_completion_tokens)" null "and not the newer one"
ask tuned
is "$rc" 0 "options: the exit status"
like "$(look last "$log" echo body)" '"temperature": ?0.20?[,}]' "options: a number"
like "$(look last "$log" echo body)" '"seed": ?12345678901234567890[,}]' "options: a large number"
is "$(look last "$log" echo json.stop)" '["a", "bé"]' "options: an array"
is "$(look last "$log" echo json.user)" '"u"' "options: a string"
is "$(look last "$log" echo json.max_completion_tokens)" 11 "options: one replaces what we say"
is "$(look last "$log" echo json.stream_options)" null "options: null leaves out what we say"
ask greedy
is "$rc" 78 "options: the messages are no option"
has "$(cat "$tmp/err")" 'the option "messages" cannot be set' "options: the terminal is told"
run magec agent show tuned --json
like "$(cat "$tmp/out")" '"options": ?[{]' "options: shown"
run magec agent set tuned --options '{"temperature":'
is "$rc" 65 "options: not JSON"
run magec agent set tuned --options '[1]'
is "$rc" 65 "options: no object"
run magec agent set tuned --options ''
run magec agent show tuned --json
if grep -q options "$tmp/out"; then fail "options: cleared"; else pass "options: cleared"; fi
run magec backend add wrong --type openai --url "$url" --max-tokens-as tokens
is "$rc" 65 "a third name for the most tokens"
run magec backend add wrong --type openai --url "$url" --key-header 'a b'
is "$rc" 65 "a header that is none"
ask by-header
is "$rc" 69 "a key in a header line: the exit status"
has "$(cat "$tmp/err")" 'key provided: [redacted]. Find' "a key in a header line is redacted"
ask no-key
is "$(look last "$log" echo headers.authorization)" null "no key, no such header"
if grep -qF "$UPSTREAM_KEY" "$tmp/said" "$MAGEC_DB"*; then
    fail "the key is in no reply, no message, no log line and not in the store"
else
    pass "the key is in no reply, no message, no log line and not in the store"
fi

# ---- a caller that goes

leave() { # HOW COMMAND...
    leave_how=$1
    shift
    python3 "$top_srcdir/tests/peers/caller.py" "$leave_how" two "$@"
}

# closed NAME: the upstream's connection of the one call more that stalled was closed by us
stalls=$(look count "$log" stall-mid)
# shellcheck disable=SC2317 # called by wait_for
noticed() {
    [ "$(look count "$log" stall-mid)" -gt "$stalls" ]
}
closed() {
    if wait_for 2 noticed; then
        isnt "$(look last "$log" stall-mid closed)" null "$1: the upstream's connection is closed"
    else
        fail "$1: the upstream's connection is closed"
    fi
    stalls=$(look count "$log" stall-mid)
}

is "$(leave interrupt magec ask patient hello 2>"$tmp/err")" "130 in time" "Ctrl-C: ends the call"
closed Ctrl-C

for accept in text/event-stream text/plain; do
    printf '{"prompt":"hello","agent":"patient"}' >"$tmp/call"
    leave hang-up env -i PATH="$PATH" LC_ALL="$LC_ALL" MAGEC_DB="$MAGEC_DB" \
        ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} ${UBSAN_OPTIONS+UBSAN_OPTIONS="$UBSAN_OPTIONS"} \
        UPSTREAM_KEY="$UPSTREAM_KEY" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
        SCRIPT_NAME=/api/v1/webhooks PATH_INFO=/hook HTTP_AUTHORIZATION="Bearer $token" \
        CONTENT_TYPE=application/json CONTENT_LENGTH=36 HTTP_ACCEPT="$accept" \
        "$top_builddir/magec-fcgi" <"$tmp/call" >"$tmp/left" 2>"$tmp/err"
    like "$(cat "$tmp/left")" '^[0-9]+ in time$' "hang-up, $accept: the call ends"
    closed "hang-up, $accept"
    run magec runs list --json
    like "$(cat "$tmp/out")" '"status": ?"canceled"' "hang-up, $accept: the run is recorded"
done

done_testing
