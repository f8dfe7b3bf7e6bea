#!/usr/bin/env python3
"""kill -9 of server and worker, at random and at every fail point, while four uploaders run.

    tests/crash/run.py --cycles N [--store sqlite|postgres] [--seed S] [--keep]

A cycle is three deaths: at two fail points (in turn, so that all are visited) and at a random moment. At the end
everything is checked from outside: each upload that was answered 2xx is exactly one dataset,
no key and no file made two, nothing is stuck, no event of the stream was lost or came twice. Prints its figures; the
exit status is 1 when one of them is wrong.
"""

import argparse
import collections
import hashlib
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import db, server as server_  # noqa: E402
from support.client import EventReader  # noqa: E402
from support.server import Server  # noqa: E402

SERVER_POINTS = ["intake.begin", "intake.received", "intake.accept", "blob.written", "blob.renamed"]
WORKER_POINTS = ["import.format_check", "import.duplicate_check", "import.stored", "import.parsed", "import.written", "import.finish"]
STORAGE_POINTS = ["storage.commit.before", "storage.commit.after"]
POINTS = SERVER_POINTS + WORKER_POINTS + STORAGE_POINTS
ENV = {"MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s", "MILLRACE_HTTP_BODY_IDLE_TIMEOUT": "5s"}
UPLOADERS = 4
PAUSE = 0.03           # between two uploads of one uploader: load, not a flood
SETTLE_SECONDS = 60    # all jobs must have ended this long after the last death


class World:
    """One or two processes on one store: `all` on SQLite, `serve` and `worker` on PostgreSQL."""

    def __init__(self, store):
        self.store = store
        if store == "sqlite":
            self.front = Server("sqlite", env=ENV)
            self.parts = [self.front]
        else:
            self.front = Server("postgres", role="serve", env=ENV)
            self.back = Server("postgres", role="worker", env=ENV, database_url=self.front.database_url,
                               data_dir=self.front.data_dir)
            self.parts = [self.front, self.back]
        self.up = threading.Event()

    def part_of(self, point):
        if self.store == "sqlite" or point in SERVER_POINTS:
            return self.front
        if point in WORKER_POINTS:
            return self.back
        return random.choice(self.parts)

    def ensure(self):
        """Starts what does not run. A process that dies while it starts (at a fail point) is left dead."""
        for part in self.parts:
            if not part.alive():
                if part is self.front:
                    self.up.clear()
                try:
                    part.start()
                except AssertionError:
                    if part.process.poll() != -9:
                        raise
        if self.front.alive():
            self.up.set()

    def stop(self):
        return [part.stop() for part in self.parts if part.alive()]

    def remove(self):
        for part in self.parts:
            part.remove()


class Uploader(threading.Thread):
    """Uploads different files one after the other. What is answered 2xx is written down."""

    def __init__(self, world, number, seed, stop):
        super().__init__(daemon=True)
        self.world, self.stop_, self.random = world, stop, random.Random(f"{seed}-{number}")
        self.client = world.front.client(str(uuid.UUID(int=self.random.getrandbits(128), version=4)))
        self.number, self.serial = number, 0
        self.accepted = {}                           # file name -> (sha256, set of job ids that were answered)
        self.repeated = set()                        # file names sent again without a key: the first may have been taken
        self.unknown = {}                            # file name -> sha256: never answered
        self.answers = collections.Counter()
        self.surprises = []

    def run(self):
        while not self.stop_.is_set():
            self.serial += 1
            name = f"u{self.number}-{self.serial}.csv"
            rows = self.random.choice([1, 3, 50, 2000])
            content = "sku,name,price\r\n" + "".join(f"{name}-{i},Product {i},{i}.50\r\n" for i in range(rows))
            self.upload(name, content.encode(), keyed=self.random.random() < 0.7)
            self.stop_.wait(PAUSE)

    def upload(self, name, content, keyed):
        sha = hashlib.sha256(content).hexdigest()
        headers = {"Idempotency-Key": name + str(self.random.getrandbits(64))} if keyed else {}
        wait = self.random.choice([None, "respond-async", "wait=1"])
        if wait:
            headers["Prefer"] = wait
        jobs = set()
        while True:
            try:
                answer = self.client.upload(content, name, headers=headers, timeout=30)
            except (OSError, http.client.HTTPException, AssertionError, ValueError):
                self.answers["broken"] += 1
                if not keyed:
                    self.repeated.add(name)
                if self.stop_.is_set() and not self.world.up.is_set():
                    self.unknown[name] = sha
                    return
                time.sleep(0.01)
                self.world.up.wait(10)
                continue
            self.answers[answer.status] += 1
            if answer.status in (201, 202):
                jobs.add(answer.json()["job_id"])
                self.accepted[name] = (sha, jobs)
                return
            if answer.status == 409 and not keyed:
                # Sent again without a key, the first one had been accepted after all.
                self.accepted[name] = (sha, jobs)
                return
            if answer.status >= 500 and not keyed:
                self.repeated.add(name)  # the database may have taken it before it went away
            if answer.status in (429, 500, 502, 503, 504, 400, 408):
                # 400 upload_aborted says: send it again. Any other 400, and each 500, is a surprise.
                if answer.status == 500 or answer.status == 400 and answer.json()["code"] != "upload_aborted":
                    self.surprises.append(f"{name}: {answer!r}"[:300])
                    if len(self.surprises) > 50:
                        self.unknown[name] = sha
                        return
                time.sleep(0.02)
                continue
            self.surprises.append(f"{name} keyed={keyed}: {answer!r}"[:400])
            self.unknown[name] = sha
            return


