#!/bin/sh
# Runs fuzz targets that are linked with libFuzzer, one behind the other, each on a copy of its
# corpus; the end is a summary as automake's. What a target fails on is kept.
#
# usage: [FUZZ_SECONDS=N] [FUZZ_SEED=N] fuzz.sh TARGET...      in the build folder; or: make fuzz
#
# With a seed the inputs are the same each time, as far as the time reaches: for who checks a change
# and is not out for news.
: "${top_srcdir:=$(cd "${0%/*}/../.." && pwd)}" "${FUZZ_SECONDS:=10}"
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
LC_ALL=C.UTF-8
export UBSAN_OPTIONS LC_ALL

passed=0
failed=0
for target in "$@"; do
    name=${target##*/fuzz_}
    work=fuzz/$name
    rm -rf "$work/corpus"
    mkdir -p "$work"
    cp -R "$top_srcdir/tests/fuzz/corpus/$name" "$work/corpus"
    chmod -R u+w "$work/corpus"
    if "./$target" ${FUZZ_SEED:+-seed="$FUZZ_SEED"} -max_total_time="$FUZZ_SECONDS" -max_len=4096 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$work/" "$work/corpus" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok %s: %s inputs, %s covered\n' "$name" \
            "$(sed -n 's/.*number_of_executed_units: *//p' "$work/log")" \
            "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/log" | tail -n 1)"
    else
        failed=$((failed + 1))
        echo "not ok $name: the end of $PWD/$work/log:"
        tail -n 40 "$work/log"
    fi
done
printf '# PASS:  %d\n# FAIL:  %d\n' "$passed" "$failed"
[ "$failed" = 0 ]
