#!/bin/sh
# M4, M5, M6: a mapping job beside DuckDB, exact to the cent; twelve validation rules over the transform alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
exec python3 bench/transform/compare.py build/release/millrace "$@"
