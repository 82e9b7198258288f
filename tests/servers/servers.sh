# Real web servers for tests, with the files of contrib/. Sourced behind tests/shell/lib.sh; needs a store (new_store).
#
#   start_responder [OPTION...]   on unix:$tmp/magec.sock; its process is $responder
#   start_nginx FILE [SED OPTION...]   contrib/nginx/FILE, in front of that socket
#   start_lighttpd FILE [SED OPTION...]   contrib/lighttpd/FILE
#   start_apache MODULE...        $tmp/magec.conf, with these modules
#   start_h2o FILE [SED OPTION...]   contrib/h2o/FILE
#   start_caddy                   what contrib/ has for it
# Each server listens on 127.0.0.1; its process is $server, and $url is where the webhooks are.
#
# Of a file of contrib/ only paths, names and addresses are replaced. What surrounds it is a server whose own
# settings are as bad as a server's can be, only sooner: silence is borne for two seconds, say. Without the
# settings of the file the checks fail.
#
#   contrib FILE [SED OPTION...]  prints the file of contrib/ as it is used here
#   spawned                       makes $tmp/magec-fcgi, for servers that start the responder: with the options of
#                                 tests
#   sql STATEMENT                 what the store says
#   call CLIENT [CURL OPTION...]  POST with the token in $token: $status, $tmp/headers, $tmp/body;
#                                 $rc is curl's exit status
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # used by, and set by, those who source this

webhooks=/api/v1/webhooks
PATH=$PATH:/usr/sbin

start_responder() {
    start_bg responder "$top_builddir/magec-fcgi" --listen "unix:$tmp/magec.sock" "$@"
    responder=$bg_pid
    wait_for 10 test -S "$tmp/magec.sock" || fail 'the responder listens'
}

contrib() {
    contrib_file=$top_srcdir/contrib/$1
    shift
    sed -e "s,/run/magec/magec\\.sock,$tmp/magec.sock,g" -e "s,/var/lib/magec/magec\\.db,$MAGEC_DB,g" \
        -e "s,/usr/local/bin/magec-fcgi,$tmp/magec-fcgi,g" -e "s/example\\.org/127.0.0.1/g" "$@" "$contrib_file"
}

spawned() {
    cat >"$tmp/magec-fcgi" <<SH
#!/bin/sh
export MAGEC_HEARTBEAT=500ms MAGEC_DRAIN=2s MAGEC_ALLOW_ROOT=1
exec "$tmp/bin/magec-fcgi"
SH
    chmod +x "$tmp/magec-fcgi"
    # Not everybody reaches the build folder.
    mkdir "$tmp/bin"
    cp "$top_builddir/magec-fcgi" "$tmp/bin"
}

# A server that does not serve as root has another user, who needs what an operator would give to that one.
to_web_user() {
    [ "$(id -u)" = 0 ] || return 0
    chown www-data "$tmp" "$MAGEC_DB"*
    [ ! -S "$tmp/magec.sock" ] || chgrp www-data "$tmp/magec.sock"
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
    nginx_file=$1
    shift
    contrib "nginx/$nginx_file" "$@" -e "s/listen 80;/listen 127.0.0.1:$port backlog=4096;/" \
        -e "s/127\\.0\\.0\\.1:9000/${other:-&}/" -e "s/192\\.0\\.2\\.10:9000/${other:-&}/" >"$tmp/magec.conf"
    ln -sf /etc/nginx/fastcgi_params "$tmp/fastcgi_params"
    cat >"$tmp/nginx.conf" <<CONF
daemon off; $user pid $tmp/nginx.pid; error_log $tmp/nginx-error.log;
worker_processes 1; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
    access_log off; client_max_body_size 1k; fastcgi_read_timeout 2s;
    client_body_temp_path $tmp/ngx-body; fastcgi_temp_path $tmp/ngx-fastcgi;
    proxy_temp_path $tmp/ngx-proxy; uwsgi_temp_path $tmp/ngx-uwsgi; scgi_temp_path $tmp/ngx-scgi;
    include $tmp/magec.conf;
}
CONF
    start_bg nginx nginx -e "$tmp/nginx-error.log" -c "$tmp/nginx.conf"
    server_up nginx
}

