#!/usr/bin/env python3
"""How well `millrace convert` reads damaged CSV: generates tables with known truth and one pollution each, converts
them in one process, and scores what comes out.

    bench/polluted.py --program build/release/src/millrace [--seed 1] [--per-class 20] [--keep DIR] [--worst 5]

The pollutions and their weights follow published surveys of open-data CSV files (line end not CRLF 46 %, rows with
another number of delimiters 26 %, delimiter not comma 25 %, no header 13 %, preamble 12 %, stacked header 7 %, several
tables 6 %, footnotes 5 %, other quote 0.3 %). Score of a file, at most 10: 1 for success, then precision, recall and F1
of header cells, records and cells, all compared as multisets (headers and records with white space normalised, cells as
raw text). Nothing here is taken from a benchmark suite; another seed gives other tables."""
import argparse, collections, csv, io, os, random, subprocess, sys, tempfile, time

WORDS = ("alpha bravo delta gamma market küche straße plan café widget bolt steel cotton linen order ship return blue "
         "verde oak pine grade model series limited export lamp desk chair monitor cable printer river north").split()
NAMES = "Anna Bram Chris Dora Emil Fay Gus Hana Ivo Jana Kees Lena Mats Nora Otto Pia Quinn Rosa Sem Tess".split()
CITIES = "Amsterdam,Utrecht,Den Haag,Gent,Köln,Lyon,New York,San José,Oslo,Porto".split(",")


def sentence(r, low, high):
    return " ".join(r.choice(WORDS) for _ in range(r.randint(low, high)))


def sales(r, n):
    head = ["DATE", "TIME", "Qty", "PRODUCTID", "Price", "ProductType", "ProductDescription", "URL", "Comments"]
    rows = []
    for _ in range(n):
        text = sentence(r, 3, 7)
        if r.random() < .3: text = text.replace(" ", ", ", 1)
        if r.random() < .2: text += ' "%s"' % r.choice(WORDS)
        rows.append(["%02d/%02d/20%02d" % (r.randint(1, 28), r.randint(1, 12), r.randint(10, 24)),
                     "%d:%02d %s" % (r.randint(1, 12), r.randint(0, 59), r.choice(["AM", "PM"])), str(r.randint(1, 40)),
                     "PR-%04d" % r.randint(0, 9999), "%d.%02d" % (r.randint(1, 900), r.randint(0, 99)), r.choice(WORDS[:8]),
                     text, "http://example.org/p/%d" % r.randint(1, 99999), sentence(r, 2, 6) if r.random() < .5 else ""])
    return head, rows


def sensors(r, n):
    head = ["station", "timestamp", "temperature", "humidity", "status"]
    return head, [["ST%02d" % r.randint(1, 12), "2024-%02d-%02dT%02d:%02d:00Z" % (r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.randint(0, 59)),
                   "%.1f" % r.uniform(-10, 35), str(r.randint(20, 100)), r.choice(["ok", "ok", "ok", "drift", "off"])] for _ in range(n)]


def people(r, n):
    head = ["id", "first name", "last name", "email", "city", "birth date", "active"]
    rows = []
    for i in range(n):
        a, b = r.choice(NAMES), r.choice(WORDS).capitalize()
        rows.append([str(1000 + i), a, b, "%s.%s@example.org" % (a.lower(), i), r.choice(CITIES),
                     "%d-%02d-%02d" % (r.randint(1950, 2005), r.randint(1, 12), r.randint(1, 28)), r.choice(["true", "false"])])
    return head, rows


def budget(r, n):
    years = [str(y) for y in range(2018, 2018 + r.randint(3, 6))]
    return ["department", "code"] + years, [[sentence(r, 1, 3).title(), "%03d.%02d" % (r.randint(1, 999), r.randint(0, 99))] +
                                            ["%.2f" % r.uniform(100, 90000) if r.random() > .05 else "" for _ in years] for _ in range(n)]


def words(r, n):
    head = ["term", "category", "description", "language"]
    return head, [[sentence(r, 1, 1) + str(i), r.choice(["noun", "verb", "other"]), sentence(r, 4, 12), r.choice(["nl", "en", "de"])] for i in range(n)]


TABLES = [(sales, 3), (sensors, 1), (people, 1), (budget, 1), (words, 1)]


def base(r, n=None):
    make = r.choices([t for t, _ in TABLES], [w for _, w in TABLES])[0]
    return make(r, n or r.choice([83, 83, r.randint(12, 200)]))


def cell(text, d=",", q='"', esc='""'):
    if q and (d in text or q in text or "\n" in text or "\r" in text or (d == ", " and "," in text) or (d != "," and d.strip() == "" and " " in text)):
        return q + text.replace(q, esc) + q
    return text


def line(cells, **k):
    return k.get("d", ",").join(cell(c, **k) for c in cells)


def write(rows, eol="\r\n", last=1, **k):
    return eol.join(line(c, **k) for c in rows) + eol * last


def clean_sep(r, rows):
    """A row and a place between two cells of it."""
    return r.randrange(len(rows)), None


