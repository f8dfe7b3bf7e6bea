#!/bin/sh
# model.sh [FAULTS]: verifies src/jobs/model/job.pml with Spin, with so many faults in a run (4), and that each mistake that
# the model knows is refuted: a model that cannot fail proves nothing.
set -eu
faults=${1:-4}
model=$PWD/src/jobs/model/job.pml
mkdir -p build/model
cd build/model

# verify PROPERTY SPIN_OPTION...: the property, or "safety": assertions, and no run that ends with the job unfinished.
# Prints what Spin says of states and errors; the log is pan.log.
verify() {
    property=$1; shift
    spin "$@" -a "$model" >spin.log 2>&1 || { cat spin.log; exit 1; }
    if [ "$property" = safety ]; then
        cc -O2 -DCOLLAPSE -DSAFETY -DNOCLAIM -o pan pan.c
        ./pan -m1000000 >pan.log 2>&1
    else
        cc -O2 -DCOLLAPSE -o pan pan.c
        ./pan -m1000000 -a -N "$property" >pan.log 2>&1
    fi
    grep -q '^State-vector.*errors: [0-9]' pan.log || { tail -n 20 pan.log; exit 1; }
    # A search that did not come to its end has verified nothing.
    ! grep -q 'max search depth too small\|out of memory' pan.log || { tail -n 20 pan.log; exit 1; }
}

errors() { sed -n 's/^State-vector.*errors: \([0-9]*\).*/\1/p' pan.log; }
states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log; }
seconds() { sed -n 's/^pan: elapsed time \([0-9.e+-]*\) seconds/\1/p' pan.log; }

failed=0
for property in safety nothing_lost effect_once lease_while_it_runs everything_ends; do
    verify $property -DFAULTS="$faults"
    if [ "$(errors)" = 0 ]; then verdict=holds; else verdict=FAILS; failed=1; fi
    printf '%-22s %s, %s states, %s s\n' "$property" "$verdict" "$(states)" "$(seconds)"
    [ "$verdict" = holds ] || { grep '^pan:' pan.log; cp "$(basename "$model").trail" "$property.trail"; }
done
for mistake in NO_FENCE NO_GUARD SPLIT NO_POLL NO_HANDBACK; do
    case $mistake in SPLIT) property=effect_once ;; *) property=safety ;; esac
    verify $property -DFAULTS=2 -D$mistake
    if [ "$(errors)" = 0 ]; then verdict='NOT FOUND'; failed=1; else verdict=refuted; fi
    printf '%-22s %s: %s\n' "$mistake" "$verdict" "$(sed -n 's/^pan:[0-9]*: //p' pan.log | head -n 1)"
done
exit $failed
