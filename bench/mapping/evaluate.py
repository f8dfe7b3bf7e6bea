#!/usr/bin/env python3
"""How good are proposed mappings? Runs `millrace map` on every pair below DIR and prints the measures per group, beside naive baselines.

    evaluate.py DIR... [--binary build/release/millrace] [--naive] [--pairs] [--worst N]

A pair is a folder with source.csv or source.json (a schema without rows), target likewise, and truth.json: [[source, target], ...].
recall@GT: share of the truth among the |truth| best candidates. MRR: mean over source fields with a partner of 1/rank of the first
right one. junk: share of source fields without a partner that are mapped anyway. p@.9: precision of what is applied at a confidence
of at least .9; cov: its share of all that is right (of one-to-one truth).
"""

import argparse
import collections
import csv
import json
import os
import re
import subprocess
import sys
import time

csv.field_size_limit(1 << 30)


def pairs_below(directories):
    for directory in directories:
        for folder, _, files in sorted(os.walk(directory)):
            if "truth.json" in files:
                yield folder


def table_in(folder, name):
    path = os.path.join(folder, name + ".csv")
    return path if os.path.exists(path) else os.path.join(folder, name + ".json")


def read_table(path):
    """Names, and different values per name."""
    if path.endswith(".json"):
        fields = json.load(open(path))["fields"]
        return [f["name"] for f in fields], {f["name"]: {str(v).lower() for v in f.get("enum", [])} for f in fields}
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        names = next(rows)
        values = {name: set() for name in names}
        for row in rows:
            for name, value in zip(names, row):
                if value:
                    values[name].add(value.strip().lower())
    return names, values


def plain(name):
    return re.sub(r"[\W_]+", "", name.lower())


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(last + (x != y), row[j] + 1, row[j - 1] + 1)
    return 1 - row[-1] / max(len(a), len(b), 1)


def trigrams(text):
    text = "  " + text + " "
    return {text[i:i + 3] for i in range(len(text) - 2)}


def jaccard(a, b):
    return len(a & b) / len(a | b) if a and b else 0


NAIVE = {
    "exact": (lambda a, b, x, y: float(plain(a) == plain(b)), 0.99),
    "levenshtein": (lambda a, b, x, y: levenshtein(plain(a), plain(b)), 0.5),
    "trigram": (lambda a, b, x, y: jaccard(trigrams(plain(a)), trigrams(plain(b))), 0.3),
    "jaccard": (lambda a, b, x, y: jaccard(x, y), 0.2),
}


def naive(folder, score, threshold):
    source, source_values = read_table(table_in(folder, "source"))
    target, target_values = read_table(table_in(folder, "target"))
    candidates = [(score(s, t, source_values[s], target_values[t]), s, t) for s in source for t in target]
    candidates = sorted((c for c in candidates if c[0] > 0), key=lambda c: -c[0])
    used, applied = set(), []
    for value, s, t in candidates:
        if value >= threshold and ("s", s) not in used and ("t", t) not in used:
            used |= {("s", s), ("t", t)}
            applied.append((s, t, value))
    return [(s, t, value) for value, s, t in candidates], applied, source


def ours(binary, folder):
    before = time.monotonic()
    done = subprocess.run([binary, "map", table_in(folder, "source"), table_in(folder, "target"), "--json"], capture_output=True)
    seconds = time.monotonic() - before
    if done.returncode != 0:
        raise SystemExit(f"{folder}: {done.stderr.decode()}")
    answer = json.loads(done.stdout)
    return ([(c["source"], c["target"], c["confidence"]) for c in answer["candidates"]],
            [(c["source"], c["target"], c["confidence"]) for c in answer["mapping"]], seconds)


def measure(candidates, applied, source, truth):
    truth = {tuple(t) for t in truth}
    best = sorted(candidates, key=lambda c: -c[2])[:len(truth)]
    partners = {s for s, _ in truth}
    reciprocal = []
    for name in partners:
        ranked = [t for s, t, _ in sorted((c for c in candidates if c[0] == name), key=lambda c: -c[2])]
        reciprocal.append(next((1 / rank for rank, t in enumerate(ranked, 1) if (name, t) in truth), 0))
    right = sum((s, t) in truth for s, t, _ in applied)
    precision, recall = right / len(applied) if applied else 0, right / len(partners)
    lonely = [name for name in source if name not in partners]
    junk = [name for name in lonely if any(s == name for s, _, _ in applied)]
    sure = [(s, t) for s, t, confidence in applied if confidence >= 0.9]
    return {
        "recall@GT": sum((s, t) in truth for s, t, _ in best) / len(truth),
        "MRR": sum(reciprocal) / len(reciprocal),
        "P": precision, "R": recall, "F1": 2 * precision * recall / (precision + recall) if right else 0,
        "junk": (len(junk), len(lonely)),
        "p@.9": (sum(pair in truth for pair in sure), len(sure)),
        "cov": sum(pair in truth for pair in sure) / len(partners),
        "sure": [(p, min(0.999, c)) for p, c in (((s, t) in truth, c) for s, t, c in applied)],
    }


