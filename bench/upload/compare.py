"""Upload throughput beside writing and hashing the same file in sequence; prints medians, the ratio and memory."""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support.server import Server  # noqa: E402


def rss_mib(pid, what):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(what)).split()[1]) / 1024


def timed(*command):
    begin = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begin


def main():
    gib, rounds = float(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as work:
        file = pathlib.Path(work, "bytes.bin")
        subprocess.run(["sh", "-c", f"openssl enc -aes-128-ctr -nosalt -pass pass:x -in /dev/zero 2>/dev/null | head -c {int(gib * 2**30)} > {file}"], check=True)
        digest = subprocess.run(["openssl", "dgst", "-sha256", "-r", str(file)], check=True, capture_output=True, text=True).stdout.split()[0]
        ours, theirs, growth = [], [], 0.0
        for _ in range(rounds):
            server = Server("sqlite")
            server.start()
            client = server.client()
            before = rss_mib(server.process.pid, "VmRSS")
            begin = time.monotonic()
            subprocess.run(["curl", "-fsS", "-o", "/dev/null", "-T", str(file), "-H", f"Authorization: Bearer {client.token}", "-H", "Prefer: respond-async",
                            f"http://127.0.0.1:{server.port}/api/v2/imports/files/bytes.bin"], check=True)
            ours.append(time.monotonic() - begin)
            growth = max(growth, rss_mib(server.process.pid, "VmHWM") - before)
            server.stop()
            kept = pathlib.Path(server.data_dir, "blobs/objects", digest[:2], digest[2:])
            if kept.stat().st_size != file.stat().st_size:
                sys.exit(f"{kept} is not the whole file")
            server.remove()
            copy = pathlib.Path(work, "copy.bin")
            theirs.append(timed("dd", f"if={file}", f"of={copy}", "bs=1M", "conv=fsync") + timed("openssl", "dgst", "-sha256", str(copy)))
            copy.unlink()
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"upload {gib} GiB: {mine:.2f} s ({gib * 1024 / mine:.0f} MiB/s); dd + openssl: {other:.2f} s; "
              f"throughput {other / mine:.2f} x; server memory grew by {growth:.1f} MiB at its peak")


main()
