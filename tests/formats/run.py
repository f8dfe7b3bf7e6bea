#!/usr/bin/env python3
"""One table of everything that has ever gone wrong in an export, written by `millrace convert` in every format and read
back by the programs that others use: csv, json, sqlite3, xml.etree, psql, exceljs, DuckDB, hyparquet.

run.py [pattern]. Without npm the readers that need it are skipped, and said so; likewise without PostgreSQL."""

import base64
import csv
import datetime
import decimal
import gzip
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

from support import server  # noqa: E402

BINARY = server.BINARY
D = decimal.Decimal
csv.field_size_limit(1 << 30)

NAMES = ["id", "Price (€)", "exact", "instant", "local", "day", "clock", "flag", "ratio", "text", 'a "b", <c>', "constructor"]
FORMULAS = ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\tx", "\rx", "=\"a\"", "'=1", "＝1", "-"]
PLAIN = ["-1", "+31 20 123", "-1.249,00", "'tis", "a=b"]
TEXTS = ['quote " and ""', "comma, semicolon; tab\t pipe |", "line\nfeed", "carriage\rreturn", "both\r\n", "😀 Zoë 汉字 \u200b\u00ad", "\u0001\u001f",
         "</row>]]>&amp;<!-- x", "\\N", "\\", "\\.", "''; DROP TABLE data; --", "NULL", "null", " leading and trailing ", "_x0041_ *b* `c` ~d~",
         "007", "1e5", "x" * 32_767, "y" * 40_000, "😀" * 20_000, "\ufeffbom", "\ufffe", "# |---|", "$$ $1 {}"] + FORMULAS + PLAIN + ["=" + "z" * 32_766]
BIG = ("0123456789" * 100 + '"\r\n') * 10_469  # 10 MB


def table():
    """Rows as typed values; None is a null."""
    rows = []
    count = len(TEXTS) + 4
    for i in range(count):
        instant = datetime.datetime(1901, 12, 31, 23, 59, 59) + datetime.timedelta(days=9_131 * i % 40_000, microseconds=[0, 1, 500_000, 123_000][i % 4])
        text = TEXTS[i] if i < len(TEXTS) else [BIG, "", None, "end"][i - len(TEXTS)]
        rows.append([i + 1, D("-0.05") + D(i * 7919 % 100_000) / 100, D("123456789012345.678") * (-1) ** i + i, instant, instant.replace(microsecond=0),
                     datetime.date(1600, 2, 29) + datetime.timedelta(days=i * 5_003), datetime.time(i % 24, 59, i), i % 2 == 0, 1.5e-300 * 10.0 ** (i * 7 % 300), text,
                     None if i % 3 else "empty or not", "v" + str(i)])
    rows[-3] = [rows[-3][0], *[None] * 8, "", None, None]
    return rows


ROWS = table()


def iso(value):
    """How a value stands in a format of text."""
    if isinstance(value, datetime.datetime):
        return value.strftime(f"{value.year:04}-%m-%dT%H:%M:%S") + f".{value.microsecond:06}"
    if isinstance(value, datetime.date):
        return f"{value.year:04}" + value.strftime("-%m-%d")
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.16e}"
    return None if value is None else str(value)


def wanted(row):
    out = [iso(v) for v in row]
    out[3] = out[3] and out[3] + "Z"
    out[4] = out[4] and out[4].replace(".000000", "")
    return out


def from_excel(text):
    """exceljs leaves characters that are written by their number as they are; Excel does not."""
    return re.sub("_x([0-9A-F]{4})_", lambda m: chr(int(m[1], 16)), text)


def write_csv(path):
    """A null is nothing, an empty text is quoted."""
    with open(path, "w", newline="", encoding="utf-8") as f:
        for row in [NAMES] + [wanted(r) for r in ROWS]:
            f.write(",".join("" if v is None else '"' + v.replace('"', '""') + '"' if v == "" or re.search(r'[",\r\n]', v) else v for v in row) + "\r\n")


