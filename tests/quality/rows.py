"""Pollutions of single rows, or of the same thing in many of them."""

import tables
from pollutions import phrase, pollution


def some_row(r, s, heading=True):
    return r.randrange(-1 if heading and s.head else 0, len(s.rows))


def text_columns(s):
    return [c for c in range(s.width) if sum(1 for row in s.rows if " " in row[c]) * 4 > len(s.rows)]


def texty(r, s):
    """A column of phrases; makes one where there is none."""
    found = text_columns(s)
    if found: return r.choice(found)
    c = r.randrange(1, s.width)
    for row in s.rows: row[c] = phrase(r, s, 2, 5)
    return c


def parts_of(s, cells):
    return [s.cell(c) for c in cells]


@pollution("row", 5)
def row_less_separator(r, s):
    """a delimiter is lost between two cells of a row"""
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        k = r.randrange(s.width - 1)
        def edit(sheet, cells, k=k):
            parts = parts_of(sheet, cells)
            return sheet.delimiter.join(parts[:k] + [parts[k] + parts[k + 1]] + parts[k + 2:])
        s.edits[some_row(r, s)] = edit


@pollution("row", 5)
def row_more_separator(r, s):
    """a delimiter too many in a row"""
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        k = r.randrange(s.width + 1)
        s.edits[some_row(r, s)] = lambda sheet, cells, k=k: sheet.delimiter.join(parts_of(sheet, cells[:k]) + [""] + parts_of(sheet, cells[k:]))


@pollution("row", 3)
def row_short(r, s):
    """the empty cells at the end of a row are not written"""
    for i in r.sample(range(len(s.rows)), min(len(s.rows), r.choice([1, 1, 3]))):
        k = r.randint(1, max(1, s.width - 2))
        s.rows[i][k + 1:] = [""] * (s.width - k - 1)
        s.edits[i] = lambda sheet, cells, k=k: sheet.line(cells[:k + 1])


@pollution("rows", 4)
def rows_trimmed(r, s):
    """no row has its empty cells at the end written"""
    share = r.choice([.2, .5, .8])
    for i, row in enumerate(s.rows):
        if r.random() < share: row[-1] = ""
        if row[-1] == "" and r.random() < share: row[-2] = ""
        keep = max((c for c, text in enumerate(row) if text), default=0) + 1
        s.edits[i] = lambda sheet, cells, keep=keep: sheet.line(cells[:keep])


@pollution("rows", 3)
def rows_end_in_delimiter(r, s):
    """every row, not the heading, ends in a delimiter"""
    for i in range(len(s.rows)): s.edits[i] = lambda sheet, cells: sheet.line(cells) + sheet.delimiter


@pollution("rows", 2)
def lines_end_in_delimiter(r, s):
    """every line ends in a delimiter: a last column without name and cells"""
    s.names = s.names + [""] if s.names else []
    s.head = [row + [""] for row in s.head]
    for row in s.rows: row.append("")


@pollution("row", 4)
def unquoted_delimiter(r, s):
    """a text with a delimiter in it that nothing quotes"""
    c = texty(r, s)
    for i in r.sample(range(len(s.rows)), min(len(s.rows), r.choice([1, 2, 4]))):
        words = (s.rows[i][c] or phrase(r, s, 3, 5)).replace('"', "").split(" ")
        if len(words) < 2: words.append(phrase(r, s, 1, 2))
        at = r.randint(1, len(words) - 1)
        def edit(sheet, cells, c=c):
            return sheet.delimiter.join(cell if k == c else sheet.cell(cell) for k, cell in enumerate(cells))
        s.rows[i][c] = " ".join(words[:at]).rstrip(",;") + s.delimiter + " ".join(words[at:])
        s.edits[i] = edit


