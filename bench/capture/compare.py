"""See run.sh."""

import http.server
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("MILLRACE_BIN", os.path.join(ROOT, "build/release/millrace")))
TICK = os.sysconf("SC_CLK_TCK")


def png(seed, side=400):
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    rows = b"".join(b"\0" + bytes((x * seed + y * 3 + c * 80) % 256 for x in range(side) for c in range(3)) for y in range(side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def site():
    words = "A page has words in it, some of them long, and they go on for a while until there is a picture. " * 6
    sections = "".join(f"<section style='min-height:330px'><h2>Part {i}</h2><p>{words}</p>{f'<img src=/{i}.png width=400 loading=lazy>' if i % 4 == 0 else ''}</section>" for i in range(40))
    page = f"<!doctype html><title>Forty parts</title>{sections}<script>setTimeout(() => fetch('/late').then(r => r.text()).then(t => document.body.append(t)), 200)</script>".encode()
    pictures = {f"/{i}.png": png(i + 7) for i in range(0, 40, 4)}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = page if self.path == "/" else pictures.get(self.path, b"late words")
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path == "/" else "image/png" if self.path in pictures else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


class Watch:
    """CPU of the browsers that begin, and the peak memory of their driver."""

    def __init__(self, driver):
        self.driver, self.cpu, self.peak = driver, {}, 0
        self.known = set(os.listdir("/proc"))
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.done.wait(0.05):
            for pid in set(filter(str.isdigit, os.listdir("/proc"))) - self.known:
                try:
                    if b"chromium" in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")[0]:
                        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
                        self.cpu[pid] = (int(fields[11]) + int(fields[12])) / TICK
                except OSError:
                    pass
            try:
                self.peak = max(self.peak, int(next(line.split()[1] for line in open(f"/proc/{self.driver.pid}/status") if line.startswith("VmRSS"))))
            except (OSError, StopIteration):
                pass

    def stop(self):
        self.done.set()
        self.thread.join()
        return sum(self.cpu.values()), self.peak / 1024


def measure(name, command, count, stdin, read, env):
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT)
    watch = Watch(driver)
    out, err = driver.communicate(stdin)
    cpu, rss = watch.stop()
    if driver.returncode != 0:
        sys.exit(f"{name}: {err}")
    times = [read(json.loads(line)) for line in out.splitlines()][1:]
    figures = {"ms": statistics.median(times), "cpu": cpu / (count + 1) * 1000, "rss": rss}
    print(f"{name:32} {figures['ms']:7.0f} ms each, browser CPU {figures['cpu']:7.0f} ms each, driver {rss:5.0f} MB", flush=True)
    return figures


def main():
    count = int(sys.argv[1])
    url = site()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    with tempfile.TemporaryDirectory() as folder:
        ours = measure("millrace, chromium-headless-shell", [BINARY, "capture", "--json", "-o", folder, "--list", "-"], count, "\n".join([url] * (count + 1)),
                       lambda report: report["ms"]["total"], {**kept, "MILLRACE_IMPORT_ALLOW_PRIVATE": "127.0.0.1"})
    peer = measure("playwright-core, chromium", ["sh", os.path.join(ROOT, "tools", "node.sh"), "node", os.path.join(ROOT, "bench", "capture", "peer.mjs"), url, str(count + 1)], count, "",
                   lambda report: report["ms"], kept)
    print(f"D1: {ours['ms'] / peer['ms']:.2f}x the time, {ours['cpu'] / peer['cpu']:.2f}x the browser's CPU, driver {ours['rss']:.0f} MB")


if __name__ == "__main__":
    main()
