#!/bin/sh
# magec probe behind real web servers whose configurations were broken: it names the remedy.
# shellcheck disable=SC2016,SC2154 # of nginx; of servers.sh
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/certificates.sh"
need curl openssl

answers() { # it is enough that somebody does
    curl -s -o /dev/null "$url/health"
}

new_store
magec client add --probe | token_of >"$tmp/token"

# says CHECK WHAT REMEDY: in the table of the last probe
says() {
    like "$(sed -n "/^wrong *$1 /p" "$tmp/out")" "$2" "$what: $1"
    like "$(sed -n "/^wrong *$1 /{n;p;}" "$tmp/out")" "$3" "$what: $1 has a remedy"
}

probe() { # [OPTION...]
    run magec probe "$url/probe" -d "$MAGEC_DB" --token-file "$tmp/token" "$@"
    is "$rc" 1 "$what: something is wrong"
}

wrong_checks() {
    sed -n 's/^wrong *\([a-z-]*\).*/\1/p' "$tmp/out" | paste -sd, -
}

if command -v nginx >/dev/null; then
    what='nginx that buffers whatever a reply says'
    start_responder --log stderr
    start_nginx magec.conf -e 's/fastcgi_pass/fastcgi_ignore_headers X-Accel-Buffering; &/'
    probe
    is "$(wrong_checks)" stream "$what: only streams suffer"
    says stream 'in one lump' 'fastcgi_buffering off'
    stop "$server"

    what='nginx with TLS and HTTP/2'
    new_authority ours
    new_certificate tls ours IP:127.0.0.1
    tls_port=$(free_port)
    start_nginx magec.conf -e "s,listen 80;,listen 127.0.0.1:$tls_port ssl http2; &," \
        -e "s,listen 80;,ssl_certificate $tmp/tls.pem; ssl_certificate_key $tmp/tls.key; &,"
    run magec probe "https://127.0.0.1:$tls_port$webhooks/probe" -d "$MAGEC_DB" --token-file "$tmp/token" \
        --ca-file "$tmp/ours.pem" --silence 3s
    is "$rc" 0 "$what: all is well"
    [ "$rc" -eq 0 ] || diag_file "$tmp/out"
    like "$(cat "$tmp/out")" '^ok +http +HTTP/2$' "$what: is seen"
    like "$(cat "$tmp/out")" '^note +tls +TLSv1.[23], verified, its certificate ends in [01] days' "$what: and when its certificate ends"
    is "$(grep -c '^ok ' "$tmp/out")" 11 "$what: everything else is right"
    stop "$server"

    what='nginx with nothing set'
    start_nginx magec.conf -e '/fastcgi_read_timeout/d' -e '/client_max_body_size/d' \
        -e 's/fastcgi_pass/fastcgi_param HTTP_AUTHORIZATION ""; &/'
    probe --silence 4s
    is "$(wrong_checks)" credentials,large,silence "$what: all of it is found"
    says credentials 'X-Magec-Token arrives' 'HTTP_AUTHORIZATION'
    says large '413 of nginx' 'client_max_body_size 5m'
    says silence 'given up after 2.*504' 'fastcgi_read_timeout 960s'
    stop "$server"

    what='nginx that compresses'
    start_nginx magec.conf -e 's,fastcgi_pass,gzip on; gzip_types text/event-stream; gzip_min_length 0; &,' \
        -e 's/fastcgi_pass/fastcgi_ignore_headers X-Accel-Buffering; &/'
    probe
    says stream 'compressed with gzip' 'gzip off'
    stop "$server"

    what='nginx without PATH_INFO'
    start_nginx magec.conf -e '/fastcgi_split_path_info/d' -e '/PATH_INFO/d' \
        -e 's/include fastcgi_params/fastcgi_param REQUEST_METHOD $request_method/'
    probe
    says path 'the path does not arrive' 'fastcgi_split_path_info'
    stop "$server"

    what='nginx with pages of its own'
    start_nginx magec.conf -e 's,fastcgi_pass,fastcgi_intercept_errors on; error_page 401 405 /page; &,' \
        -e 's,location /api,location = /page { return 200 sorry; } &,'
    probe
    says path 'a 401 of nginx itself' 'fastcgi_intercept_errors off'
    stop "$server"

    what='nginx without a responder'
    start_nginx magec.conf
    stop "$responder"
    probe
    says path '502 of nginx' 'mode 0660'
    stop "$server"
fi

if command -v lighttpd >/dev/null; then
    what='lighttpd that waits for the end'
    start_responder --log stderr
    start_lighttpd connect.conf -e '/stream-response-body/d'
    probe
    says stream 'in one lump' 'server.stream-response-body = 1'
    stop "$server"
    what='lighttpd that looks for a file'
    start_lighttpd connect.conf -e '/check-local/d'
    probe
    says path '404 of lighttpd' '"check-local" => "disable"'
    stop "$server"
    what='lighttpd without a responder'
    start_lighttpd connect.conf
    stop "$responder"
    probe
    says path '503 of lighttpd' 'start the responder'
    stop "$server"
fi

if command -v apache2 >/dev/null; then
    what='Apache with mod_proxy_fcgi and nothing set'
    start_responder --log stderr
    contrib apache/proxy.conf -e '/CGIPassAuth/d' -e 's/ flushpackets=on//' -e '/ProxySet/d' >"$tmp/magec.conf"
    start_apache proxy proxy_fcgi
    probe --silence 4s
    says credentials 'X-Magec-Token arrives' 'CGIPassAuth On'
    says stream 'in one lump' 'flushpackets=on'
    says silence 'given up after 2' 'ProxySet timeout=960'
    stop "$server"
    stop "$responder"

    what='Apache with mod_fcgid and nothing set'
    spawned
    contrib apache/fcgid.conf -e '/CGIPassAuth/d' -e '/^Fcgid[^I]/d' -e '/^FcgidIOTimeout/d' >"$tmp/magec.conf"
    start_apache fcgid
    probe --silence 4s
    says credentials 'X-Magec-Token arrives' 'CGIPassAuth On'
    says stream 'in one lump' 'FcgidOutputBufferSize 0'
    says large '500 of Apache' 'FcgidMaxRequestLen'
    says silence 'given up after 2' 'FcgidIOTimeout 960'
    stop "$server"

    what='Apache that allows nobody'
    contrib apache/fcgid.conf -e '/Require all granted/d' >"$tmp/magec.conf"
    start_apache fcgid
    probe
    says path '403 of Apache' 'Require all granted'
    stop "$server"
fi

if command -v h2o >/dev/null; then
    what='h2o that is impatient'
    start_responder --log stderr
    start_h2o h2o.conf -e '/fastcgi.timeout.io/d'
    probe --silence 4s
    is "$(wrong_checks)" silence "$what: only silence suffers"
    says silence 'given up after 2' 'fastcgi.timeout.io: 960000'
    stop "$server"
    what='h2o without a responder'
    start_h2o h2o.conf
    stop "$responder"
    probe
    says path '50[0-9] of h2o' 'its error log has the reason'
    stop "$server"
fi

if command -v caddy >/dev/null; then
    what='Caddy without a responder'
    start_caddy
    probe
    says path '502 of Caddy' 'start the responder'
    stop "$server"
fi

done_testing
