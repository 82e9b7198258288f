#!/bin/sh
# Installs what the tests need, builds magec-fcgi in several ways outside the source tree, and runs
# all tests. The last line is "N passed, N failed" (and ", N skipped" if some were); exit status 1 if
# any failed.
#
# usage: sh contrib/check.sh [--quick] [--keep]
#   --quick   the first stage only: one build with sanitizers, and all tests
#   --keep    keep the build folders (they are kept anyway when something failed)
#
# Every stage counts as one test, besides the tests that it runs:
#   sanitizers  gcc, warnings are errors, address and undefined behaviour: make check; and the table of web servers in
#               the manual is what was seen
#   clang       clang, warnings are errors: everything compiles
#   fuzz        clang's libFuzzer: each target for a few seconds, and each counts as one test
#   threads     gcc's thread sanitizer: make check-threads
#   valgrind    as users build it: unit tests and CGI tests under valgrind: make check-valgrind
#   load        the same build: size and speed: make check-load
#   demo        contrib/demo.sh: what a newcomer sees first
#   dist        make distcheck, a build from the tarball with sanitizers, with few of the shell tests;
#               and the tarball has every file
#   debian      contrib/debian: a package from the tarball, of which lintian finds no error
#
# Environment: MAGEC_CHECK_BUILD  the folder for the builds (default: a temporary one)
#              XDG_CACHE_HOME     where npm packages are kept (default: ~/.cache)
set -u

usage() {
    sed -n '/^# usage/,/^#$/s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

quick=no
keep=no
for argument in "$@"; do
    case $argument in
    --quick) quick=yes ;;
    --keep) keep=yes ;;
    *) usage ;;
    esac
done

top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
npm_dir=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/npm
aimock=@copilotkit/aimock@1.43.0
adk_dir=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/adk
adk=2.0.0
a2a_dir=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/a2a
a2a=1.3.0
a2a_old=0.3.14
mcp_dir=${XDG_CACHE_HOME:-$HOME/.cache}/magec-tests/mcp
mcp=2026.8.31
mcp_sdk=2.4.0
mcp_node=2.1.2

# Without these nothing is built.
needed='gcc make autoconf automake pkg-config libjson-c-dev libcurl4-openssl-dev
    libsqlite3-dev libuv1-dev libssl-dev check'
# Without one of these some tests are skipped.
wanted='clang libclang-rt-dev clang-format shellcheck mandoc valgrind curl jq openssl sqlite3 python3 procps
    nginx-light lighttpd apache2-bin libapache2-mod-fcgid caddy h2o spawn-fcgi systemd
    nodejs npm ca-certificates xz-utils dpkg-dev debhelper lintian'

say() {
    printf '%s\n' "$*"
}

# --- what is needed

installed() {
    case $1 in
    nginx-light) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ;;
    npm) command -v npm >/dev/null 2>&1 ;;
    nodejs) command -v node >/dev/null 2>&1 ;;
    *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed' ;;
    esac
}

missing() { # PACKAGE...
    for package in "$@"; do
        installed "$package" || printf ' %s' "$package"
    done
}

# Servers that Debian installs start at once, on port 80 of every address; ours shall not.
policy=/usr/sbin/policy-rc.d

install_from_debian() { # PACKAGE...
    say "installing from Debian: $*"
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    held=no
    if [ ! -e $policy ] && printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null &&
        $as_root chmod 755 $policy; then
        held=yes
    fi
    $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >"$build/apt.log" 2>&1
    apt_rc=$?
    [ $held = no ] || $as_root rm -f $policy
    [ $apt_rc = 0 ] || tail -n 20 "$build/apt.log"
    return $apt_rc
}

