#!/bin/sh
# magec mcp and tool, and what agents and clients say of tools: what is stored, shown, refused and
# found by check.
# shellcheck disable=SC2016 # variables of the store, not of the shell
. "${0%/*}/lib.sh"
. "${0%/*}/cli.sh"

# shows WANTED FAMILY ID FILTER
shows() {
    is "$(magec "$2" show "$3" --json | jq -c "$4")" "$1" "$2 $3 has $1"
}

# finds ERE: check, one of its lines; finds_no ERE
finds() {
    run magec check
    like "$(cat "$tmp/out")" "$1" "check: $1"
}
finds_no() {
    run magec check
    unlike "$(cat "$tmp/out")" "$1" "check: not $1"
}

magec init >/dev/null
magec backend add echo --type echo >/dev/null
magec agent add clerk --backend echo >/dev/null
magec client add form --passthrough --agents clerk >/dev/null

# --- servers

does 'mcp "web" added' mcp add web --endpoint https://mcp.example/mcp --header 'Authorization: Bearer secret-1' \
    --header 'X-Ref: ${MCP_TEST_KEY}' --timeout 90s --list-time 1m --name Web
does 'mcp "files" added' mcp add files --env HOME=/ --env PATH --work-dir /srv -- /bin/cat -u /srv
shows '["http","https://mcp.example/mcp",{"Authorization":null,"X-Ref":"${MCP_TEST_KEY}"},"90s","1m","Web"]' mcp web \
    '[.type, .endpoint, .headers, .timeout, .listTime, .name]'
shows '["stdio","/bin/cat",["-u","/srv"],["HOME=","PATH"],"/srv"]' mcp files '[.type, .command, .args, .env, .workDir]'
unlike "$(magec mcp show web; magec mcp list; magec mcp list --json)" secret-1 'values of headers are not shown'
like "$(magec mcp show web --secrets)" secret-1 'unless that is asked for'
run magec mcp list
like "$(cat out)" '^ID +TYPE +URL OR PROGRAM +ARGUMENTS +NAME' 'mcp list'
like "$(cat out)" '^files +stdio +/bin/cat +-u /srv' 'a program with its arguments'
like "$(cat out)" '^web +http +https://mcp.example/mcp +- +Web' 'an endpoint'
does 'mcp "files" changed' mcp set files --env '' -- /bin/cat
shows '["/bin/cat",null,null]' mcp files '[.command, .args, .env]'
does 'mcp "files" changed' mcp set files --type http --endpoint http://127.0.0.1:1/ --work-dir '' --
shows '["http","http://127.0.0.1:1/",null]' mcp files '[.type, .endpoint, .command]'
does 'mcp "files" changed' mcp set files --type stdio --endpoint '' -- /bin/cat -u
refused 'an MCP server of type http needs a URL' mcp add none
refused '"ftp://h" is not a URL' mcp add x --endpoint ftp://h
refused 'the program "cat" is not an absolute path' mcp add x -- cat
refused 'an MCP server of type stdio has no URL, headers' mcp set files --header 'A: b'
refused 'the type "sse" is neither "http" nor "stdio"' mcp add x --type sse --endpoint http://h
refused '--timeout: "soon" is not a duration|"soon"' mcp add x --endpoint http://h --timeout soon
refused 'mcp "web" exists already' mcp add web --endpoint http://h
refused 'no mcp "wbe"; did you mean "web"\?' mcp show wbe

# --- what a server offers

cat >server.sh <<'END'
#!/bin/sh
# An MCP server of the revision 2025-06-18, as small as can be.
while IFS= read -r line; do
    id=$(printf '%s\n' "$line" | sed -n 's/.*"id": *\("[^"]*"\|[0-9]*\).*/\1/p')
    [ -n "$id" ] || continue
    case $line in
    *'"initialize"'*) said='"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *'"tools/list"'*) said='"result":{"tools":[{"name":"read","description":"Reads\na file","inputSchema":{"type":"object","required":["path"]}},{"name":"stat","inputSchema":{"type":"object"}}]}' ;;
    *) said='"error":{"code":-32601,"message":"no such method"}' ;;
    esac
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$said"
done
END
does 'mcp "small" added' mcp add small --env PATH -- /bin/sh "$tmp/server.sh"
does 'NAME  DESCRIPTION
read  Reads a file
stat  -' mcp tools small
is "$(magec mcp tools small --json | jq -c '[.[] | [.name, .inputSchema.required]]')" '[["read",["path"]],["stat",null]]' \
    'with schemas, as JSON'
magec mcp set small -- "$tmp/no-such-server" >/dev/null
refused '.*small.*no-such-server' mcp tools small
refused 'no mcp "smal"; did you mean "small"' mcp tools smal
does 'mcp "small" removed' mcp remove small

# --- tools

echo '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}' >schema.json
does 'tool "weather" added' tool add weather --description 'Says the weather' --parameters @schema.json \
    --env KEY=secret-2 --timeout 5s -- /bin/cat -
