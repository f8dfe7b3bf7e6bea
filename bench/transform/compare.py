#!/usr/bin/env python3
"""compare.py PROGRAM [--data DIR] [--mb 120] [--rounds 3] [--npm DIR] [--formats csv,ndjson,parquet]

M4: a mapping of order lines (filter, join of two texts, case, dates, decimal comma, line totals, lookup) beside DuckDB, in alternating
rounds on the same file: wall, CPU seconds, peak RSS, ratio of medians. M5: every line total against exact decimals. M6: the same with
twelve rules over the result, against the transform alone."""
import argparse
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import ROUND_HALF_UP, Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
DUCK = """
import {{ createRequire }} from 'node:module';
const {{ DuckDBInstance }} = createRequire('{npm}/x.js')('@duckdb/node-api');
const [file, lookup, out, format, threads] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:', {{ threads }})).connect();
const how = {{ csv: '(FORMAT csv, HEADER)', ndjson: '(FORMAT json)', parquet: '(FORMAT parquet, COMPRESSION zstd)' }}[format];
await connection.run(`COPY (SELECT CAST("Order No" AS BIGINT) AS order_id, trim(First)||' '||trim(Last) AS customer, lower("E-mail") AS email,
 strptime("Order Date",'%d-%m-%Y')::DATE AS order_date, l.country, l.zone, SKU AS sku, Description AS description, CAST(Qty AS INTEGER) AS quantity,
 CAST(replace("Unit Price",',','.') AS DOUBLE) AS unit_price, coalesce(TRY_CAST("Discount %" AS INTEGER),0) AS discount_pct,
 round(CAST(Qty AS INTEGER)*CAST(replace("Unit Price",',','.') AS DOUBLE)*(1-coalesce(TRY_CAST("Discount %" AS INTEGER),0)/100.0),2) AS line_total
 FROM read_csv('${{file}}', header=true, all_varchar=true) s LEFT JOIN read_csv('${{lookup}}', header=true) l ON s.Country=l.code WHERE Status<>'cancelled')
 TO '${{out}}' ${{how}}`);
"""
COUNTRIES = [("NL", "Netherlands", "EU"), ("BE", "Belgium", "EU"), ("DE", "Germany", "EU"), ("FR", "France", "EU"), ("ES", "Spain", "EU"),
             ("GB", "United Kingdom", "EFTA"), ("US", "United States", "NA"), ("CH", "Switzerland", "EFTA")]
FIRST = ["Sanne", " Daan", "Fatima ", "Jeroen", "Zoë", "Björn", "Chloé", "Emma"]
LAST = ["de Vries", "Jansen", "Yılmaz", "Müller", "O'Connor", "Peeters "]
PRODUCTS = ["Screw M6x20, zinc", 'LED lamp "E27" 9W', "Office chair, black", "Paper A4 80g", "USB-C cable 2m", "Coffee 250g"]
COLUMNS = "Order No,First,Last,E-mail,Order Date,Country,SKU,Description,Qty,Unit Price,Discount %,Status,Remark".split(",")


def generate(path, lookup, megabytes):
    chance = random.Random(42)
    with open(lookup, "w", encoding="utf-8") as file:
        file.write("code,country,zone\n" + "".join(",".join(country) + "\n" for country in COUNTRIES))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        number = 0
        while file.tell() < megabytes * 1e6:
            for _ in range(10000):
                number += 1
                cents = chance.randint(50, 99999)
                writer.writerow([number, chance.choice(FIRST), chance.choice(LAST), f"User{chance.randint(1, 400000)}@example.com",
                                 f"{chance.randint(1, 28):02}-{chance.randint(1, 12):02}-{chance.randint(2015, 2025)}",
                                 chance.choice(COUNTRIES)[0] if chance.random() > 0.02 else "XX", f"ART-{chance.randint(1, 40000):05}", chance.choice(PRODUCTS),
                                 chance.randint(1, 200), f"{cents // 100},{cents % 100:02}", chance.choice(["", "0", "5", "10"]),
                                 chance.choice(["paid", "open", "cancelled", "paid"]), chance.choice(["", "", "", "call first", "leave at door"])])


def run(command):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')[-1500:]}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def wrong_cents(data, out):
    """Rows whose line total is not the exact one, and rows that are missing or too many."""
    totals = {}
    with open(out, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            totals[row["order_id"]] = row["line_total"]
    wrong = rows = 0
    with open(data, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["Status"] == "cancelled":
                continue
            rows += 1
            exact = (int(row["Qty"]) * Decimal(row["Unit Price"].replace(",", ".")) * (100 - int(row["Discount %"] or 0)) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
            got = totals.pop(row["Order No"], None)
            wrong += got is None or Decimal(got) != exact
    return rows, wrong + len(totals)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bench-transform"))
    parser.add_argument("--mb", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--npm")
    parser.add_argument("--formats", default="csv,ndjson,parquet")
    options = parser.parse_args()
    os.makedirs(options.data, exist_ok=True)
    data, lookup = os.path.join(options.data, f"orders-{options.mb}.csv"), os.path.join(options.data, "lookup.csv")
    if not os.path.exists(data):
        generate(data, lookup, options.mb)
    spec = os.path.join(options.data, "spec.json")
    with open(os.path.join(HERE, "spec.json"), encoding="utf-8") as file, open(spec, "w", encoding="utf-8") as copy:
        copy.write(file.read())
    npm = os.path.abspath(options.npm or os.path.join(options.data, "npm"))
    have_duck = os.path.isdir(os.path.join(npm, "node_modules", "@duckdb", "node-api"))
    script = os.path.join(options.data, "duck.mjs")
    with open(script, "w", encoding="utf-8") as file:
        file.write(DUCK.format(npm=npm))
    if not have_duck:
        print(f"DuckDB is not measured: run `npm install @duckdb/node-api` in {npm}")
    print(f"{'format':8} {'program':14} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8}   ratio (CPU to DuckDB with 1 thread, wall to 2)")
    for kind in options.formats.split(","):
        ours = os.path.join(options.data, "ours." + kind)
        runs = {"ours": [options.program, "transform", data, ours, "--spec", spec]}
        if kind == "csv":
            runs["with 12 rules"] = [*runs["ours"], "--rules", os.path.join(HERE, "rules.json")]
        for threads in ("1", "2") if have_duck else ():
            runs[f"DuckDB {threads} thr"] = ["node", script, data, lookup, os.path.join(options.data, "duck." + kind), kind, threads]
        measured = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, command in runs.items():
                measured[name].append(run(command))
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in measured.items()}
        for name, (wall, cpu, rss) in medians.items():
            ratio = ""
            if have_duck and name == "ours":
                ratio = f"  {cpu / medians['DuckDB 1 thr'][1]:.2f} {wall / medians['DuckDB 2 thr'][0]:.2f}"
            elif name == "with 12 rules":
                ratio = f"  {100 * (cpu / medians['ours'][1] - 1):+.0f} % CPU over ours"
            print(f"{kind:8} {name:14} {wall:8.2f} {cpu:8.2f} {rss:8.0f} {ratio}", flush=True)
    # At the end: the memory of this process counts for what it starts, until that is another program.
    run([options.program, "transform", data, os.path.join(options.data, "ours.csv"), "--spec", spec])
    for name, out in (("ours", "ours.csv"), ("DuckDB", "duck.csv")):
        out = os.path.join(options.data, out)
        if os.path.exists(out):
            rows, wrong = wrong_cents(data, out)
            print(f"{'cents':8} {name:14} {wrong} of {rows} rows wrong", flush=True)


main()
