#!/bin/sh
# magec client add --probe, and magec probe: behind a web server with one fault at a time it says which, and what
# helps, by the server's name.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "$top_srcdir/tests/servers/certificates.sh"
need python3 openssl jq sqlite3

new_store
cd "$tmp" || exit 1
unset MAGEC_TOKEN MAGEC_URL

# --- the client

token_in() { # FILE
    grep -o 'mgc_[0-9a-f]\{40\}' "$1" | head -n 1
}

run magec client add --probe
is "$rc $(head -n 1 out)" '0 client "probe" added' 'a client for probing'
token_in out >first
like "$(cat first)" '^mgc_' 'its token is printed'
run magec client add --probe
is "$rc $(head -n 1 out)" '0 client "probe" has a new token' 'once more: a new token'
token_in out >token
isnt "$(cat token)" "$(cat first)" 'which is another one'
is "$(magec client add outside --probe --json | jq -r .id)" outside 'with another id'
is "$(sqlite3 magec.db 'SELECT count(*) FROM agent')" 1 'they share an agent'
is "$(magec client show probe --json | jq -c '[.config.webhook.passthrough, .allowedAgents, .recordPrompt]')" \
    '[true,["probe"],"hash"]' 'what it is'
is "$(magec backend show probe --json | jq -r .type)" echo 'its backend'
magec check >out 2>&1
is "$?" 0 'a store with them is right'
run magec client add x --probe --passthrough
is "$rc" 64 'its mode is its own'
run magec client add x --probe --agents probe
is "$rc" 64 'and so are its agents'
magec client add mine --passthrough --agents probe >out
magec client set mine --disable >/dev/null
run magec client add mine --probe
is "$rc" 73 'a client of another kind stays'
magec agent add plain --backend probe >/dev/null
magec client add talk --passthrough --agents plain >/dev/null
run magec client add talk --probe
is "$rc" 73 'also one with another agent'

# --- the command line

probe() { # ARGUMENT...
    run magec probe "$@"
}
probe
is "$rc" 64 'a URL is needed'
probe ftp://x/y --token-file token
is "$rc" 64 'of http or https'
probe http://127.0.0.1 --token-file token
is "$rc" 64 'of a client'
probe http://127.0.0.1:1/x
is "$rc" 64 'a token is needed'
like "$(cat err)" 'magec client add --probe' 'and where one comes from is said'
probe http://127.0.0.1:1/x --token-file nothing
is "$rc" 66 'from a file that is there'
echo 'a b' >words
probe http://127.0.0.1:1/x --token-file words
is "$rc" 65 'a token is one word'
probe http://127.0.0.1:1/x --token-file token --silence 2h
is "$rc" 64 'silence has an end'
probe http://127.0.0.1:1/x --token-file token --ca-file nothing
is "$rc" 78 'an authority that cannot be read'
probe http://127.0.0.1:1/x --token-file token
is "$rc" 1 'nobody is there'
like "$(cat out)" '^wrong +server +no answer: cannot connect' 'that is a finding'
unlike "$(cat out err)" 'mgc_' 'the token is never shown'

# --- faults

start_bg server python3 "$top_srcdir/tests/peers/webserver.py" "$top_builddir/magec-fcgi" --port-file server.port
wait_for 10 test -s server.port || fail 'the server listens'
at() { # FAULT [SERVER]
    echo "http://127.0.0.1:$(cat server.port)/$1/${2-nginx}/api/v1/webhooks/probe"
}

probe "$(at none)" --token-file token -d magec.db --silence 2s
is "$rc" 0 'a web server as it should be'
is "$(sed 's/^\([a-z]*\) *\([a-z-]*\).*/\1 \2/' out | grep -cv '^ok ')" 0 'every check says so'
is "$(wc -l <out)" 12 'every check is there'
MAGEC_TOKEN=$(cat token) magec probe "$(at none)" --json >out
is "$? $(jq -c '[.ok, .server, (.checks | length)]' out)" '0 [true,"nginx",12]' 'the token in a variable, and JSON'
is "$(jq -r '.checks[] | select(.result != "ok") | "\(.check) \(.result)"' out | paste -sd,)" \
    'hang-up unknown,silence skipped' 'without the store a hang-up is not seen, and that is said'
