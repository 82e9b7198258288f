#!/bin/sh
# What a web server, or somebody who reaches the socket, can send: forged, cut, silent, too much, too many, nonsense.
# Whatever it is, the next good call is answered.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
need python3 sqlite3

runs_are() { # COUNT NAME
    is "$(sql 'SELECT count(*) FROM run')" "$1" "$2"
}

within() { # SECONDS NAME: what the last call took
    ok "$2" awk -v "t=$seconds" -v "most=$1" 'BEGIN { exit !(t < most) }'
}

new_store
make_echo 0ms
serve --read-timeout 500ms --max-params 4k

# --- a connection that is kept

fcgi say --keep begin params params-end stdin stdin-end answered again answered
is "$end $answers $status" 'whole 2 200' 'a second request behind the answer to the first'
runs_are 2 'both are run'
fcgi say --keep --piece 1 begin params params-end stdin stdin-end answered again answered again answered
is "$answers" 3 'and a third'
runs_are 5 'in records of one byte each'
fcgi say --keep --method GET --client health begin params params-end stdin-end answered again answered
is "$answers $status" '2 200' 'health, twice'
fcgi say --keep --forge 'forged' begin params params-end stdin stdin-end answered wait:300 shut read
is "$end $answers $status" 'whole 1 401' 'a request in the body of one that is refused'
runs_are 5 'is none'
fcgi say --keep --forge 'forged' begin params params-end stdin-half answered stdin-rest stdin-end read
is "$end $answers" 'whole 1' 'nor when the rest of the body comes behind the refusal'
runs_are 5 'which ends the connection'
fcgi say --keep --forge 'forged' --method PUT begin params params-end stdin wait:300 stdin stdin-end read
is "$end $answers $status" 'whole 1 405' 'nor with another method'
runs_are 5 'no run came of it'
fcgi say begin params params-end stdin stdin-end again read
is "$answers $status" '1 200' 'without FCGI_KEEP_CONN a second request is not answered'
runs_are 6 'and not run'
fcgi say begin raw:01010002000800000001010000000000 params params-end stdin stdin-end read
is "$(cat "$tmp/notes") $status" 'protocol 1 200' 'another request beside it is turned away'
sql 'DELETE FROM run'

# --- cut

fcgi say begin params-half shut read
is "$end $status" 'cut none' 'cut in the middle of its parameters'
fcgi say begin params shut read
is "$end $status" 'cut none' 'cut behind them, where they look whole'
fcgi say begin shut read
is "$end $status" 'cut none' 'cut behind its first record'
fcgi say begin params-half cut
fcgi say begin params params-end stdin-half cut
fcgi say begin params params-end stdin-half shut read
is "$end $status" 'whole 400' 'cut in the middle of the body'
like "$(cat "$tmp/body")" 'the body was cut off on its way' 'with a sentence'
fcgi say begin params params-end stdin-half abort read
is "$end $status" 'whole 400' 'aborted in the middle of the body'
fcgi say --length 100
is "$end $status" 'whole 400' 'a body that is shorter than declared'
like "$(cat "$tmp/body")" 'the body has 5 bytes, but 100 were declared' 'with both numbers'
fcgi say --length 3
is "$end $status" 'whole 400' 'and one that is longer'
for length in -5 abc 99999999999999999999; do
    fcgi say --length "$length"
    is "$end $status" 'whole 400' "the length \"$length\""
done
runs_are 0 'none of them is a run'
for length in -1 ''; do
    fcgi say --length "$length" --body 'in chunks'
    is "$end $status" 'whole 200' "the length \"$length\", of a chunked body"
    like "$(cat "$tmp/body")" '"response":"in chunks"' 'which arrives whole'
done
fcgi say --piece 1 --body 'piece by piece'
like "$(cat "$tmp/body")" '"response":"piece by piece"' 'records of one byte'
fcgi say --apart 20 --piece 40 --body 'slowly'
like "$(cat "$tmp/body")" '"response":"slowly"' 'a slow request'

# --- too much

fcgi say --param "HTTP_X_LARGE=$(printf '%05000d' 0)"
is "$end $status" 'whole 400' 'too many parameters'
like "$(cat "$tmp/body")" 'larger than the limit of 4096 bytes' 'with the limit'
fcgi say --param "HTTP_X_LARGE=$(printf '%03000d' 0)"
is "$end $status" 'whole 200' 'almost too many'
head -c 5000000 /dev/zero | tr '\0' a >"$tmp/large"
fcgi say --body-file "$tmp/large"
is "$end $status" 'whole 413' 'a body over the limit'
fcgi say --body-file "$tmp/large" --length -1
is "$end $status" 'whole 413' 'the same without a length'
like "$(cat "$tmp/body")" 'larger than the limit of 4194304 bytes' 'with the limit'

