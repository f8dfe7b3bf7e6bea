#!/bin/sh
# What a reader of the code relies on: the layout is the architecture, coroutines stay in http/, the repository speaks
# of the product only.
set -u
cd "$(dirname "$0")/.."
status=0
run() { "$@" || status=1; }
run python3 tools/check_includes.py
run python3 tools/check_coroutines.py
run python3 tools/check_tree.py
[ "$status" = 0 ] && echo "lint: 3 passed, 0 failed"
exit $status