class Follower(threading.Thread):
    """Follows the stream of one uploader across all deaths, by Last-Event-ID."""

    def __init__(self, world, client, stop):
        super().__init__(daemon=True)
        self.world, self.client, self.stop_ = world, client, stop
        self.ids, self.ended, self.doubled, self.resets, self.last = set(), set(), 0, 0, None
        self.snapshots, self.refused, self.first = 0, collections.Counter(), "0"
        self.shown = {}  # updated_at of the jobs in the snapshot

    def run(self):
        while not self.stop_.is_set():
            if not self.world.up.wait(0.5):
                continue
            try:
                reader = EventReader(self.world.front, "/api/v2/jobs/stream", self.client.head_of(
                    {"Last-Event-ID": self.last} if self.last is not None else {}), timeout=5)
            except (OSError, AssertionError, ValueError):
                time.sleep(0.02)
                continue
            if reader.status != 200:  # the server died in between, or is not ready yet
                self.refused[reader.status] += 1
                time.sleep(0.02)
                continue
            while not self.stop_.is_set():
                try:
                    event = reader.next(timeout=1)
                except AssertionError:
                    continue
                if event is None:
                    break
                self.take(event)
            reader.close()

    def take(self, event):
        if event.type == "reset":
            self.resets += 1
        if event.type == "snapshot":
            self.snapshots += 1
            self.first = event.id
            for job in event.json()["jobs"]:
                self.shown[job["id"]] = job["updated_at"]
                self.note(job)
        elif event.type == "job":
            if event.id is not None:
                self.doubled += event.id in self.ids
                self.ids.add(event.id)
            self.note(event.json())
        if event.id is not None:
            self.last = event.id

    def note(self, job):
        if job["state"] in ("completed", "failed", "cancelled"):
            self.ended.add(job["id"])


