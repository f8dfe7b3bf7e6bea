#!/bin/sh
# Captures of good and hostile pages, and 1,000 captures in a row that leave nothing behind: tests/capture at full size.
set -eu
cmake --build build/release --target millrace >&2
exec python3 tests/capture/run.py --captures "${1:-1000}"
