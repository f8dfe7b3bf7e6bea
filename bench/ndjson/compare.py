#!/usr/bin/env python3
"""compare.py PROGRAM BENCH_DIR [--data DIR] [--rounds 3] [--mb 300] [--npm DIR] [--kinds shop,sensors]

I4: CSV to NDJSON beside DuckDB (`COPY ... TO ... (format json)`), in alternating rounds on the same files: wall, CPU seconds, peak
RSS, and the ratio of medians. Ours finds the types over the whole file, as an import does. Options as of bench/ingest."""
import argparse
import os
import resource  # noqa: F401  (wait4 gives its struct)
import statistics
import subprocess
import sys
import tempfile
import time

DUCK = """
import {{ createRequire }} from 'node:module';
const {{ DuckDBInstance }} = createRequire('{npm}/x.js')('@duckdb/node-api');
const [file, out, threads] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:', {{ threads, preserve_insertion_order: 'false' }})).connect();
await connection.run(`copy (select * from read_csv('${{file}}')) to '${{out}}' (format json)`);
"""


def run(command):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')[-500:]}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("generators")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bench-ingest"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--npm")
    parser.add_argument("--kinds", default="shop,sensors")
    options = parser.parse_args()
    os.makedirs(options.data, exist_ok=True)
    npm = os.path.abspath(options.npm or os.path.join(options.data, "npm"))
    have_duck = os.path.isdir(os.path.join(npm, "node_modules", "@duckdb", "node-api"))
    script = os.path.join(options.data, "duck-ndjson.mjs")
    with open(script, "w") as file:
        file.write(DUCK.format(npm=npm))
    if not have_duck:
        print(f"DuckDB is not measured: run `npm install @duckdb/node-api` in {npm}")
    print(f"{'file':10} {'program':14} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8} {'lines':>10}   ratio to DuckDB (wall, CPU)")
    for kind in options.kinds.split(","):
        data = os.path.join(options.data, f"{kind}-{options.mb}.csv")
        if not os.path.exists(data):
            subprocess.check_call([os.path.join(options.generators, "bench_ingest_data"), kind, str(options.mb), data])
        outs = {name: os.path.join(options.data, name.replace(" ", "-") + ".ndjson") for name in ("ours", "DuckDB 1 thr", "DuckDB 2 thr")}
        runs = {"ours": [options.program, "convert", data, outs["ours"]]}
        for threads in ("1", "2") if have_duck else ():
            runs[f"DuckDB {threads} thr"] = ["node", script, data, outs[f"DuckDB {threads} thr"], threads]
        measured = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, command in runs.items():
                measured[name].append(run(command))
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in measured.items()}
        for name, (wall, cpu, rss) in medians.items():
            ratio = ""
            if have_duck and name == "ours":
                ratio = f"  {wall / medians['DuckDB 2 thr'][0]:.2f} {cpu / medians['DuckDB 1 thr'][1]:.2f}"
            print(f"{kind:10} {name:14} {wall:8.2f} {cpu:8.2f} {rss:8.0f} {lines(outs[name]):10} {ratio}", flush=True)
        for path in outs.values():
            if os.path.exists(path):
                os.unlink(path)


main()
