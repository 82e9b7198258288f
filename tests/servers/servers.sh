# Real web servers for tests. Sourced behind tests/shell/lib.sh; needs a store (new_store).
#
#   start_responder [OPTION...]   on unix:$tmp/magec.sock; its process is $responder
#   start_nginx                   in front of that socket
#   start_lighttpd                which starts the responder itself (mod_fastcgi)
#   start_lighttpd_cgi            which starts it for every call (mod_cgi)
# Each server listens on 127.0.0.1; its process is $server, and $url is where the webhooks are.
#
#   call CLIENT [CURL OPTION...]  POST with the token in $token: $status, $tmp/headers, $tmp/body;
#                                 $rc is curl's exit status
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # used by, and set by, those who source this

webhooks=/api/v1/webhooks

start_responder() {
    start_bg responder "$top_builddir/magec-fcgi" --listen "unix:$tmp/magec.sock" "$@"
    responder=$bg_pid
    wait_for 10 test -S "$tmp/magec.sock" || fail 'the responder listens'
}

answers() { # whether the server and what is behind it answer
    curl -sf -o /dev/null "$url/health"
}

server_up() { # NAME
    server=$bg_pid
    url=http://127.0.0.1:$port$webhooks
    wait_for 20 answers || {
        fail "$1 and the responder answer"
        diag_file "$tmp/$1.log"
        diag_file "$tmp/$1-error.log"
    }
}

start_nginx() {
    port=$(free_port)
    # As root nginx would give its workers to somebody who may not use the socket.
    [ "$(id -u)" = 0 ] && user='user root;' || user=''
    [ -n "${keep-}" ] && keep_conn='fastcgi_keep_conn on;' || keep_conn=
    cat >"$tmp/nginx.conf" <<CONF
daemon off; $user pid $tmp/nginx.pid; error_log $tmp/nginx-error.log;
worker_processes 1; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
    access_log off; client_max_body_size 16m;
    client_body_temp_path $tmp/ngx-body; fastcgi_temp_path $tmp/ngx-fastcgi;
    proxy_temp_path $tmp/ngx-proxy; uwsgi_temp_path $tmp/ngx-uwsgi; scgi_temp_path $tmp/ngx-scgi;
    upstream magec { server unix:$tmp/magec.sock; ${keep:+keepalive $keep;} }
    server {
        listen 127.0.0.1:$port backlog=4096;
        location $webhooks/ {
            fastcgi_split_path_info ^($webhooks)(/.*)\$;
            include /etc/nginx/fastcgi_params;
            fastcgi_param PATH_INFO \$fastcgi_path_info;
            fastcgi_pass magec; $keep_conn
        }
    }
}
CONF
    PATH=$PATH:/usr/sbin start_bg nginx nginx -e "$tmp/nginx-error.log" -c "$tmp/nginx.conf"
    server_up nginx
}

lighttpd_conf() { # what comes behind the common part is standard input
    port=$(free_port)
    cat >"$tmp/lighttpd.conf" <<CONF
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "$tmp"
server.errorlog = "$tmp/lighttpd-error.log"
server.upload-dirs = ( "$tmp" )
server.stream-response-body = 1
CONF
    cat >>"$tmp/lighttpd.conf"
}

start_lighttpd() {
    lighttpd_conf <<CONF
server.modules = ( "mod_fastcgi" )
fastcgi.server = ( "$webhooks" => ((
    "bin-path" => "$top_builddir/magec-fcgi",
    "socket" => "$tmp/lighttpd.sock",
    "check-local" => "disable",
    "max-procs" => 1,
    "bin-environment" => ( "MAGEC_DB" => "$MAGEC_DB" )
)))
CONF
    PATH=$PATH:/usr/sbin start_bg lighttpd lighttpd -D -f "$tmp/lighttpd.conf"
    server_up lighttpd
}

start_lighttpd_cgi() {
    ln -sf "$top_builddir/magec-fcgi" "$tmp/magec.cgi"
    lighttpd_conf <<CONF
server.modules = ( "mod_alias", "mod_cgi", "mod_setenv" )
setenv.set-environment = ( "MAGEC_DB" => "$MAGEC_DB" )
alias.url = ( "$webhooks" => "$tmp/magec.cgi" )
cgi.assign = ( ".cgi" => "" )
CONF
    PATH=$PATH:/usr/sbin start_bg lighttpd lighttpd -D -f "$tmp/lighttpd.conf"
    server_up lighttpd
}

call() {
    call_client=$1
    shift
    status=$(curl -sS -X POST "$url/$call_client" -H "Authorization: Bearer ${token-}" \
        -D "$tmp/raw-headers" -o "$tmp/body" -w '%{http_code}' "$@" 2>"$tmp/curl.err")
    rc=$?
    tr -d '\r' <"$tmp/raw-headers" >"$tmp/headers"
}

token_of() { # the token in what magec printed
    grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
