#!/bin/sh
# I8: XLSX to CSV beside the streaming reader of exceljs (npm). Options: see compare.py.
set -eu
cd "$(dirname "$0")/../.."
exec python3 bench/xlsx/compare.py build/release/millrace "$@"
