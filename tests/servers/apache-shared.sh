#!/bin/sh
# The list of checks behind Apache as on shared hosting: nothing but contrib/apache-shared in a folder under the
# document root; the programs and the store are outside.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
. "${0%/*}/checks.sh"
need apache2

# shellcheck disable=SC2034 # for checks.sh
bodyless=yes early=late chunked=no kind=cgi
patient=no # the host's Timeout counts, and .htaccess cannot say otherwise
cut=no # a CGI has no way to say that its output is not whole

start_server() {
    spawned
    mkdir -p "$tmp/home/bin" "$tmp/home/magec" "$tmp/home/public_html/api/v1"
    mv "$tmp/magec-fcgi" "$tmp/home/bin"
    mv "$MAGEC_DB" "$tmp/home/magec/magec.db"
    MAGEC_DB=$tmp/home/magec/magec.db
    contrib apache-shared/htaccess >"$tmp/home/public_html/api/v1/.htaccess"
    contrib apache-shared/webhooks -e "s,^HOME=.*,HOME=$tmp/home," >"$tmp/home/public_html/api/v1/webhooks"
    chmod 755 "$tmp/home/public_html/api/v1/webhooks"
    cat >"$tmp/magec.conf" <<CONF
DocumentRoot $tmp/home/public_html
<Directory $tmp/home/public_html>
    AllowOverride Options FileInfo AuthConfig
    Require all granted
</Directory>
CONF
    [ "$(id -u)" != 0 ] || chown -R www-data "$tmp/home"
    start_apache cgid
}

run_checks
