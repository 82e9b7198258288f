# What tests of magec's families have in common. Sourced behind lib.sh, needs jq; the folder is $tmp from then on, and
# MAGEC_DB names a store that is not made yet.
#
#   does OUTPUT ARGUMENT...     magec succeeds and says that
#   refused ERE ARGUMENT...     magec fails with such a sentence, and says nothing else
# shellcheck shell=sh
# shellcheck disable=SC2154 # set by lib.sh
need jq

MAGEC_DB=$tmp/magec.db
export MAGEC_DB
cd "$tmp" || exit 1

does() {
    want=$1
    shift
    run magec "$@"
    is "exit $rc; $(cat "$tmp/out" "$tmp/err")" "exit 0; $want" "magec $*"
}

refused() {
    ere=$1
    shift
    run magec "$@"
    like "exit $rc; $(wc -c <"$tmp/out") bytes; $(cat "$tmp/err")" "^exit [1-9][0-9]*; 0 bytes; magec: $ere" "magec $*"
}