@pollution("row", 3)
def stray_quote(r, s):
    """a quote where none belongs: at the start of a cell, in it, at its end"""
    for i in r.sample(range(len(s.rows)), min(len(s.rows), r.choice([1, 1, 2]))):
        c = r.randrange(s.width)
        text = s.rows[i][c].replace(s.delimiter, " ").replace(s.quote, "").replace("\n", " ").replace("\r", " ")
        at = r.choice([0, 0, len(text), r.randint(0, len(text))])
        text = text[:at] + '"' + text[at:]
        s.rows[i][c] = text
        s.edits[i] = lambda sheet, cells, c=c: sheet.delimiter.join(cell if k == c else sheet.cell(cell) for k, cell in enumerate(cells))


@pollution("row", 1)
def inch_marks(r, s):
    """a column of sizes in inches, never quoted"""
    c = r.randrange(1, s.width)
    for i, row in enumerate(s.rows):
        row[c] = r.choice(['%d"', '%d" pipe', '%d.5" x 2"']) % r.randint(1, 60)
        s.edits[i] = lambda sheet, cells: sheet.delimiter.join(cell if k == c else sheet.cell(cell) for k, cell in enumerate(cells))


@pollution("row", 1)
def quote_not_closed(r, s):
    """a quoted cell lost its closing quote"""
    half_quoted(r, s, lambda text: '"' + text)


@pollution("row", .5)
def quote_not_opened(r, s):
    """a quoted cell lost its opening quote"""
    half_quoted(r, s, lambda text: text + '"')


def half_quoted(r, s, broken):
    """Truth keeps the quote that is left: nothing says that it is not text."""
    i, c = some_row(r, s, False), r.randrange(s.width)
    s.rows[i][c] = broken(s.rows[i][c].replace('"', "").replace(s.delimiter, "").replace("\n", " ").replace("\r", " ") or "x")
    s.edits[i] = lambda sheet, cells: sheet.delimiter.join(cell if k == c else sheet.cell(cell) for k, cell in enumerate(cells))


def delimited(r, s, delimiter):
    def edit(sheet, cells):
        kept, sheet.delimiter = sheet.delimiter, delimiter
        try: return sheet.line(cells)
        finally: sheet.delimiter = kept
    s.edits[some_row(r, s)] = edit


@pollution("row", 2)
def row_by_spaces(r, s):
    """a row delimited by spaces"""
    delimited(r, s, " ")


@pollution("row", 1)
def row_by_another(r, s):
    """a row delimited by a semicolon, a tab or a bar"""
    delimited(r, s, r.choice([d for d in ";\t|," if d != s.delimiter[0]]))


def whole_quoted(sheet, cells):
    quote = sheet.quote or '"'
    return quote + sheet.line(cells).replace(quote, quote * 2) + quote


@pollution("row", .5)
def row_in_quotes(r, s):
    """a row that is quoted as a whole"""
    s.edits[some_row(r, s)] = whole_quoted


@pollution("rows", 1)
def rows_in_quotes(r, s):
    """every line is quoted as a whole: a file opened as one column and saved again"""
    for i in range(-len(s.head), len(s.rows)): s.edits[i] = whole_quoted


@pollution("row", 1)
def row_split(r, s):
    """a text with a line end in it that nothing quotes"""
    c = texty(r, s)
    i = some_row(r, s, False)
    first, second = phrase(r, s, 2, 4), phrase(r, s, 2, 4)
    s.rows[i][c] = first + s.end + second
    s.joined = 1
    def edit(sheet, cells):
        return sheet.delimiter.join(first + sheet.end + second if k == c else sheet.cell(cell) for k, cell in enumerate(cells))
    s.edits[i] = edit


