#!/bin/sh
# Makes the flow of factory.json and its 13 agents.
#
# usage: sh factory.sh BACKEND MODEL
#
# Who needs what another one made is given that alone in the system prompt, {{agent.output:KEY}}, wherever it was
# made. What is built is put together, tested and reviewed until both are content, three times at most. Each agent
# may have a model of its own: magec agent set qa-engineer --model NAME. Afterwards:
#   magec ask factory 'A page that shows when the next bus leaves'
set -eu
[ $# -eq 2 ] || { sed -n '/^# usage/s/^# //p' "$0" >&2 && exit 64; }
backend=$1 model=$2

agent() { # ID OUTPUT_KEY SYSTEM_PROMPT
    magec agent add "$1" --backend "$backend" --model "$model" --output-key "$2" --system-prompt "$3"
}

agent product-manager requirements 'You are the product manager. Turn the wish into requirements: numbered, each with how to see that it is met.'
agent architect architecture 'You are the architect. Name the parts, what each is for, and how they speak to each other. The requirements:
{{agent.output:requirements}}'
agent designer design 'You are the designer. Describe each page: what is on it, and what happens when it is used. The requirements:
{{agent.output:requirements}}'
agent frontend-developer frontend 'You are the frontend developer. Write the pages. Their design:
{{agent.output:design}}
The parts they speak to:
{{agent.output:architecture}}'
agent backend-developer backend 'You are the backend developer. Write the server. The architecture:
{{agent.output:architecture}}'
agent database-engineer database 'You are the database engineer. Write the tables and the queries. The architecture:
{{agent.output:architecture}}'
agent integrator code 'You are the integrator. Put these together, and mend what tests and review found wrong.
Pages: {{agent.output:frontend}}
Server: {{agent.output:backend}}
Tables: {{agent.output:database}}
Tests: {{agent.output:tests}}
Review: {{agent.output:review}}'
agent qa-engineer tests 'You are the QA engineer. Begin with PASS if the code meets all requirements, else with FAIL and what does not.
Requirements: {{agent.output:requirements}}
Code: {{agent.output:code}}'
agent code-reviewer review 'You are the code reviewer. Begin with APPROVED if you would merge the code, else with CHANGES and which.
Code: {{agent.output:code}}'
agent technical-writer manual 'You are the technical writer. Write the page of the manual for this:
{{agent.output:code}}'
agent security-auditor audit 'You are the security auditor. Say what an attacker would try, and whether the code withstands it:
{{agent.output:code}}'
agent release-manager notes 'You are the release manager. Write the release notes, in the words of those who use it. It does:
{{agent.output:requirements}}'
agent deployment-manager plan 'You are the deployment manager. Say in which steps this goes live, and what takes it back.
Audit: {{agent.output:audit}}
Notes: {{agent.output:notes}}
Code: {{agent.output:code}}'
magec flow add --root "@$(dirname "$0")/factory.json"
