#!/bin/sh
# The agents that need no network: exec and echo, their deadlines, what is told of a failure and to whom, and
# several agents at once. Through magec-fcgi as a plain CGI.
. "${0%/*}/lib.sh"
need python3 sqlite3

json() { # EXPRESSION: of the document in the body, as Python
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$tmp/body" "$1"
}

ask() { # CLIENT ACCEPT PROMPT: $status, headers and body
    ask_token=$(sed -n "s/^$1 //p" "$tmp/tokens")
    ask_accept=$2
    shift 2
    printf %s "$*" >"$tmp/prompt"
    cgi POST "/api/v1/webhooks/$ask_client" HTTP_ACCEPT="$ask_accept" CONTENT_TYPE=text/plain \
        HTTP_AUTHORIZATION="Bearer $ask_token" <"$tmp/prompt"
}

client() { # ID AGENTS [OPTION...]
    client_id=$1 client_agents=$2
    shift 2
    printf '%s %s\n' "$client_id" "$(magec client add "$client_id" --passthrough --agents "$client_agents" "$@" |
        grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1)" >>"$tmp/tokens"
}

program() { # ID SCRIPT [OPTION...]: a backend, an agent and a client of that name
    program_id=$1
    printf '#!/bin/sh\n%s\n' "$2" >"$tmp/$1.sh"
    chmod 755 "$tmp/$1.sh"
    shift 2
    magec backend add "$program_id" --type exec "$@" -- "$tmp/$program_id.sh" one 'two three' >/dev/null
    magec agent add "$program_id" --backend "$program_id" >/dev/null
    client "$program_id" "$program_id"
}

call() { # CLIENT [ACCEPT [PROMPT]]
    ask_client=$1
    ask "$1" "${2-application/json}" "${3-hello}"
}

new_store

# ---- exec

program upper 'tr a-z A-Z'
call upper application/json 'to the program'
is "$status" 200 'a program answers'
is "$(json 'd["response"]')" 'TO THE PROGRAM' 'its stdin is the prompt, its stdout the reply'

program arguments 'printf "%s|" "$@"'
call arguments
is "$(json 'd["response"]')" 'one|two three|' 'its arguments come without a shell'

PASSED_ON=passed
export PASSED_ON
program environment 'env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort | tr "\n" " "' \
    --env GIVEN=value --env PASSED_ON --env NOT_THERE
ask_client=environment
ask_token=$(sed -n 's/^environment //p' "$tmp/tokens")
echo x | cgi POST /api/v1/webhooks/environment HTTP_AUTHORIZATION="Bearer $ask_token" PASSED_ON=passed SECRET=hidden
is "$(json 'd["response"]')" 'GIVEN=value PASSED_ON=passed ' 'its environment is what the backend lists'

program failing 'echo some words; echo "cannot reach the database" >&2; exit 7'
call failing
is "$status" 502 'a program that fails is a 502'
like "$(json 'd["detail"]')" 'agent "failing" failed: the program exited with status 7: cannot reach the database' \
    'with its status and the end of its stderr'
call failing text/event-stream
like "$(body)" '^event: error' 'a stream that fails ends with an error'
like "$(body)" 'some words' 'behind what it said'
unlike "$(body)" '^event: done' 'and is not done'

program silent ':'
call silent
is "$status" 502 'a program that says nothing is a 502'
like "$(json 'd["error"]')" 'said nothing' 'not an empty success'

program killed 'echo x; kill -9 $$'
call killed
like "$(json 'd["error"]')" 'killed by signal 9' 'a program that is killed'

program deaf 'exec <&-; sleep 0.1; echo did not listen'
call deaf application/json "$(head -c 300000 /dev/zero | tr '\0' a)"
is "$(json 'd["response"]')" 'did not listen' 'a program need not read its prompt'

program noise 'head -c 100000 /dev/zero | tr "\0" e >&2; echo fine'
call noise
is "$(json 'd["response"]')" 'fine' 'nor does its stderr fill up'

magec backend add missing --type exec -- "$tmp/no-such-program" >/dev/null 2>&1
magec agent add missing --backend missing >/dev/null
client missing missing
call missing
is "$status" 500 'a program that is not there is our mistake'
unlike "$(body)" 'no-such-program' 'which the caller is not told'
like "$(cat "$tmp/err")" 'cannot start .*no-such-program.*No such file' 'but the log is'
like "$(sqlite3 "$MAGEC_DB" 'SELECT error FROM run ORDER BY n DESC LIMIT 1')" 'no-such-program' 'and the run'

# the whole group goes, however it defends itself
program stubborn "trap '' TERM; sh -c 'echo \$\$ >$tmp/grandchild; trap \"\" TERM; sleep 30' & echo \$\$ >$tmp/child; sleep 30" \
    --first-byte-timeout 300ms
call stubborn
is "$status" 504 'a program that is too slow is a 504'
like "$(json 'd["error"]')" 'no answer within 300ms \(first byte deadline\)' 'which says the deadline'
ok 'the program is gone' wait_for 2 dead "$(cat "$tmp/child")"
ok 'and what it started' wait_for 2 dead "$(cat "$tmp/grandchild")"

