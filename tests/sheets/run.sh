#!/bin/sh
# Makes workbooks with exceljs and SheetJS and reads them: run.sh [PROGRAM]. Without npm, or without packages to be had, it
# says so and ends well.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath "${1:-$here/../../build/release/millrace}")
cd "$here"
if ! command -v npm >/dev/null; then echo "skipped: no npm"; exit 0; fi
if [ ! -d node_modules ] && ! npm install --no-save --no-audit --no-fund >npm.log 2>&1; then
    tail -n 5 npm.log; rm -rf npm.log node_modules; echo "skipped: the packages cannot be installed"; exit 0
fi
rm -f npm.log
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node check.mjs "$program" "$work"
