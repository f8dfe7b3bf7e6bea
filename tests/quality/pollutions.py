"""What happens to tables on their way into files.

Weights are the rates at which published surveys of open-data CSV files found each, in percent; where a survey names a group,
its classes share the rate. What no survey counted has a small weight. A pollution belongs to a slot, and those of different
slots may meet in one file.
"""

import tables
from sheet import Sheet

CLASSES = {}


class Pollution:
    def __init__(self, name, slot, weight, table, apply, says):
        self.name, self.slot, self.weight, self.table, self.apply, self.says = name, slot, weight, table, apply, says

    def make(self, r):
        sheet = Sheet(self.table(r))
        self.apply(r, sheet)
        return sheet


def pollution(slot, weight, table=tables.any_table):
    def add(apply):
        CLASSES[apply.__name__] = Pollution(apply.__name__, slot, weight, table, apply, apply.__doc__)
        return apply
    return add


def phrase(r, s, low=2, high=7):
    return tables.phrase(r, s.habits, low, high).capitalize()


# Nothing is wrong: the table comes out as it went in.

@pollution("none", 20)
def clean(r, s):
    """standard CSV"""


@pollution("none", 29)
def mixed_formats(r, s):
    """columns that hold dates, numbers and marks in several notations"""
    for c in r.sample(range(s.width), min(s.width, r.randint(1, 3))):
        style = r.randrange(3)
        for row in s.rows:
            if r.random() < .7 or not row[c]: continue
            if style == 0: row[c] = r.choice(["n/a", "-", "?", "unknown", "x", "see note"])
            elif style == 1: row[c] = "%d/%d/%02d" % (r.randint(1, 12), r.randint(1, 28), r.randint(0, 25))
            else: row[c] = r.choice(["~", "<", ">", "ca. ", ""]) + r.choice(["12", "1,200", "1.200,50", "3.5", "1e6"])


