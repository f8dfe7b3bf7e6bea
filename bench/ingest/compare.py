#!/usr/bin/env python3
"""compare.py BENCH_DIR [--data DIR] [--rounds 3] [--mb 300] [--npm DIR] [--kinds shop,sensors]

CSV to dataset beside DuckDB (`COPY ... TO parquet (zstd)`), in alternating rounds on the same files: wall, CPU seconds,
peak RSS, and the ratio of medians. BENCH_DIR holds the programs bench_ingest and bench_ingest_data. Missing data files are
generated. DuckDB is measured when npm has put @duckdb/node-api into --npm (default: a folder beside the data)."""
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
const [task, file, out, threads] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:', {{ threads, preserve_insertion_order: 'false' }})).connect();
if (task === 'dataset') await connection.run(`copy (select * from read_csv('${{file}}')) to '${{out}}' (format parquet, compression zstd)`);
else await connection.runAndReadAll(`select count(columns(*)) from read_csv('${{file}}')`);
"""


def run(command, env=None):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')[-500:]}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bench-ingest"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--npm")
    parser.add_argument("--kinds", default="shop,sensors")
    parser.add_argument("--tasks", default="dataset,scan")
    options = parser.parse_args()
    os.makedirs(options.data, exist_ok=True)
    npm = os.path.abspath(options.npm or os.path.join(options.data, "npm"))
    have_duck = os.path.isdir(os.path.join(npm, "node_modules", "@duckdb", "node-api"))
    script = os.path.join(options.data, "duck.mjs")
    with open(script, "w") as file:
        file.write(DUCK.format(npm=npm))
    if not have_duck:
        print(f"DuckDB is not measured: run `npm install @duckdb/node-api` in {npm}")
    out = os.path.join(options.data, "out.parquet")
    print(f"{'task':8} {'file':10} {'program':12} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8}   ratio to DuckDB (wall, CPU)")
    for kind in options.kinds.split(","):
        data = os.path.join(options.data, f"{kind}-{options.mb}.csv")
        if not os.path.exists(data):
            subprocess.check_call([os.path.join(options.programs, "bench_ingest_data"), kind, str(options.mb), data])
        for task in options.tasks.split(","):
            ours = [os.path.join(options.programs, "bench_ingest"), task, data, out]
            runs = {"ours": (ours, {}), "ours 1 thr": (ours, {"BENCH_ONE_THREAD": "1"})}
            if have_duck:
                for threads in ("1", "2"):
                    runs[f"DuckDB {threads} thr"] = (["node", script, task, data, out, threads], {})
            measured = {name: [] for name in runs}
            for _ in range(options.rounds):
                for name, (command, env) in runs.items():
                    measured[name].append(run(command, env))
            medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in measured.items()}
            for name, (wall, cpu, rss) in medians.items():
                ratio = ""
                if have_duck and name.startswith("ours"):
                    wall_peer = medians["DuckDB 2 thr" if name == "ours" else "DuckDB 1 thr"][0]
                    ratio = f"  {wall / wall_peer:.2f} {cpu / medians['DuckDB 1 thr'][1]:.2f}"
                print(f"{task:8} {kind:10} {name:12} {wall:8.2f} {cpu:8.2f} {rss:8.0f} {ratio}", flush=True)


main()