class Run:
    fine_failures = {"upload_aborted", "duplicate"}  # of jobs whose upload was not answered 2xx

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        random.seed(options.seed)
        self.world = World(options.store)
        self.visited, self.missed = collections.Counter(), collections.Counter()
        self.kills = self.worker_deaths = 0
        self.violations = []
        self.figures = collections.Counter()

    def go(self):
        stop, stop_follower = threading.Event(), threading.Event()
        self.world.ensure()
        self.uploaders = uploaders = [Uploader(self.world, i, self.options.seed, stop) for i in range(UPLOADERS)]
        follower = Follower(self.world, uploaders[0].client, stop_follower)
        follower.start()
        for uploader in uploaders:
            uploader.start()
        next_point = self.options.seed
        try:
            for _ in range(self.options.cycles):
                for _ in range(2):
                    self.die_at(POINTS[next_point % len(POINTS)])
                    next_point += 1
                self.die_at_random()
        finally:
            self.revive()
            stop.set()
            for uploader in uploaders:
                uploader.join(60)
                if uploader.is_alive():
                    self.violations.append(f"uploader {uploader.number} hangs")
        self.settle(uploaders)
        self.check(uploaders)
        self.check_stream(uploaders[0], follower, stop_follower)
        codes = self.world.stop()
        if any(codes):
            self.violations.append(f"exit status at the end: {codes}: {self.world.front.log()[-1000:]}")
        if self.world.store == "sqlite":
            self.check_file()
        return self.report(uploaders, follower)

    # Deaths

    def revive(self):
        for part in self.world.parts:
            part.env.pop("MILLRACE_FAILPOINT", None)
        self.world.ensure()
        if not self.world.front.alive():
            self.world.ensure()

    def die_at(self, point):
        """Restarts the part with the point armed and waits until it has died of it."""
        part = self.world.part_of(point)
        part.kill()
        hit = self.random.choice([1, 1, 2, 5]) if not point.startswith("storage") else self.random.randint(1, 40)
        part.env["MILLRACE_FAILPOINT"] = f"{point}:kill@{hit}"
        self.world.up.clear()
        self.world.ensure()
        deadline = time.monotonic() + 6
        while part.alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        if part.alive():
            self.missed[point] += 1
            part.kill()
        else:
            if part.process.returncode == -9:
                self.visited[point] += 1
            else:
                self.violations.append(f"ended with {part.process.returncode} at {point}: {part.log()[-1500:]}")
        self.died(part)

    def died(self, part):
        """Five lost leases end a job as worker_crashed, rightly; so after three deaths the jobs of the moment may end."""
        self.kills += 1
        self.revive()
        self.worker_deaths += part is self.world.parts[-1]
        if self.worker_deaths < 3 or self.world.store == "sqlite":
            return
        self.worker_deaths = 0
        waiting = {j["id"]: u for u in self.uploaders for j in u.client.active() if j["status"] == "running"}
        deadline = time.monotonic() + 20
        while waiting and time.monotonic() < deadline:
            waiting = {i: u for i, u in waiting.items() if u.client.job(i)["status"] == "running"}
            time.sleep(0.02)

    def die_at_random(self):
        part = self.random.choice(self.world.parts)
        deadline = time.monotonic() + self.random.uniform(0.02, 1.0)
        while time.monotonic() < deadline and part.alive():
            time.sleep(0.005)
        if not part.alive():
            self.violations.append(f"ended by itself with {part.process.returncode}: {part.log()[-1500:]}")
        if part is self.world.front:
            self.world.up.clear()
        part.kill()
        self.died(part)

    # Judgement

    def all_of(self, client, path):
        out, cursor = [], None
        while True:
            answer = client.get(f"{path}?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            assert answer.status == 200, answer
            out += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
            if not cursor:
                return out

    def settle(self, uploaders):
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            stuck = [j for u in uploaders for j in u.client.active() if j["status"] == "running"]
            if not stuck:
                return
            if time.monotonic() > deadline:
                self.figures["stuck"] = len(stuck)
                for job in stuck[:10]:
                    self.violations.append(f"stuck: {json.dumps(job)[:400]}")
                return
            time.sleep(0.1)

    def check(self, uploaders):
        for uploader in uploaders:
            jobs = self.all_of(uploader.client, "/api/v2/jobs")
            datasets = self.all_of(uploader.client, "/api/v2/datasets")
            by_sha = collections.Counter(d["sha256"] for d in datasets)
            by_id = {j["id"]: j for j in jobs}
            completed = collections.Counter(j["filename"] for j in jobs if j["state"] == "completed")
            for sha, count in by_sha.items():
                if count > 1:
                    self.bad("doubled", f"{count} datasets of {sha}")
            for name, count in completed.items():
                if count > 1:
                    self.bad("doubled", f"{count} completed jobs of {name}")
            for name, (sha, answered) in uploader.accepted.items():
                self.figures["accepted"] += 1
                if by_sha[sha] == 0:
                    states = [(j["state"], j["error_code"], j["attempt"]) for j in jobs if j["filename"] == name]
                    self.bad("lost", f"{name}: answered 2xx, no dataset; its jobs: {states}")
                for job_id in answered:
                    job = by_id.get(job_id)
                    if job is None:
                        self.bad("lost", f"{name}: the job {job_id} of the answer does not exist")
                    elif job["error_code"] == "duplicate" and name in uploader.repeated:
                        pass  # a second upload of what had been taken; its one dataset is checked above
                    elif job["state"] != "completed" or job["progress"] != 100 or not job["related_dataset_id"]:
                        self.bad("lost", f"{name}: job {job['state']} {job['error_code']} {job['progress']} attempt {job['attempt']}")
            datasets_by_job = {d["job_id"]: d for d in datasets}
            for job in jobs:
                if job["state"] == "completed" and job["id"] not in datasets_by_job:
                    self.bad("lost", f"completed without a dataset: {json.dumps(job)[:300]}")
                if job["state"] != "completed" and job["id"] in datasets_by_job:
                    self.bad("doubled", f"a dataset of a job that is {job['state']}: {job['filename']}")
                if job["state"] == "failed" and job["error_code"] not in self.fine_failures:
                    self.bad("wrong", f"failed with {job['error_code']}: {job['filename']} {job['error_message']}")
            self.figures["jobs"] += len(jobs)
            self.figures["datasets"] += len(datasets)
            for surprise in uploader.surprises[:3]:
                self.violations.append("surprising answer: " + surprise)

    def check_stream(self, uploader, follower, stop):
        """Every end of a job that the list knows was seen by the follower."""
        wanted = {j["id"] for j in self.all_of(uploader.client, "/api/v2/jobs")}
        deadline = time.monotonic() + 15
        while wanted - follower.ended and time.monotonic() < deadline:
            time.sleep(0.05)
        kept = self.kept_events(uploader, follower.shown)
        while kept - follower.ids and time.monotonic() < deadline:
            time.sleep(0.05)
        stop.set()
        self.figures["events"] = len(follower.ids)
        # What was before the snapshot is in the snapshot; what came after it came by the stream, unless the snapshot had
        # shown it already.
        missed = {i for i in kept - follower.ids if int(i) > int(follower.first)}
        unkept = follower.ids - self.kept_events(uploader, {})
        if missed or unkept:
            self.bad("events lost", f"{len(missed)} durable events not seen, e.g. {sorted(missed)[:5]}; "
                                    f"{len(unkept)} seen that are not kept")
        lost = wanted - follower.ended
        if lost:
            self.bad("events lost", f"{len(lost)} ends of jobs not seen by the stream, e.g. {sorted(lost)[:3]}")
        if not set(follower.refused) <= {None, 503}:
            self.bad("wrong", f"the stream was refused: {dict(follower.refused)}")
        if follower.snapshots != 1:
            self.bad("wrong", f"{follower.snapshots} snapshots: a resumed stream goes on where it was")
        if follower.doubled:
            self.bad("events doubled", f"{follower.doubled} ids came twice")
        if follower.resets:
            self.bad("resets", f"{follower.resets} resets within the window")

    def kept_events(self, uploader, shown):
        """The ids of all durable job events of that user, from the long poll, without what was shown before."""
        out, at = set(), 0
        while True:
            answer = uploader.client.get(f"/api/v2/events?since={at}&topics=job")
            assert answer.status == 200, answer
            items = answer.json()["items"]
            out |= {str(e["id"]) for e in items if e["data"]["updated_at"] > shown.get(e["data"]["id"], "")}
            if not items:
                return out
            at = answer.json()["last_id"]

    def check_file(self):
        for path in db.sqlite_files(self.world.front):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
            connection.close()
            if verdict != "ok":
                self.bad("corrupt", f"{path}: {verdict}")

    def bad(self, kind, text):
        self.figures[kind] += 1
        self.violations.append(f"{kind}: {text}")

    def report(self, uploaders, follower):
        unvisited = [p for p in POINTS if not self.visited[p]]
        if unvisited and self.options.cycles * 2 >= len(POINTS):
            self.violations.append(f"fail points never died at: {unvisited} (armed and not reached: {dict(self.missed)})")
        answers = sum((u.answers for u in uploaders), collections.Counter())
        for violation in self.violations[:40]:
            print("VIOLATION " + violation)
        if len(self.violations) > 40:
            print(f"and {len(self.violations) - 40} more")
        print(f"crash {self.options.store}: {self.options.cycles} cycles, {self.kills} kills, {self.figures['accepted']} uploads "
              f"accepted, {self.figures['lost']} lost, {self.figures['doubled']} doubled, {self.figures['stuck']} stuck, "
              f"{len(POINTS) - len(unvisited)} of {len(POINTS)} fail points visited; {self.figures['events']} events, "
              f"{self.figures['events lost']} lost, {self.figures['events doubled']} doubled; answers "
              f"{dict(sorted(answers.items(), key=str))}; seed {self.options.seed}")
        return 1 if self.violations else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default=None)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--keep", action="store_true", help="leave data and logs behind")
    options = parser.parse_args()
    if not os.access(server_.BINARY, os.X_OK):
        print(f"crash: no binary at {server_.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    status = 0
    for store in [options.store] if options.store else server_.stores():
        if store == "postgres" and not server_.have_postgres():
            print("SKIPPED crash postgres: PostgreSQL is not installed")
            continue
        run = Run(argparse.Namespace(**{**vars(options), "store": store}))
        try:
            status |= run.go()
        finally:
            if options.keep:
                print(f"left behind: {[p.root for p in run.world.parts]}")
                for part in run.world.parts:
                    part.kill()
            else:
                run.world.remove()
    return status


if __name__ == "__main__":
    sys.exit(main())