@pollution("none", 2)
def hard_cells(r, s):
    """texts that look like something else: leading zeros, long numbers, formulas, blanks around"""
    hard = ["007", "1234567890123456789", "1.249,00", "=SUM(A1:A3)", "+31612345678", "-", " padded ", "1E5", "TRUE", "null", "28/02/2018", "0x1F", "½", "'quoted'", "a;b|c", "\\N"]
    for row in r.sample(s.rows, max(1, len(s.rows) // 4)): row[r.randrange(1, s.width)] = r.choice(hard)


@pollution("cells", 4)
def multiline_cells(r, s):
    """quoted cells with line ends inside"""
    for row in r.sample(s.rows, max(1, len(s.rows) // 8)):
        row[r.randrange(1, s.width)] = r.choice(["\n", "\r\n"]).join(phrase(r, s, 1, 4) for _ in range(r.randint(2, 3)))


@pollution("none", 5)
def wide(r, s):
    """more than 256 columns"""
    extra = r.randint(257, 400) - s.width
    steps = r.choice(["week %d", "x%d", "Q%d"])
    s.names += [steps % i for i in range(extra)]
    s.head = [list(s.names)]
    del s.rows[20:]
    for row in s.rows: row += ["%.1f" % r.uniform(0, 99) if r.random() < .9 else "" for _ in range(extra)]


# The ends of the file.

@pollution("none", 1)
def no_payload(r, s):
    """nothing but white space"""
    s.names, s.rows, s.head = [], [], []
    s.tail = r.choice(["", "\r\n", "\n\n\n", "  \n"])
    if r.random() < .2: s.mark = b"\xef\xbb\xbf"


@pollution("ends", 10)
def no_final_newline(r, s):
    """the last line is not ended"""
    s.last = 0


@pollution("ends", 5)
def two_final_newlines(r, s):
    """the last line is ended more than once"""
    s.last = r.choice([2, 2, 3, 5])


@pollution("ends", 3)
def blank_rows_below(r, s):
    """rows of delimiters only below the table"""
    s.below += [[""] * s.width] * r.choice([1, 3, 20, 60])


@pollution("ends", .2)
def end_of_file_mark(r, s):
    """a Ctrl-Z at the end, as DOS programs write it"""
    s.tail = "\x1a"


# The heading.

@pollution("heading", 13)
def no_header(r, s):
    """no heading"""
    s.names, s.head = [], []


@pollution("heading", 5)
def header_2_rows(r, s):
    """a heading of two rows: groups over names, names over units, or words over words"""
    stack(r, s, 2)


@pollution("heading", 2)
def header_3_rows(r, s):
    """a heading of three rows"""
    stack(r, s, 3)


def stack(r, s, count):
    names, width = s.head[0], s.width
    groups = [""] * width
    for c in sorted(r.sample(range(width), max(2, width // 3))): groups[c] = r.choice(["general", "Results", "per year", "Contact", "Stock", "total", "plan"])
    units = [r.choice(["(kg)", "(EUR)", "[m]", "in %", "(code)", ""]) for _ in range(width)]
    if not any(units): units[-1] = "(EUR)"
    parts = [r.choice(["of record", "as filed", "reported", "shown", "internal"]) for _ in range(width)]
    s.head = [groups, names, units] if count == 3 else r.choice([[groups, names], [names, units], [names, parts]])
    s.names = [" ".join(x for x in column if x) for column in zip(*s.head)]


@pollution("heading", 12)
def empty_header_cells(r, s):
    """columns without a name"""
    for c in r.sample(range(s.width), r.choice([1, 1, max(1, s.width // 4)])): s.names[c] = ""
    s.head = [list(s.names)]


@pollution("heading", 8)
def duplicate_headers(r, s):
    """columns of the same name"""
    a, b = r.sample(range(s.width), 2)
    s.names[b] = s.names[a]
    s.head = [list(s.names)]


@pollution("heading", 2)
def multiline_headers(r, s):
    """names with line ends inside"""
    for c in r.sample(range(s.width), r.randint(1, 3)): s.names[c] = s.names[c] + "\n" + r.choice(["(EUR)", "in total", "code"])
    s.head = [list(s.names)]


@pollution("heading", 2)
def row_names(r, s):
    """rows start with a number or name of their own that the heading has no cell for"""
    s.names = [""] + s.names
    for i, row in enumerate(s.rows): row.insert(0, str(i + 1))
    s.all_quoted = r.random() < .6


@pollution("heading", 1, lambda r: tables.any_table(r, 1))
def header_only(r, s):
    """a heading without rows"""
    s.rows = []


@pollution("none", 1, lambda r: tables.any_table(r, 1))
def one_row(r, s):
    """a heading and one row"""


# Around the table.

def pad(row, s):
    return row + [""] * (s.width - len(row))


@pollution("above", 6)
def preamble(r, s):
    """lines of text above the table"""
    s.above += [[phrase(r, s)] for _ in range(r.randint(1, 4))]
    if r.random() < .5: s.above += [""] * r.randint(1, 2)


@pollution("above", 3)
def preamble_padded(r, s):
    """the same, padded with delimiters to the width of the table"""
    s.above += [pad([phrase(r, s)], s) for _ in range(r.randint(1, 3))]
    if r.random() < .5: s.above.append(pad([], s))


@pollution("above", 2)
def preamble_pairs(r, s):
    """names and values above the table: exported on, by, filter"""
    pairs = [["Exported on", "2024-%02d-%02d" % (r.randint(1, 12), r.randint(1, 28))], ["By", r.choice(tables.FIRST)], ["Filter", phrase(r, s, 1, 2)], ["Rows", str(len(s.rows))]]
    padded = r.random() < .4
    s.above += [pad(p, s) if padded else p for p in r.sample(pairs, r.randint(1, 4))] + [pad([], s) if padded else ""]


@pollution("above", 1)
def preamble_prose(r, s):
    """sentences above the table, with commas and quotes as they come; or lines of comment"""
    if r.random() < .5:
        s.above += ["# " + phrase(r, s, 3, 8) + r.choice(["", ", " + phrase(r, s), ": 12"]) for _ in range(r.randint(1, 5))]
    else:
        s.above += [phrase(r, s) + ", " + phrase(r, s) + r.choice([".", ', "' + phrase(r, s, 1, 2) + '".']) for _ in range(r.randint(1, 3))]
        s.above.append("")


@pollution("above", .5)
def blank_lines_above(r, s):
    """empty lines above the table"""
    s.above += [r.choice(["", pad([], s)])] * r.randint(1, 3)


@pollution("below", 2)
def footnotes(r, s):
    """notes below the table"""
    s.below += [""] * r.choice([0, 1, 2]) + [[n] for n in notes(r, s)]


@pollution("below", 2)
def footnotes_padded(r, s):
    """the same, padded with delimiters"""
    s.below += [pad([], s)] * r.choice([0, 1]) + [pad([n], s) for n in notes(r, s)]


@pollution("below", 1)
def footnotes_prose(r, s):
    """notes with commas as they come, counts of rows, dates of export"""
    s.below += [""] * r.choice([0, 1, 1])
    s.below += [r.choice(["Source: %s, %s" % (phrase(r, s, 1, 3), phrase(r, s, 1, 3)), "(%d rows affected)" % len(s.rows), "Exported on 12-03-2024, 11:15",
                          "* %s, see %s" % (phrase(r, s), phrase(r, s, 1, 2))])]


def notes(r, s):
    return [r.choice(["Source: ", "* ", "1) ", "Note: ", ""]) + phrase(r, s, 2, 8) for _ in range(r.randint(1, 3))]


def second_table(r, s, columns):
    other = tables.any_table(r, r.choice([84, r.randint(3, 40)]), columns)
    names = (other.names + ["x%d" % i for i in range(columns)])[:columns]
    rows = [(row + ["%d" % r.randint(0, 99) for _ in range(columns)])[:columns] for row in other.rows]
    style = r.randrange(4)
    gap = [[""], [[""] * s.width], [], ["", ["Table 2: " + phrase(r, s)]]][style]
    below = gap + [names] + rows
    if style == 1:  # saved from a grid: all lines are as wide as the widest
        wide = max(s.width, columns)
        below = [row + [""] * (wide - len(row)) for row in below]
        if wide > s.width:
            lacking = wide - s.width
            s.passes.append(lambda sheet, lines: [line + sheet.delimiter * lacking for line in lines])
    s.below += below


@pollution("below", 2)
def second_table_less(r, s):
    """another table below, of fewer columns"""
    second_table(r, s, max(2, s.width - r.randint(1, 3)))


@pollution("below", 2)
def second_table_more(r, s):
    """another table below, of more columns"""
    second_table(r, s, s.width + r.randint(1, 3))


@pollution("below", 2)
def second_table_same(r, s):
    """another table below, of as many columns"""
    second_table(r, s, s.width)


@pollution("none", 2)
def total_row(r, s):
    """a row of sums at the end: a row of the table"""
    totals = [r.choice(["Total", "Totaal", "Summe"])] + [""] * (s.width - 1)
    for c in range(1, s.width):
        if all(x.replace(".", "").replace(",", "").isdigit() for row in s.rows for x in [row[c]]): totals[c] = str(r.randint(1000, 99999))
    if sum(1 for c in totals if c) == 1: totals[-1] = str(r.randint(1000, 99999))
    s.rows.append(totals)
