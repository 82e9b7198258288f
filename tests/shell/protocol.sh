# What every agent that asks a server over HTTP is put through, whatever its protocol: sourced behind
# lib.sh by its test, which has a scripted upstream in tests/peers. In this order:
#
#   UPSTREAM_KEY=…; export UPSTREAM_KEY
#   own_failures='SCRIPT SENTENCE            one a line: what else this upstream gets wrong, and what
#   …'                                       the answer to that contains; own_failures_needed are to
#                                            be among them, and one of the common list is replaced
#   start_upstream upstream_NAME.py /PATH    afterwards: $url, and $log for look
#   set_up backend add up …                  and one "nobody", where no one listens
#   add_agents SCRIPT…                       agents named like the scripts, and those of the lists
#   add_agent ID MODEL BACKEND [OPTION…]     another one
#   add_client                               a client that may ask all these
#   every_success                            then what is right,
#   says AGENT TEXT                          the same text in every form of reply
#   every_failure                            what is wrong,
#   fails AGENT STATUS SENTENCE EXIT         one failure in every form of reply
#   sent WHAT VALUE NAME                     what the script "echo" was sent last,
#   every_caller_leaves                      callers that go,
#   key_is_nowhere                           and last of all that the key was not told.
#
# The scripts that each upstream has: words echo stall-head stall-mid, those of common_failures
# (most are upstream.py's) and those of own_failures_needed.

# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # variables of lib.sh, and for the tests

common_failures='cut-head closed without an answer
cut-mid cut off before the answer was complete
badjson not JSON
garbage not JSON
chunks truncated
nothing truncated
json no event stream
plain200 HTTP 200: all is well
html200 no event stream
html HTTP 502
plain500 HTTP 500: upstream exploded
redirect HTTP 307'
own_failures_needed='ends-early empty error-mid error200 key-mid echo-key 429 503'
own_failures=
agents=

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

start_upstream() { # PEER PATH
    log=$tmp/requests.json
    start_bg upstream python3 "$top_srcdir/tests/peers/$1" --port-file "$tmp/port" --log "$log"
    if ! wait_for 10 test -s "$tmp/port"; then
        echo 'Bail out! the upstream does not start'
        diag_file "$tmp/upstream.log"
        exit 1
    fi
    url=http://127.0.0.1:$(cat "$tmp/port")$2
    new_store
}

set_up() {
    run magec "$@"
    [ "$rc" -eq 0 ] || diag "magec $* ended with $rc: $(cat "$tmp/err")"
}

add_agent() {
    agents=$agents${agents:+,}$1
    agent_id=$1 agent_model=$2 agent_backend=$3
    shift 3
    set_up agent add "$agent_id" --model "$agent_model" --backend "$agent_backend" "$@"
}

failing() { # prints the scripts of both lists
    printf '%s\n' "$common_failures" "$own_failures" | sed 's/ .*//' | awk '!seen[$0]++'
}

sentence_of() { # SCRIPT
    printf '%s\n' "$own_failures" "$common_failures" | sed -n "s/^$1 //p" | head -n 1
}

add_agents() {
    for agent in "$@" echo $(failing); do
        case $agent in
        html200) add_agent html200 html:200 up ;;
        *) add_agent "$agent" "$agent" up ;;
        esac
    done
    add_agent three words:3:10 up
    add_agent slow-head stall-head up --first-byte-timeout 300ms
    add_agent slow-middle stall-mid up --idle-timeout 300ms
    add_agent patient stall-mid up
    add_agent nobody echo nobody
}

add_client() {
    set_up client add hook --passthrough --agents "$agents"
    token=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)
}

# ---- calls

