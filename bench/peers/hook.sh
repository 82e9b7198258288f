#!/bin/sh
# What webhook runs for a call: URL PROMPT. The prompt goes into the JSON as it is.
exec curl -sN -H 'Content-Type: application/json' -H 'Authorization: Bearer none' \
    -d "{\"model\":\"mock-1\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"$2\"}]}" "$1"
