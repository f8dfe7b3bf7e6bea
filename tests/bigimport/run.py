#!/usr/bin/env python3
"""Imports a generated table of GIB GiB: server memory, a kill half-way that is gone on from, a cancel within a second.

    tests/bigimport/run.py GIB [--store sqlite|postgres] [--keep]
"""

import argparse
import http.client
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.server import Server  # noqa: E402

RSS_MIB_MAX = 256
CANCEL_SECONDS_MAX = 1.0
KILL_AT = 0.5
CHECKPOINT_BYTES = 256 << 20
BLOCK_ROWS = 10_000
FIRST_ID = 10 ** 11        # all ids have the same number of digits
ENV = {"MILLRACE_JOBS_HEARTBEAT": "1s", "MILLRACE_JOBS_LEASE": "4s", "MILLRACE_UPLOAD_MAX_BYTES": str(1 << 40)}
HEAD = b"id,customer,email,amount,paid,day,at,note\n"


class Table:
    """Blocks of rows that differ in their ids only."""

    def __init__(self, size):
        self.rest = [(f',"Customer {i % 5003}, Inc.",user{i % 9973}@example.org,{i % 100000}.25,{"true" if i % 3 else "false"},2024-{1 + i % 12:02d}-{1 + i % 28:02d},'
                      f'2024-03-11T{i % 24:02d}:{i % 60:02d}:00Z,"said ""yes"" {i % 7919} times"\n').encode() for i in range(BLOCK_ROWS)]
        block = sum(len(rest) + len(str(FIRST_ID)) for rest in self.rest)
        self.blocks = max(1, (size - len(HEAD)) // block)
        self.rows = self.blocks * BLOCK_ROWS
        self.size = len(HEAD) + self.blocks * block

    def __iter__(self):
        yield HEAD
        for first in range(0, self.rows, BLOCK_ROWS):
            yield b"".join(b"%d%s" % (FIRST_ID + first + i, rest) for i, rest in enumerate(self.rest))


class Memory(threading.Thread):
    """The largest resident set of whatever process the server is at the moment."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.peak, self.done = server, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.05):
            self.peak = max(self.peak, self.now())

    def now(self):
        try:
            with open(f"/proc/{self.server.process.pid}/status") as status:
                return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS")), 0)
        except (OSError, AttributeError):
            return 0


def upload(client, table):
    connection = http.client.HTTPConnection("127.0.0.1", client.server.port, timeout=600)
    connection.request("PUT", "/api/v2/imports/files/big.csv", body=iter(table),
                       headers={"Authorization": f"Bearer {client.token}", "Content-Length": str(table.size), "Prefer": "respond-async"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 202, (answer.status, body[:500])
    return json.loads(body)["job_id"]


def wait(client, job_id, until, timeout):
    deadline, last = time.monotonic() + timeout, -1
    while time.monotonic() < deadline:
        job = client.job(job_id)
        assert job["progress"] >= last, f"progress went from {last} to {job['progress']}"
        last = job["progress"]
        if until(job):
            return job
        time.sleep(0.02)
    sys.exit(f"not within {timeout} s: {job}")


def ended(job):
    return job["state"] in ("completed", "failed", "cancelled")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gib", type=float)
    arguments.add_argument("--store", default="sqlite")
    arguments.add_argument("--keep", action="store_true")
    given = arguments.parse_args()
    table = Table(int(given.gib * 2 ** 30))
    limit = 600 + 300 * given.gib
    wrong = []

    def check(what, holds):
        if not holds:
            wrong.append(what)

    server = Server(given.store, env=ENV).start()
    memory = Memory(server)
    memory.start()
    me = server.client()
    begin = time.monotonic()
    job_id = upload(me, table)
    print(f"sent {table.size / 2 ** 30:.2f} GiB, {table.rows} rows in {time.monotonic() - begin:.1f} s; resident at most {memory.peak:.0f} MiB", flush=True)

    begin = time.monotonic()
    half = wait(me, job_id, lambda job: job["progress"] >= 40 + 29 * KILL_AT or ended(job), limit)
    print(f"killed at {half['progress']} % after {time.monotonic() - begin:.1f} s: {half['message']}", flush=True)
    server.kill()
    server.start()
    begin = time.monotonic()
    job = wait(me, job_id, ended, limit)
    metadata = job["job_metadata"]
    resumed, read = metadata.get("resumed_from_bytes", 0), metadata.get("bytes_read", table.size)
    print(f"{job['state']} {time.monotonic() - begin:.1f} s after the restart; went on at {resumed / table.size:.1%} of the file, read {read / table.size:.1%} of it", flush=True)
    check("it completes", job["state"] == "completed")
    check("it goes on from the checkpoint before", resumed > 0 and resumed >= KILL_AT * table.size - CHECKPOINT_BYTES * 1.25)
    check("it reads the rest only", read < table.size - resumed + (8 << 20))

    dataset = me.get("/api/v2/datasets/" + job["related_dataset_id"]).json()
    ids = dataset["report"]["profile"]["columns"][0]
    mean = FIRST_ID + (table.rows - 1) / 2
    print(f"rows {dataset['row_count']}, ids {ids['min']} to {ids['max']}, nulls {ids['nulls']}, mean {ids['mean']:.1f}", flush=True)
    check("every row is there once", (dataset["row_count"], ids["count"], ids["nulls"], int(ids["min"]), int(ids["max"])) ==
          (table.rows, table.rows, 0, FIRST_ID, FIRST_ID + table.rows - 1) and abs(ids["mean"] - mean) < 1e-9 * mean)

    again = me.post("/api/v2/jobs", {"kind": "import", "input": {"file_id": dataset["file_id"], "on_duplicate": "version"}})
    assert again.status == 201, again
    again = again.json()["id"]
    wait(me, again, lambda job: job["progress"] >= 45 or ended(job), limit)
    begin = time.monotonic()
    me.post(f"/api/v2/jobs/{again}/cancel", {})
    job = wait(me, again, ended, 60)
    took = time.monotonic() - begin
    left = [name for part in ("drafts", "partial") for name in os.listdir(os.path.join(server.data_dir, "blobs", part))]
    print(f"{job['state']} {took:.2f} s after the wish; files left behind: {len(left)}", flush=True)
    check("a cancel ends it within a second", job["state"] == "cancelled" and took <= CANCEL_SECONDS_MAX)
    check("a cancel leaves nothing", not left)

    memory.done.set()
    print(f"resident at most {memory.peak:.0f} MiB", flush=True)
    check(f"at most {RSS_MIB_MAX} MiB are resident", memory.peak <= RSS_MIB_MAX)
    server.stop()
    if not given.keep:
        server.remove()
    for what in wrong:
        print("WRONG:", what)
    sys.exit(1 if wrong else 0)


main()