def summary(results):
    mean = lambda key: sum(r[key] for r in results) / len(results)
    share = lambda key: sum(r[key][0] for r in results) / max(1, sum(r[key][1] for r in results))
    return [mean("recall@GT"), mean("MRR"), mean("P"), mean("R"), mean("F1"), share("junk"), share("p@.9"), mean("cov")]


def show(title, groups, with_time=None):
    print(f"\n{title:32}" + "".join(f"{name:>10}" for name in ["recall@GT", "MRR", "P", "R", "F1", "junk", "p@.9", "cov"]) + ("        ms" if with_time else ""))
    lines = {name: summary(results) for name, results in sorted(groups.items())}
    for name, line in lines.items():
        took = f"{1000 * sum(with_time[name]) / len(with_time[name]):10.0f}" if with_time else ""
        print(f"{name + f' ({len(groups[name])})':32}" + "".join(f"{value:10.3f}" for value in line) + took)
    print(f"{'MACRO':32}" + "".join(f"{sum(column) / len(column):10.3f}" for column in zip(*lines.values())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directories", nargs="+")
    parser.add_argument("--binary", default="build/release/millrace")
    parser.add_argument("--naive", action="store_true", help="the baselines too")
    parser.add_argument("--pairs", action="store_true", help="a line per pair")
    parser.add_argument("--errors", action="store_true", help="what is wrong in every pair")
    arguments = parser.parse_args()
    folders = list(pairs_below(arguments.directories))
    groups, times, naives = collections.defaultdict(list), collections.defaultdict(list), {name: collections.defaultdict(list) for name in NAIVE}
    calibration = collections.defaultdict(lambda: [0, 0, 0.0])
    for folder in folders:
        truth = json.load(open(os.path.join(folder, "truth.json")))
        meta = os.path.join(folder, "meta.json")
        group = json.load(open(meta))["group"] if os.path.exists(meta) else os.path.basename(os.path.dirname(folder))
        source, _ = read_table(table_in(folder, "source"))
        candidates, applied, seconds = ours(arguments.binary, folder)
        result = measure(candidates, applied, source, truth)
        groups[group].append(result)
        times[group].append(seconds)
        for is_right, confidence in result["sure"]:
            bucket = calibration[int(confidence * 10)]
            bucket[0] += is_right
            bucket[1] += 1
            bucket[2] += confidence
        if arguments.pairs:
            print(f"{group + '/' + os.path.basename(folder):60} " + " ".join(f"{value:.2f}" for value in summary([result])))
        if arguments.errors:
            pairs, mapped = {tuple(t) for t in truth}, {(s, t) for s, t, _ in applied}
            for s, t, confidence in applied:
                if (s, t) not in pairs:
                    print(f"    {group}/{os.path.basename(folder)}: wrong {s} -> {t} ({confidence:.2f}), right: {[b for a, b in pairs if a == s]}")
            for s in {a for a, _ in pairs} - {s for s, t, _ in applied if (s, t) in pairs} - {s for s, _, _ in applied}:
                ranked = [(t, c) for a, t, c in candidates if a == s]
                rank = next((i for i, (t, _) in enumerate(ranked, 1) if (s, t) in pairs), None)
                print(f"    {group}/{os.path.basename(folder)}: missed {s} -> {[b for a, b in pairs if a == s]} rank {rank}, first {ranked[:1]}")
        if arguments.naive:
            for name, (score, threshold) in NAIVE.items():
                naives[name][group].append(measure(*naive(folder, score, threshold), truth))
    show("millrace map", groups, times)
    print("\nconfidence of what is applied: said, right, number")
    for bucket in sorted(calibration):
        right, count, total = calibration[bucket]
        print(f"  {total / count:.2f}  {right / count:.2f}  {count}")
    if arguments.naive:
        for name in NAIVE:
            show(f"naive: {name}", naives[name])


if __name__ == "__main__":
    sys.exit(main())