class Formats(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="millrace-formats-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        write_csv(cls.path("in.csv"))
        cls.manifests = {}
        for name, options in {"typed.csv": ["-O", "values=typed"], "typed.tsv": ["-O", "values=typed"], "original.tsv": [], "safe.csv": ["-O", "formulas=safe"],
                              "marked.csv": ["-O", "null_text=NULL", "-O", "bom=true", "-O", "quoting=all", "-O", "line_end=lf", "-O", "delimiter=;"],
                              "out.json": [], "out.ndjson": [], "texts.ndjson": ["-O", "values=original"], "out.xml": [], "out.sql": [],
                              "copy.sql": ["-O", "style=copy"], "out.sqlite": [], "out.md": [], "out.xlsx": [], "safe.xlsx": ["-O", "formulas=safe"],
                              "out.parquet": [], "out.ndjson.gz": [], "out.ndjson.zst": []}.items():
            done = subprocess.run([BINARY, "convert", "--json", cls.path("in.csv"), cls.path(name), *options], capture_output=True, text=True)
            assert done.returncode == 0, (name, done.stdout[-500:], done.stderr[-2000:])
            report = json.loads(done.stdout)
            assert report["rows_out"] == len(ROWS), (name, report)
            cls.manifests[name] = report["manifest"]
        cls.node = cls.read_with_node()

    @classmethod
    def read_with_node(cls):
        if not shutil.which("npm"):
            return "there is no npm"
        if not os.path.isdir(os.path.join(HERE, "node_modules")):
            done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True)
            if done.returncode != 0:
                shutil.rmtree(os.path.join(HERE, "node_modules"), ignore_errors=True)
                return "the packages cannot be installed"
        subprocess.run(["node", os.path.join(HERE, "read.mjs"), cls.dir], check=True)
        return None

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    def by_node(self, name):
        if self.node:
            self.skipTest(self.node)
        with open(self.path(name), encoding="utf-8") as f:
            return json.load(f)

    def compare(self, got, want, note=""):
        """Row by row and cell by cell; a long cell is not shown whole."""
        self.assertEqual(len(got), len(want), note)
        for i, (a, b) in enumerate(zip(got, want)):
            self.assertEqual(len(a), len(b), (note, i))
            for name, x, y in zip(NAMES, a, b):
                if x != y:
                    self.fail(f"{note} row {i} {name}: {str(x)[:120]!r} instead of {str(y)[:120]!r} ({len(str(x))}, {len(str(y))})")

    def same_numbers(self, got):
        """Cells of a format that writes numbers bare, in one spelling."""
        return [[x if x in (None, "") or i not in (2, 8) else f"{float(x):.16e}" if i == 8 else str(D(x)) for i, x in enumerate(row)] for row in got]

    # Text

    def test_the_manifest_has_size_and_hash_of_the_file(self):
        import hashlib
        for name, manifest in self.manifests.items():
            with open(self.path(name), "rb") as f:
                content = f.read()
            self.assertEqual((manifest["bytes"], manifest["sha256"]), (len(content), hashlib.sha256(content).hexdigest()), name)
            self.assertEqual(manifest["rows"], len(ROWS), name)

    def test_delimited_text_as_it_stood_and_typed(self):
        want = [["" if v is None else v for v in wanted(r)] for r in ROWS]
        for name, delimiter in (("original.tsv", "\t"), ("typed.csv", ","), ("typed.tsv", "\t")):
            with open(self.path(name), newline="", encoding="utf-8") as f:
                got = list(csv.reader(f, delimiter=delimiter))
            self.assertEqual(got[0], NAMES)
            self.compare(got[1:] if name == "original.tsv" else self.same_numbers(got[1:]), want, name)

    def test_a_null_has_its_own_word_when_asked(self):
        with open(self.path("marked.csv"), "rb") as f:
            content = f.read()
        self.assertTrue(content.startswith(b"\xef\xbb\xbf\"id\";"))
        lines = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True), delimiter=";"))
        self.assertEqual(lines[0], NAMES)
        self.assertIn(b";NULL;", content)
        self.assertIn(b';"NULL";', content)

    def test_formulas_are_made_harmless_and_can_be_told_back(self):
        with open(self.path("safe.csv"), newline="", encoding="utf-8") as f:
            got = list(csv.reader(f))[1:]
        self.assertEqual(self.manifests["safe.csv"]["formulas_escaped"], len(FORMULAS) + 1)
        for row, want in zip(got, TEXTS):
            self.assertEqual(row[9], ("'" + want) if want in FORMULAS or want.startswith("=z") else want)
        self.assertEqual([r[1] for r in got[:5]], [wanted(r)[1] for r in ROWS[:5]], "a negative number is no formula")

    def test_json_is_exact(self):
        def as_text(row):
            out = []
            for i, v in enumerate(row.values()):
                if isinstance(v, bool):
                    v = "true" if v else "false"
                out.append(None if v is None else f"{float(v):.16e}" if i == 8 else str(v))
            return out
        with open(self.path("out.json"), encoding="utf-8") as f:
            whole = json.load(f, parse_float=D, parse_int=D)
        with open(self.path("out.ndjson"), encoding="utf-8", newline="\n") as f:
            lines = [json.loads(line, parse_float=D, parse_int=D) for line in f]
        self.assertEqual(list(whole[0]), NAMES)
        want = [wanted(r) for r in ROWS]
        self.compare([as_text(r) for r in whole], want)
        self.compare([as_text(r) for r in lines], want)
        with gzip.open(self.path("out.ndjson.gz"), "rb") as packed, open(self.path("out.ndjson"), "rb") as plain:
            self.assertEqual(packed.read(), plain.read())
        if shutil.which("zstd"):
            self.assertEqual(subprocess.run(["zstd", "-qdc", self.path("out.ndjson.zst")], capture_output=True, check=True).stdout, open(self.path("out.ndjson"), "rb").read())
        with open(self.path("texts.ndjson"), encoding="utf-8", newline="\n") as f:
            self.compare([list(json.loads(line).values()) for line in f], want)

    def test_xml(self):
        root = xml.etree.ElementTree.parse(self.path("out.xml")).getroot()
        got = []
        for row in root:
            cells = dict.fromkeys(NAMES)
            for cell in row:
                value = cell.text or ""
                if cell.get("encoding") == "base64":
                    value = base64.b64decode(value).decode()
                cells[cell.get("name", cell.tag)] = value
            got.append(list(cells.values()))
        self.compare(self.same_numbers(got), [wanted(r) for r in ROWS])

    def test_markdown(self):
        with open(self.path("out.md"), encoding="utf-8", newline="\n") as f:
            lines = f.read().split("\n")
        self.assertEqual(lines.pop(), "")

        def cells(line):
            parts = re.split(r"(?<!\\)((?:\\\\)*)\|", line)  # a bar that is not escaped ends a cell
            joined = [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)][1:]
            return [html.unescape(re.sub(r"\\([|\\`*_\[\]~])", r"\1", c.strip(" ").replace("<br>", "\n"))) for c in joined]
        self.assertEqual(cells(lines[0]), NAMES)
        got = self.same_numbers([cells(line) for line in lines[2:]])
        # Python's html.unescape has no control characters.
        want = [["" if v is None else re.sub("[\x01\x1f]", "", v) for v in wanted(r)] for r in ROWS]
        self.compare(got, want)

    # Databases

    def test_sqlite(self):
        database = sqlite3.connect(self.path("out.sqlite"))
        self.addCleanup(database.close)
        self.assertEqual(database.execute("pragma integrity_check").fetchone(), ("ok",))
        self.assertEqual([c[1] for c in database.execute("pragma table_info(data)")], NAMES)
        got = []
        for row in database.execute("select * from data order by id"):
            row = list(row)
            row[1] = row[1] if row[1] is None else f"{row[1]:.2f}"
            row[7] = row[7] if row[7] is None else iso(bool(row[7]))
            got.append([str(v) if isinstance(v, int) else iso(v) if isinstance(v, float) and i == 8 else v for i, v in enumerate(row)])
        self.compare(self.same_numbers(got), [wanted(r) for r in ROWS])

    def test_postgresql_takes_inserts_and_copy(self):
        if not server.have_postgres():
            self.skipTest("PostgreSQL is not installed")
        for name in ("out.sql", "copy.sql"):
            url = server.postgres().create_database()
            done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", self.path(name)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            columns = ", ".join("to_json(" + {"instant": "\"instant\" at time zone 'UTC'"}.get(n, '"' + n.replace('"', '""') + '"') + "::text)" for n in NAMES)
            done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", url, "-c", f"set datestyle = iso; select json_build_array({columns}) from data order by id"],
                                  capture_output=True, text=True, check=True)
            got = [json.loads(line) for line in done.stdout.split("\n") if line]
            for row in got:
                for at in (3, 4):
                    if row[at] is not None:
                        row[at] = iso(datetime.datetime.fromisoformat(row[at])) + ("Z" if at == 3 else "")
                        row[at] = row[at] if at == 3 else row[at].replace(".000000", "")
            self.compare(self.same_numbers(got), [wanted(r) for r in ROWS], name)

    # Spreadsheets and columns

    def test_workbook(self):
        sheet, = self.by_node("out.xlsx.json")
        self.assertEqual(sheet["rows"][0], NAMES)
        altered = self.manifests["out.xlsx"]["altered"]
        self.assertEqual(altered.get("text_cut"), 3, "40,000 letters, 40,000 units of emoji, 10 MB")
        for number, (got, row) in enumerate(zip(sheet["rows"][1:], ROWS)):
            want = wanted(row)
            for i, (a, value) in enumerate(zip(got, row)):
                note = (number, NAMES[i], str(a)[:60], str(value)[:60])
                if value is None or value == "":
                    self.assertIn(a, (None, ""), note)
                elif isinstance(value, bool):
                    self.assertIs(a, value, note)
                elif i == 8:
                    self.assertLessEqual(abs(a - value), abs(value) * 1e-15, note)
                elif isinstance(value, (int, D)):
                    self.assertEqual(D(str(a)), value, note)
                elif isinstance(value, datetime.datetime):
                    self.assertEqual(str(a).rstrip("Z")[:23], want[i].rstrip("Z")[:23] if "." in want[i] else want[i].rstrip("Z") + ".000", note)
                elif isinstance(value, datetime.date):
                    self.assertEqual(str(a)[:10], want[i], note)
                elif isinstance(value, datetime.time):
                    self.assertEqual(str(a)[11:19], want[i], note)
                else:
                    a = from_excel(a)
                    cut = value.encode("utf-16-le")[:32_767 * 2].decode("utf-16-le", "ignore")
                    self.assertEqual(a, cut, note)

    def test_workbook_for_people(self):
        sheet, = self.by_node("safe.xlsx.json")
        for row, want in zip(sheet["rows"][1:], TEXTS[:18]):
            self.assertEqual(from_excel(row[9]), want)
        self.assertEqual([from_excel(r[9]) for r in sheet["rows"][1 + TEXTS.index("=1+1"):][:len(FORMULAS)]], ["'" + t for t in FORMULAS])

    def test_parquet(self):
        # The decoder of JavaScript takes a byte order mark off every text.
        want = [[v and v.removeprefix("\ufeff") for v in wanted(r)] for r in ROWS]
        got = self.by_node("out.parquet.duckdb.json")
        for row in got:
            for at in (3, 4):
                if row[at] is not None:
                    row[at] = iso(datetime.datetime.fromisoformat(row[at].removesuffix("+00"))) + ("Z" if at == 3 else "")
                    row[at] = row[at] if at == 3 else row[at].replace(".000000", "")
        self.compare(self.same_numbers(got), want, "DuckDB")
        self.assertEqual([row[9] for row in self.by_node("out.parquet.hyparquet.json")], [r[9] for r in want])


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Formats)
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    result = unittest.TestResult()
    unittest.TestSuite(t for t in suite if pattern in t.id()).run(result)
    for test, text in result.failures + result.errors:
        print(f"FAIL {test}\n{text}")
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}")
    bad = len(result.failures) + len(result.errors)
    print(f"formats: {result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
