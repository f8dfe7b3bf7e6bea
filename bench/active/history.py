"""Fills a store with finished jobs: copies of one that the server has made, 1 in 100 of the measured user, over 30 days."""
import os
import random
import sqlite3
import time
import uuid

from support import db
from support.pg import psql

OWNERS = 10_000
DAY_US = 86_400_000_000


def fill(server, user, number):
    """Stops and starts the server. Knows of the schema: the table `job`, its id, owner and times."""
    if number == 0:
        return
    client = server.client()
    job = client.request("POST", "/api/v2/jobs", json={"type": "import"}).json()["id"]
    client.request("POST", f"/api/v2/jobs/{job}/start", json={})
    client.request("POST", f"/api/v2/jobs/{job}/complete", json={})
    server.stop()
    (fill_postgres if server.store == "postgres" else fill_sqlite)(server, uuid.UUID(job), uuid.UUID(user), number)
    server.start()


def fill_sqlite(server, job, user, number):
    connection = sqlite3.connect(db.sqlite_path(server, "job"), isolation_level=None)
    chance = random.Random(1)
    owners = [uuid.UUID(int=chance.getrandbits(128)).bytes for _ in range(OWNERS)]
    now = time.time_ns() // 1000
    connection.create_function("new_id", 1, lambda at: (at // 1000).to_bytes(6, "big") + b"\x70" + os.urandom(9))
    connection.create_function("owner_of", 1, lambda n: user.bytes if n % 100 == 0 else owners[chance.randrange(OWNERS)])
    changed = {"id": "new_id(s.at)", "owner": "owner_of(s.n)", "created_at": "s.at", "updated_at": "s.at + 2000000",
               "started_at": "s.at + 1000000", "completed_at": "s.at + 2000000", "run_at": "s.at"}
    names = [row[1] for row in connection.execute("PRAGMA table_info(job)")]
    connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; BEGIN")
    connection.execute(
        f"INSERT INTO job ({', '.join(names)}) "
        f"SELECT {', '.join(changed.get(name, 't.' + name) for name in names)} FROM job t, "
        f"(WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < {number}) "
        f"SELECT n, {now - 31 * DAY_US} + n * ({30 * DAY_US} / {number}) AS at FROM one) s WHERE t.id = ?", (job.bytes,))
    connection.execute("COMMIT")
    connection.close()


def fill_postgres(server, job, user, number):
    changed = {"id": "(lpad(to_hex((extract(epoch FROM s.at) * 1000)::bigint), 12, '0') || '7' || "
                     "substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid",
               "owner": f"CASE WHEN s.n % 100 = 0 THEN '{user}'::uuid ELSE md5((random() * {OWNERS})::int::text)::uuid END",
               "created_at": "s.at", "updated_at": "s.at + interval '2 s'", "started_at": "s.at + interval '1 s'",
               "completed_at": "s.at + interval '2 s'", "run_at": "s.at"}
    names = [row[0] for row in psql(server.database_url, "SELECT column_name FROM information_schema.columns WHERE table_name = 'job' "
                                    "AND table_schema = current_schema() ORDER BY ordinal_position")]
    psql(server.database_url,
         f"INSERT INTO job ({', '.join(names)}) SELECT {', '.join(changed.get(name, 't.' + name) for name in names)} FROM job t, "
         f"(SELECT n, now() - interval '31 d' + n * (interval '30 d' / {number}) AS at FROM generate_series(1, {number}) n) s "
         f"WHERE t.id = '{job}'")
    psql(server.database_url, "VACUUM ANALYZE job")