POLLUTIONS = {}


def pollution(weight):
    def add(f):
        POLLUTIONS[f.__name__] = (weight, f)
        return f
    return add


@pollution(20)
def clean(r):
    h, rows = base(r)
    return write([h] + rows), h, rows


@pollution(1)
def no_payload(r): return "", [], []


@pollution(10)
def no_final_newline(r):
    h, rows = base(r)
    return write([h] + rows, last=0), h, rows


@pollution(5)
def two_final_newlines(r):
    h, rows = base(r)
    return write([h] + rows, last=2), h, rows


@pollution(13)
def no_header(r):
    h, rows = base(r)
    return write(rows), [], rows


def stacked(r, n):
    h, rows = base(r)
    if r.random() < .5:
        parts = [[x] + [r.choice(["total", "value", "of", "new", "unit", "(a)"]) for _ in range(n - 1)] for x in h]
    else:
        parts = [[x] + [("(" + r.choice(["kg", "EUR", "m", "code"]) + ")" if r.random() < .6 else "") for _ in range(n - 1)] for x in h]
        for k in range(1, n):
            if not any(p[k] for p in parts): parts[0][k] = "(x)"
    names = [" ".join(x for x in p if x) for p in parts]
    return write([list(x) for x in zip(*parts)] + rows), names, rows


@pollution(5)
def header_2_rows(r): return stacked(r, 2)
@pollution(2)
def header_3_rows(r): return stacked(r, 3)


@pollution(12)
def preamble(r):
    h, rows = base(r)
    style = r.randrange(4)
    notes = [sentence(r, 2, 8).capitalize() for _ in range(r.randint(1, 4))]
    if style == 0: top = [[n] for n in notes]
    elif style == 1: top = [[n] + [""] * (len(h) - 1) for n in notes]
    elif style == 2: top = [[n] for n in notes] + [[""]]
    else: top = [[n] + [""] * (len(h) - 1) for n in notes] + [[""] * len(h)]
    return write(top + [h] + rows), h, rows


@pollution(5)
def footnotes(r):
    h, rows = base(r)
    notes = ["Source: " + sentence(r, 2, 6), "* " + sentence(r, 3, 8)][:r.randint(1, 2)]
    pad = r.random() < .4
    tail = [[n] + ([""] * (len(h) - 1) if pad else []) for n in notes]
    if r.random() < .5: tail.insert(0, [""] * (len(h) if pad else 1))
    return write([h] + rows + tail), h, rows


def tables(r, kind):
    h, rows = base(r)
    h2, rows2 = base(r)
    while len(h2) < 3: h2, rows2 = base(r)
    w = len(h)
    fit = {"less": max(2, w - r.randint(1, 3)), "more": w + r.randint(1, 4), "same": w}[kind]
    def resize(c, i): return (c + ["x%d" % (k + i) for k in range(fit)])[:fit]
    h2, rows2 = resize(h2[::-1], 0), [resize(c[::-1], i) for i, c in enumerate(rows2)]
    style = r.randrange(4)
    gap = [[[""]], [[""] * w], [], [[""], ["Table 2: " + sentence(r, 2, 4)]]][style]
    body2 = [h2] + rows2
    if style == 1:  # saved from a grid: everything is as wide as the widest
        width = max(w, fit)
        pad = lambda c: c + [""] * (width - len(c))
        return write([pad(c) for c in [h] + rows + gap + body2]), h, rows
    return write([h] + rows + gap + body2), h, rows


@pollution(2)
def second_table_less(r): return tables(r, "less")
@pollution(2)
def second_table_more(r): return tables(r, "more")
@pollution(2)
def second_table_same(r): return tables(r, "same")


@pollution(1)
def header_only(r):
    h, _ = base(r)
    return write([h]), h, []


@pollution(1)
def one_row(r):
    h, rows = base(r)
    return write([h, rows[0]]), h, rows[:1]


def damaged(r, break_line, with_header=True):
    h, rows = base(r)
    lines = [line(c) for c in [h] + rows]
    i = r.randrange(0 if with_header else 1, len(lines))
    lines[i] = break_line(([h] + rows)[i])
    return "\r\n".join(lines) + "\r\n", h, rows


@pollution(11)
def row_less_separator(r):
    def cut(cells):
        k = r.randrange(len(cells) - 1)
        parts = [cell(c) for c in cells]
        return ",".join(parts[:k + 1]) + ",".join(parts[k + 1:]) if k + 1 < len(parts) else ",".join(parts)
    return damaged(r, cut)


@pollution(11)
def row_more_separator(r):
    def add(cells):
        k = r.randrange(len(cells))
        parts = [cell(c) for c in cells]
        parts[k] += ","
        return ",".join(parts)
    return damaged(r, add)


@pollution(4)
def row_short_tail(r):
    h, rows = base(r)
    i = r.randrange(len(rows))
    rows[i][-1] = ""
    lines = [line(c) for c in [h] + rows]
    lines[i + 1] = line(rows[i][:-1])
    return "\r\n".join(lines) + "\r\n", h, rows


