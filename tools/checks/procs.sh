#!/bin/sh
# Processes on one PostgreSQL that die, stand still, or lose their database: tests/procs at full size.
set -eu
cmake --build build/release --target millrace >&2
python3 tests/procs/run.py --long "$@"
