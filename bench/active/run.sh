#!/bin/sh
# J13: GET /api/v2/jobs/active with a bearer token and three visible jobs, one of them with progress that changes ten times a
# second, beside the stack of the first design. run.sh PEER_DIR [ROUNDS] [JOBS]: PEER_DIR holds the peer's run.sh (FastAPI +
# SQLAlchemy + PostgreSQL); JOBS finished ones stand in every store. Needs wrk and what the peer needs. Each round measures
# millrace on SQLite, millrace on PostgreSQL, and the peer: 64 connections for 5 s, then 50 polling clients for 5 s.
set -eu
peer=${1:?usage: run.sh PEER_DIR [ROUNDS] [JOBS]}
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/compare.py" "$peer" "${2:-3}" "${3:-20000}"
