#!/bin/sh
# I1, I2: CSV to dataset (Parquet zstd) beside DuckDB, three alternating rounds. See README.md for files and options.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
[ -f build/bench/build.ninja ] || cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_BENCH=ON -DMILLRACE_TESTS=OFF
cmake --build build/bench --target bench_ingest bench_ingest_data
exec python3 bench/ingest/compare.py build/bench/bench "$@"
