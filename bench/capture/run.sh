#!/bin/sh
# D1: full captures (screenshot, MHTML, PDF, text) of one page beside playwright-core with chromium: time of each, CPU of the
# browser, memory of what drives it. Argument: captures of each (default 6), after one that does not count.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/compare.py" "${1:-6}"
