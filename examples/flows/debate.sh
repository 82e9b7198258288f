#!/bin/sh
# Makes the flow of debate.json and its three agents.
#
# usage: sh debate.sh BACKEND MODEL
#
# A round is one argument for, one against, and the moderator's ruling. What the moderator says is kept as
# state.ruling, and the loop ends when that begins with RESOLVED, or after five rounds. No step is marked as the
# reply: it is what was said last. Afterwards:
#   magec ask debate 'Tabs are better than spaces.'
set -eu
[ $# -eq 2 ] || { sed -n '/^# usage/s/^# //p' "$0" >&2 && exit 64; }
backend=$1 model=$2

agent() { # ID SYSTEM_PROMPT [OPTION...]
    id=$1 prompt=$2
    shift 2
    magec agent add "$id" --backend "$backend" --model "$model" --system-prompt "$prompt" "$@"
}

agent debater-a 'You are debater A. Argue for the statement, in at most five sentences, and answer this:
{{agent.output:against}}' --output-key for
agent debater-b 'You are debater B. Argue against the statement, in at most five sentences, and answer this:
{{agent.output:for}}' --output-key against
agent moderator 'You are the moderator. If the last round brought nothing new, begin with the word RESOLVED and say in three sentences who was right in what. If it did, name the one question that is open.' \
    --output-key ruling
magec flow add --root "@$(dirname "$0")/debate.json"
