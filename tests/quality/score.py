"""How near a converted file is to its truth, and whether its account adds up."""

import collections
import csv

REPORTED = ("header_rows", "preamble_rows", "footnote_rows", "blank_rows", "other_table_rows")


def read(path):
    """The rows of a standard CSV; None when it is not there or is not one."""
    try:
        with open(path, encoding="utf-8", newline="") as file: return list(csv.reader(file, strict=True))
    except (OSError, ValueError, csv.Error):
        return None


def measures(got, want):
    """Precision, recall and F1 of a multiset, added."""
    got, want = collections.Counter(got), collections.Counter(want)
    if not got and not want: return 3.0
    hit = sum((got & want).values())
    precision = hit / got.total() if got else 0.0
    recall = hit / want.total() if want else 0.0
    return precision + recall + (2 * precision * recall / (precision + recall) if hit else 0.0)


def plain(cell):
    return " ".join(cell.split())


def score(found, case):
    """0 to 10: success, then header, records and cells; header and records with white space normalised, cells as raw text."""
    if found is None: return 0.0
    head, rows = (found[:1], found[1:]) if case.names else ([], found)
    return (1.0 + measures([plain(c) for row in head for c in row], map(plain, case.names)) +
            measures([tuple(map(plain, row)) for row in rows], [tuple(map(plain, row)) for row in case.rows]) +
            measures([c for row in rows for c in row], [c for row in case.rows for c in row]))


def exact(found, case, report):
    """Cell by cell where it should be, and a heading taken for one."""
    if found is None or "error_code" in report: return False
    if case.rows and report["dialect"]["header"] != bool(case.names): return False
    return found == ([case.names] if case.names else []) + case.rows


def account(found, case, report):
    """What does not add up, one sentence each."""
    if "error_code" in report: return ["refused: " + report["error_code"]]
    wrong = []
    def must(holds, what):
        if not holds: wrong.append(what)
    must(report["bytes"] == len(case.data), "bytes: %d of %d" % (report["bytes"], len(case.data)))
    rows = report["rows_in"]
    must(rows == report["rows_out"] + report["rows_rejected"] + report["rows_reported"], "rows in are not rows out, rejected and reported")
    must(report["rows_reported"] == sum(report[k] for k in REPORTED), "rows reported are not what they are made of")
    must(report["rows_rejected"] == 0, "convert keeps all rows")
    must(found is not None, "the output is no standard CSV")
    if found is not None and "dialect" in report and report["dialect"]:
        must(report["rows_out"] == len(found) - bool(report["dialect"]["header"]), "rows out are not those of the output")
        must(case.records - case.joined <= rows <= case.lines, "%d records read, the file has %d" % (rows, case.records))
    return wrong
