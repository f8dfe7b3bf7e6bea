#!/bin/sh
# Every test program under ThreadSanitizer.
set -eu
[ -f build/tsan/build.ninja ] || cmake --preset tsan
cmake --build build/tsan >&2
for program in build/tsan/src/*_test build/tsan/tests/*_test; do
    printf '%s: ' "$(basename "$program")"
    TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" "$program" >build/tsan/log 2>&1 || { cat build/tsan/log; exit 1; }
    grep 'test cases' build/tsan/log
done
