#!/usr/bin/env python3
"""Several processes of the real binary on one PostgreSQL, while they or their database go away.

    tests/procs/run.py [--long] [--only NAME] [--keep]

    killed       a worker is killed with all its slots full: how long until its jobs can be claimed again
    terminated   every session of the servers is terminated each second while jobs flow
    restarted    PostgreSQL restarts while jobs flow
    stopped      a worker stands still for longer than its lease (SIGSTOP) and then goes on
    deaf         a worker that does not beat goes on writing after its jobs were given to another

In the end of each: every upload answered 2xx is exactly one dataset, no job is stuck, no effect came twice. Prints a line
of figures for each; the exit status is 1 when one of them is wrong. `--long` is what `./run check procs` runs.
"""

import argparse
import collections
import hashlib
import os
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from crash import run as crash  # noqa: E402
from support import server as server_  # noqa: E402
from support.pg import PgServer, psql  # noqa: E402
from support.server import Server  # noqa: E402

QUICK = {"MILLRACE_JOBS_HEARTBEAT": "500ms", "MILLRACE_JOBS_LEASE": "2s"}
NORMAL = {}  # heartbeat 5 s, lease 20 s
CLAIMABLE_SECONDS = 30
UPLOADERS = 4


class Procs(crash.Run):
    """A server, workers and a PostgreSQL of their own; judged as in tests/crash."""

    store = "postgres"
    fine_failures = crash.Run.fine_failures | {"database_unavailable"}

    def __init__(self, env, seed):
        self.pg = PgServer()
        self.pg.__enter__()
        self.url = self.pg.url
        self.env, self.seed = env, seed
        self.front = Server("postgres", role="serve", env=env, database_url=self.url).start()
        self.up = threading.Event()
        self.up.set()
        self.workers = []
        self.violations, self.figures = [], collections.Counter()
        self.world = self  # what an Uploader looks at

    def worker(self, env=None, **more):
        """Starts one more worker; `more`: further environment."""
        out = Server("postgres", role="worker", env={**(self.env if env is None else env), **more}, database_url=self.url,
                     data_dir=self.front.data_dir).start()
        self.workers.append(out)
        return out

    def remove(self):
        for process in [*self.workers, self.front]:
            process.remove()
        self.pg.__exit__()

    def number(self, sql):
        return int(psql(self.url, sql)[0][0])

    def leases(self):
        return self.number("SELECT count(*) FROM job_lease")

    def unfinished(self):
        return self.number("SELECT count(*) FROM job WHERE completed_at IS NULL")

    def outcomes(self, senders):
        """How the attempts of all their jobs ended."""
        out = collections.Counter()
        for sender in senders:
            for job in self.all_of(sender.client, "/api/v2/jobs"):
                answer = sender.client.get(f"/api/v2/jobs/{job['id']}/attempts")
                assert answer.status == 200, answer
                out.update(a["outcome"] for a in answer.json()["items"])
        return out

    def wait(self, what, claim, seconds):
        """Seconds until the claim holds; a violation when it does not."""
        begin = time.monotonic()
        while not claim():
            if time.monotonic() - begin > seconds:
                self.bad("slow", f"not within {seconds} s: {what}")
                break
            time.sleep(0.05)
        return time.monotonic() - begin

    # Load

    def send(self, count):
        """Uploads so many files, all accepted; a Sender as tests/crash judges it."""
        sender = Sender(self.front.client())
        todo = iter(range(count))
        lock = threading.Lock()

        def some():
            while True:
                with lock:
                    i = next(todo, None)
                if i is None:
                    return
                name, content = f"f{i}.csv", f"sku,name\r\n{i},Product {i}\r\n"
                job = sender.client.upload_async(content, name)
                with lock:
                    sender.accepted[name] = (hashlib.sha256(content.encode()).hexdigest(), {job})

        threads = [threading.Thread(target=some, daemon=True) for _ in range(UPLOADERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sender

    def flow(self, disturb):
        """Uploaders run while `disturb` does its work; then everything has to end well."""
        stop = threading.Event()
        uploaders = [crash.Uploader(self, i, self.seed, stop) for i in range(UPLOADERS)]
        for uploader in uploaders:
            uploader.start()
        disturb()
        stop.set()
        for uploader in uploaders:
            uploader.join(60)
            if uploader.is_alive():
                self.bad("stuck", f"uploader {uploader.number} hangs")
        return uploaders

    def judge(self, senders):
        for process in [self.front, *self.workers]:
            if process.alive() or process.process.returncode == -signal.SIGKILL:
                continue
            self.bad("wrong", f"a process ended with {process.process.returncode}: {process.log()[-1500:]}")
        self.settle(senders)
        self.check(senders)
        if self.leases():
            self.bad("stuck", f"{self.leases()} leases without a running job")


class Sender:
    """What tests/crash wants to know of those who have sent files."""

    number = 0

    def __init__(self, client):
        self.client, self.accepted, self.repeated, self.surprises = client, {}, set(), []


def killed(options, seed):
    count = 1000 if options.long else 200
    procs = Procs(NORMAL if options.long else QUICK, seed)
    try:
        worker = procs.worker(MILLRACE_JOBS_SLOTS=str(count), MILLRACE_FAILPOINT="import.format_check:sleep:3600000")
        sender = procs.send(count)
        procs.wait("all jobs run", lambda: procs.leases() == count, 60)

        worker.kill()
        seconds = procs.wait("all jobs can be claimed", lambda: procs.leases() == 0, CLAIMABLE_SECONDS)
        claimable = procs.unfinished()
        if claimable != count:
            procs.bad("lost", f"{claimable} of {count} jobs can be claimed")

        procs.worker()
        drain = procs.wait("all jobs have ended", lambda: procs.unfinished() == 0, 120)
        procs.judge([sender])
        outcomes = procs.outcomes([sender])
        if outcomes != {"lost": count, "completed": count}:
            procs.bad("wrong", f"attempts: {dict(outcomes)}")
        return procs, (f"{count} running jobs, all claimable {seconds:.1f} s after kill -9 of their worker (lease "
                       f"{procs.env.get('MILLRACE_JOBS_LEASE', '20s')}), done {drain:.1f} s later")
    finally:
        options.done(procs)


def terminated(options, seed):
    seconds = 20 if options.long else 6
    procs = Procs(QUICK, seed)
    sessions = 0

    def disturb():
        nonlocal sessions
        for _ in range(seconds):
            time.sleep(1)
            sessions += procs.number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                     "WHERE datname = current_database() AND pid <> pg_backend_pid()")

    try:
        procs.worker()
        procs.worker()
        uploaders = procs.flow(disturb)
        procs.judge(uploaders)
        return procs, f"{sessions} sessions terminated in {seconds} s; attempts {dict(procs.outcomes(uploaders))}"
    finally:
        options.done(procs)


def restarted(options, seed):
    modes = ["fast", "immediate", "fast", "immediate"] if options.long else ["fast"]
    procs = Procs(QUICK, seed)
    times = []

    def disturb():
        for mode in modes:
            time.sleep(2)
            procs.pg.stop(mode)
            time.sleep(0.5)
            procs.pg.start()
            done = procs.number("SELECT count(*) FROM job WHERE state = 'completed'")
            times.append(procs.wait("jobs complete again", lambda: procs.number(
                "SELECT count(*) FROM job WHERE state = 'completed'") > done, 30))

    try:
        procs.worker()
        procs.worker()
        uploaders = procs.flow(disturb)
        procs.judge(uploaders)
        back = ", ".join(f"{t:.1f}" for t in times)
        return procs, f"{len(modes)} restarts of PostgreSQL ({', '.join(modes)}); jobs complete again after {back} s"
    finally:
        options.done(procs)


def late_writer(options, seed, name, env, freeze):
    """A worker holds jobs just before their end; another completes them; then the first goes on."""
    count = 100 if options.long else 20
    procs = Procs(QUICK, seed)
    try:
        gate = os.path.join(procs.front.root, "go")
        late = procs.worker({**QUICK, **env}, MILLRACE_JOBS_SLOTS=str(count), MILLRACE_FAILPOINT=f"import.finish:hold:{gate}")
        senders = [procs.send(count)]
        at_end = "SELECT count(*) FROM job_lease JOIN job ON job.id = job_id WHERE job.stage = 'finish' OR job.progress >= 90"
        procs.wait("all jobs wait for their end", lambda: procs.number(at_end) == count, 60)
        if freeze:
            os.kill(late.process.pid, signal.SIGSTOP)

        other = procs.worker()
        seconds = procs.wait("the other worker has done them", lambda: procs.unfinished() == 0, 60)
        truth = "SELECT id, state, attempt, related_dataset_id, updated_at FROM job ORDER BY id"
        before, events = psql(procs.url, truth), procs.number("SELECT count(*) FROM event")
        open(gate, "w").close()
        if freeze:
            os.kill(late.process.pid, signal.SIGCONT)
        refused = lambda: sum('"job settled"' in line and '"running"' in line for line in late.log().splitlines())  # noqa: E731
        procs.wait("the late attempts end, and nothing of them is applied", lambda: refused() == count, 30)
        if psql(procs.url, truth) != before:
            procs.bad("doubled", "a late write has changed a job")
        if procs.number("SELECT count(*) FROM event") != events:
            procs.bad("doubled", "a late write has left an event")

        if freeze:  # and it is a good worker again
            other.kill()
            senders.append(procs.send(5))
            procs.wait("the worker goes on with other jobs", lambda: procs.unfinished() == 0, 30)
        procs.judge(senders)
        outcomes = procs.outcomes(senders)
        if outcomes["lost"] < count or outcomes["completed"] != procs.figures["accepted"]:
            procs.bad("wrong", f"attempts: {dict(outcomes)}")
        return procs, f"{count} jobs done by another worker after {seconds:.1f} s; {refused()} late ends refused by {name}"
    finally:
        options.done(procs)


def stopped(options, seed):
    return late_writer(options, seed, "a worker that had stood still", {}, freeze=True)


def deaf(options, seed):
    # By its own settings its lease is good for long: only the database can refuse what it writes.
    return late_writer(options, seed, "a worker that knew nothing", {"MILLRACE_JOBS_HEARTBEAT": "100s", "MILLRACE_JOBS_LEASE": "300s"},
                       freeze=False)


SCENARIOS = {f.__name__: f for f in (killed, terminated, restarted, stopped, deaf)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", choices=SCENARIOS)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--keep", action="store_true", help="leave data and logs behind")
    options = parser.parse_args()
    if not os.access(server_.BINARY, os.X_OK):
        print(f"procs: no binary at {server_.BINARY}; build it or set MILLRACE_BIN", file=sys.stderr)
        return 2
    if not server_.have_postgres():
        print("skipped: PostgreSQL is not installed")
        return 0
    random.seed(options.seed)

    def done(procs):
        if options.keep:
            print(f"left behind: {[p.root for p in [procs.front, *procs.workers]]}, {procs.pg.root}")
        else:
            procs.remove()

    options.done = done
    failed = 0
    for name, scenario in SCENARIOS.items():
        if options.only and name != options.only:
            continue
        begin = time.monotonic()
        procs, text = scenario(options, options.seed)
        for violation in procs.violations[:20]:
            print("VIOLATION " + violation)
        failed += bool(procs.violations)
        figures = procs.figures
        print(f"procs {name}: {text}; {figures['accepted']} accepted, {figures['lost']} lost, {figures['doubled']} doubled, "
              f"{figures['stuck']} stuck; {time.monotonic() - begin:.0f} s, seed {options.seed}", flush=True)
    count = 1 if options.only else len(SCENARIOS)
    print(f"procs: {count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
