#!/bin/sh
# Prints what the tests saw behind each web server, from their logs: make check-servers.
#
# usage: matrix.sh LOG...
#
# One line for each server: how many checks of each part passed, or how many failed. Below it, what each server does in
# its own way.
[ $# -gt 0 ] || {
    echo 'usage: matrix.sh LOG...' >&2
    exit 64
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
}' "$@"
