#!/usr/bin/env python3
"""compare.py MILLRACE [--data DIR] [--npm DIR] [--rows 200001] [--rounds 3]

XLSX to CSV beside the streaming reader of exceljs, in alternating rounds on the same file: wall, CPU seconds of the process
and its child, peak RSS (the sum of both), and ratios of medians. The workbook is made when it is missing; --npm is a folder
in which `npm install exceljs` was run (default: beside the data)."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [int(child) for child in children.read().split()]
    except OSError:
        return []


class Watch(threading.Thread):
    """The high-water marks of a process and its children, looked at a hundred times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peaks, self.done = pid, {}, False

    def run(self):
        while not self.done:
            for pid in [self.pid, *children_of(self.pid)]:
                self.peaks[pid] = max(self.peaks.get(pid, 0), peak_of(pid))
            time.sleep(0.01)


def run(command, env):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **env})
    watch = Watch(process.pid)
    watch.start()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode, watch.done = status, True
    watch.join()
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')[-500:]}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, sum(watch.peaks.values())


def lines_of(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bench-xlsx"))
    parser.add_argument("--npm")
    parser.add_argument("--rows", type=int, default=200_001)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    os.makedirs(options.data, exist_ok=True)
    npm = os.path.abspath(options.npm or os.path.join(options.data, "npm"))
    if not os.path.isdir(os.path.join(npm, "node_modules", "exceljs")):
        sys.exit(f"exceljs makes the workbook and is the peer: run `npm install exceljs` in {npm}")
    env = {"NPM": npm}
    book = os.path.join(options.data, f"orders-{options.rows}.xlsx")
    if not os.path.exists(book):
        subprocess.check_call(["node", os.path.join(here, "make.mjs"), str(options.rows), book], env={**os.environ, **env})
    out = os.path.join(options.data, "out.csv")
    runs = {"millrace": [options.program, "convert", book, out], "exceljs": ["node", os.path.join(here, "exceljs.mjs"), book, out]}
    measured = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, command in runs.items():
            measured[name].append(run(command, env))
            if lines_of(out) != options.rows:
                sys.exit(f"{name} wrote {lines_of(out)} lines of {options.rows}")
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in measured.items()}
    print(f"{options.rows} rows x 12 columns, {os.path.getsize(book) / 1e6:.1f} MB, medians of {options.rounds} rounds")
    print(f"{'program':10} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8}")
    for name, (wall, cpu, rss) in medians.items():
        print(f"{name:10} {wall:8.2f} {cpu:8.2f} {rss:8.0f}")
    print("ratio      " + " ".join(f"{ours / theirs:8.2f}" for ours, theirs in zip(medians["millrace"], medians["exceljs"])))


main()
