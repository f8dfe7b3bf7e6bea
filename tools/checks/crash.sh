#!/bin/sh
# Kills server and worker at random and at every fail point while four uploaders run; 100 cycles per store.
set -eu
cmake --build build/release --target millrace >&2
for store in sqlite postgres; do
    python3 tests/crash/run.py --store "$store" --cycles "${1:-100}"
done
