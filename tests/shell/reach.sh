#!/bin/sh
# The way to a backend: proxies, redirects, what URLs may be, and a process without file descriptors.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "$top_srcdir/tests/servers/certificates.sh"
need python3 openssl

peer() { # NAME PROGRAM [OPTION...]: its port is then in $tmp/NAME.port
    peer_name=$1 peer_program=$2
    shift 2
    start_bg "$peer_name" python3 "$top_srcdir/tests/peers/$peer_program" --port-file "$tmp/$peer_name.port" \
        --log "$tmp/$peer_name.json" "$@"
    touch "$tmp/$peer_name.json"
    wait_for 10 test -s "$tmp/$peer_name.port" || fail "$peer_name listens"
}

at() { # NAME: where a peer is
    echo "127.0.0.1:$(cat "$tmp/$1.port")"
}

seen() { # NAME: how many requests it got
    wc -l <"$tmp/$1.json" | tr -d ' '
}

peer upstream upstream.py
peer other upstream.py
peer proxy proxy.py
peer locked proxy.py --auth 'us:pass%20word'
peer closed proxy.py --refuse '403 Forbidden'

new_authority ours
new_certificate tls ours IP:127.0.0.1
tls=$(free_port)
start_bg tls python3 -c '
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: {\"choices\":[{\"delta\":{\"content\":\"word1\"},\"finish_reason\":\"stop\"}]}\n\n")
        self.wfile.write(b"data: [DONE]\n\n")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()' "$tls" "$tmp/tls.pem" "$tmp/tls.key"

