#!/usr/bin/env python3
"""compare.py PROGRAM [--data DIR] [--mb 300] [--rounds 3] [--npm DIR]

Reads files of shop orders with bench_formats (PROGRAM) and, where it can, with DuckDB on one thread (`read_json`, every
column counted), in alternating rounds: MB per second of CPU time, peak RSS, and the ratio of medians. Missing files are
generated. DuckDB is measured when npm has put @duckdb/node-api into --npm (default: a folder beside the data)."""
import argparse, os, statistics, subprocess, sys, tempfile

DUCK = """
import {{ createRequire }} from 'node:module';
const {{ DuckDBInstance }} = createRequire('{npm}/x.js')('@duckdb/node-api');
const connection = await (await DuckDBInstance.create(':memory:', {{ threads: '1' }})).connect();
await connection.runAndReadAll(`select count(columns(*)) from read_json('${{process.argv[2]}}')`);
"""


def run(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bench-formats"))
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--npm")
    options = parser.parse_args()
    os.makedirs(options.data, exist_ok=True)
    npm = os.path.abspath(options.npm or os.path.join(options.data, "npm"))
    script = os.path.join(options.data, "duck.mjs")
    with open(script, "w") as file:
        file.write(DUCK.format(npm=npm))
    have_duck = os.path.isdir(os.path.join(npm, "node_modules", "@duckdb", "node-api"))
    if not have_duck:
        print(f"DuckDB is not measured: run `npm install @duckdb/node-api` in {npm}")
    for kind in ("ndjson", "json", "xml", "fixed"):
        data = os.path.join(options.data, f"{options.mb}.{kind}")
        if not os.path.exists(data):
            subprocess.check_call([options.program, "make", kind, str(options.mb), data])
        programs = {"millrace": [options.program, "read", data]}
        if have_duck and kind in ("ndjson", "json"):
            programs["duckdb"] = ["node", script, data]
        results = {name: [] for name in programs}
        for _ in range(options.rounds):
            for name, command in programs.items():
                results[name].append(run(command))
        medians = {name: [statistics.median(column) for column in zip(*rounds)] for name, rounds in results.items()}
        for name, (cpu, rss) in medians.items():
            size = os.path.getsize(data) / 1e6
            ratio = f"   CPU {medians['millrace'][0] / cpu:.2f}" if name == "duckdb" else ""
            print(f"{kind:8} {name:10} {size / cpu:8.0f} MB/s of CPU time {rss:8.0f} MiB{ratio}", flush=True)


main()