program stalling 'echo first; sleep 30' --idle-timeout 300ms
call stalling
is "$status" 504 'a program that stops speaking'
like "$(json 'd["error"]')" 'nothing came for 300ms \(idle deadline\)' 'passes the idle deadline'

program endless 'while :; do echo again; sleep 0.05; done' --total-timeout 500ms
call endless
like "$(json 'd["error"]')" 'not finished within 500ms \(total deadline\)' 'one that never ends passes the total'

program flood 'yes'
printf x >"$tmp/prompt"
ask_token=$(sed -n 's/^flood //p' "$tmp/tokens")
cgi POST /api/v1/webhooks/flood HTTP_AUTHORIZATION="Bearer $ask_token" MAGEC_MAX_REPLY=64k <"$tmp/prompt"
is "$status" 502 'an answer over the limit'
like "$(json 'd["error"]')" 'larger than the limit of 65536 bytes' 'says so'

# ---- characters

program halves 'printf "caf\303"; sleep 0.2; printf "\251 \360\237"; sleep 0.2; printf "\230\200"'
for accept in application/json text/plain; do
    call halves $accept
    like "$(body)" 'café 😀' "a character cut in two arrives whole: $accept"
done
call halves text/event-stream
is "$(sed -n 's/^data: //p' "$tmp/body" | python3 -c 'import json, sys
print("".join(json.loads(line).get("text", "") for line in sys.stdin))')" 'café 😀' 'and as events'

program invalid 'printf "a\377b\303"'
call invalid
is "$(json 'd["response"]')" 'a�b�' 'what is no character becomes U+FFFD'
is "$(sqlite3 "$MAGEC_DB" 'SELECT hex(response) FROM run ORDER BY n DESC LIMIT 1')" 61FF62C3 \
    'in the reply, not before'

program controls 'printf "\001\t\"\\\\\342\200\250"'
call controls
is "$(json 'ascii(d["response"])')" "'\\x01\\t\"\\\\\\u2028'" 'every byte is escaped right'

# ---- echo, and several at once

magec backend add slow --type echo --delay 40ms >/dev/null
magec agent add parrot --backend slow >/dev/null
client both 'parrot,upper'
call both application/json 'a b c'
is "$(json '[r["agent"] for r in d["results"]]')" "['parrot', 'upper']" 'outcomes come in the listed order'
is "$(json 'd["response"]')" 'a b c
---
A B C' 'and the response joins them'
call both text/event-stream 'a b c'
is "$(sed -n 's/^event: //p' "$tmp/body" | sort | uniq -c | tr -s ' \n' ' ')" \
    ' 4 delta 1 done 2 result 1 start ' 'each one has its result event'
call both text/plain 'a b c'
is "$(body)" 'a b c
---
A B C' 'and as text'

client mixed 'failing,parrot'
call mixed
is "$status" 200 'one success is a success'
is "$(json '[(r["agent"], r["ok"]) for r in d["results"]]')" "[('failing', False), ('parrot', True)]" \
    'that tells of the failure'
client none 'failing,silent'
call none
is "$status" 502 'no success is a failure'
is "$(json '[r["agent"] for r in d["results"]]')" "['failing', 'silent']" 'that tells of both'
printf '{"prompt":"just one","agent":"upper"}' >"$tmp/prompt"
ask_token=$(sed -n 's/^both //p' "$tmp/tokens")
cgi POST /api/v1/webhooks/both HTTP_AUTHORIZATION="Bearer $ask_token" <"$tmp/prompt"
is "$(json 'd["agent"], d["response"]')" "('upper', 'JUST ONE')" 'a body can choose one of them'

# ---- what is said while nothing is said

magec backend add late --type echo --delay 700ms >/dev/null
magec agent add late --backend late >/dev/null
client late late
ask_token=$(sed -n 's/^late //p' "$tmp/tokens")
printf 'one two' >"$tmp/prompt"
cgi POST /api/v1/webhooks/late HTTP_AUTHORIZATION="Bearer $ask_token" HTTP_ACCEPT=text/event-stream \
    MAGEC_HEARTBEAT=200ms <"$tmp/prompt"
like "$(grep -c '^:' "$tmp/body")" '^[4-9]$' 'a silent stream has heartbeats'
like "$(body)" '^event: done' 'which do not disturb it'

# ---- what is recorded, and what is logged

client private 'upper' --record-prompt hash
call private application/json 'a secret prompt'
is "$(sqlite3 "$MAGEC_DB" 'SELECT prompt FROM run ORDER BY n DESC LIMIT 1')" \
    "sha256:$(printf 'a secret prompt' | sha256sum | cut -d' ' -f1)" 'a prompt can be kept as a hash'
like "$(cat "$tmp/err")" 'run=[0-9a-f-]{36} client=private agents=upper status=200 bytes=[0-9]+ .*duration_ms=' \
    'one line a call'
unlike "$(cat "$tmp/err")" 'secret prompt|mgc_' 'without prompt or token'
done_testing
