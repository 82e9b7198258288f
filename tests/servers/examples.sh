#!/bin/sh
# What the user documentation and examples/ say, word for word, behind nginx: the curl lines with only the
# address and the token replaced, a browser's fetch, the GitHub Actions step, the alert, the form.
. "${0%/*}/../shell/lib.sh"
. "${0%/*}/servers.sh"
PATH=$PATH:/usr/sbin
need nginx curl python3 git

new_store
{
    magec backend add echo --type echo
    magec agent add parrot --backend echo
    magec command add report --prompt 'The daily report'
    magec client add YOUR_WEBHOOK_ID --command report --agents parrot
    magec client add alert-handler --passthrough --agents parrot
} >"$tmp/clients"
command_token=$(sed -n '/client "YOUR_WEBHOOK_ID"/,$p' "$tmp/clients" | token_of)
alert_token=$(sed -n '/client "alert-handler"/,$p' "$tmp/clients" | token_of)
start_responder --log stderr
start_nginx magec.conf
at=http://127.0.0.1:$port

said() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)["response"])' <"$tmp/out"
}

run curl -sS -X POST "$at/api/v1/webhooks/YOUR_WEBHOOK_ID" \
    -H "Authorization: Bearer $command_token"
is "$(said)" 'The daily report' 'command mode: the body is ignored, and there is none'

run curl -sS -X POST "$at/api/v1/webhooks/alert-handler" \
    -H "Authorization: Bearer $alert_token" \
    -H "Content-Type: application/json" \
    -d '{"prompt": "Analyze this error: connection timeout on service X"}'
is "$(said)" 'Analyze this error: connection timeout on service X' 'passthrough mode'

run curl -sS -X POST "$at/api/v1/webhooks/alert-handler" \
    -H "Authorization: Bearer $alert_token" \
    -d '{"prompt": "Analyze this error: connection timeout on service X"}'
is "$(said)" 'Analyze this error: connection timeout on service X' 'without a content type'

run curl -sS -X POST "$at/api/v1/webhooks/alert-handler" \
    -H "Authorization: Bearer $alert_token" \
    -H "Content-Type: application/json" \
    -d '{"prompt": "Critical alert: CPU usage above 90% on prod-web-01 for 10 minutes. Analyze possible causes and suggest remediation."}'
like "$(said)" '^Critical alert: CPU usage above 90% on' 'a monitoring alert'

MAGEC_WEBHOOK_URL=$at/api/v1/webhooks/alert-handler
MAGEC_TOKEN=$alert_token
export MAGEC_WEBHOOK_URL MAGEC_TOKEN
run sh "$top_srcdir/examples/alerts/alert.sh" 'disk "sda" is 95% full'
is "$(cat "$tmp/out")" \
    'Critical alert: disk "sda" is 95% full. Analyze possible causes and suggest remediation.' \
    'examples/alerts/alert.sh'

# the step of the workflow, as the runner would run it: in a checkout, with the tag's name
mkdir "$tmp/repository"
(
    cd "$tmp/repository" || exit 1
    git init -q .
    for commit in first second third; do
        git -c user.name=test -c user.email=test@localhost commit -q --allow-empty -m "the $commit change"
        [ $commit = third ] || git tag "v-$commit"
    done
    git tag v-third
    awk '/^ *run: \|/ { inside = 1; match($0, /^ */); indent = RLENGTH; next }
        inside && NF && match($0, /^ */) && RLENGTH <= indent { exit }
        inside { print substr($0, indent + 3) }' \
        "$top_srcdir/examples/github-actions/release-notes.yml" >../step.sh
    VERSION=v-third bash -e ../step.sh >../step.out 2>../step.err
)
is "$?" 0 'the step of the workflow succeeds'
like "$(cat "$tmp/step.out")" '^Generate release notes for version v-third' 'it sends the version'
like "$(cat "$tmp/step.out")" '^- the third change' 'and the commits'
unlike "$(cat "$tmp/step.out")" 'the second change' 'since the tag before'

if command -v node >/dev/null; then
    cat >"$tmp/form.mjs" <<JS
import { draftAnswer } from '$tmp/contact.mjs';
console.log(await draftAnswer('$MAGEC_WEBHOOK_URL', '$MAGEC_TOKEN', { message: 'Where is my order?' }));
const labelled = await fetch('$MAGEC_WEBHOOK_URL', {
  method: 'POST',
  headers: { 'Authorization': 'Bearer $MAGEC_TOKEN' },
  body: JSON.stringify({ prompt: 'labelled text/plain' }),
});
console.log((await labelled.json()).response);
JS
    cp "$top_srcdir/examples/forms/contact.js" "$tmp/contact.mjs"
    run node "$tmp/form.mjs"
    like "$(cat "$tmp/out" "$tmp/err")" '^Where is my order\?' 'examples/forms/contact.js'
    like "$(cat "$tmp/out")" '^labelled text/plain' "a browser's fetch, which says text/plain"
else
    skip 'node is not installed' 2
fi
# The README shows a file of contrib/ without its comments.
plain() {
    sed -e '/^ *#/d' -e '/^$/d'
}
is "$(sed -n '/^    server {/,/^    }/s/^    //p' "$top_srcdir/README" | plain)" \
    "$(plain <"$top_srcdir/contrib/nginx/magec.conf")" "the README's nginx is contrib/nginx/magec.conf"
done_testing