shows '["Says the weather",["city"],["/bin/cat","-"],{"KEY":null},"5s"]' tool weather \
    '[.description, .parameters.required, .command, .env, .timeout]'
like "$(magec tool show weather --secrets)" secret-2 'with --secrets the values of the environment'
run magec tool list
like "$(cat out)" '^weather +/bin/cat - +Says the weather' 'tool list'
does 'tool "weather" changed' tool set weather --parameters '' --timeout '' -- /bin/true
shows '[null,null,["/bin/true"]]' tool weather '[.parameters, .timeout, .command]'
refused 'a tool needs a program: -- PROGRAM' tool add x
refused '"a\.b" is not a tool.s id' tool add a.b -- /bin/true
refused '"exit_loop" is a tool that flows have' tool add exit_loop -- /bin/true
refused 'the schema of the parameters: its type is not "object"' tool add x --parameters '{}' -- /bin/true
refused 'the schema of the parameters: #/properties/a/minimum' tool add x \
    --parameters '{"type":"object","properties":{"a":{"minimum":"1"}}}' -- /bin/true

# --- agents and clients

does 'agent "clerk" changed' agent set clerk --mcp web,files --tools weather --allowed-tools 'files/*,weather' \
    --tool-rounds 3 --tool-calls 9 --tool-result-bytes 1000 --tool-timeout 2s
shows '[["web","files"],["weather"],["files/*","weather"],{"rounds":3,"calls":9,"resultBytes":1000,"timeout":"2s"}]' \
    agent clerk '[.mcpServers, .tools, .allowedTools, .toolLimits]'
does 'agent "clerk" changed' agent set clerk --tool-rounds '' --tool-calls '' --tool-result-bytes '' --tool-timeout ''
shows null agent clerk .toolLimits
does 'client "form" changed' client set form --allowed-tools weather
shows '["weather"]' client form .allowedTools
refused 'no mcp "fils"; did you mean "files"' agent set clerk --mcp fils
refused 'no tool "files"' agent set clerk --tools files
refused 'the pattern "none" of allowed tools stands alone' client set form --allowed-tools none,weather
refused 'the pattern "none" of allowed tools stands alone' agent set clerk --allowed-tools none,none
refused 'mcp "files" is used by agent "clerk"' mcp remove files
refused 'tool "weather" is used by agent "clerk"' tool remove weather

# --- check

MCP_TEST_KEY=x
export MCP_TEST_KEY
finds '^error: agent "clerk" links tools, and its backend "echo" of type echo calls none'
finds_no '(mcp|tool) "[a-z]*"'
magec backend add model --type openai --url http://127.0.0.1:1/v1 >/dev/null
magec agent set clerk --backend model >/dev/null
finds_no 'calls none'
magec agent set clerk --backend echo >/dev/null
magec backend remove model >/dev/null
unset MCP_TEST_KEY
finds '^warning: mcp "web": its header cannot be used here: .*MCP_TEST_KEY'
magec mcp set web --insecure --ca-file /no/such.pem >/dev/null
finds '^warning: mcp "web" is insecure: '
finds '^error: mcp "web": .*/no/such.pem'
magec mcp set web --secure --ca-file '' >/dev/null
finds_no 'insecure|such.pem'
magec mcp set files --work-dir /no/such -- /bin/no-such >/dev/null
finds '^error: mcp "files": the program "/bin/no-such" is not there'
finds '^error: mcp "files": its working directory "/no/such" is not there'
magec tool set weather --description '' --env NO_SUCH_VARIABLE -- "$tmp/schema.json" >/dev/null
finds '^error: tool "weather": the program ".*/schema.json" is not there or cannot be executed'
finds '^warning: tool "weather": the variable "NO_SUCH_VARIABLE" is not set here'
finds '^warning: tool "weather" has no description'

# --- export, and removing

magec export --secrets >first.json
is "$(jq -c '[.mcpServers[].id, .tools[].id]' first.json)" '["files","web","weather"]' 'an export has them'
unlike "$(magec export)" 'secret-' 'and no secrets'
magec export >open.json
does 'imported 1 backend, 2 MCP servers, 1 tool, 1 agent, 0 flows, 0 commands, 1 client' import open.json --replace
magec export --secrets >second.json
ok 'an import of what has no secrets takes none away' cmp first.json second.json
magec -d other.db init >/dev/null
run magec -d other.db import first.json
magec -d other.db export --secrets >second.json
ok 'elsewhere it is the same' cmp first.json second.json
does 'mcp "files" removed' mcp remove files --force
does 'tool "weather" removed' tool remove weather --force
shows '[["web"],null]' agent clerk '[.mcpServers, .tools]'
magec agent set clerk --mcp '' >/dev/null
finds '^warning: no agent links the mcp "web"'
finds '^warning: agent "clerk" allows tools and links none'
does 'mcp "web" removed' mcp remove web

done_testing