magec probe "$(at none)" --token-file - <token >out
is "$?" 0 'the token on standard input'
probe "$(at none)" --token-file first
is "$rc" 1 'a token that has ended'
like "$(cat out)" '^wrong +credentials +they arrive, and the token is wrong' 'they arrive, but are wrong'

# wrong NAME FAULT SERVER CHECK WHAT REMEDY [OPTION...]: one check is wrong, with a remedy
wrong() {
    wrong_name=$1 wrong_url=$(at "$2" "$3") wrong_check=$4 wrong_what=$5 wrong_remedy=$6
    shift 6
    probe "$wrong_url" --token-file token -d magec.db --json "$@"
    is "$rc" 1 "$wrong_name: is wrong"
    is "$(jq -r '[.checks[] | select(.result == "wrong") | .check] | join(",")' out)" "$wrong_check" \
        "$wrong_name: only that"
    like "$(jq -r '.checks[] | select(.result == "wrong") | .detail' out)" "$wrong_what" "$wrong_name: what"
    like "$(jq -r '.checks[] | select(.result == "wrong") | .remedy' out)" "$wrong_remedy" "$wrong_name: the remedy"
}

wrong 'a stream that is collected' lump nginx/1.22.1 stream '16 events .* in one lump' 'fastcgi_buffering off'
wrong 'the same of lighttpd' lump lighttpd/1.4.69 stream 'in one lump' 'server.stream-response-body'
wrong 'the same of Apache' lump 'Apache' stream 'in one lump' 'FcgidOutputBufferSize 0'
wrong 'the same of others' lump 'X' stream 'in one lump' 'no buffering'
wrong 'a stream that is compressed' gzip nginx stream 'compressed with gzip' '^gzip off'
wrong 'Authorization is dropped' strip Apache credentials 'Authorization is dropped.* arrives' 'CGIPassAuth On'
wrong 'and so is the other header' strip-all Apache credentials 'Authorization is dropped.*no credentials' 'CGIPassAuth On'
wrong 'pages of its own' intercept nginx path 'a 401 of nginx itself' 'fastcgi_intercept_errors off'
wrong 'no WWW-Authenticate' bare nginx refusal 'lost its header' 'fastcgi_intercept_errors off'
wrong 'nothing is there' 404 nginx path 'a 404 of nginx itself' 'location /api/v1/webhooks/'
wrong 'a page that is Apache' 404 Apache-page path 'a 404 of Apache itself' 'ScriptAlias'
wrong 'a page that is lighttpd' 404 lighttpd-page path 'a 404 of lighttpd itself' 'fastcgi.server'
wrong 'a page that is nginx' 404 nginx-page path 'a 404 of nginx itself' 'location'
wrong 'not allowed' 403 Apache path 'a 403 of Apache' 'Require all granted'
wrong 'a broken program' 500 Apache path 'a 500 of Apache' 'CGIPassAuth'
wrong 'no responder' 502 nginx path 'a 502 of nginx' 'group'
wrong 'no responder' 503 lighttpd path 'a 503 of lighttpd' 'bin-path'
wrong 'a responder that is stuck' 504 nginx path 'a 504 of nginx' 'fastcgi_read_timeout'
wrong 'elsewhere' redirect nginx path 'a?.*301' 'https://elsewhere.example/'
wrong 'a login' login nginx path 'a 401 of nginx itself' 'auth_basic off'
wrong 'a large body' limit nginx large 'a 413 of nginx' 'client_max_body_size'
wrong 'a large body' limit Apache large 'a 413 of Apache' 'LimitRequestBody'
wrong 'a large body that ends the connection' slam Apache large 'no whole answer' 'FcgidMaxRequestLen'
wrong 'a body in chunks' length lighttpd chunked 'a 411 of lighttpd' 'stream-request-body'
wrong 'Expect' deny-expect lighttpd expect '417' 'reject-expect-100-with-417'
wrong 'a stream that is cut off' cut nginx stream 'no whole answer' '.'
wrong 'a stream that ends early' short nginx stream 'no event "done"' '.'
wrong 'silence' hasty nginx silence 'given up after 1(.[0-9])?s.*504' 'fastcgi_read_timeout' --silence 3s
wrong 'silence' rude Apache silence 'given up after 1(.[0-9])?s' 'FcgidIOTimeout' --silence 3s
wrong 'a hang-up' deaf nginx hang-up 'not noticed' 'fastcgi_ignore_client_abort'

