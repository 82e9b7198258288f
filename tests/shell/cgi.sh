#!/bin/sh
# magec-fcgi as a plain CGI, through its environment alone: each contract once. Also run under valgrind.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

new_store
magec backend add echo --type echo
magec agent add parrot --backend echo
magec agent add second --backend echo
magec command add greet --prompt 'good morning'
run magec client add form --passthrough --agents parrot,second
form=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)
run magec client add report --command greet --agents parrot
report=$(grep -o 'mgc_[0-9a-f]\{40\}' "$tmp/out" | head -n 1)
hooks=/api/v1/webhooks

post() { # CLIENT BODY [VARIABLE=VALUE...]: with the token in $token
    post_client=$1
    printf %s "$2" >"$tmp/post"
    shift 2
    cgi POST "$hooks/$post_client" HTTP_AUTHORIZATION="Bearer $token" "$@" <"$tmp/post"
}

problem() { # STATUS NAME: the last reply is a problem document with a sentence
    is "$status $(header Content-Type)" "$1 application/problem+json" "$2"
    like "$(body)" "\"status\":$1,\"detail\":\".{10,}\",\"ok\":false" "$2: one sentence says why"
}

# Before the client is known.
cgi GET "$hooks/health"
is "$status $(body)" '200 ok' 'health'
cgi POST /somewhere/else
problem 404 'another path'
cgi POST "$hooks/"
problem 404 'no client in the path'
like "$(body)" 'PATH_INFO' 'the missing server setting is named'
cgi GET "$hooks/form" HTTP_AUTHORIZATION="Bearer $form"
problem 405 'GET'
like "$(header Allow)" '^POST' 'what is allowed'

# Credentials.
cgi POST "$hooks/form"
problem 401 'no credentials'
is "$(header WWW-Authenticate)" Bearer 'the scheme is named'
token=mgc_0000000000000000000000000000000000000000
post form hello
problem 401 'a wrong token'
cp "$tmp/body" "$tmp/wrong-token"
post nobody hello
problem 401 'an unknown client'
ok 'which is told nothing else' cmp "$tmp/wrong-token" "$tmp/body"
cgi POST "$hooks/report" HTTP_AUTHORIZATION="bEARER $report"
is "$status" 200 'the scheme in any case'
cgi POST "$hooks/report" HTTP_X_MAGEC_TOKEN="$report"
is "$status" 200 'a header of our own'
cgi POST "$hooks/report" REDIRECT_HTTP_AUTHORIZATION="Bearer $report"
is "$status" 200 'what Apache makes of it behind a redirect'

# Bodies.
token=$report
post report '{"prompt":"other","agent":"nobody"' CONTENT_TYPE=application/json
like "$(body)" '"response":"good morning"' 'command mode does not read the body'
token=$form
post form '{"prompt":"say \"this\"","agent":"second"}' CONTENT_TYPE=application/json
like "$(body)" '"ok":true.*"response":"say \\"this\\""' 'the prompt of a JSON body, to the agent it names'
post form '{"other":1}' HTTP_ACCEPT=text/plain
is "$status $(header Content-Type)" '200 text/plain; charset=utf-8' 'plain text'
like "$(body)" '"other":1' 'a body without a prompt is the prompt'
post form 'prompt=a+form' CONTENT_TYPE=application/x-www-form-urlencoded
like "$(body)" 'a form' 'a form'
post form '{"prompt":' CONTENT_TYPE=application/json
problem 400 'half a document'
post form ' '
problem 400 'an empty prompt'
post form "$(printf 'a\377b')" CONTENT_TYPE=text/plain
problem 400 'no UTF-8'
post form 'cut' CONTENT_LENGTH=10
problem 400 'a body shorter than declared'
post form 'text' CONTENT_LENGTH= HTTP_TRANSFER_ENCODING=chunked
problem 411 'a body of unknown length'
post form 'text' CONTENT_LENGTH=99999999999
problem 413 'a body over the limit'
post form '{"prompt":"x","agent":"elsewhere"}'
problem 403 'an agent that is not allowed'

# A stream, from its start to its end.
token=$report
post report '' HTTP_ACCEPT=text/event-stream
like "$status $(header Content-Type)" '^200 text/event-stream' 'events'
is "$(header X-Accel-Buffering) $(header Cache-Control)" 'no no-store' 'nothing keeps them back'
is "$(sed -n 's/^event: //p' "$tmp/body" | uniq | tr '\n' ' ')" 'start delta done ' 'in their order'

# Retention is applied behind a call.
post report '' MAGEC_KEEP_RUNS=2
is "$status $(magec runs list --json | grep -o '"id":' | wc -l)" '200 2' 'only so many runs are kept'

# Without settings that can be used.
cgi POST "$hooks/report" HTTP_AUTHORIZATION="Bearer $report" MAGEC_MAX_BODY=lots
problem 500 'a setting that is nonsense'
unlike "$(body)" 'MAX_BODY' 'which the caller is not told'
like "$(cat "$tmp/err")" 'MAGEC_MAX_BODY.*lots' 'but the operator'

# Without a store that can be used.
cgi POST "$hooks/report" HTTP_AUTHORIZATION="Bearer $report" MAGEC_DB="$tmp/none.db"
problem 500 'no store'
unlike "$(body)" 'none\.db' 'whose path the caller is not told'
like "$(cat "$tmp/err")" 'none\.db' 'but the operator'
cgi GET "$hooks/health" MAGEC_DB="$tmp/none.db"
is "$status" 503 'health without a store'
is "$(sqlite3 "$MAGEC_DB" 'PRAGMA integrity_check' 2>/dev/null || echo ok)" ok 'the store is whole'

done_testing