# --- silence

fcgi_bg silent say begin read
silent=$bg_pid
fcgi_bg slow say begin params params-end stdin-half read
slow=$bg_pid
answers_well 'silent ones are no hindrance'
within 0.4 'nor make others wait'
fcgi_wait "$silent" silent
is "$end" cut 'a silent one is dropped'
within 3 'behind the read timeout'
fcgi_wait "$slow" slow
is "$end $status" 'whole 400' 'one that falls silent in its body is told'
fcgi_bg silent say --count 64 begin read
silent=$bg_pid
fcgi_bg nothing say --count 16 wait:1000 cut
nothing=$bg_pid
answers_well '80 silent ones at once'
within 8 'are over soon'
fcgi_wait "$silent" silent
is "$(cat "$tmp/silent.log")" '64 cut none' 'all are dropped'
fcgi_wait "$nothing" nothing

# --- the protocol

fcgi say values begin params params-end stdin stdin-end read
is "$end $status" 'whole 200' 'a call behind FCGI_GET_VALUES'
like "$(cat "$tmp/notes")" '^values FCGI_MPXS_CONNS=0$' 'which is answered'
fcgi say header:9:1:8 raw:0001000000000000 shut read
is "$end $status" 'cut none' 'another version'
for role in 2 3 7; do
    fcgi say "begin:$role" params params-end stdin stdin-end read
    is "$end $status" 'cut none' "role $role"
done
fcgi say raw:010b000000000000 begin params params-end stdin stdin-end read
is "$end $status" 'whole 200' 'a record of an unknown type is passed over'
like "$(cat "$tmp/notes")" '^unknown 11$' 'and answered'
alive "$responder" && before=$(sql 'SELECT count(*) FROM run')
run fcgi_peer say --garbage 400
is "$(cat "$tmp/out")" 400 '400 times nonsense'
ok 'the responder is alive' alive "$responder"
answers_well 'and answers'
stop "$responder"
is "$rc" 0 'it ends well'
is "$(sql 'SELECT count(*) FROM run WHERE owner IS NOT NULL')" 0 'no run is left open'
diag "of the nonsense $(($(sql 'SELECT count(*) FROM run') - before - 1)) were calls"

# --- a drip feed

serve --read-timeout 10s --request-timeout 500ms
fcgi say --apart 100 --piece 1
is "$end $status" 'cut none' 'a request that comes byte by byte is not waited for to its end'
fcgi say begin params params-end stdin-half read
is "$end $status" 'whole 400' 'nor is half a body'
like "$(cat "$tmp/body")" 'the body was cut off on its way' 'with a sentence'
stop "$responder"

# --- no descriptors

few() { # COMMAND...
    # shellcheck disable=SC3045
    ulimit -n 40
    exec "$@"
}

start_bg responder few "$top_builddir/magec-fcgi" --listen "$socket" --read-timeout 500ms
responder=$bg_pid
ok 'with 40 descriptors' wait_for 10 health
like "$(cat "$tmp/responder.log")" 'level=warn .*max_calls=4 wanted=10000 open_files=40 needed=20032 .*LimitNOFILE' \
    'it says that these are for 4 calls, and what to set'
fcgi_bg crowd say --count 60 --timeout 15
crowd=$bg_pid
fcgi_bg silent say --count 60 --timeout 15 begin read
silent=$bg_pid
fcgi_wait "$crowd" crowd
diag "$(cat "$tmp/crowd.log")"
unlike "$(cat "$tmp/crowd.log")" 'silent' '60 calls are answered, one way or the other'
fcgi_wait "$silent" silent
is "$(cat "$tmp/silent.log")" '60 cut none' 'among 60 silent ones'
ok 'it is alive' alive "$responder"
answers_well 'and answers'
fcgi_bg crowd say --count 3
fcgi_wait "$bg_pid" crowd
is "$(cat "$tmp/crowd.log")" '3 whole 200' 'as it did before'
stop "$responder"
is "$rc" 0 'it ends well'

start_bg responder few "$top_builddir/magec-fcgi" --listen "$socket" --max-calls 4
responder=$bg_pid
ok 'with as many calls as there is room for' wait_for 10 health
unlike "$(cat "$tmp/responder.log")" 'open_files' 'there is nothing to say'
stop "$responder"
start_bg responder few "$top_builddir/magec-fcgi" --listen "$socket"
responder=$bg_pid
ok 'with 40 descriptors, again' wait_for 10 health
magec backend set echo --delay 400ms >"$tmp/set"
fcgi_bg slow say --count 6 --body 'one two three'
fcgi_wait "$bg_pid" slow
is "$(sort -r "$tmp/slow.log")" '4 whole 200
2 whole 503' 'of 6 calls at once 2 are told to come again'
stop "$responder"
done_testing
