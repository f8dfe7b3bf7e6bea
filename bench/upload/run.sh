#!/bin/sh
# I9: an upload of GIB GiB (default 2) with SHA-256 while receiving, beside `dd conv=fsync` and then `openssl dgst`.
# The file is no table, so what is measured ends with the durable acceptance (Prefer: respond-async).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/compare.py" "${1:-2}" "${2:-3}"
