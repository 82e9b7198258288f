#!/bin/sh
# Proves from the #includes that the layers hold: a folder of src includes only itself and folders
# below it, headers do not include each other in a circle, and each foreign library has one place.
# shellcheck source=lib.sh disable=SC2016
. "${0%/*}/lib.sh"

# layers TREE: prints every violation in TREE/src; fails if there is one, or if there is nothing.
layers() {
    (cd "$1" && find src -name '*.[ch]' | sort | xargs awk '
    BEGIN {
        rank["base"] = 0; rank["store"] = rank["net"] = 1; rank["agent"] = 2
        rank["webhook"] = 3; rank["responder"] = rank["cli"] = 4
        # what an angle include begins with, and the path that may have it
        place["uv"] = "^src/net/"
        place["curl/"] = "^src/net/(transport[.]c|(curl_api|easy|failure|inspect|multi)[.][ch])$"
        place["sqlite3"] = "^src/store/"
        place["json-c/"] = place["json.h"] = place["json_"] = "^src/base/json[.]c$"
        place["openssl/"] = "^src/base/ident[.]c$"
    }
    function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
    function folder(path) { sub(/^src\//, "", path); sub(/\/.*/, "", path); return path }
    # Depth first from a header; state 1 is on the path, 2 is done.
    function visit(file,   i, n, list) {
        if (state[file] == 2) return
        if (state[file] == 1) { print file ": includes itself in a circle"; bad = 1; return }
        state[file] = 1
        n = split(edges[file], list, " ")
        for (i = 1; i <= n; i++) visit(list[i])
        state[file] = 2
    }
    FNR == 1 {
        seen[FILENAME] = 1
        here = folder(FILENAME)
        if (!(here in rank)) complain("the folder has no place in the layers")
    }
    /^[ \t]*#[ \t]*include/ {
        what = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
        mark = substr(what, 1, 1)
        name = substr(what, 2)
        sub(/[>"].*/, "", name)
        if (mark == "<") {
            for (p in place)
                if (index(name, p) == 1 && FILENAME !~ place[p])
                    complain("<" name "> is not for this file")
        } else if (mark == "\"") {
            there = folder(name)
            where[name] = FILENAME ":" FNR
            edges[FILENAME] = edges[FILENAME] " src/" name
            if (name !~ /^[a-z]+\/[a-z0-9_]+[.]h$/ || !(there in rank))
                complain("\"" name "\" is not written from src")
            else if (there != here && rank[there] >= rank[here])
                complain("\"" name "\" is not below " here)
        } else {
            complain("an include that cannot be read")
        }
    }
    END {
        for (name in where)
            if (!(("src/" name) in seen)) {
                print where[name] ": \"" name "\" does not exist"; bad = 1
            }
        for (file in seen) { visit(file); files++ }
        if (!files) { print "no sources"; bad = 1 }
        exit bad
    }')
}

ok 'the layers hold' layers "$top_srcdir"

# The proof can fail: small trees with one mistake each.
tree() {
    rm -rf "$tmp/tree"
    mkdir -p "$tmp/tree/src/base" "$tmp/tree/src/store" "$tmp/tree/src/net" "$tmp/tree/src/agent" \
        "$tmp/tree/src/webhook" "$tmp/tree/src/responder" "$tmp/tree/src/cli"
    file base/buf.h '#include <stddef.h>'
    file base/json.c '#include <json-c/json.h>' '#include "base/buf.h"'
    file base/ident.c '#include <openssl/evp.h>'
    file store/store.h '#include "base/buf.h"'
    file store/store.c '#include <sqlite3.h>' '#include "store/store.h"'
    file net/loop.h '#include <uv.h>'
    file net/transport.c '#include <curl/curl.h>' '#include "net/loop.h"'
    file agent/task.h '#include "net/loop.h"' '#include "store/store.h"'
    file webhook/run.h '#include "agent/task.h"' '#include "base/buf.h"'
    file responder/intake.c '#include "webhook/run.h"'
    file cli/main.c '#include "webhook/run.h"'
}

file() { # PATH LINE...
    tree_path=$tmp/tree/src/$1
    shift
    mkdir -p "${tree_path%/*}"
    printf '%s\n' "$@" >"$tree_path"
}

mistake() { # NAME WHAT-IS-SAID PATH LINE...
    tree_name=$1
    tree_want=$2
    shift 2
    tree
    file "$@"
    if layers "$tmp/tree" >"$tmp/said" 2>&1; then
        fail "$tree_name: not found"
    else
        like "$(cat "$tmp/said")" "$tree_want" "$tree_name"
    fi
}

tree
ok 'a small tree in order passes' layers "$tmp/tree"
mistake 'upward include' 'base/up.c:2: "store/store.h" is not below base' \
    base/up.c '' '#include "store/store.h"'
mistake 'include of a sibling' '"net/loop.h" is not below store' store/x.c '#include "net/loop.h"'
mistake 'programs apart' '"cli/cli.h" is not below responder' responder/x.c '#include "cli/cli.h"'
mistake 'upward with odd spaces' '"webhook/run.h" is not below agent' \
    agent/x.c "$(printf ' #  include\t"webhook/run.h"')"
mistake 'circle of two' 'circle' agent/a.h '#include "agent/a.h"'
tree
file agent/a.h '#include "agent/b.h"'
file agent/b.h '#include "agent/c.h"'
file agent/c.h '#include "agent/a.h"'
like "$(layers "$tmp/tree" 2>&1)" 'src/agent/[abc].h: includes itself in a circle' 'circle of three'
mistake 'not from src' 'is not written from src' base/x.c '#include "buf.h"'
mistake 'parent folder' 'is not written from src' base/x.c '#include "../store/store.h"'
mistake 'missing header' '"base/gone.h" does not exist' base/x.c '#include "base/gone.h"'
mistake 'include of a macro' 'cannot be read' base/x.c '#include HEADER'
mistake 'unknown folder' 'no place in the layers' extra/x.c 'int x;'
mistake 'libuv' '<uv.h> is not for this file' agent/x.c '#include <uv.h>'
mistake 'libcurl' '<curl/curl.h> is not for this file' net/x.c '#include <curl/curl.h>'
mistake 'sqlite' '<sqlite3.h> is not for this file' webhook/x.c '#include <sqlite3.h>'
mistake 'json-c' '<json-c/json.h> is not for this file' base/x.c '#include <json-c/json.h>'
mistake 'json-c without its folder' '<json.h> is not for' agent/x.c '#include <json.h>'
mistake 'libcrypto' '<openssl/sha.h> is not for this file' store/x.c '#include <openssl/sha.h>'
rm -rf "$tmp/tree"
mkdir -p "$tmp/tree/src"
if layers "$tmp/tree" >"$tmp/said"; then
    fail 'an empty tree proves nothing'
else
    is "$(cat "$tmp/said")" 'no sources' 'an empty tree proves nothing'
fi

done_testing
