#!/usr/bin/env python3
"""Converts generated polluted files in one process and compares what comes out with the clean tables, cell by cell.

    tests/quality/run.py [--files 300] [--seed 1] [--class C ...] [--binary build/release/millrace] [--floors]
                         [--report docs/quality.md] [--keep DIR] [--worst 10]

Exit status 1 when an account does not add up, or with --floors when a class is below its floor in floors.txt.
"""

import argparse
import collections
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import generate  # noqa: E402
import score  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
FLOORS = os.path.join(HERE, "floors.txt")
WEIGHTED = "weighted"


class Result:
    """What became of one file."""

    def __init__(self, case, path, report):
        found = score.read(path)
        self.case, self.score = case, score.score(found, case)
        self.exact = score.exact(found, case, report)
        self.wrong = score.account(found, case, report)


def convert(binary, cases, folder):
    """The report of every file by its name, and the seconds that all took."""
    listing = os.path.join(folder, "list.tsv")
    with open(listing, "w") as out:
        for case in cases:
            source = os.path.join(folder, case.name + ".csv")
            with open(source, "wb") as file: file.write(case.data)
            out.write("%s\t%s\n" % (source, source[:-4] + ".out.csv"))
    begin = time.perf_counter()
    done = subprocess.run([binary, "convert", "--list", listing, "--json"], stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - begin
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    return {os.path.basename(r["in"])[:-4]: r for r in reports}, seconds


def run(binary, cases, folder):
    reports, seconds = convert(binary, cases, folder)
    missing = {"error_code": "no report"}
    return [Result(c, os.path.join(folder, c.name + ".out.csv"), reports.get(c.name, missing)) for c in cases], seconds


class Line:
    """The figures of one class."""

    def __init__(self, of, results):
        self.of, self.files = of, len(results)
        self.exact = sum(r.exact for r in results)
        self.score = sum(r.score for r in results) / len(results)
        self.lowest = min(r.score for r in results)
        self.wrong = sum(bool(r.wrong) for r in results)


def by_class(results):
    groups = collections.defaultdict(list)
    for result in results: groups[result.case.of.name].append(result)
    return [Line(group[0].case.of, group) for group in groups.values()]


def totals(lines):
    weight = sum(line.of.weight for line in lines)
    return {WEIGHTED: sum(line.score * line.of.weight for line in lines) / weight,
            "plain": sum(line.score for line in lines) / len(lines),
            "files": sum(line.files for line in lines),
            "exact": sum(line.exact for line in lines),
            "wrong": sum(line.wrong for line in lines)}


def table(lines):
    out = ["| class | what happened | weight | files | exact | score | lowest |", "|---|---|---|---|---|---|---|"]
    out += ["| %s | %s | %g | %d | %d | %.3f | %.3f |" % (line.of.name, line.of.says, line.of.weight, line.files, line.exact, line.score, line.lowest) for line in lines]
    return "\n".join(out)


def summary(lines, seconds):
    t = totals(lines)
    return ("weighted %.3f, plain %.3f of 10; %d files, %d exact (%.1f %%), %d accounts that do not add up; read in %.2f s"
            % (t[WEIGHTED], t["plain"], t["files"], t["exact"], 100 * t["exact"] / t["files"], t["wrong"], seconds))


def write_report(path, lines, seconds, arguments):
    command = "tests/quality/run.py --files %d --seed %d" % (arguments.files, arguments.seed)
    with open(os.path.join(HERE, "report.md"), encoding="utf-8") as file: frame = file.read()
    text = frame.format(date=datetime.date.today().isoformat(), command=command, summary=summary(lines, seconds), table=table(lines))
    with open(path, "w", encoding="utf-8") as file: file.write(text)


def read_floors():
    with open(FLOORS, encoding="utf-8") as file: pairs = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {name: float(floor) for name, floor in pairs}


def below_floors(lines):
    scores = {line.of.name: line.score for line in lines}
    scores[WEIGHTED] = totals(lines)[WEIGHTED]
    floors = read_floors()
    low = ["%s: %.3f, its floor is %.3f" % (name, s, floors[name]) for name, s in scores.items() if s < floors.get(name, 0)]
    return low + ["%s has no floor" % name for name in scores if name not in floors] + ["%s is no class" % name for name in floors if name not in scores]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--files", type=int, default=300)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--class", dest="only", action="append", choices=list(generate.CLASSES), metavar="C")
    p.add_argument("--binary", default=os.path.join(ROOT, "build/release/millrace"))
    p.add_argument("--report", help="writes this page")
    p.add_argument("--floors", action="store_true", help="fail below the floors of floors.txt")
    p.add_argument("--keep", help="leaves files and outputs there")
    p.add_argument("--worst", type=int, default=0, help="names the files with the lowest scores")
    return p.parse_args()


def main():
    a = arguments()
    folder = a.keep or tempfile.mkdtemp(prefix="quality-")
    os.makedirs(folder, exist_ok=True)
    try:
        results, seconds = run(a.binary, list(generate.cases(a.files, a.seed, a.only)), folder)
    finally:
        if not a.keep: shutil.rmtree(folder)
    lines = by_class(results)
    for line in lines: print("%-24s %3d of %3d exact  score %6.3f  lowest %6.3f" % (line.of.name, line.exact, line.files, line.score, line.lowest))
    for r in sorted(results, key=lambda r: (r.exact, r.score))[:a.worst]: print("%.3f %s (%s)" % (r.score, r.case.name, ", ".join(r.case.parts)))
    wrong = ["%s (%s): %s" % (r.case.name, ", ".join(r.case.parts), "; ".join(r.wrong)) for r in results if r.wrong]
    if a.floors: wrong += below_floors(lines)
    print("\n".join(wrong + [summary(lines, seconds)]))
    if a.report: write_report(a.report, lines, seconds, a)
    print("%d passed, %d failed" % (len(lines), len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
