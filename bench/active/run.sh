#!/bin/sh
# J13: GET /api/v2/jobs/active with a bearer token and three visible jobs, beside the stack of the first design.
# run.sh PEER_DIR [ROUNDS]: PEER_DIR holds the peer's run.sh (FastAPI + SQLAlchemy + PostgreSQL). Needs wrk and what the
# peer needs. Each round measures millrace on SQLite, millrace on PostgreSQL, and the peer, 64 connections, 5 s each.
set -eu
peer=${1:?usage: run.sh PEER_DIR [ROUNDS]}
rounds=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/compare.py" "$peer" "$rounds"