call() { # AGENT ACCEPT [PROMPT]: the prompt is JSON's inside of a string
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

told() { # the body, in which quotes are no longer escaped
    sed 's/\\"/"/g' "$tmp/body"
}

sent() {
    is "$(look last "$log" echo "$1")" "$2" "$3"
}

# ---- what is right

says() {
    call "$1" application/json
    is "$status" 200 "$1: JSON: the status"
    is "$(look member "$tmp/body" response)" "$2" "$1: JSON: the text"
    call "$1" text/event-stream
    is "$(look text "$tmp/body")" "$2" "$1: events: the text"
    is "$(last_event)" "done" "$1: events: the last one"
    call "$1" text/plain
    is "$status $rc $(body)" "200 0 $2" "$1: text"
    ask "$1"
    is "$rc $(cat "$tmp/out")" "0 $2" "$1: terminal"
}

every_success() {
    says three 'word1 word2 word3 '
    call three text/event-stream
    ok 'the words come one by one' test "$(look events "$tmp/body" | grep -c delta)" -ge 3
    call echo application/json 'say \"h\u00e9\" 😀'
    is "$(look member "$tmp/body" response)" 'say "hé" 😀' 'the prompt arrives as it was meant'
}

# ---- what is wrong

fails() {
    call "$1" application/json
    is "$status" "$2" "$1: JSON: the status"
    has "$(look member "$tmp/body" detail)" "$3" "$1: JSON: the sentence"
    call "$1" text/event-stream
    if [ "$status" = 200 ]; then
        is "$(last_event)" error "$1: events: the last one"
        look data "$tmp/body" error >"$tmp/problem"
        is "$(look member "$tmp/problem" status)" "$2" "$1: events: the status in it"
        has "$(told)" "$3" "$1: events: the sentence"
    else
        is "$status" "$2" "$1: events: the status"
    fi
    call "$1" text/plain
    if [ "$status" = 200 ]; then
        isnt "$rc" 0 "$1: text: it does not look whole"
    else
        is "$status" "$2" "$1: text: the status"
        has "$(told)" "$3" "$1: text: the sentence"
    fi
    ask "$1"
    is "$rc" "$4" "$1: terminal: the exit status"
    has "$(cat "$tmp/err")" "$3" "$1: terminal: the sentence"
}

every_failure() {
    for script in $own_failures_needed; do
        isnt "$(sentence_of "$script")" '' "$script: what this protocol says of it is known"
    done
    fails slow-head 504 'no answer within 300ms (first byte deadline)' 75
    fails slow-middle 504 'nothing came for 300ms (idle deadline)' 75
    fails nobody 502 'cannot connect: Connection refused' 69
    for script in $(failing); do
        fails "$script" 502 "$(sentence_of "$script")" 69
    done
    is "$(look count "$log" redirect)" 4 'a redirect is not followed'
    ask error-mid
    is "$(cat "$tmp/out")" 'so far ' 'what came before an error was said'
}

key_is_nowhere() {
    if grep -qF "$UPSTREAM_KEY" "$tmp/said" "$MAGEC_DB"*; then
        fail 'the key is in no reply, no message, no log line and not in the store'
    else
        pass 'the key is in no reply, no message, no log line and not in the store'
    fi
}

# ---- tools

# Agents of the backend "up" with two programs as tools: "caller", and "curt" with one round. Their
# model is the script "call".
add_callers() {
    cat >"$tmp/import.json" <<'JSON'
{"version": 1,
 "tools": [
  {"id": "say", "description": "Says \"it\".", "command": ["/bin/cat"], "parameters":
   {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
    "properties": {"text": {"type": "string"}}, "required": ["text"]}},
  {"id": "fails", "command": ["/bin/false"]}],
 "agents": [
  {"id": "caller", "llm": {"backend": "up", "model": "call"}, "tools": ["say", "fails"]},
  {"id": "curt", "llm": {"backend": "up", "model": "call"}, "tools": ["say", "fails"],
   "toolLimits": {"rounds": 1}},
  {"id": "half-caller", "llm": {"backend": "up", "model": "half-call"}, "tools": ["say"]}]}
JSON
    set_up import "$tmp/import.json"
    agents=$agents,caller,curt
}

# every_call ANY NONE: the script tells what came of the calls, of the tools, and how it may choose
every_call() {
    ask caller
    is "$rc $(cat "$tmp/out")" "0 Let me see.

{\"text\": \"é 😀\"} False; the program exited with status 1 True; say,fails; $1" \
        'tools: what was said goes back as it came, with the results'
    ask curt
    is "$rc $(tail -n 1 "$tmp/out" | sed 's/.*; //')" "0 $2" 'tools: text is wanted in the last round'
}

# ---- callers that go

leave() { # HOW COMMAND...
    leave_how=$1
    shift
    python3 "$top_srcdir/tests/peers/caller.py" "$leave_how" one "$@"
}

# shellcheck disable=SC2317 # called by wait_for
noticed() {
    [ "$(look count "$log" stall-mid)" -gt "$stalls" ]
}

closed() { # NAME: the connection of the one call more that stalled was closed by us
    if wait_for 2 noticed; then
        isnt "$(look last "$log" stall-mid closed)" null "$1: the upstream's connection is closed"
    else
        fail "$1: the upstream's connection is closed"
    fi
    stalls=$(look count "$log" stall-mid)
}

every_caller_leaves() {
    stalls=$(look count "$log" stall-mid)
    is "$(leave interrupt magec ask patient hello 2>"$tmp/err")" '130 in time' 'Ctrl-C: ends the call'
    closed Ctrl-C
    for accept in text/event-stream text/plain; do
        printf '{"prompt":"hello","agent":"patient"}' >"$tmp/call"
        leave hang-up env -i PATH="$PATH" LC_ALL="$LC_ALL" MAGEC_DB="$MAGEC_DB" MAGEC_ALLOW_ROOT=1 \
            ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
            ${UBSAN_OPTIONS+UBSAN_OPTIONS="$UBSAN_OPTIONS"} \
            UPSTREAM_KEY="$UPSTREAM_KEY" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST \
            SCRIPT_NAME=/api/v1/webhooks PATH_INFO=/hook HTTP_AUTHORIZATION="Bearer $token" \
            CONTENT_TYPE=application/json CONTENT_LENGTH=36 HTTP_ACCEPT="$accept" \
            "$top_builddir/magec-fcgi" <"$tmp/call" >"$tmp/left" 2>"$tmp/err"
        like "$(cat "$tmp/left")" '^[0-9]+ in time$' "hang-up, $accept: the call ends"
        closed "hang-up, $accept"
        run magec runs list --json
        like "$(cat "$tmp/out")" '"status": ?"canceled"' "hang-up, $accept: the run is recorded"
    done
}

# ---- aimock, a mock of the providers' servers from npm

# start_aimock <FIXTURES: $mock_url is where it listens; fails when it is not installed. The agent
# "echo" is to ask it afterwards.
start_aimock() {
    mock=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/npm/node_modules/@copilotkit/aimock/dist/aimock-cli.js
    if [ ! -f "$mock" ] || ! command -v node >/dev/null; then
        skip 'aimock is not installed: contrib/check.sh does it'
        return 1
    fi
    cat >"$tmp/fixtures.json"
    printf '{"llm":{"fixtures":"%s"}}\n' "$tmp/fixtures.json" >"$tmp/config.json"
    start_bg mock node "$mock" --config "$tmp/config.json" --port 0 --host 127.0.0.1
    if ! wait_for 20 grep -q listening "$tmp/mock.log"; then
        fail 'aimock starts'
        diag_file "$tmp/mock.log"
        return 1
    fi
    mock_url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$tmp/mock.log")
}

# The fixtures' answers to hello, cut short, go away, use a tool, and too fast.
every_aimock() {
    call echo application/json hello
    is "$status $(look member "$tmp/body" response)" '200 Hello from the mock: é 😀.' 'aimock: the text'
    is "$(look member "$tmp/body" usage)" '{"inputTokens": 12, "outputTokens": 7}' 'aimock: the usage'
    call echo text/event-stream hello
    is "$(look text "$tmp/body")" 'Hello from the mock: é 😀.' 'aimock: streamed'
    is "$(last_event)" "done" 'aimock: the end'
    ok 'aimock: in pieces' test "$(look events "$tmp/body" | grep -c delta)" -gt 2
    ask echo hello
    is "$rc $(cat "$tmp/out")" '0 Hello from the mock: é 😀.' 'aimock: from the terminal'
    aimock_fails 'cut short' 'cut off before the answer was complete'
    aimock_fails 'go away' 'cut off before the answer was complete'
    aimock_fails 'use a tool' 'called a tool'
    aimock_fails 'too fast' 'HTTP 429: Rate limit reached'
    aimock_fails 'something else' 'HTTP 404: No fixture matched'
}

aimock_fails() { # PROMPT SENTENCE
    call echo application/json "$1"
    is "$status" 502 "aimock: $1: the status"
    has "$(look member "$tmp/body" detail)" "$2" "aimock: $1: the sentence"
    call echo text/event-stream "$1"
    case $status in
    200) is "$(last_event)" error "aimock: $1: the stream ends with an error" ;;
    *) is "$status" 502 "aimock: $1: the status instead of a stream" ;;
    esac
    ask echo "$1"
    is "$rc" 69 "aimock: $1: the exit status"
    has "$(cat "$tmp/err")" "$2" "aimock: $1: the terminal is told"
}
