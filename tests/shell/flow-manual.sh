#!/bin/sh
# What stands in magec-flow(5): its examples are run, the flow and the expressions it shows are taken, and its
# limits are those of the program.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq

page=$top_srcdir/man/magec-flow.5
new_store
cd "$tmp" || exit 1

# Writes the literal blocks of a section to NAME1, NAME2, ..., as a reader sees them.
blocks() { # SECTION NAME
    sed -n "/^\.Sh $1\$/,/^\.Sh [^$(printf %.1s "$1")]/p" "$page" | awk -v name="$2" '
        /^\.Bd -literal/ { file = name (++n); next }
        /^\.Ed/ { close(file); file = ""; next }
        file { gsub(/\\e/, "\\"); print >file }'
}
program() { # NAME SCRIPT: an agent that runs it
    magec backend add "$1" --type exec --env PATH -- /bin/sh -c "$2" >/dev/null
    magec agent add "$1" --backend "$1" >/dev/null
}

program optimist 'echo They do.'
program pessimist 'echo Not below -20 degrees.'
# shellcheck disable=SC2016 # it is for the other shell
program writer 'echo "Draft $(($(grep -c "^\[critic\] said") + 1))"'
program critic 'grep -q "^Draft 2" && echo APPROVED || echo Longer.'
# Says the last draft that it is told of, else all that it is told.
# shellcheck disable=SC2016
program editor 'told=$(cat); printf "%s\n" "$told" | grep "^Draft" | tail -n 1 | grep . || printf "%s\n" "$told"'

# --- the examples

blocks EXAMPLES example
is "$(echo example*)" 'example1 example2 example3' 'the page has three examples'
run sh -e example1
is "$rc $(cat err)" '0 ' 'two at the same time, and a third one'
blocks 'WHAT AN AGENT IS TOLD' told
is "$(magec ask research 'Do heat pumps work in winter?' | sed '/^$/d')" "$(sed '/^$/d' told1)" \
    'the last of them is told what the page says'
run sh -e example2
is "$rc $(tail -n 1 out) $(cat err)" '0 Draft 2 ' 'until the critic likes it'
is "$(magec runs list --json | jq -r '.[0].id' | xargs "$top_builddir/magec" runs show --json | jq -c '[.results[0].steps[] | [.agent, .round]]')" \
    '[["writer",1],["critic",1],["writer",2],["critic",2],["editor",null]]' 'which takes two rounds'
run sh -e example3
is "$rc $(tail -n 1 out) $(cat err)" '0 Draft 2 ' 'both, by a command'

# --- what is shown besides

magec flow remove nightly --force >/dev/null
magec flow remove research --force >/dev/null
blocks DESCRIPTION flow
run magec flow add --root - <flow1
is "$rc $(cat out)" '0 flow "research" added' 'the flow at its head is taken'
is "$(magec flow show research --json | jq -S .)" "$(jq -S . flow1)" 'and is written as it stands there'

blocks LOOPS condition
is "$(wc -l <condition1)" 5 'the page has five expressions'
while IFS= read -r condition; do
    jq -n --arg when "$condition" '{type: "loop", maxIterations: 2, exitWhen: $when,
        steps: [{type: "agent", agentId: "writer"}]}' >loop
    run magec flow add --root - <loop
    is "$rc $(cat err)" '0 ' "$condition"
done <condition1

magec backend add echo --type echo >/dev/null
magec agent add reviewer --backend echo >/dev/null
run magec flow add wrong --root '{"type": "sequential", "steps": [
    {"type": "agent", "agentId": "writer"}, {"type": "agent", "agentId": "reviewr"}]}'
like "$rc $(cat err)" "^65 .*$(sed -n '/^\.Dl root/{s/^\.Dl //;s/\\(dq/"/g;s/[][?]/\\&/g;p;}' "$page")" \
    'a mistake is refused in the words of the page'

# --- its limits

enough() { # STEPS
    jq -n --argjson n "$1" '{type: "sequential", steps: [range($n - 1) | {type: "agent", agentId: "writer"}]}'
}
most=$(sed -n 's/^\.It steps of a flow Ta //p' "$page")
enough "$most" >root
ok 'as many steps as it says' magec flow add many --root @root
enough $((most + 1)) >root
not_ok 'and none more' magec flow add more --root @root

done_testing