@pollution(3)
def stray_quote(r):
    h, rows = base(r)
    i, k = r.randrange(len(rows) + 1), r.randrange(len(h))
    all_rows = [h] + rows
    text = all_rows[i][k]
    at = r.choice([0, 0, len(text), r.randint(0, len(text))])
    lines = [line(c) for c in all_rows]
    parts = [cell(c) for c in all_rows[i]]
    if parts[k].startswith('"'):
        at = 0
        parts[k] = '"' + parts[k]
    else:
        parts[k] = text[:at] + '"' + text[at:]
    lines[i] = ",".join(parts)
    all_rows[i][k] = text[:at] + '"' + text[at:]
    return "\r\n".join(lines) + "\r\n", h, rows


@pollution(2)
def row_by_spaces(r): return damaged(r, lambda cells: line(cells, d=" "))
@pollution(1)
def row_by_semicolons(r): return damaged(r, lambda cells: line(cells, d=";"))


def dialect(weight, name, **k):
    eol = k.pop("eol", "\r\n")
    def make(r):
        h, rows = base(r)
        if k.get("esc") == "\\\"":  # something must be escaped for the dialect to show
            rows[r.randrange(len(rows))][-1] = 'a "quoted" word, here'
        if k.get("esc") == '"':
            for _ in range(4): rows[r.randrange(len(rows))][-1] = 'a "quoted" word, here'
        if k.get("q") == "'":
            for _ in range(3): rows[r.randrange(len(rows))][-1] = "one, two"
        return write([h] + rows, eol=eol, **k), h, rows
    make.__name__ = name
    pollution(weight)(make)


dialect(20, "semicolon", d=";")
dialect(4, "tab", d="\t")
dialect(.5, "space", d=" ")
dialect(.5, "comma_space", d=", ")
dialect(.5, "pipe", d="|")
dialect(.3, "single_quote", q="'", esc="''")
dialect(.3, "backslash", esc='\\"')
dialect(.2, "no_escape", esc='"')
dialect(40, "lf", eol="\n")
dialect(2, "cr", eol="\r")


def prf(got, want):
    got, want = collections.Counter(got), collections.Counter(want)
    if not got and not want: return 3.0
    hit = sum((got & want).values())
    p = hit / sum(got.values()) if got else 0.0
    rec = hit / sum(want.values()) if want else 0.0
    return p + rec + (2 * p * rec / (p + rec) if p + rec else 0.0)


def score(path, head, rows):
    try:
        with open(path, encoding="utf-8", newline="") as f: got = [c for c in csv.reader(f, strict=True)]
    except Exception:
        return 0.0
    norm = lambda c: " ".join(c.split())
    got_head, got_rows = (got[:1], got[1:]) if head else ([], got)
    total = 1.0
    total += prf([norm(c) for row in got_head for c in row], [norm(c) for c in head])
    total += prf([tuple(map(norm, c)) for c in got_rows], [tuple(map(norm, c)) for c in rows])
    total += prf([c for row in got_rows for c in row], [c for row in rows for c in row])
    return total


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--per-class", type=int, default=20)
    p.add_argument("--keep")
    p.add_argument("--worst", type=int, default=0)
    p.add_argument("--min", type=float, default=0, help="exit 1 when the weighted score is lower")
    a = p.parse_args()
    folder = a.keep or tempfile.mkdtemp(prefix="polluted-")
    os.makedirs(folder, exist_ok=True)
    r = random.Random(a.seed)
    cases = []
    for name, (weight, make) in POLLUTIONS.items():
        for i in range(a.per_class):
            text, head, rows = make(r)
            path = os.path.join(folder, "%s_%03d.csv" % (name, i))
            with open(path, "wb") as f: f.write(text.encode())
            cases.append((name, weight, path, path[:-4] + ".out", head, rows))
    listing = os.path.join(folder, "list.txt")
    with open(listing, "w") as f: f.writelines("%s\t%s\n" % (c[2], c[3]) for c in cases)
    start = time.perf_counter()
    subprocess.run([a.program, "convert", "--list", listing], stdout=subprocess.DEVNULL)
    took = time.perf_counter() - start
    by_class, worst = collections.defaultdict(list), []
    for name, weight, path, out, head, rows in cases:
        s = score(out, head, rows)
        by_class[name].append(s)
        worst.append((s, path))
    total = weights = plain = 0.0
    for name, scores in by_class.items():
        mean = sum(scores) / len(scores)
        print("%-22s weight %5.1f  score %6.3f  lowest %6.3f" % (name, POLLUTIONS[name][0], mean, min(scores)))
        total += mean * POLLUTIONS[name][0]
        weights += POLLUTIONS[name][0]
        plain += mean / len(by_class)
    print("weighted %.4f  plain %.4f  files %d  seconds %.2f" % (total / weights, plain, len(cases), took))
    for s, path in sorted(worst)[:a.worst]: print("%.3f %s" % (s, path))
    return 1 if total / weights < a.min else 0


if __name__ == "__main__":
    sys.exit(main())