@pollution("row", 1)
def blank_lines(r, s):
    """empty lines between the rows"""
    places = set(r.sample(range(len(s.rows)), max(1, len(s.rows) // r.choice([4, 20]))))
    s.passes.append(lambda sheet, lines: [line if i not in places else line + sheet.end for i, line in enumerate(lines)])


def in_dialect(weight, name, says, **k):
    def apply(r, s):
        for field, value in k.items(): setattr(s, field, value)
        s.empty_quoted = s.delimiter == " " and r.random() < .5
        # Something must need quotes for a dialect to show that it has them.
        if s.quote and not s.all_quoted and k.keys() & {"quote", "escape"}:
            c = texty(r, s)
            for row in r.sample(s.rows, min(len(s.rows), r.randint(3, 8))):
                row[c] = "%s%s %s" % (phrase(r, s, 1, 2), s.delimiter[0], phrase(r, s, 1, 2))
                if k.get("escape", '""') != '""': row[c] += ' %s%s%s here' % (s.quote, phrase(r, s, 1, 1), s.quote)
    apply.__name__, apply.__doc__ = name, says
    pollution("dialect", weight)(apply)


in_dialect(18, "semicolon", "delimited by semicolons", delimiter=";")
in_dialect(4, "tab", "delimited by tabs", delimiter="\t")
in_dialect(1, "tab_without_quotes", "delimited by tabs, quotes are text", delimiter="\t", quote="")
in_dialect(.5, "pipe", "delimited by bars", delimiter="|")
in_dialect(.5, "space", "delimited by spaces", delimiter=" ")
in_dialect(.5, "comma_space", "delimited by comma and space", delimiter=", ")
in_dialect(.1, "caret", "delimited by carets", delimiter="^")
in_dialect(.1, "colon", "delimited by colons", delimiter=":")
in_dialect(.1, "two_bars", "delimited by two bars", delimiter="||")
in_dialect(.1, "unit_separator", "delimited by the unit separator", delimiter="\x1f")
in_dialect(.3, "single_quote", "quoted with apostrophes", quote="'", escape="''")
in_dialect(.3, "backslash", "quotes escaped by backslashes", escape='\\"')
in_dialect(.2, "no_escape", "quotes in quoted cells not escaped", escape='"')
in_dialect(3, "all_quoted", "every cell quoted", all_quoted=True)
in_dialect(1, "semicolon_all_quoted", "semicolons, every cell quoted", delimiter=";", all_quoted=True)


@pollution("dialect", .5)
def sep_line(r, s):
    """a first line that names the delimiter for a spreadsheet: sep=;"""
    s.delimiter = r.choice(";;,\t|")
    s.above.insert(0, "sep=" + s.delimiter)


@pollution("lines", 40)
def lf(r, s):
    """lines end in LF"""
    s.end = "\n"


@pollution("lines", 2)
def cr(r, s):
    """lines end in CR"""
    s.end = "\r"


@pollution("lines", 3)
def mixed_line_ends(r, s):
    """lines end in CRLF and LF"""
    odd = r.choice([2, 10, 50])
    ends = {i for i in range(5000) if r.random() < 1 / odd}
    s.ends = lambda i: "\n" if i in ends else "\r\n"


@pollution("lines", .5)
def cr_cr_lf(r, s):
    """lines end in CR CR LF, as programs write that translate line ends twice"""
    s.end = "\r\r\n"


def encoded(weight, name, says, encoding, mark=b""):
    def apply(r, s):
        s.encoding, s.mark = encoding, mark
        s.rows[r.randrange(len(s.rows))][text_columns(s)[0] if text_columns(s) else 1] = "Café Müller, één"
    apply.__name__, apply.__doc__ = name, says
    pollution("encoding", weight)(apply)


encoded(8, "utf8_mark", "UTF-8 with a byte order mark", "utf-8", b"\xef\xbb\xbf")
encoded(2, "utf16le", "UTF-16, little endian, with a mark", "utf-16-le", b"\xff\xfe")
encoded(.3, "utf16be", "UTF-16, big endian, with a mark", "utf-16-be", b"\xfe\xff")
encoded(.2, "utf16_without_mark", "UTF-16 without a mark", "utf-16-le")
encoded(8, "windows_1252", "Windows-1252", "cp1252")


@pollution("encoding", 1)
def one_row_windows_1252(r, s):
    """UTF-8, but for one row in Windows-1252"""
    i = r.randrange(len(s.rows))
    for row in r.sample(s.rows, min(len(s.rows), 12)): row[-1] = r.choice(["één", "Köln", "São Paulo", "Curaçao"])
    s.rows[i][-1] = "Zürich naïf"
    s.bytes = lambda data: data.replace("Zürich naïf".encode(), "Zürich naïf".encode("cp1252"))
