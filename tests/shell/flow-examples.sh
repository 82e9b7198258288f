#!/bin/sh
# The flows of examples/flows, as their scripts make them, with aimock as the model: what each agent answers is
# scripted, and what it was asked is read from aimock's journal.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=protocol.sh
. "${0%/*}/protocol.sh"
need node python3 jq curl

# One a line: what the system prompt has, how often it was asked before, or -, and the answer.
script='researcher A|-|Heat pumps work.
researcher B|-|Nobody knows.
the fact checker|-|CHECKED: They work.
the synthesizer|-|Yes.
debater A|0|Tabs are one key.
debater A|1|Tabs are fair.
debater B|0|Spaces look the same to all.
debater B|1|Spaces still do.
the moderator|0|Open: who counts?
the moderator|1|RESOLVED: neither.
the product manager|-|REQUIREMENTS
the architect|-|ARCHITECTURE
the designer|-|DESIGN
the frontend|-|PAGES
the backend|-|SERVER
the database|-|TABLES
the integrator|0|CODE one
the integrator|1|CODE two
the QA engineer|0|FAIL: the bus is late
the QA engineer|1|PASS
the code reviewer|0|APPROVED
the code reviewer|1|APPROVED
the technical writer|-|MANUAL
the security auditor|-|AUDIT
the release manager|-|NOTES
the deployment manager|-|PLAN'

printf '%s\n' "$script" | jq -R 'split("|") | {match: ({systemMessage: ("You are " + .[0])} +
        if .[1] == "-" then {} else {sequenceIndex: (.[1] | tonumber)} end),
    response: {content: .[2], usage: {prompt_tokens: 10, completion_tokens: 2, total_tokens: 12}}}' |
    jq -s '{fixtures: .}' >"$tmp/script.json"
if ! start_aimock <"$tmp/script.json"; then
    done_testing
    exit
fi
new_store
cd "$tmp" || exit 1
magec backend add mock --type openai --attempts 1 --url "$mock_url/v1" >/dev/null
for example in research debate factory; do
    run sh "$top_srcdir/examples/flows/$example.sh" mock gpt-4.1
    is "$rc $(tail -n 1 out)" "0 flow \"$example\" added" "$example.sh"
done
is "$(magec agent list --json | jq length)" 20 'their agents'
is "$(magec check | grep '^error')" '' 'nothing is wrong with them'

# steps of the last run, one a line: where, round, agent
steps() {
    magec runs show "$(magec runs list --json | jq -r '.[0].id')" --json >run
    jq -r '.results[0].steps[] | [.step, .round, .agent, (if .ok then empty else .error end)] | map(. // "-") | join(" ")' run
}
# journal WHO: the system prompts that were sent to it, as one JSON list
journal() {
    curl -s "$mock_url/__aimock/journal" >journal
    jq -c --arg who "You are the $1" '[.[].body.messages | select(.[0].content | startswith($who)) | .[0].content]' journal
}

# --- research

run magec ask research 'Do heat pumps work?'
is "$rc $(cat out)" '0 Yes.' 'research: the reply is the synthesizer'"'s"
is "$(steps | sort)" 'root.steps[0].steps[0] - researcher-a
root.steps[0].steps[1] - researcher-b
root.steps[1] - fact-checker
root.steps[2] - synthesizer' 'research: every step is in the run'
is "$(jq -c '[.results[0].usage.inputTokens, .results[0].usage.outputTokens, (.results[0].steps | map(.usage.inputTokens) | add)]' run)" \
    '[40,8,40]' 'research: and the tokens of each'
like "$(journal synthesizer)" 'Use nothing but this:\\n\\nCHECKED: They work\.' \
    'research: what the fact checker said is in the system prompt of the synthesizer'
unlike "$(cat journal)" 'agent\.output' 'research: and no reference is sent as it is'
is "$(jq -r '.[].body.messages | select(.[0].content | startswith("You are the fact")) | .[1].content' journal)" \
    'Do heat pumps work?

[researcher-a] said:
Heat pumps work.

[researcher-b] said:
Nobody knows.' 'research: the fact checker is asked with what both researchers said, as they are listed'

# --- debate

run magec ask debate 'Tabs are better.'
is "$rc $(cat out)" '0 RESOLVED: neither.' 'debate: the reply is what was said last'
is "$(steps)" 'root.steps[0].steps[0] 1 debater-a
root.steps[0].steps[1] 1 debater-b
root.steps[0].steps[2] 1 moderator
root.steps[0].steps[0] 2 debater-a
root.steps[0].steps[1] 2 debater-b
root.steps[0].steps[2] 2 moderator' 'debate: two rounds, until it is resolved'
curl -s "$mock_url/__aimock/journal" >journal
is "$(jq -r '.[].body.messages | select(.[0].content | startswith("You are debater A")) | .[0].content | split("\n")[1]' journal)" '
Spaces look the same to all.' 'debate: first there is nothing to answer, then what the other one said'

# --- factory

run magec ask factory 'When does the bus leave?'
is "$rc $(cat out)" '0 PLAN' 'factory: the reply is the deployment manager'"'s"
steps >/dev/null
is "$(jq -r '.results[0].steps | map("\(.round // "-") \(.agent)") | sort | join(",")' run)" \
    '- architect,- backend-developer,- database-engineer,- deployment-manager,- designer,- frontend-developer,- product-manager,- release-manager,- security-auditor,- technical-writer,1 code-reviewer,1 integrator,1 qa-engineer,2 code-reviewer,2 integrator,2 qa-engineer' \
    'factory: thirteen agents, three of them twice'
is "$(jq -r '.results[0].steps | map(.step | split("]")[0]) | join(" ") | gsub("root.steps.";"")' run)" \
    '0 1 1 2 2 2 3 3 3 3 3 3 4 4 4 5' 'factory: in order'
is "$(journal integrator | jq -r '.[1]' | tail -n +2)" 'Pages: PAGES
Server: SERVER
Tables: TABLES
Tests: FAIL: the bus is late
Review: APPROVED' 'factory: what was wrong comes back to who mends it'
is "$(journal 'deployment manager' | jq -r '.[0]' | tail -n +2)" 'Audit: AUDIT
Notes: NOTES
Code: CODE two' 'factory: and what is mended goes on'

done_testing
