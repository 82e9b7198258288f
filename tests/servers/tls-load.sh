#!/bin/sh
# Five hundred streamed calls in flight in one responder, to a model's server behind TLS with HTTP/2 and a
# certificate that is verified: each costs less than 40 kB, and a hundred or more share a connection, which takes
# 128 of them, though all come at the same moment.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/certificates.sh"
PATH=$PATH:/usr/sbin
need nginx openssl curl python3 sqlite3
need_plain_build

calls=500 limit=40 most_connections=$((500 / 100))

new_authority ours
new_certificate tls ours IP:127.0.0.1
start_bg upstream "$top_builddir/bench/upstream" 0:200:60:50
wait_for 5 test -s "$tmp/upstream.log"
tls=$(free_port)
mkdir "$tmp/tls"
[ "$(id -u)" = 0 ] && user='user root;' || user=''
cat >"$tmp/tls/nginx.conf" <<CONF
daemon off; $user pid $tmp/tls/nginx.pid; error_log $tmp/tls/error.log;
worker_processes 1; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
    client_body_temp_path $tmp/tls/body; fastcgi_temp_path $tmp/tls/fastcgi; proxy_temp_path $tmp/tls/proxy;
    uwsgi_temp_path $tmp/tls/uwsgi; scgi_temp_path $tmp/tls/scgi;
    log_format tls '\$connection \$server_protocol \$status';
    access_log $tmp/access.log tls;
    server {
        listen 127.0.0.1:$tls ssl http2 backlog=4096;
        ssl_certificate $tmp/tls.pem; ssl_certificate_key $tmp/tls.key;
        location / {
            proxy_pass http://127.0.0.1:$(sed -n 1p "$tmp/upstream.log"); proxy_buffering off;
            proxy_http_version 1.1; proxy_set_header Connection "";
        }
    }
}
CONF
start_bg tls nginx -e "$tmp/tls/error.log" -c "$tmp/tls/nginx.conf"
ok 'nginx with TLS starts' wait_for 10 test -s "$tmp/tls/nginx.pid"

new_store
{
    magec backend add model --type openai --url "https://127.0.0.1:$tls/v1" --ca-file "$tmp/ours.pem"
    magec agent add talker --backend model --model any
    magec client add many --passthrough --agents talker
} >"$tmp/clients"
token=$(token_of <"$tmp/clients")
start_responder --log stderr
start_nginx magec.conf

memory() { # in kB; pages that are shared count in part
    awk '/^Pss:/ { print $2 }' "/proc/$responder/smaps_rollup"
}

in_flight() { # how many of the last calls were when the last one began
    sqlite3 -cmd '.timeout 5000' "$MAGEC_DB" "SELECT count(*) FROM (SELECT * FROM run ORDER BY n DESC LIMIT $calls)
        WHERE started_ms + duration_ms > (SELECT max(started_ms) FROM run)"
}

calls_at_once() { # [COMMAND...]: $calls of them, COMMAND meanwhile; $most kB, $together, $connections
    rounds=$((rounds + 1)) most=0
    : >"$tmp/access.log"
    start_bg callers python3 "$top_srcdir/tests/peers/streams.py" "$url/many" "$token" $calls
    "$@"
    while alive "$bg_pid"; do
        now=$(memory)
        [ "$now" -le "$most" ] || most=$now
        sleep 0.1
    done
    stop "$bg_pid"
    said=$(tail -n 1 "$tmp/callers.log")
    echo "$said" >>"$tmp/results"
    together=$(in_flight)
    connections=$(cut -d ' ' -f 1 "$tmp/access.log" | sort -u | wc -l)
    diag "round $rounds: $together at once on $connections connections, $said"
}

whole_over_http2() { # NAME
    is "$(grep -c "\"whole\": $calls," "$tmp/results")" $rounds "$1: every call said every word"
    is "$(cut -d ' ' -f 2- "$tmp/access.log" | sort | uniq -c | tr -s ' ')" " $calls HTTP/2.0 200" "$1: over HTTP/2"
    ok "$1: at most $most_connections connections" test "$connections" -le $most_connections
}

# A first call loads what all share.
call many -H 'Content-Type: application/json' -d '{"prompt":"hello"}'
is "$status" 200 'a call'
idle=$(memory)

rounds=0 together=0
while [ "$together" -lt $calls ] && [ $rounds -lt 4 ]; do
    calls_at_once
done
diag "idle $idle kB, then $most kB: $(((most - idle) / calls)) kB a call"
is "$together" $calls 'all were in flight when the last one began'
ok "less than $limit kB a call" test $(((most - idle) / calls)) -lt $limit
whole_over_http2 'in a fifth of a second'

# The responder finds all of them waiting.
in_one_moment() {
    kill -STOP "$responder"
    wait_for 10 grep -q sent "$tmp/callers.log"
    kill -CONT "$responder"
}

again() {
    stop "$responder"
    start_responder --log stderr
    wait_for 10 answers
}

again
calls_at_once in_one_moment
whole_over_http2 'in one moment'
again
call many -H 'Content-Type: application/json' -d '{"prompt":"hello"}'
is "$status" 200 'a call'
calls_at_once in_one_moment
whole_over_http2 'in one moment, where one connection is'
done_testing
