#!/bin/sh
# Backends over TLS, at a real nginx with HTTP/2: whose certificate is believed, what is shown to a server
# that asks for one, who shares a connection, and what people are told when it is not right.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/fastcgi.sh"
. "${0%/*}/certificates.sh"
PATH=$PATH:/usr/sbin
need nginx openssl python3 sqlite3

new_authority ours
new_authority theirs
new_certificate good ours IP:127.0.0.1,DNS:localhost
new_certificate elsewhere ours DNS:elsewhere.example
new_certificate expired ours IP:127.0.0.1 -1
new_certificate client ours DNS:client.example
new_certificate stranger theirs DNS:client.example
cat "$tmp/theirs.pem" "$tmp/ours.pem" >"$tmp/both.pem"
cat "$tmp/client.pem" "$tmp/client.key" >"$tmp/together.pem"
openssl pkey -aes128 -passout pass:secret -in "$tmp/client.key" -out "$tmp/locked.key"
head -n 3 "$tmp/client.key" >"$tmp/cut.key"
echo 'no certificate' >"$tmp/text.pem"
chmod 600 "$tmp"/*.key

start_bg upstream python3 "$top_srcdir/tests/peers/upstream.py" --port-file "$tmp/upstream.port" \
    --log "$tmp/upstream.log.json"
ok 'the upstream listens' wait_for 10 test -s "$tmp/upstream.port"
upstream=127.0.0.1:$(cat "$tmp/upstream.port")

ipv6=
python3 -c 'import socket; socket.create_server(("::1", 0), family=socket.AF_INET6)' 2>/dev/null && ipv6=yes

tls_server() { # PORT CERTIFICATE [MORE]
    printf 'server { listen 127.0.0.1:%s ssl http2; ssl_certificate %s.pem; ssl_certificate_key %s.key; %s
        location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Connection ""; } }\n' \
        "$1" "$tmp/$2" "$tmp/$2" "${3-}" "$upstream"
}

good=$(free_port)
elsewhere=$(free_port)
expired=$(free_port)
asks=$(free_port)
plain=$(free_port)
six=$(free_port)
cat >"$tmp/nginx.conf" <<CONF
daemon off; pid $tmp/nginx.pid; error_log $tmp/nginx-error.log; worker_processes 1;
events { worker_connections 256; }
http {
    client_body_temp_path $tmp/ngx-body; fastcgi_temp_path $tmp/ngx-fastcgi; proxy_temp_path $tmp/ngx-proxy;
    uwsgi_temp_path $tmp/ngx-uwsgi; scgi_temp_path $tmp/ngx-scgi;
    log_format tls '\$connection \$server_port \$server_protocol \$ssl_client_verify';
    access_log $tmp/access.log tls;
    $(tls_server "$good" good)
    $(tls_server "$elsewhere" elsewhere)
    $(tls_server "$expired" expired)
    $(tls_server "$asks" good "ssl_verify_client on; ssl_client_certificate $tmp/ours.pem;")
    server { listen 127.0.0.1:$plain; }
    $([ -z "$ipv6" ] || echo "server { listen [::1]:$six; location / { proxy_pass http://$upstream; } }")
}
CONF
start_bg nginx nginx -e "$tmp/nginx-error.log" -c "$tmp/nginx.conf"
if ! wait_for 10 test -s "$tmp/nginx.pid"; then
    echo 'Bail out! nginx does not start'
    diag_file "$tmp/nginx-error.log"
    exit 1
fi

new_store
backend() { # ID URL [OPTION...]
    backend_id=$1 backend_url=$2
    shift 2
    run magec backend add "$backend_id" --type openai --url "$backend_url" --attempts 1 "$@"
    [ "$rc" -eq 0 ] || diag "$(cat "$tmp/err")"
    magec agent add "$backend_id" --backend "$backend_id" --model words:1 >/dev/null
}

answers_of() { # ID NAME
    run magec ask "$1" hello
    like "$rc $(cat "$tmp/out")" '^0 word1' "$2"
    [ "$rc" -eq 0 ] || diag "$(cat "$tmp/err")"
}

refuses() { # ID ERE NAME
    run magec ask "$1" hello
    isnt "$rc" 0 "$3"
    like "$(cat "$tmp/err")" "$2" "$3: what is said"
}

# --- who is believed

url=https://127.0.0.1:$good/v1
backend trusted "$url" --ca-file "$tmp/ours.pem"
backend public "$url"
backend strange "$url" --ca-file "$tmp/theirs.pem"
backend elsewhere "https://127.0.0.1:$elsewhere/v1" --ca-file "$tmp/ours.pem"
backend expired "https://127.0.0.1:$expired/v1" --ca-file "$tmp/ours.pem"
backend plain "https://127.0.0.1:$plain/v1" --ca-file "$tmp/ours.pem"
backend open "https://127.0.0.1:$expired/v1" --insecure

answers_of trusted 'a server whose authority is in the CA file'
like "$(tail -n 1 "$tmp/access.log")" "^[0-9]+ $good HTTP/2.0 NONE" 'over HTTP/2'
untrusted="the server's certificate is not trusted: "
refuses public "$untrusted.*authority.*CA file" 'without it'
refuses strange "$untrusted.*authority.*CA file" 'with another CA file'
refuses elsewhere "$untrusted.*another host name" 'for another host name'
refuses expired "$untrusted.*expired.*renewed" 'expired'
refuses plain 'does not speak TLS there.*http URL' 'where there is no TLS'
answers_of open 'insecure: whatever it is'
export SSL_CERT_FILE="$tmp/ours.pem"
answers_of public 'with the authorities that the environment names'
answers_of trusted 'which are not those of who has a CA file'
refuses strange "$untrusted" 'nor an addition to them'
unset SSL_CERT_FILE

# --- who are we

url=https://127.0.0.1:$asks/v1
backend shows "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/client.pem" --client-key "$tmp/client.key"
backend together "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/together.pem"
backend nobody "$url" --ca-file "$tmp/ours.pem"
backend stranger "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/stranger.pem" \
    --client-key "$tmp/stranger.key"
backend mixed "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/client.pem" --client-key "$tmp/stranger.key"
backend locked "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/client.pem" --client-key "$tmp/locked.key"
backend cut "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/client.pem" --client-key "$tmp/cut.key"
backend keyless "$url" --ca-file "$tmp/ours.pem" --client-cert "$tmp/client.pem"
backend no-ca "$url" --ca-file "$tmp/gone.pem"
backend text-ca "$url" --ca-file "$tmp/text.pem"
backend no-cert "$url" --client-cert "$tmp/gone.pem" --client-key "$tmp/client.key"

answers_of shows 'a server that wants a certificate gets it'
like "$(tail -n 1 "$tmp/access.log")" 'HTTP/2.0 SUCCESS$' 'and has verified it'
answers_of together 'the certificate and its key in one file'
refuses nobody 'HTTP 400: 400 No required SSL certificate was sent' 'without one'
refuses stranger 'HTTP 400: .*SSL certificate' 'with one of somebody else'
refuses mixed "certificate \"$tmp/client.pem\" and its key \"$tmp/stranger.key\".*do not belong" \
    'with the key of another'
refuses locked "client key \"$tmp/locked.key\" cannot be used.*passphrase" 'with a key that is locked'
refuses cut "client key \"$tmp/cut.key\" cannot be used.*cut" 'with a key that was cut'
refuses keyless "client certificate \"$tmp/client.pem\".*no private key.*no client key" 'without a key'
refuses no-ca "CA file \"$tmp/gone.pem\" cannot be read: No such file" 'a CA file that is not there'
refuses text-ca "CA file \"$tmp/text.pem\" cannot be used" 'a CA file that is something else'
refuses no-cert "client certificate \"$tmp/gone.pem\" cannot be read: No such file" 'no client certificate there'

alert=$(free_port)
start_bg asker openssl s_server -accept "127.0.0.1:$alert" -cert "$tmp/good.pem" -key "$tmp/good.key" \
    -Verify 1 -verify_return_error -CAfile "$tmp/ours.pem" -tls1_3 -www
backend alerted "https://127.0.0.1:$alert/v1" --ca-file "$tmp/ours.pem"
wait_for 10 grep -q ACCEPT "$tmp/asker.log"
refuses alerted 'the server wants a client certificate' 'a server that says so within TLS'

# --- what check says

chmod 644 "$tmp/client.key"
for name in $(magec agent list --json | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p'); do
    names=${names-}${names:+,}$name
done
magec client add say --passthrough --agents "$names" >"$tmp/clients"
token=$(token_of <"$tmp/clients")
run magec check
is "$rc" 1 'check finds errors'
said=$(cat "$tmp/out")
like "$said" '^warning.*"open".*insecure' 'check: an insecure backend is a warning'
like "$said" "^warning.*\"shows\".*can read.*$tmp/client.key.*chmod" 'check: so is a key that others can read'
like "$said" "^error.*\"no-ca\".*$tmp/gone.pem.*No such file" 'check: a CA file that is not there'
like "$said" "^error.*\"text-ca\".*$tmp/text.pem" 'check: one that is something else'
like "$said" "^error.*\"locked\".*$tmp/locked.key.*passphrase" 'check: a key that is locked'
like "$said" "^error.*\"cut\".*$tmp/cut.key" 'check: a key that was cut'
unlike "$said" '^error.*"(trusted|shows|together|open)"' 'check: what is right is right'

# --- one connection is not for all

backend both "https://127.0.0.1:$good/v1" --ca-file "$tmp/both.pem"
backend careless "https://127.0.0.1:$good/v1" --insecure
magec client set say --agents "trusted,both,strange,careless,public,shows,nobody" >/dev/null
serve
call_of() { # AGENT: $status, and the connection and the client's verification in $connection
    fcgi say --type application/json --accept application/json --body "{\"prompt\":\"hello\",\"agent\":\"$1\"}"
    connection=$(tail -n 1 "$tmp/access.log")
}
call_of trusted
first=$connection
is "$status" 200 'one backend'
call_of trusted
is "$status $connection" "200 $first" 'asked again: the connection is used again'
call_of both
is "$status" 200 'another with other authorities'
isnt "$connection" "$first" 'has a connection of its own'
call_of careless
is "$status" 200 'an insecure one'
isnt "$connection" "$first" 'has one too'
careless=$connection
call_of strange
is "$status" 502 'one that does not trust the server gets none of theirs'
call_of public
is "$status" 502 'nor does one with the authorities of the system'
call_of trusted
is "$status $connection" "200 $first" 'the first has its own still'
isnt "$connection" "$careless" 'and not that of the careless'
call_of shows
is "$status" 200 'one that shows a certificate'
call_of nobody
is "$status" 502 'lends its connection to nobody'

# --- a caller that is gone, over HTTP/2: nobody is to go on reading

magec agent add talker --backend trusted --model words:200:50 >/dev/null
magec client set say --agents talker >/dev/null
upstream_left() { # its log has a call that its client left
    grep -q '"closed": [0-9]' "$tmp/upstream.log.json"
}
not_ok 'so far nobody has left the upstream' upstream_left
fcgi say --type application/json --accept text/event-stream --body '{"prompt":"hello"}' \
    begin params params-end stdin stdin-end until:start wait:500 cut
ok 'a caller hangs up, and within two seconds the upstream is left' wait_for 2 upstream_left

# --- IPv6

if [ -n "$ipv6" ]; then
    backend six "http://[::1]:$six/v1"
    answers_of six 'a server at an IPv6 address'
else
    skip 'there is no ::1 here'
fi
done_testing
