#!/bin/sh
# sim.sh [SEEDS] [FIRST]: simulated worlds, 5000 by default, from seed FIRST on; on all cores.
set -eu
seeds=${1:-5000}
first=${2:-1}
cores=$(nproc)
cmake --build build/release --target sim_test >&2
each=$(((seeds + cores - 1) / cores))
i=0
pids=""
while [ "$i" -lt "$cores" ]; do
    MILLRACE_SIM_SEEDS=$each MILLRACE_SIM_FIRST=$((first + i * each)) build/release/tests/sim_test \
        -tc='every guarantee holds in every world' >"build/release/sim.$i.log" 2>&1 &
    pids="$pids $!"
    i=$((i + 1))
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
cat build/release/sim.*.log | grep -v '^\[doctest\] \(doctest version\|run with\)'
exit $failed
