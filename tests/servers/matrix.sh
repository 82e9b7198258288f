#!/bin/sh
# Prints what the tests saw behind each web server, from their logs: make check-servers.
#
# usage: matrix.sh [--manual FILE] LOG...
#
# One line for each server: how many checks of each part passed, or how many failed. Below it, what each server does in
# its own way. With --manual the table of the manual page FILE, between its marks, has to be what was seen; where it is
# another one, the right one is printed. Unless servers were skipped: then nobody knows.
manual=
[ "${1-}" != --manual ] || {
    manual=$2
    shift 2
}
[ $# -gt 0 ] || {
    echo 'usage: matrix.sh [--manual FILE] LOG...' >&2
    exit 64
}

# The table as mdoc: a part of the checks has passed, or is none of this server's; and what is the server's own way.
table() {
    awk '
    FNR == 1 {
        server = FILENAME
        gsub(/.*\/|\.log$/, "", server)
        part = ""
    }
    /^# --- / {
        part = $3
        if (!(server in seen)) { seen[server]; servers[++n] = server }
        if (!(part in known)) { known[part]; parts[++m] = part }
    }
    part == "" { next }
    /^ok / { good[server, part]++ }
    /^not ok / { bad[server, part]++ }
    /^# fact: a body in chunks is a 411/ { own[server] = own[server] ", chunks are a 411" }
    /^# fact: a refusal, while .* is early/ { own[server] = own[server] ", early refusals" }
    /^# fact: plain text that fails is cut off: no/ { own[server] = own[server] ", plain text just ends" }
    /^# fact: plain text that fails is cut off: page/ { own[server] = own[server] ", a page behind plain text" }
    /^# fact: how long a JSON reply may take/ { own[server] = own[server] ", silence is the hoster\047s" }
    END {
        head = ".It Sy Server"
        widths = "\"nginx-spawn-fcgi\""
        for (j = 1; j <= m; j++) {
            name = parts[j]
            sub(/^documented_/, "", name)
            head = head " Ta Sy " name
            widths = widths " \"" name "\""
        }
        print ".Bl -column " widths
        print head
        for (i = 1; i <= n; i++) {
            line = ".It " servers[i]
            for (j = 1; j <= m; j++)
                line = line " Ta " (bad[servers[i], parts[j]] ? "no" : good[servers[i], parts[j]] ? "yes" : "\\-")
            print line
        }
        print ".El\n.Bl -tag -width nginx-spawn-fcgi"
        for (i = 1; i <= n; i++)
            if (own[servers[i]] != "") {
                sub(/^, /, "", own[servers[i]])
                print ".It " servers[i] "\n" own[servers[i]]
            }
        print ".El"
    }' "$@"
}

same_as_manual() {
    ! grep -hq '^1\.\.0 # SKIP' "$@" || {
        echo "servers were skipped: $manual is not looked at"
        return 0
    }
    there=$(sed -n '/^\.\\" The matrix begins/,/^\.\\" The matrix ends/p' "$manual" | sed '1d;$d')
    seen=$(table "$@")
    [ "$there" = "$seen" ] || {
        printf '\n%s has another table than this, which is what was seen:\n%s\n' "$manual" "$seen"
        return 1
    }
}

awk '
function result(s, p) {
    if (bad[s, p])
        return bad[s, p] " FAILED"
    return good[s, p] ? good[s, p] : "-"
}
FNR == 1 {
    server = FILENAME
    gsub(/.*\/|\.log$/, "", server)
    part = ""
}
/^# --- / {
    part = $3
    if (!(server in seen)) { seen[server]; servers[++n] = server }
    if (!(part in known)) { known[part]; parts[++m] = part }
}
/^1\.\.0 # SKIP/ { sub(/.*SKIP /, ""); skipped = skipped server ": skipped: " $0 "\n" }
part == "" { next }
/^ok / { good[server, part]++ }
/^not ok / { bad[server, part]++; failed = 1 }
/^# fact: / { sub(/^# fact: /, ""); facts = facts server ": " $0 "\n" }
END {
    printf "%-18s", ""
    for (j = 1; j <= m; j++)
        printf " %-10s", substr(parts[j], 1, 10)
    print ""
    for (i = 1; i <= n; i++) {
        printf "%-18s", servers[i]
        for (j = 1; j <= m; j++)
            printf " %-10s", result(servers[i], parts[j])
        print ""
    }
    printf "\n%s%s", facts, skipped
    exit failed
}' "$@" && { [ -z "$manual" ] || same_as_manual "$@"; }
