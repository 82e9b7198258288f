# The responder through its own socket, without a web server. Sourced behind servers.sh.
#
#   make_echo DELAY [CLIENT OPTION...]  a client "say" whose agent says the prompt back; $token is its token
#   fcgi CLIENT [ARGUMENT...]   one call of tests/peers/fcgi.py at $socket, with $token:
#                     $end        whole, cut, silent, refused, left     $seconds  how long it took
#                     $answers    how many                              $status   HTTP's, or none
#                     $tmp/headers, $tmp/body, $tmp/notes (what was no response)
#   fcgi_bg NAME CLIENT [ARGUMENT...]   the same in the background: $bg_pid, output in $tmp/NAME.log
#   fcgi_take FILE    what such a one printed
#   fcgi_wait PID NAME   waits for one in the background, and takes it
#   serve [OPTION...]   starts a responder at $socket, waits until it answers; its process is $responder
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # used by, and set by, those who source this

socket=unix:$tmp/magec.sock

sql_is() { # WANT STATEMENT
    [ "$(sql "$2")" = "$1" ]
}

make_echo() {
    echo_delay=$1
    shift
    {
        magec backend add echo --type echo --delay "$echo_delay"
        magec agent add parrot --backend echo
        magec client add say --passthrough --agents parrot "$@"
    } >"$tmp/clients"
    token=$(token_of <"$tmp/clients")
}

fcgi_peer() { # CLIENT [ARGUMENT...]
    fcgi_client=$1
    shift
    python3 "$top_srcdir/tests/peers/fcgi.py" "$socket" --client "$fcgi_client" --token "$token" "$@"
}

fcgi_take() {
    read -r end answers status seconds <"$1" || end=none answers=none status=none seconds=none
    sed -n '2,${ /^\(values\|unknown\|protocol\) /!q; p; }' "$1" >"$tmp/notes"
    sed "1,$(($(wc -l <"$tmp/notes") + 1))d" "$1" >"$tmp/response"
    tr -d '\r' <"$tmp/response" | sed '/^$/,$d' >"$tmp/headers"
    sed '1,/^\r*$/d' "$tmp/response" >"$tmp/body"
}

fcgi() {
    fcgi_peer "$@" >"$tmp/fcgi.out" 2>"$tmp/fcgi.err" || diag_file "$tmp/fcgi.err"
    fcgi_take "$tmp/fcgi.out"
}

fcgi_bg() {
    fcgi_name=$1 fcgi_client=$2
    shift 2
    start_bg "$fcgi_name" python3 "$top_srcdir/tests/peers/fcgi.py" "$socket" --client "$fcgi_client" \
        --token "$token" "$@"
}

fcgi_wait() { # PID NAME: until it ended by itself
    wait_for 30 dead "$1" || fail "$2 ends"
    stop "$1"
    fcgi_take "$tmp/$2.log"
}

words() { # COUNT
    seq -s ' ' 1 "$1"
}

health() { # whether a responder at $socket answers
    case $(python3 "$top_srcdir/tests/peers/fcgi.py" "$socket" --client health --method GET --timeout 5) in
    'whole 1 200 '*) ;;
    *) return 1 ;;
    esac
}

# shellcheck disable=SC2120 # options are not always given
serve() { # [OPTION...]: a responder that answers at $socket, over a dead one's socket too
    start_bg responder "$top_builddir/magec-fcgi" --listen "$socket" "$@"
    responder=$bg_pid
    wait_for 10 health || {
        fail 'the responder answers'
        diag_file "$tmp/responder.log"
    }
}

answers_well() { # NAME: a good call is answered
    fcgi say --body 'still here'
    is "$end $answers $status" 'whole 1 200' "$1"
}
