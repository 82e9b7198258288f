#!/bin/sh
# How the sources look, and that the lists of Makefile.am are complete.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
cd "$top_srcdir" || exit 1

# The files of the tree, without what a build inside it would have made, and without the corpus of the
# fuzz targets: bytes of any kind, distributed as one folder.
files() { # find's conditions
    for style_dir in src tests contrib bench examples man .ci; do
        [ ! -d "$style_dir" ] || find "$style_dir" \( "$@" \) -type f -print
    done | grep -Ev '/(node_modules|\.deps|__pycache__)/|^tests/fuzz/corpus/|\.(o|a|log|trs|gc(da|no|ov)|pyc)$|~$' | sort
}

# quiet COMMAND...: runs it, fails when it says something.
quiet() {
    "$@" >"$tmp/said" 2>&1
    style_rc=$?
    cat "$tmp/said"
    [ "$style_rc" -eq 0 ] && [ ! -s "$tmp/said" ]
}

each_file() { # LIST COMMAND...: one call with all files
    style_list=$1
    shift
    [ -s "$style_list" ] || return 0
    xargs "$@" <"$style_list"
}

files -name '*.[ch]' >"$tmp/c"
{
    files -name '*.sh'
    files -path .ci/run
} >"$tmp/sh"
files -name '*.[1-8]' | grep '^man/' >"$tmp/man"
files -name '*' >"$tmp/all"
ls README NEWS COPYING configure.ac .clang-format 2>/dev/null >>"$tmp/all"

if command -v clang-format >/dev/null 2>&1; then
    ok 'clang-format has nothing to change' each_file "$tmp/c" clang-format --dry-run -Werror
else
    skip 'clang-format is not installed'
fi

if command -v shellcheck >/dev/null 2>&1; then
    ok 'shellcheck has nothing to say' each_file "$tmp/sh" shellcheck
else
    skip 'shellcheck is not installed'
fi

if ! command -v mandoc >/dev/null 2>&1; then
    skip 'mandoc is not installed'
elif [ ! -s "$tmp/man" ]; then
    skip 'no manual pages'
else
    ok 'mandoc has nothing to say' quiet each_file "$tmp/man" mandoc -Tlint -W warning
fi

style_tab=$(printf '\t')
ok 'no trailing white space' each_file "$tmp/all" sh -c '! grep -nI "[[:blank:]]$" "$@" /dev/null' sh
grep -E '\.([ch]|sh|py|m?js|ya?ml)$' "$tmp/all" >"$tmp/tabless"
ok 'no tabs in sources' each_file "$tmp/tabless" sh -c "! grep -nI '$style_tab' \"\$@\" /dev/null" sh

# A function begins with the first line at the margin after a line that ends something, and ends with
# a brace at the margin.
long_functions() { # MOST FILE...
    style_most=$1
    shift
    awk -v most="$style_most" '
    FNR == 1 { start = 0 }
    /^[A-Za-z_]/ && !start { start = FNR; name = $0 }
    /^(#|$|\/\*| \*)/ && !body { start = 0 }
    /;[ \t]*$/ && !body { start = 0 }
    /^\{/ { body = 1; if (!start) { start = FNR; name = $0 } }
    /^\}/ {
        if (body && FNR - start + 1 > most) {
            printf "%s:%d: %d lines: %s\n", FILENAME, start, FNR - start + 1, name; bad = 1
        }
        body = 0; start = 0
    }
    END { exit bad }' "$@"
}
grep '^src/.*\.c$' "$tmp/c" >"$tmp/src"
# shellcheck disable=SC2046 # names without blanks
ok 'no function over 80 lines' long_functions 80 $(cat "$tmp/src")
{
    printf 'static int long_one(void)\n{\n'
    awk 'BEGIN { for (i = 0; i < 78; i++) print "    x();" }'
    printf '}\n'
} >"$tmp/long.c"
not_ok 'a function of 81 lines is found' long_functions 80 "$tmp/long.c"
sed 3d "$tmp/long.c" >"$tmp/short.c"
ok 'a function of 80 lines passes' long_functions 80 "$tmp/short.c"

# unlisted LIST: prints the files that no list of Makefile.am has; a unit test is there as a program.
unlisted() {
    awk 'FNR == NR { for (i = 1; i <= NF; i++) listed[$i] = 1; next }
        { word = $0; if (word ~ /^tests\/unit\/test_/) sub(/[.]c$/, "", word) }
        !(word in listed || $0 in listed) { print "in no list: " $0; bad = 1 }
        END { exit bad }' Makefile.am "$1"
}
grep / "$tmp/all" >"$tmp/listed"
ok 'Makefile.am lists every file' unlisted "$tmp/listed"
echo src/base/no_such_file.c >"$tmp/listed"
not_ok 'a file in no list is found' unlisted "$tmp/listed"

done_testing
