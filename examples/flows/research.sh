#!/bin/sh
# Makes the flow of research.json and its four agents.
#
# usage: sh research.sh BACKEND MODEL
#
# The first researcher may fail: then there is the other one. The synthesizer is told in its system prompt what the
# fact checker kept: {{agent.output:checked}}. Afterwards:
#   magec ask research 'How do heat pumps do in a cold winter?'
set -eu
[ $# -eq 2 ] || { sed -n '/^# usage/s/^# //p' "$0" >&2 && exit 64; }
backend=$1 model=$2

agent() { # ID SYSTEM_PROMPT [OPTION...]
    id=$1 prompt=$2
    shift 2
    magec agent add "$id" --backend "$backend" --model "$model" --system-prompt "$prompt" "$@"
}

agent researcher-a 'You are researcher A. List what is known of the subject: facts, numbers, and whose they are.'
agent researcher-b 'You are researcher B. List what speaks against the usual view of the subject, and what is not known.'
agent fact-checker 'You are the fact checker. Of what the researchers said keep what you are sure of, as a list, and say what you left out and why.' \
    --output-key checked
agent synthesizer 'You are the synthesizer. Answer the question for somebody who has two minutes. Use nothing but this:

{{agent.output:checked}}'
magec flow add --root "@$(dirname "$0")/research.json"