# shellcheck disable=SC2046,SC2086 # lists of names
install_packages() {
    lacking=$(missing $needed)
    optional=$(missing $wanted)
    [ -n "$lacking$optional" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
        say "not root, and no sudo: as root, run: apt-get install --no-install-recommends$lacking$optional"
    elif ! command -v apt-get >/dev/null 2>&1; then
        say "no apt-get here: install what Debian calls:$lacking$optional"
    else
        install_from_debian $lacking $optional
    fi
    lacking=$(missing $needed)
    if [ -n "$lacking" ]; then
        say "check.sh: cannot build without:$lacking"
        say '0 passed, 1 failed'
        exit 1
    fi
    optional=$(missing $wanted)
    [ -z "$optional" ] || say "some tests are skipped without:$optional"
}

# The mock of the providers' servers. It wants a newer node than Debian has; npm has that, too.
install_aimock() {
    PATH=$npm_dir/node_modules/.bin:$PATH
    export PATH
    [ ! -f "$npm_dir/installed-$(printf %s "$aimock" | tr '/@' '__')" ] || return 0
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 0
    say "installing from npm: $aimock"
    newer=
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || newer=node@20
    mkdir -p "$npm_dir" &&
        (cd "$npm_dir" && { [ -f package.json ] || echo '{"private":true}' >package.json; } &&
            npm install --no-audit --no-fund --loglevel=error ${newer:+"$newer"} "$aimock") \
            >"$build/npm.log" 2>&1 &&
        node "$npm_dir/node_modules/@copilotkit/aimock/dist/aimock-cli.js" --help \
            >>"$build/npm.log" 2>&1 &&
        touch "$npm_dir/installed-$(printf %s "$aimock" | tr '/@' '__')" && return 0
    say "no aimock: its tests are skipped"
    tail -n 5 "$build/npm.log"
    rm -rf "$npm_dir/node_modules"
}

# ADK's api_server. Other versions of the data mappers than these do not go together.
install_adk() {
    [ ! -f "$adk_dir/installed-$adk" ] || return 0
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 0
    say "installing from npm: @google/adk-devtools@$adk"
    pins=
    for mapper in core knex mariadb mssql mysql postgresql reflection sqlite; do
        pins="$pins${pins:+,}\"@mikro-orm/$mapper\":\"6.6.16\""
    done
    mkdir -p "$adk_dir" &&
        printf '{"private":true,"dependencies":{"@google/adk":"%s","@google/adk-devtools":"%s"},"overrides":{%s}}\n' \
            "$adk" "$adk" "$pins" >"$adk_dir/package.json" &&
        (cd "$adk_dir" && npm install --no-audit --no-fund --loglevel=error) >"$build/adk.log" 2>&1 &&
        node "$adk_dir/node_modules/.bin/adk" api_server --help >>"$build/adk.log" 2>&1 &&
        touch "$adk_dir/installed-$adk" && return 0
    say "no ADK: its tests are skipped"
    tail -n 5 "$build/adk.log"
    rm -rf "$adk_dir/node_modules"
}

# The servers of A2A's SDK, of both versions of the protocol.
install_a2a() {
    [ ! -f "$a2a_dir/installed-$a2a-$a2a_old" ] || return 0
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 0
    say "installing from npm: @a2a-js/sdk@$a2a and @$a2a_old"
    mkdir -p "$a2a_dir" &&
        printf '{"private":true,"dependencies":{"@a2a-js/sdk":"%s","a2a-sdk-0.3":"npm:@a2a-js/sdk@%s","express":"%s"}}\n' \
            "$a2a" "$a2a_old" 5.2.1 >"$a2a_dir/package.json" &&
        (cd "$a2a_dir" && npm install --no-audit --no-fund --loglevel=error) >"$build/a2a.log" 2>&1 &&
        (cd "$a2a_dir" && node -e 'import("@a2a-js/sdk/server/express"); import("a2a-sdk-0.3/server/express")') \
            >>"$build/a2a.log" 2>&1 &&
        touch "$a2a_dir/installed-$a2a-$a2a_old" && return 0
    say "no SDK of A2A: its tests are skipped"
    tail -n 5 "$build/a2a.log"
    rm -rf "$a2a_dir/node_modules"
}

# Servers of the Model Context Protocol, and its SDK for servers of its newest revision.
install_mcp() {
    [ ! -f "$mcp_dir/installed-$mcp-$mcp_sdk-$mcp_node" ] || return 0
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 0
    say "installing from npm: @modelcontextprotocol/server-everything@$mcp and others"
    mkdir -p "$mcp_dir" &&
        printf '{"private":true,"dependencies":{"@modelcontextprotocol/%s":"%s","@modelcontextprotocol/%s":"%s","@modelcontextprotocol/%s":"%s","@modelcontextprotocol/%s":"%s"}}\n' \
            server-everything "$mcp" server-filesystem "$mcp" server "$mcp_sdk" node "$mcp_node" \
            >"$mcp_dir/package.json" &&
        (cd "$mcp_dir" && npm install --no-audit --no-fund --loglevel=error) >"$build/mcp.log" 2>&1 &&
        (cd "$mcp_dir" && node -e 'import("@modelcontextprotocol/server"); import("@modelcontextprotocol/node")') \
            >>"$build/mcp.log" 2>&1 &&
        touch "$mcp_dir/installed-$mcp-$mcp_sdk-$mcp_node" && return 0
    say "no MCP servers: their tests are skipped"
    tail -n 5 "$build/mcp.log"
    rm -rf "$mcp_dir/node_modules"
}

# --- the copy that is built, so that the source tree stays as it is

source_files() {
    if git -C "$top" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git -C "$top" ls-files --cached --others --exclude-standard
    else
        (cd "$top" && find . -type f ! -name '*.o' ! -name '*.log' ! -name '*.trs' ! -path './.git/*' \
            ! -path '*/autom4te.cache/*' | sed 's,^\./,,')
    fi | while IFS= read -r file; do
        [ ! -f "$top/$file" ] || printf '%s\n' "$file"
    done
}

copy_source() {
    rm -rf "$source"
    mkdir -p "$source" &&
        source_files >"$build/files" &&
        tar -C "$top" -T "$build/files" -cf - | tar -C "$source" -xf - &&
        (cd "$source" && autoreconf -fi) >"$build/autoreconf.log" 2>&1
}

# --- stages

passed=0
failed=0
skipped=0
failures=

# Adds up the results of a build folder, once. XFAIL is a pass; XPASS and ERROR are failures.
count_results() { # NAME FOLDER
    find "$2" -name '*.trs' >"$build/trs"
    while IFS= read -r trs; do
        # shellcheck disable=SC2046 # three numbers
        set -- "$1" "$2" $(awk '
            /^:test-result: (PASS|XFAIL)/ { p++ } /^:test-result: (FAIL|XPASS|ERROR)/ { f++ }
            /^:test-result: SKIP/ { s++ } END { print p + 0, f + 0, s + 0 }' "$trs")
        passed=$((passed + $3))
        failed=$((failed + $4))
        skipped=$((skipped + $5))
        if [ "$4" -gt 0 ]; then
            name=${trs#"$2/"}
            failures="$failures
  $1: ${name%.trs}"
            say "--- $1: ${name%.trs}: $4 failed; the end of its log:"
            grep -a -n -E -A 8 '^(not ok|Bail out)' "${trs%.trs}.log" | tail -n 40
            grep -aq '^not ok' "${trs%.trs}.log" || tail -n 30 "${trs%.trs}.log"
        fi
        rm -f "$trs"
    done <"$build/trs"
}

# The same for tests whose build folder is gone: from automake's summary.
count_summary() { # LOG
    # shellcheck disable=SC2046 # three numbers
    set -- $(awk '/^# (PASS|XFAIL):/ { p += $3 } /^# (FAIL|XPASS|ERROR):/ { f += $3 }
        /^# SKIP:/ { s += $3 } END { print p + 0, f + 0, s + 0 }' "$1")
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

stage() { # NAME FOLDER COMMAND...
    stage_name=$1
    stage_dir=$build/$2
    shift 2
    began=$(date +%s)
    mkdir -p "$stage_dir"
    (cd "$stage_dir" && "$@") >"$build/$stage_name.log" 2>&1
    stage_rc=$?
    before=$failed
    count_results "$stage_name" "$stage_dir"
    [ -s "$build/trs" ] || count_summary "$build/$stage_name.log"
    if [ $stage_rc = 0 ]; then
        passed=$((passed + 1))
        say "$stage_name: passed ($(($(date +%s) - began)) s)"
    else
        failed=$((failed + 1))
        failures="$failures
  $stage_name"
        say "$stage_name: FAILED ($(($(date +%s) - began)) s), $build/$stage_name.log"
        [ "$failed" -gt $((before + 1)) ] || tail -n 40 "$build/$stage_name.log"
    fi
}

skip_stage() { # NAME REASON
    skipped=$((skipped + 1))
    say "$1: skipped: $2"
}

configure() {
    "$source/configure" -q --enable-werror "$@"
}

sanitizers() {
    configure --enable-sanitizers CFLAGS='-O1 -g' && make -j2 || return 1
    make -k -j2 check
    tests_rc=$?
    make -s matrix && return "$tests_rc"
}

clang_build() {
    configure CC=clang && make -j2 -k && make -j2 -k check TESTS=
}

has_libfuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return b && n ? 0 : -1; }' \
        >"$build/fuzzer.c" &&
        clang -w -fsanitize=fuzzer,address,undefined -o "$build/fuzzer" "$build/fuzzer.c" 2>/dev/null
}

fuzz() {
    configure CC=clang --enable-fuzzing CFLAGS='-O1 -g' && make -j2 && FUZZ_SEED=1 make FUZZ_SECONDS=5 fuzz
}

threads() {
    configure --enable-sanitizers=thread CFLAGS='-O1 -g' && make -j2 || return 1
    # Its shadow memory does not fit every address layout.
    fixed=
    setarch "$(uname -m)" -R true 2>/dev/null && fixed="setarch $(uname -m) -R"
    $fixed make -k -j2 check-threads
}

valgrind_tests() {
    configure CFLAGS='-O2 -g' && make -j2 && make -k -j2 check-valgrind
}

load() {
    make -k check-load
}

demo() {
    MAGEC_DEMO_BUILD=$PWD/build sh "$source/contrib/demo.sh" --once && cat "$build/demo.log" >seen &&
        grep -q '"ok":true,"response":"Say in one sentence' seen && grep -q '^event: delta' seen &&
        grep -q '^event: done' seen
}

dist() {
    configure && MAGEC_QUICK='cgi cli-store layers style' make distcheck && whole_tarball
}

whole_tarball() {
    tar -tf magec-fcgi-*.tar.xz | sed 's,^[^/]*/,,' | sort >has
    grep -v '^\.git' "$build/files" | sort | comm -23 - has >lacks
    [ ! -s lacks ] || {
        echo 'in the source tree, but not in the tarball:'
        cat lacks
        return 1
    }
}

# As contrib/README.md has it. The tests are those that the other stages ran.
debian() {
    tar -xf ../dist/magec-fcgi-*.tar.xz --strip-components=1 --one-top-level=package && cd package &&
        cp -r contrib/debian debian && DEB_BUILD_OPTIONS='nocheck parallel=2' dpkg-buildpackage -us -uc &&
        cd .. && lintian --allow-root --fail-on error ./*.changes && dpkg-deb -x magec-fcgi_*.deb installed &&
        [ "$(installed/usr/bin/magec --version)" = "magec $(dpkg-deb -f magec-fcgi_*.deb Version)" ] &&
        installed/usr/bin/magec-fcgi --version &&
        grep -q '^ExecStart=/usr/bin/magec-fcgi ' installed/lib/systemd/system/magec-fcgi.service
}

remove_build() { # distcheck's copy is read-only
    chmod -R u+w "$build"
    rm -rf "$build"
}

finish() {
    trap - INT TERM
    if [ -n "$failures" ]; then
        say "failed:$failures"
        say "the builds are in $build"
    elif [ $keep = yes ] || [ -n "${MAGEC_CHECK_BUILD-}" ]; then
        say "the builds are in $build"
    else
        remove_build
    fi
    sum="$passed passed, $failed failed"
    [ $skipped = 0 ] || sum="$sum, $skipped skipped"
    say "$sum"
    [ $failed = 0 ] && exit 0
    exit 1
}

if [ -n "${MAGEC_CHECK_BUILD-}" ]; then
    build=$MAGEC_CHECK_BUILD
    mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 1
else
    build=$(mktemp -d "${TMPDIR:-/tmp}/magec-check.XXXXXX") || exit 1
    trap 'remove_build; exit 130' INT TERM
fi
source=$build/source
# Nothing of the caller's own is to reach a backend from here.
unset OPENAI_API_KEY OPENAI_BASE_URL MAGEC_DB MAKEFLAGS MFLAGS MAKELEVEL
install_packages
install_aimock
install_adk
install_a2a
install_mcp
copy_source || {
    tail -n 20 "$build/autoreconf.log"
    say '0 passed, 1 failed'
    exit 1
}
stage sanitizers sanitizers sanitizers
if [ $quick = no ]; then
    if installed clang; then
        stage clang clang clang_build
    else
        skip_stage clang 'clang is not installed'
    fi
    if installed clang && has_libfuzzer; then
        stage fuzz fuzz fuzz
    else
        skip_stage fuzz 'clang and libclang-rt-dev are not installed'
    fi
    stage threads threads threads
    if installed valgrind; then
        stage valgrind valgrind valgrind_tests
        stage load valgrind load
    else
        skip_stage valgrind 'valgrind is not installed'
    fi
    if command -v lighttpd >/dev/null 2>&1 || [ -x /usr/sbin/lighttpd ]; then
        stage demo demo demo
    else
        skip_stage demo 'lighttpd is not installed'
    fi
    stage dist dist dist
    if installed debhelper && installed lintian; then
        stage debian debian debian
    else
        skip_stage debian 'debhelper and lintian are not installed'
    fi
fi
finish
