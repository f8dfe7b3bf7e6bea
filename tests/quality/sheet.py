"""A table on its way into a file: what is written, and what ought to come out again."""

import re

LINE_ENDS = re.compile("\r\n|\n|\r")


class Sheet:
    """Truth (`names`, `rows`) beside everything that decides how it is written. Pollutions change one or the other side."""

    def __init__(self, table):
        self.habits = table.habits
        self.names = list(table.names)           # truth; empty when the file has no heading
        self.rows = [list(row) for row in table.rows]
        self.head = [list(table.names)]          # rows of the heading as written
        self.above, self.below = [], []          # rows around the table: lists of cells, or lines as they are
        self.delimiter, self.quote, self.escape = ",", '"', '""'
        self.all_quoted = self.empty_quoted = False
        self.end, self.last = "\r\n", 1          # line end, and how many of them behind the last line
        self.ends = None                         # called with the number of a line where line ends differ
        self.edits = {}                          # row -> how its line is written; -1 is the last of the heading
        self.passes = []                         # change the lines of heading and rows at once
        self.encoding, self.mark = "utf-8", b""
        self.bytes = None                        # a last change to the bytes
        self.tail = ""
        self.joined = 0                          # how many lines may be seen as part of the one before them
        self.inner = 0                           # line ends inside cells

    @property
    def width(self):
        return len(self.rows[0]) if self.rows else len(self.head[0])

    def cell(self, text):
        self.inner += len(LINE_ENDS.findall(text))
        if not self.quote: return text
        special = [self.delimiter[0], self.quote, "\n", "\r"]
        if self.all_quoted or any(s in text for s in special) or (self.empty_quoted and text == ""):
            return self.quote + text.replace(self.quote, self.escape) + self.quote
        return text

    def line(self, cells):
        return self.delimiter.join(self.cell(c) for c in cells)

    def around(self, rows):
        return [row if isinstance(row, str) else self.line(row) for row in rows]

    def write(self):
        """The bytes of the file, how many records it has, and how many lines."""
        self.inner = 0
        body = []
        for number, cells in enumerate(self.head + self.rows, -len(self.head)):
            edit = self.edits.get(number)
            body.append(edit(self, cells) if edit else self.line(cells))
        for change in self.passes: body = change(self, body)
        lines = self.around(self.above) + body + self.around(self.below)
        text = "".join(line + self.line_end(i) for i, line in enumerate(lines[:-1]))
        if lines: text += lines[-1] + self.line_end(len(lines) - 1) * self.last
        text += self.tail
        lines = len(LINE_ENDS.findall(text)) + (text != "" and text[-1] not in "\r\n")
        data = self.mark + text.encode(self.encoding)
        return (self.bytes(data) if self.bytes else data), lines - self.inner, lines

    def line_end(self, i):
        return self.ends(i) if self.ends else self.end
