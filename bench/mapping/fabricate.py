#!/usr/bin/env python3
"""Makes pairs with known truth to fit and judge the matcher on.

    fabricate.py OUT --tables DIR [--wide FILE.csv] [--seed N]

tables: from CSV files, as the literature does it: one table split by rows (unionable), by columns (joinable) or both (view), names
        as they are or noisy (a prefix, vowels dropped, abbreviated), values verbatim or noisy (typing errors, shifted numbers).
wide:   from one table that lists the allowed values of many columns: sources with other spellings of names and values, and columns
        that have no partner.
business: exports of shops, customer and invoice systems in five languages (business.py) against templates without rows.
"""

import argparse
import csv
import json
import os
import random
import re
import sys

import business

csv.field_size_limit(1 << 30)
KEYBOARD = {"q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "ol",
            "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli", "l": "ko", "z": "xa",
            "x": "zcs", "c": "xvd", "v": "cbf", "b": "vng", "n": "bmh", "m": "nj"}


def write(out, group, name, source, target, truth):
    folder = os.path.join(out, group, name)
    os.makedirs(folder, exist_ok=True)
    for side, table in (("source", source), ("target", target)):
        if isinstance(table, dict):
            json.dump(table, open(os.path.join(folder, side + ".json"), "w"), ensure_ascii=False, indent=1)
            continue
        with open(os.path.join(folder, side + ".csv"), "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(table[0])
            rows.writerows(zip(*table[1]))
    json.dump(truth, open(os.path.join(folder, "truth.json"), "w"), ensure_ascii=False)
    json.dump({"group": group}, open(os.path.join(folder, "meta.json"), "w"))


def words(name):
    return [w for w in re.split(r"[^A-Za-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name)) if w]


def no_vowels(name, _):
    return re.sub(r"[aeiouyAEIOUY]", "", "".join(words(name))).lower() or name[:1].lower()


def abbreviated(name, rng):
    length = rng.choice([1, 2, 3])
    return "".join(w[:max(1, length - i)] for i, w in enumerate(words(name))).upper()


def joined(name, _):
    return "".join(words(name)).lower()


def noisy_names(names, table, rng):
    change = rng.choice([no_vowels, abbreviated, joined])
    prefix = rng.choice(["", table[:4] + "_", table + "_"]) if change is not joined else table[:rng.choice([3, 4, 9])] + "_"
    used, out = set(), []
    for name in names:
        short = prefix + change(name, rng)
        while short in used:
            short += rng.choice("abcdefgh")
        used.add(short)
        out.append(short)
    return out


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def noisy_values(column, rng):
    filled = [v for v in column if v]
    if filled and all(is_number(v) for v in filled):
        numbers = [float(v) for v in filled]
        mean = sum(numbers) / len(numbers)
        spread = (sum((n - mean) ** 2 for n in numbers) / len(numbers)) ** 0.5
        whole = all(float(n).is_integer() for n in numbers)
        how = rng.choice(["shift", "draw", "draw", "keep"])
        shift = rng.choice([-1, 1]) * rng.uniform(0.2, 0.6) * abs(mean)
        draw = lambda v: float(v) if how == "keep" else float(v) + shift if how == "shift" else rng.gauss(mean, spread)
        return [v if not v else (str(round(draw(v))) if whole else f"{draw(v):.4g}") for v in column]
    rate = rng.uniform(0.02, 0.15)
    typo = lambda c: rng.choice(KEYBOARD[c]) if c in KEYBOARD and rng.random() < rate else c
    return ["".join(typo(c) for c in v) for v in column]


def split(table, names, columns, scenario, noisy_name, noisy_value, rng):
    count = len(columns[0])
    left, right = list(range(len(names))), list(range(len(names)))
    if scenario in ("joinable", "sem-joinable", "view-unionable"):
        order = left[:]
        rng.shuffle(order)
        common = max(2, round(len(names) * rng.choice([0.3, 0.5, 0.7])))
        rest = order[common:]
        left, right = order[:common] + rest[::2], order[:common] + rest[1::2]
    upper, lower = list(range(count)), list(range(count))
    if scenario in ("unionable", "view-unionable"):
        cut = rng.choice([0, count // 4])
        upper, lower = list(range(count // 2 + cut)), list(range(count // 2, count))
    pick = lambda side, rows: [[columns[c][r] for r in rows] for c in side]
    source = [names[c] for c in left], pick(left, upper)
    target_names = noisy_names([names[c] for c in right], table, rng) if noisy_name else [names[c] for c in right]
    order = list(range(len(right)))
    rng.shuffle(order)
    values = pick(right, lower)
    target = [target_names[i] for i in order], [values[i] for i in order]
    if noisy_value:
        source = source[0], [noisy_values(column, rng) for column in source[1]]
    truth = [[names[c], target_names[right.index(c)]] for c in left if c in right]
    return source, target, truth


def derived(names, columns, rng):
    """Columns that are like others and yet not the same: adjusted, cleaned, grouped."""
    names, columns = list(names), list(columns)
    for c in rng.sample(range(len(names)), min(len(names), rng.randint(0, 4))):
        filled = [v for v in columns[c] if v]
        if filled and all(is_number(v) for v in filled):
            factor = rng.choice([1.07, 1.3, 0.9])
            name = names[c] + rng.choice(["_2013$", " 2019", "_adj", "2"])
            column = [v if not v or rng.random() < 0.2 else f"{float(v) * factor:.0f}" if float(v).is_integer() else f"{float(v) * factor:.4g}" for v in columns[c]]
        else:
            name = rng.choice(["clean_" + names[c], names[c] + " code", names[c] + "_group"])
            column = [re.split(r"\W", v)[0].lower() for v in columns[c]]
        if name not in names:
            names.append(name)
            columns.append(column)
    return names, columns


def read(path, rows_max, rng):
    rows = list(csv.reader(open(path, newline="", encoding="utf-8-sig")))
    names, rows = rows[0], [r for r in rows[1:] if len(r) == len(rows[0])]
    if len(rows) > rows_max:
        start = rng.randrange(len(rows) - rows_max)
        rows = rows[start:start + rows_max]
    return names, [list(column) for column in zip(*rows)]


def tables(out, directory, rng):
    for file in sorted(os.listdir(directory)):
        table = os.path.splitext(file)[0]
        names, columns = read(os.path.join(directory, file), 600, rng)
        for scenario in ("unionable", "view-unionable", "joinable", "sem-joinable"):
            for noisy_name in (False, True):
                for noisy_value in (False, True):
                    if (scenario == "joinable") and noisy_value or scenario == "sem-joinable" and not noisy_value:
                        continue
                    for turn in range(2 if noisy_name else 1):
                        group = f"fab-noisyname-{scenario}" if noisy_name else "fab-samename"
                        name = f"{table}-{scenario}-{'n' if noisy_value else 'v'}v{turn}"
                        write(out, group, name, *split(table, *derived(names, columns, rng), scenario, noisy_name, noisy_value, rng))


CLINICAL = {"gender": ["Sex", "SEX"], "tumor": ["Tumour", "Cancer", "tumor"], "pathologic": ["Path", "Pathological", "p"], "diagnosis": ["Dx", "Diagnosis"],
            "clinical": ["clin", "c"], "percent": ["Pct", "perc"], "number": ["n", "num", "count"], "metastasis": ["Mets", "M"], "stage": ["Stage", "Staging"],
            "history": ["Hx", "history"], "treatment": ["Tx", "therapy"], "year": ["yr"], "type": ["Class", "type"], "grade": ["Grade", "grading"],
            "alcohol": ["EtOH", "alcohol"], "tobacco": ["smoking"], "site": ["location", "Site"], "present": ["", "positive"], "status": ["", "Status"]}
GENES = ["TP53", "PTEN", "KRAS", "EGFR", "BRAF", "MYC", "RB1", "NF1", "APC", "ATM", "MET", "KIT", "ALK", "ERBB2", "FGFR1", "CDK4"]


def clinical_name(name, rng):
    parts = [rng.choice(CLINICAL[w]) if w in CLINICAL and rng.random() < 0.5 else w for w in name.split("_")]
    parts = [w for w in parts if w]
    if len(parts) > 2 and rng.random() < 0.4:
        parts.pop(rng.randrange(len(parts)))
    if rng.random() < 0.25:
        rng.shuffle(parts)
    parts = [w[:rng.randint(3, 5)] if len(w) > 6 and rng.random() < 0.15 else w for w in parts]
    if rng.random() < 0.2:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(["Patient", "baseline", "Participant", "specimen", "medical", "report"]))
    mark = rng.choice(["_", ".", " ", "_"])
    return mark.join(w.capitalize() if rng.random() < 0.7 else w.lower() for w in parts) or name


def clinical_values(values, count, rng):
    known = [v for v in values if v]
    if not known:
        return [f"{rng.uniform(0, 100):.{rng.choice([0, 1, 3])}f}" if rng.random() < 0.9 else "" for _ in range(count)]
    chosen = rng.sample(known, min(len(known), rng.randint(2, 8)))
    how = rng.choice([str, str, str.lower, lambda v: v.replace(" ", "_"), lambda v: v.replace(" ", ".").lower(), lambda v: v.split(",")[0], lambda v: " ".join(v.split()[:2])])
    chosen = [how(v) for v in chosen]
    if rng.random() < 0.3:
        chosen = [rng.choice(["Yes", "No", "0", "1", "Absent", "Present", "unknown"]) for _ in chosen]
    return [rng.choice(chosen) if rng.random() < 0.9 else "" for _ in range(count)]


def wide(out, path, rng):
    rows = list(csv.reader(open(path, newline="")))
    names, columns = rows[0], [list(c) for c in zip(*rows[1:])]
    for turn in range(8):
        chosen = rng.sample(range(len(names)), rng.randint(10, 40))
        chosen = [c for c in chosen if any(columns[c]) or rng.random() < 0.3]
        source, truth, used = ([], []), [], set()
        for c in chosen:
            name = clinical_name(names[c], rng)
            if name.lower() in used:
                continue
            used.add(name.lower())
            source[0].append(name)
            source[1].append(clinical_values(columns[c], 120, rng))
            truth.append([name, names[c]])
        for _ in range(rng.randint(10, 50)):
            if rng.random() < 0.35:  # words of the target that mean nothing there
                name = rng.choice([".", "_"]).join(rng.choice(rng.choice(names).split("_")).capitalize() for _ in range(rng.randint(1, 3)))
            else:
                name = rng.choice(GENES) + rng.choice([".", "_"]) + rng.choice(["Mutation.Status", "CNV", "Score", "mRNA", "Type", "Cluster", "purity.index", "Amplified", "methylation"])
            if name.lower() in used:
                continue
            used.add(name.lower())
            source[0].append(name)
            kind = rng.randrange(3)
            source[1].append([rng.choice(["0", "1"]) if kind == 0 else f"{rng.gauss(0, 2):.5f}" if kind == 1 else rng.choice(["high", "low", "negative", "positive"]) for _ in range(120)])
        write(out, "wide", f"wide{turn}", source, (names, columns), truth)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--tables")
    parser.add_argument("--wide")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    if arguments.tables:
        tables(arguments.out, arguments.tables, rng)
    if arguments.wide:
        wide(arguments.out, arguments.wide, rng)
    for name, source, target, truth in business.pairs(rng):
        write(arguments.out, "made-business", name, source, target, truth)
    for name, source, target, truth in business.pairs_of_exports(rng):
        write(arguments.out, "made-languages", name, source, target, truth)


if __name__ == "__main__":
    sys.exit(main())
