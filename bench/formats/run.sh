#!/bin/sh
# Reading of JSON, NDJSON, XML and text of fixed width beside DuckDB. Options: those of compare.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
[ -f build/bench/build.ninja ] || cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_BENCH=ON -DMILLRACE_TESTS=OFF
cmake --build build/bench --target bench_formats
exec python3 bench/formats/compare.py build/bench/bench/bench_formats "$@"
