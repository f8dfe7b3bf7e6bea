#!/bin/sh
# Parquet files of other writers as input: what `millrace convert` makes of them is held against what DuckDB says is in them.
# tables.sh [PROGRAM]: the millrace to use. Without npm, or without packages to be had, it says so and ends well.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath "${1:-$here/../../build/dev/millrace}")
cd "$here"
. ./packages.sh
polars=nodejs-polars-linux-x64-gnu
if [ "$(uname -m)" = x86_64 ] && [ ! -d node_modules/$polars ]; then npm install --no-save --no-audit --no-fund $polars@0.26.1 >/dev/null 2>&1 || true; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node tables.mjs "$work" write
for file in "$work"/*.parquet; do "$program" convert "$file" "${file%.parquet}.csv" >>"$work/log" 2>&1 || { cat "$work/log"; echo "convert $file failed"; exit 1; }; done
node tables.mjs "$work" compare
