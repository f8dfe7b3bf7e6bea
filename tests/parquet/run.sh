#!/bin/sh
# Writes datasets with the test program, reads them with DuckDB and hyparquet, and reads back what DuckDB writes.
# run.sh [PROGRAM]: the datasets_test to use. Without npm, or without packages to be had, it says so and ends well.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath "${1:-$here/../../build/dev/src/datasets_test}")
cd "$here"
. ./packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
MILLRACE_PARQUET_WRITE="$work" "$program" -tc="files for other readers are written*" >"$work/log" || { cat "$work/log"; exit 1; }
node check.mjs "$work" write
MILLRACE_PARQUET_READ="$work" "$program" -tc="files of other writers are read*" >"$work/log" || { cat "$work/log"; exit 1; }
node check.mjs "$work" compare