probe "$(at no-get)" --token-file token
is "$rc" 0 'a GET need not arrive'
like "$(cat out)" '^note +path +a POST arrives' 'but it is said'
probe "$(at mute)" --token-file token
is "$rc" 0 'Expect need not be answered'
like "$(cat out)" '^note +expect +.*gets no answer' 'but it is said'
probe "$(at 404)" --token-file token
like "$(tail -n 1 out)" '8 further checks' 'checks that need what is wrong are counted'

magec backend add quick --type echo >/dev/null
magec agent add quick --backend quick >/dev/null
magec client add quick --passthrough --agents quick >out
token_in out >quick
probe "$(at none | sed 's/probe$/quick/')" --token-file quick
like "$(cat out)" '^unknown +stream +the agent says all of it at once' 'an agent that takes no time shows nothing'
magec command add fixed --prompt 'something else' >/dev/null
magec client add fixed --command fixed --agents quick >out
token_in out >fixed
probe "$(at none | sed 's/probe$/fixed/')" --token-file fixed
is "$rc" 1 'a client that is not for probing'
like "$(cat out)" 'not for probing' 'is found out before more is sent to it'

# --- TLS

new_authority ours
new_certificate tls ours IP:127.0.0.1
start_bg secure python3 "$top_srcdir/tests/peers/webserver.py" "$top_builddir/magec-fcgi" --port-file secure.port \
    --cert tls.pem --key tls.key
wait_for 10 test -s secure.port || fail 'the server with TLS listens'
secure=https://127.0.0.1:$(cat secure.port)/none/nginx/api/v1/webhooks/probe
probe "$secure" --token-file token
is "$rc" 1 'an authority that is not known'
like "$(cat out)" '^wrong +server +no answer: .*its authority is not known' 'says so'
like "$(cat out)" ' --ca-file' 'and what helps'
probe "$secure" --token-file token --ca-file ours.pem
is "$rc" 0 'with its authority'
like "$(cat out)" '^(ok|note) +tls +TLSv1.[23], verified, its certificate ends in [0-9]+ days' 'TLS, and its certificate'
probe "$secure" --token-file token --insecure
is "$rc" 0 'unverified'
like "$(cat out)" '^note +tls +TLSv1.[23], not verified' 'is said'

stop "$bg_pid"

# --- the manual says the same

sed 's/\\(dq/"/g' "$top_srcdir/man/magec-servers.7" >manual
sed -n '/remedies\[SYMPTOM/,$p' "$top_srcdir/src/cli/probe_remedy.c" |
    grep -oE '(fastcgi|client|auth|url|flush|request|deflate)[._][a-z._]*[a-z]|server\.[a-z-]+|Fcgid[A-Za-z]+|CGI[A-Z][A-Za-z]+|[A-Z][a-z]+ErrorOverride|LimitRequestBody|limit-request-body|check-local|flushpackets|no-gzip|gzip off|compress: OFF' |
    sort -u >named
while read -r name; do
    grep -qF -e "$name" manual || echo "$name"
done <named >missing
ok 'directives are named' test "$(wc -l <named)" -gt 25
is "$(cat missing)" '' 'magec-servers(7) has every directive that the probe names'
done_testing
