#!/bin/sh
# I4: CSV to NDJSON beside DuckDB, three alternating rounds. Files and options as of bench/ingest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
[ -f build/bench/build.ninja ] || cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_BENCH=ON -DMILLRACE_TESTS=OFF
cmake --build build/bench --target bench_ingest_data
exec python3 bench/ndjson/compare.py build/release/millrace build/bench/bench "$@"
