#!/bin/sh
# Builds everything and runs every suite; one line per suite, details only of what failed. Called by `./run test`.
set -u
cd "$(dirname "$0")/.."
jobs=${MILLRACE_JOBS:-$(nproc)}
logs=build/test-logs
mkdir -p "$logs"
: >"$logs/verdicts"

# suite NAME COMMAND...: a line, and the end of the log when it failed.
suite() {
    name=$1; shift
    begin=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1 </dev/null; then
        if grep -q '^skipped:' "$logs/$name.log"; then verdict=SKIPPED; else verdict=ok; fi
    else
        verdict=FAILED
    fi
    echo "$verdict" >>"$logs/verdicts"
    printf '%-28s %-7s %4ds  %s\n' "$name" "$verdict" $(($(date +%s) - begin)) "$(summary "$logs/$name.log")"
    [ "$verdict" != FAILED ] || tail -n 60 "$logs/$name.log"
}

count() { grep -c "^$1\$" "$logs/verdicts" || true; }
# The sum; its status is that of the whole run.
total() {
    echo "$(count ok) passed, $(count FAILED) failed, $(count SKIPPED) skipped"
    [ "$(count FAILED)" = 0 ]
}

# The line of a log that counts.
summary() {
    sed -n -E 's/\x1b\[[0-9;]*m//g; /^\[doctest\] test cases:/s/^\[doctest\] //p; /[0-9]+ passed, [0-9]+ failed/p; /^crash /p; /^skipped:/p' "$1" | tail -n 1 | tr -s ' '
}

build() {
    for preset in release dev; do
        [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" || return 1
    done
    cmake --build build/release -j "$jobs" --target millrace sim_test && cmake --build build/dev -j "$jobs"
}

suite lint sh tools/lint.sh
suite build build
total >/dev/null || { total; exit 1; }

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# Two lanes, since most suites wait more than they work: programs of our own, and what looks at the product from outside.
programs() {
    for program in build/dev/src/*_test build/dev/tests/*_test; do
        [ -x "$program" ] || continue
        [ "$(basename "$program")" != sim_test ] || continue
        suite "$(basename "$program")" "$program"
    done
    suite sim build/release/tests/sim_test
    suite crash-sqlite python3 tests/crash/run.py --store sqlite --cycles 10
    suite crash-postgres python3 tests/crash/run.py --store postgres --cycles 10
    suite procs python3 tests/procs/run.py
    suite s3 python3 tests/s3/run.py
}
product() {
    suite api python3 tests/api/run.py
    suite cli python3 tests/cli/run.py
    suite parquet-readers sh tests/parquet/run.sh
    suite parquet-tables sh tests/parquet/tables.sh
    suite sheets sh tests/sheets/run.sh
    suite formats python3 tests/formats/run.py
    suite quality python3 tests/quality/run.py --floors
    suite tus python3 tests/tus/run.py
    suite clients python3 tests/clients/run.py
    suite e2e python3 tests/e2e/run.py
    suite extend python3 tests/extend/run.py
}
programs &
product
wait $!
total
