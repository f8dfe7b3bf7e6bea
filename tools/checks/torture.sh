#!/bin/sh
# torture.sh [COUNT] [SEED]: documents of every kind, broken on purpose, are read; 500 by default.
set -eu
cmake --build build/release --target millrace >&2
exec /usr/bin/python3 tests/documents/torture.py build/release/millrace "${1:-500}" "${2:-1}"
