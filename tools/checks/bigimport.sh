#!/bin/sh
# A generated table of GIB GiB (default 10): memory of the server, a kill half-way, a cancel. Needs 1.4 times as much disk.
set -eu
cmake --build build/release --target millrace >&2
exec python3 tests/bigimport/run.py "$@"
