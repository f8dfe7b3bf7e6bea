#!/bin/sh
# D3: text of PDF beside pdftotext. Arguments: PDF files; without any, 120 that are made.
set -eu
cd "$(dirname "$0")/../.."
[ -f build/bench/build.ninja ] || cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DMILLRACE_BENCH=ON -DMILLRACE_TESTS=OFF
cmake --build build/bench --target bench_extract millrace-extract
if [ $# = 0 ]; then
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    /usr/bin/python3 bench/extract/papers.py "$made" 40
    set -- "$made"/*.pdf
fi
python3 bench/extract/compare.py build/bench/bench/bench_extract build/bench/millrace-extract "$@"
