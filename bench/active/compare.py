"""GET /api/v2/jobs/active: millrace beside a peer, alternating rounds; prints medians and ratios."""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support.server import Server  # noqa: E402

SECONDS, CONNECTIONS = 5, 64


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def load(url, token, pids):
    before = cpu_seconds(pids)
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-H", f"Authorization: Bearer {token}",
                          url + "/api/v2/jobs/active"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        sys.exit(f"{url}: {out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return {"rate": rate, "p99_ms": float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
            "cpu_us": (cpu_seconds(pids) - before) / (rate * SECONDS) * 1e6}


def millrace(store):
    server = Server(store, env={"MILLRACE_HTTP_RATE_LIMIT": "0"})
    server.start()
    client = server.client()
    for _ in range(3):
        assert client.request("POST", "/api/v2/jobs", b'{"type":"import","job_metadata":{"filename":"products.csv"}}',
                              headers={"Content-Type": "application/json"}).status == 201
    return server, client


def main():
    peer_dir, rounds = sys.argv[1], int(sys.argv[2])
    data = tempfile.mkdtemp(prefix="millrace-bench-")
    peer = subprocess.Popen(["bash", os.path.join(peer_dir, "run.sh"), "8701", "1"], env={**os.environ, "DATA": data},
                            stdout=subprocess.PIPE, text=True)
    for line in peer.stdout:
        if line.startswith("peer on"):
            break
    token = pathlib.Path(data, "token").read_text().strip()
    workers = subprocess.run(["pgrep", "-f", "uvicorn app:app"], capture_output=True, text=True).stdout.split()
    servers = {store: millrace(store) for store in ("sqlite", "postgres")}
    figures = {"sqlite": [], "postgres": [], "peer": []}
    try:
        for _ in range(rounds):
            for store, (server, client) in servers.items():
                figures[store].append(load(f"http://127.0.0.1:{server.port}", client.token, [server.process.pid]))
            figures["peer"].append(load("http://127.0.0.1:8701", token, workers))
            time.sleep(0.5)
    finally:
        peer.terminate()
        for server, _ in servers.values():
            server.stop()
    median = {who: {k: statistics.median(f[k] for f in rows) for k in rows[0]} for who, rows in figures.items()}
    print(f"{'':10} {'requests/s':>12} {'p99 ms':>10} {'server CPU us':>14} {'x peer':>8}")
    for who, row in median.items():
        print(f"{who:10} {row['rate']:12.0f} {row['p99_ms']:10.2f} {row['cpu_us']:14.1f} {row['rate'] / median['peer']['rate']:8.1f}")


main()
