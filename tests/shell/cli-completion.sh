#!/bin/sh
# The completion for bash: it loads, and offers subcommands, words, options, ids and files.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need bash

new_store
cd "$tmp" || exit 1
{
    magec backend add echo --type echo
    magec agent add reviewer --backend echo
    magec agent add relay --backend echo
    magec mcp add files -- /usr/bin/files
    magec tool add weather -- /usr/bin/weather
    magec flow add review --root '{"type": "agent", "agentId": "reviewer"}'
    magec command add daily --prompt x
    magec client add open --passthrough --agents reviewer
    magec init -d other.db
    magec -d other.db backend add elsewhere --type echo
    echo x >prompt.txt
} >/dev/null

cat >complete.bash <<'END'
# The last argument is completed; prints what is offered, sorted, on one line.
. "$1" || exit 1
shift
COMP_WORDS=(magec "$@") COMP_CWORD=$#
_magec "$MAGEC" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | tr '\n' ' '
END

# offers WANTED WORD...
offers() {
    want=$1
    shift
    got=$(MAGEC=$top_builddir/magec bash complete.bash "$top_srcdir/contrib/magec.bash-completion" "$@" 2>&1)
    is "${got% }" "$want" "magec $*"
}

ok 'it loads with all errors on' bash -eu "$top_srcdir/contrib/magec.bash-completion"
offers 'agent ask backend check client command export flow help import init mcp probe run runs tool' ''
offers 'backend' b
offers 'check client command' c
offers '--db --help --version' --
offers 'add list remove set show' backend ''
offers 'add list remove set show token' client ''
offers 'list show' runs ''
offers 'agent ask' help a
offers 'add' help backend a
offers 'echo' backend show ''
offers 'relay reviewer' agent set re
offers 'relay review reviewer' ask ''
offers 'review' flow show ''
offers 'relay review reviewer' command set daily --agent r
offers 'relay reviewer' agent set relay --fallbacks ''
offers 'open' run ''
offers 'daily' command remove d
offers '' agent add ''
offers 'relay review reviewer' client set open --agents r
offers 'daily' client add x --command ''
offers 'relay review reviewer' client set open --agents = r
offers 'daily' client add x --command =
offers '--agents' client add x --command = daily --ag
offers 'echo' agent add x --backend e
offers 'a2a adk anthropic echo exec gemini openai responses' backend add x --type ''
offers 'http stdio' mcp add x --type ''
offers 'files' mcp show ''
offers 'files' agent set reviewer --mcp f
offers 'weather' agent set reviewer --tools ''
offers 'weather' tool remove w
offers 'cancel continue' client set open --on-disconnect c
offers '' client set open --name ''
offers '--command' client add --com
offers '--connect-timeout' agent set reviewer --con
offers '--json' check --j
offers '@prompt.txt' command add x --prompt @pr
offers 'other.db' -d oth
offers '--token-file' probe --tok
offers 'other.db' probe --token-file oth
offers 'elsewhere' -d other.db backend show ''
offers 'elsewhere' backend -d other.db show ''
offers 'prompt.txt' import pro

done_testing
