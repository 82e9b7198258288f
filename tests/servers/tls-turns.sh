#!/bin/sh
# Who may open a connection to a server whose connections take few calls: one after the other while it speaks
# HTTP/2, everybody when it does not any more; and what becomes of those who wait when it is gone, silent or slow.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
. "${0%/*}/certificates.sh"
PATH=$PATH:/usr/sbin
need nginx openssl python3 sqlite3

streams=4 calls=40

new_authority ours
new_certificate tls ours IP:127.0.0.1
start_bg upstream "$top_builddir/bench/upstream" 0:1000:100:5 0:500:100:100
wait_for 5 test -s "$tmp/upstream.log"
brief=$(sed -n 1p "$tmp/upstream.log")
lasting=$(sed -n 2p "$tmp/upstream.log")
http2=$(free_port)
http1=$(free_port)
locations="
    location /brief/ { proxy_pass http://127.0.0.1:$brief/; }
    location /lasting/ { proxy_pass http://127.0.0.1:$lasting/; }"
cat >"$tmp/nginx.conf" <<CONF
daemon off; pid $tmp/nginx.pid; error_log $tmp/nginx-error.log; worker_processes 1;
events { worker_connections 1024; }
http {
    client_body_temp_path $tmp/ngx-body; fastcgi_temp_path $tmp/ngx-fastcgi; proxy_temp_path $tmp/ngx-proxy;
    uwsgi_temp_path $tmp/ngx-uwsgi; scgi_temp_path $tmp/ngx-scgi;
    access_log off; proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection "";
    ssl_certificate $tmp/tls.pem; ssl_certificate_key $tmp/tls.key;
    server { listen 127.0.0.1:$http2 ssl http2; http2_max_concurrent_streams $streams; $locations }
    server { listen 127.0.0.1:$http1 ssl; $locations }
}
CONF
start_bg nginx nginx -e "$tmp/nginx-error.log" -c "$tmp/nginx.conf"
ok 'nginx with TLS starts' wait_for 10 test -s "$tmp/nginx.pid"
echo "$http2" >"$tmp/mode"
start_bg relay python3 "$top_srcdir/tests/peers/relay.py" "$tmp/mode"
ok 'the relay listens' wait_for 10 grep -q mode "$tmp/relay.log"
relay=$(sed -n 1p "$tmp/relay.log")

# Each turn has a backend of its own, which is the same server: some are down after it.
new_store
agent() { # ID FOLDER
    magec backend add "$1" --type openai --url "https://127.0.0.1:$relay/$2/v1" --ca-file "$tmp/ours.pem" \
        --attempts 1 --connect-timeout 2s
    magec agent add "$1" --backend "$1" --model any
    magec client add "$1" --passthrough --agents "$1"
}
turns='shared turned closed refused silent left again'
for turn in $turns; do
    agent "$turn" brief >"$tmp/$turn.made"
done
agent busy lasting >"$tmp/busy.made"
serve

call_many() { # TURN [ARGUMENT...]: of them $statuses, $longest ms, and $connections that were taken
    before=$(grep -c took "$tmp/relay.log")
    token=$(token_of <"$tmp/$1.made")
    fcgi_peer "$@" --count $calls >"$tmp/$1.calls"
    statuses=$(tr '\n' ' ' <"$tmp/$1.calls")
    longest=$(sql "SELECT max(duration_ms) FROM run WHERE client = '$1'")
    connections=$(($(grep -c took "$tmp/relay.log") - before))
    diag "$1: $statuses, at most $longest ms, $connections connections"
}

in_force() { # MODE: whether it is
    [ "$(grep '^mode' "$tmp/relay.log" | tail -n 1)" = "mode $1" ]
}

behind_relay() { # MODE
    echo "$1" >"$tmp/mode"
    wait_for 10 in_force "$1" || fail "the relay is set to $1"
}


full() { # the one connection that there is
    behind_relay cut
    behind_relay "$http2"
    token=$(token_of <"$tmp/busy.made")
    occupied=
    for n in $(seq $streams); do
        fcgi_bg "busy$n" busy --accept text/event-stream --timeout 60 begin params params-end stdin stdin-end \
            until:delta "touch:$tmp/full$n" read
        occupied="$occupied $bg_pid"
        wait_for 10 test -e "$tmp/full$n" || fail 'a call that lasts'
        rm -f "$tmp/full$n"
    done
}

free() {
    for n in $occupied; do
        stop "$n"
    done
}

call_many shared
is "$statuses" "$calls whole 200 " 'all are answered'
ok 'over as few connections as they need, and few more' test "$connections" -le $((calls / streams + 5))
ok 'which are not opened one after the other' test "$longest" -lt 8000

full
behind_relay "$http1"
call_many turned
is "$statuses" "$calls whole 200 " 'turned to HTTP/1.1: all are answered'
ok 'and nobody waits for the answer of another' test "$longest" -lt 3500
free

full
behind_relay close
call_many closed
unlike "$statuses" '200|silent|cut|none' 'connections that are closed at once: all fail'
ok 'before their connect deadline' test "$longest" -lt 2000
free

full
behind_relay refuse
call_many refused
unlike "$statuses" '200|silent|cut|none' 'that are refused: all fail'
ok 'before their connect deadline' test "$longest" -lt 2000
is "$connections" 0 'there was none'
free

full
behind_relay stall
call_many silent
like "$statuses" "^$calls whole 504 \$" 'that say nothing: all fail'
ok 'by their connect deadline' test "$longest" -ge 1900
ok 'and not later' test "$longest" -lt 3500
ok 'few are opened' test "$connections" -le $((calls / 2))
token=$(token_of <"$tmp/left.made")
call_many left begin params params-end stdin stdin-end wait:300 cut
left() { # whether their runs know
    sql_is "$calls" "SELECT count(*) FROM run WHERE client = 'left' AND status = 'canceled'"
}
ok 'callers that go while they wait: their runs are canceled' wait_for 10 left
free

behind_relay "$http2"
call_many again
is "$statuses" "$calls whole 200 " 'and then all are answered again'
ok 'over few connections' test "$connections" -le $((calls / streams + 5))
stop "$responder"
is "$rc" 0 'the responder ends well'
done_testing
