#!/bin/sh
# Parquet files of other writers as input: what `millrace convert` makes of them is held against what DuckDB says is in them.
# tables.sh [PROGRAM]: the millrace to use. Without npm, or without packages to be had, it says so and ends well.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath "${1:-$here/../../build/dev/millrace}")
cd "$here"
if ! command -v npm >/dev/null; then echo "skipped: no npm"; exit 0; fi
if [ ! -d node_modules/nodejs-polars ] && ! npm install --no-save --no-audit --no-fund >npm.log 2>&1; then
    tail -n 5 npm.log; rm -rf npm.log node_modules; echo "skipped: the packages cannot be installed"; exit 0
fi
rm -f npm.log
case $(uname -m) in x86_64) npm install --no-save --no-audit --no-fund nodejs-polars-linux-x64-gnu@0.26.1 >/dev/null 2>&1 || true ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node tables.mjs "$work" write
for file in "$work"/*.parquet; do "$program" convert "$file" "${file%.parquet}.csv" >>"$work/log" 2>&1 || { cat "$work/log"; echo "convert $file failed"; exit 1; }; done
node tables.mjs "$work" compare