start_lighttpd() {
    port=$(free_port)
    lighttpd_file=$1
    shift
    contrib "lighttpd/$lighttpd_file" "$@" -e "s,/run/lighttpd,$tmp," >"$tmp/magec.conf"
    cat >"$tmp/lighttpd.conf" <<CONF
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "$tmp"
server.errorlog = "$tmp/lighttpd-error.log"
server.upload-dirs = ( "$tmp" )
server.modules = ( "mod_access", "mod_alias" )
include "$tmp/magec.conf"
CONF
    start_bg lighttpd env -u MAGEC_DB lighttpd -D -f "$tmp/lighttpd.conf"
    server_up lighttpd
}

start_apache() { # MODULE... with what it reads in $tmp/magec.conf
    port=$(free_port)
    modules=/usr/lib/apache2/modules
    [ "$(id -u)" = 0 ] && user=www-data || user=$(id -un)
    to_web_user
    mkdir -p "$tmp/htdocs"
    {
        for module in mpm_event authz_core alias env "$@"; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        cat <<CONF
Listen 127.0.0.1:$port
ServerName 127.0.0.1
User $user
Group $(id -gn "$user")
ServerRoot $tmp
DocumentRoot $tmp/htdocs
DefaultRuntimeDir $tmp
PidFile $tmp/apache.pid
ErrorLog $tmp/apache-error.log
Timeout 2
<Directory />
    Require all denied
    AllowOverride None
</Directory>
<Directory $tmp/htdocs>
    Require all granted
</Directory>
<IfModule fcgid_module>
    FcgidIPCDir $tmp
    FcgidProcessTableFile $tmp/fcgid_shm
    FcgidIOTimeout 2
    FcgidBusyTimeout 1
    FcgidBusyScanInterval 1
    FcgidMaxProcessesPerClass 8
</IfModule>
<IfModule cgid_module>
    ScriptSock $tmp/cgid.sock
</IfModule>
Include $tmp/magec.conf
CONF
    } >"$tmp/apache.conf"
    start_bg apache env -u MAGEC_DB apache2 -D FOREGROUND -f "$tmp/apache.conf"
    server_up apache
}

start_caddy() {
    port=$(free_port)
    {
        printf '{\n\tadmin off\n}\n'
        contrib caddy/Caddyfile -e "s,^127\\.0\\.0\\.1 {,http://127.0.0.1:$port {,"
    } >"$tmp/Caddyfile"
    start_bg caddy env -u XDG_DATA_HOME -u XDG_CONFIG_HOME HOME="$tmp" caddy run --config "$tmp/Caddyfile" --adapter caddyfile
    server_up caddy
}

start_h2o() {
    port=$(free_port)
    [ "$(id -u)" = 0 ] && user='user: root' || user='#'
    echo 'fastcgi.timeout.io: 2000' >"$tmp/h2o.conf"
    h2o_file=$1
    shift
    contrib "h2o/$h2o_file" "$@" -e "s/^user: .*/$user/" -e "s,/run/h2o\\.pid,$tmp/h2o.pid," \
        -e "s,/var/log/h2o/error\\.log,$tmp/h2o-error.log," \
        -e "s/port: 80$/host: 127.0.0.1\n  port: $port/" >>"$tmp/h2o.conf"
    start_bg h2o h2o -c "$tmp/h2o.conf"
    server_up h2o
}

call() {
    call_client=$1
    shift
    status=$(curl -sS -X POST "$url/$call_client" -H "Authorization: Bearer ${token-}" \
        -D "$tmp/raw-headers" -o "$tmp/body" -w '%{http_code}' "$@" 2>"$tmp/curl.err")
    rc=$?
    tr -d '\r' <"$tmp/raw-headers" >"$tmp/headers"
}

sql() { # STATEMENT: of the store, which others may be writing
    sqlite3 -cmd '.timeout 5000' "$MAGEC_DB" "$1"
}

token_of() { # the token in what magec printed
    grep -o 'mgc_[0-9a-f]\{40\}' | head -n 1
}