new_store
key=secret-of-the-key
export KEY=$key
backend() { # ID URL MODEL [OPTION...]
    backend_id=$1 backend_url=$2 backend_model=$3
    shift 3
    run magec backend add "$backend_id" --type openai --url "$backend_url" --key env:KEY --attempts 1 "$@"
    [ "$rc" -eq 0 ] || diag "$(cat "$tmp/err")"
    magec agent add "$backend_id" --backend "$backend_id" --model "$backend_model" >/dev/null
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

look() {
    python3 "$top_srcdir/tests/peers/look.py" "$@"
}

# of PEER NAME[.NAME...]: of the last request that it got
of() {
    tail -n 1 "$tmp/$1.json" >"$tmp/last"
    look member "$tmp/last" "$2"
}

# --- no proxy, whatever the environment says

backend direct "http://$(at upstream)/v1" words:1
backend direct-tls "https://127.0.0.1:$tls/v1" words:1 --ca-file "$tmp/ours.pem"
for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY; do
    export "$name=http://$(at proxy)"
done
ok 'the server with TLS listens' wait_for 10 grep -q ready "$tmp/tls.log"
answers_of direct 'proxies of the environment are not used'
answers_of direct-tls 'nor for https'
is "$(seen proxy)" 0 'the proxy was not asked'
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

# --- a backend's proxy

export no_proxy='*' NO_PROXY='*'
backend plain "http://$(at upstream)/v1" words:1 --proxy "http://$(at proxy)"
answers_of plain 'an http backend through a proxy, whatever no_proxy says'
is "$(of proxy method) $(of proxy target)" "POST http://$(at upstream)/v1/chat/completions" \
    'which sees the absolute URI'
backend tunnel "https://127.0.0.1:$tls/v1" words:1 --ca-file "$tmp/ours.pem" --proxy "http://$(at proxy)"
answers_of tunnel 'an https backend through a proxy'
is "$(of proxy method) $(of proxy target)" "CONNECT 127.0.0.1:$tls" 'which sees a CONNECT'
unlike "$(tail -n 1 "$tmp/proxy.json")" "$key" 'and not the key'
unset no_proxy NO_PROXY

export PROXY_PASSWORD='pass%2520word'
# shellcheck disable=SC2016 # it is expanded when it is used
backend in "https://127.0.0.1:$tls/v1" words:1 --ca-file "$tmp/ours.pem" \
    --proxy "http://us:\${PROXY_PASSWORD}@$(at locked)"
answers_of in 'a proxy that wants a password, which comes from the environment'
PROXY_PASSWORD=wrong-password
refuses in 'its proxy wants a user and a password.*HTTP 407' 'with a wrong one'
unlike "$(cat "$tmp/err" "$tmp/out")" "$PROXY_PASSWORD" 'which is not shown'
run sh -c "unset PROXY_PASSWORD; exec '$top_builddir/magec' ask in hello"
like "$(cat "$tmp/err")" '"PROXY_PASSWORD" is not set' 'without one'
export PROXY_PASSWORD=pass-word
backend no-host "http://$(at upstream)/v1" words:1 --proxy "http://us:\${PROXY_PASSWORD}@proxy.invalid:3128"
refuses no-host 'host name of its proxy cannot be resolved' 'a proxy that cannot be found'
unlike "$(cat "$tmp/err" "$tmp/out")" 'pass-word' 'its password is not shown'
backend odd "http://$(at upstream)/v1" words:1 --proxy "http://us:\${PROXY_PASSWORD}@[nowhere:x"
run magec ask odd hello
unlike "$(cat "$tmp/err" "$tmp/out")" 'pass-word' 'nor in a URL that cannot be read'
backend closed "https://127.0.0.1:$tls/v1" words:1 --proxy "http://$(at closed)"
refuses closed 'its proxy did not connect it .HTTP 403' 'a proxy that refuses'
backend away "http://$(at upstream)/v1" words:1 --proxy "http://127.0.0.1:$(free_port)"
refuses away 'cannot connect to its proxy: Connection refused' 'a proxy that is not there'
run magec backend add socks --type openai --url "http://$(at upstream)/v1" --proxy socks5://127.0.0.1:1080
is "$rc" 65 'a proxy of another kind is refused'
like "$(cat "$tmp/err")" 'proxy.*http://' 'and said why'
export PROXY=socks5://127.0.0.1:1080
# shellcheck disable=SC2016 # it is expanded when it is used
backend socks "http://$(at upstream)/v1" words:1 --proxy '${PROXY}'
refuses socks "proxy's URL is not an http or https URL" 'also when it comes from the environment'

# --- redirects

backend moved "http://$(at upstream)/v1" "redirect:$(cat "$tmp/other.port")"
refuses moved "HTTP 307: redirects are not followed.*it points to http://$(at other)/" 'a redirect'
is "$(seen other)" 0 'the other host is not asked, and never sees the key'

# --- URLs

for url in ftp://127.0.0.1/v1 file:///etc/passwd 127.0.0.1/v1 gopher://127.0.0.1; do
    run magec backend add other --type openai --url "$url"
    isnt "$rc" 0 "$url is no URL of a backend"
    like "$(cat "$tmp/err")" 'is not a URL: it begins with http://' "$url: what is said"
done
export BASE=file:///etc
# shellcheck disable=SC2016 # it is expanded when it is used
backend file '${BASE}/v1' words:1
refuses file 'URL is not an http or https URL' 'nor does it become one by the environment'

# --- no file descriptor left

# Each limit is too low for something; at some it is the connection.
limit=32
while [ $limit -gt 10 ]; do
    limit=$((limit - 1))
    (
        # shellcheck disable=SC3045
        ulimit -n $limit
        exec "$top_builddir/magec" ask direct hello
    ) >"$tmp/out" 2>"$tmp/limit.$limit"
    no_complaint "magec ask with $limit descriptors" "$tmp/limit.$limit"
done
said=$(cat "$tmp"/limit.*)
like "$said" 'failed: this process has no file descriptor left: raise its limit.*LimitNOFILE' \
    'without descriptors: the sentence'
unlike "$said" 'cannot connect|libcurl|resolved' 'and no other for the same cause'
done_testing
