#!/bin/sh
# tsan.sh [PROGRAM...]: test programs under ThreadSanitizer, all of them by default; the first report ends a program, not
# the check. Logs: build/tsan/PROGRAM.log.
set -eu
[ -f build/tsan/build.ninja ] || cmake --preset tsan
cmake --build build/tsan >&2
options="halt_on_error=1 second_deadlock_stack=1 suppressions=$PWD/tools/checks/tsan.supp"
failed=0
for program in build/tsan/src/*_test build/tsan/tests/*_test; do
    name=$(basename "$program")
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    log=build/tsan/$name.log
    begin=$(date +%s)
    if TSAN_OPTIONS="$options" "$program" >"$log" 2>&1; then
        printf '%s, %s s: %s\n' "$name" "$(($(date +%s) - begin))" "$(grep 'test cases' "$log")"
    else
        printf '%s, %s s: FAILED\n' "$name" "$(($(date +%s) - begin))"
        tail -n 80 "$log"
        failed=1
    fi
done
exit $failed
