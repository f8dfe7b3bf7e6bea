"""GET /api/v2/jobs/active: millrace beside a peer, alternating rounds; prints medians and ratios."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "bench/active"))
import history  # noqa: E402
from support.pg import PgServer  # noqa: E402
from support.server import Server  # noqa: E402

SECONDS, CONNECTIONS = 5, 64
POLLERS, POLL_EVERY = 50, 0.2
CHANGES_EVERY = 0.1
PEER_PORT, PEER_DATABASE = 8701, 8702


class System:
    """One server under measure: where it is, whose jobs are asked for, which processes count."""

    def __init__(self, port, token, pid):
        self.port, self.token, self.pid = port, token, pid

    def headers(self):
        return {"Authorization": "Bearer " + self.token}

    def get_active(self, connection):
        connection.request("GET", "/api/v2/jobs/active", headers=self.headers())
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"port {self.port}: {answer.status} {body[:300]}")
        return json.loads(body)


class Millrace(System):
    def __init__(self, store, database_url, jobs):
        self.server = Server(store, env={"MILLRACE_HTTP_RATE_LIMIT": "0"}, database_url=database_url)
        self.server.start()
        self.client = self.server.client()
        history.fill(self.server, self.client.user, jobs)
        super().__init__(self.server.port, self.client.token, self.server.process.pid)

    def make_visible(self):
        """One job that runs, one that is completed, one that failed, as the peer has them."""
        for end in ({}, {"error": "no such column"}, None):
            job = self.post("", {"type": "import", "job_metadata": {"filename": "products.csv"}})["id"]
            self.post(f"/{job}/start", {})
            if end is None:
                self.running = job
            else:
                self.post(f"/{job}/complete", end)
        self.post(f"/{self.running}/progress", {"progress": 67})

    def post(self, path, body):
        answer = self.client.request("POST", "/api/v2/jobs" + path, json=body)
        if answer.status not in (200, 201):
            sys.exit(f"{path}: {answer!r}")
        return answer.json()

    @contextlib.contextmanager
    def changing(self):
        stop = threading.Event()

        def report():
            step = 0
            while not stop.wait(CHANGES_EVERY):
                step += 1
                self.post(f"/{self.running}/progress", {"progress": 67 + step % 30, "message": f"row {step}"})
        thread = threading.Thread(target=report)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def close(self):
        self.server.stop()
        self.server.remove()


class Peer(System):
    def __init__(self, directory, jobs):
        self.data = tempfile.mkdtemp(prefix="millrace-bench-")
        env = {**os.environ, "DATA": self.data, "SEED_JOBS": str(max(1, jobs // 100)), "PGPORT": str(PEER_DATABASE)}
        self.process = subprocess.Popen(["bash", os.path.join(directory, "run.sh"), str(PEER_PORT), "1"], env=env,
                                        stdout=subprocess.PIPE, text=True)
        if not any(line.startswith("peer on") for line in self.process.stdout):
            sys.exit("the peer did not start")
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        super().__init__(PEER_PORT, pathlib.Path(self.data, "token").read_text().strip(), int(children[0]))

    def make_visible(self):
        pass  # Its seed has made them.

    @contextlib.contextmanager
    def changing(self):
        watch = subprocess.Popen(["psql", "-h", "127.0.0.1", "-p", str(PEER_DATABASE), "-U", "peer", "-d", "peer", "-q"],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        watch.stdin.write("UPDATE background_jobs SET progress = 67 + (progress + 1) % 30 WHERE status = 'running' "
                          f"AND created_by = '11111111-1111-4111-8111-111111111111' \\watch {CHANGES_EVERY}\n")
        watch.stdin.flush()
        try:
            yield
        finally:
            watch.terminate()
            watch.wait()

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def saturate(system):
    before = cpu_seconds(system.pid)
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", f"Authorization: Bearer {system.token}",
                          f"http://127.0.0.1:{system.port}/api/v2/jobs/active"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        sys.exit(f"port {system.port}: {out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return {"rate": rate, "cpu_us": (cpu_seconds(system.pid) - before) / (rate * SECONDS) * 1e6}


def poll(system):
    """POLLERS clients that ask every POLL_EVERY seconds, spread evenly: p50 and p99 in ms."""
    times, until = [], time.monotonic() + SECONDS

    def client(number):
        connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
        time.sleep(POLL_EVERY * number / POLLERS)
        while time.monotonic() < until:
            begin = time.monotonic()
            system.get_active(connection)
            times.append((time.monotonic() - begin) * 1000)
            time.sleep(max(0, begin + POLL_EVERY - time.monotonic()))
        connection.close()
    threads = [threading.Thread(target=client, args=(n,)) for n in range(POLLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


def measure(system):
    jobs = system.get_active(http.client.HTTPConnection("127.0.0.1", system.port, timeout=30))
    if len(jobs) != 3:
        sys.exit(f"port {system.port}: three visible jobs expected, {len(jobs)} found")
    with system.changing():
        return {**saturate(system), **poll(system)}


def main():
    peer_dir, rounds, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with contextlib.ExitStack() as stack:
        # As durable and with as much memory as the peer's.
        pg = stack.enter_context(PgServer(durable=True, settings={"shared_buffers": "256MB"}))
        systems = {}
        for name, make in {"sqlite": lambda: Millrace("sqlite", None, jobs),
                           "postgres": lambda: Millrace("postgres", pg.create_database(), jobs),
                           "peer": lambda: Peer(peer_dir, jobs)}.items():
            systems[name] = make()
            stack.callback(systems[name].close)
        figures = {name: [] for name in systems}
        for system in systems.values():
            system.make_visible()
        for _ in range(rounds):
            for name, system in systems.items():
                figures[name].append(measure(system))
    median = {who: {k: statistics.median(f[k] for f in rows) for k in rows[0]} for who, rows in figures.items()}
    print(f"{jobs} finished jobs; {CONNECTIONS} connections at full speed, then {POLLERS} clients every {POLL_EVERY} s")
    print(f"{'':10} {'requests/s':>12} {'x peer':>8} {'server CPU us':>14} {'x peer':>8} {'polled p50 ms':>14} {'p99 ms':>8}")
    for who, row in median.items():
        print(f"{who:10} {row['rate']:12.0f} {row['rate'] / median['peer']['rate']:8.1f} {row['cpu_us']:14.1f} "
              f"{median['peer']['cpu_us'] / row['cpu_us']:8.1f} {row['p50_ms']:14.2f} {row['p99_ms']:8.2f}")


main()
