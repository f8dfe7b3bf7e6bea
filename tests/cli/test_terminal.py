"""What a person sees: bars on a pseudo terminal, and the demo."""

import os
import re
import unittest
import uuid

from cli_case import CliCase, Terminal
from support import tokens
from support.case import csv


def screen(text, columns):
    """The lines that are left when all cursor movements have been obeyed; checks that no line was too long."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\??[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if part == "\n":
            row, column = row + 1, 0
            if row == len(lines):
                lines.append("")
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b["):
            if part.endswith("A"):
                row = max(0, row - int(part[2:-1] or 1))
            elif part.endswith("J"):
                lines[row:] = [lines[row][:column]]
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + part + line[column + len(part):]
            column += len(part)
            assert column < columns, f"a terminal would wrap {lines[row]!r}"
    return [line for line in lines if line.strip()]


class Bars(CliCase):
    def test_bars_move_through_the_stages_and_leave_one_line_per_file(self):
        server = self.server()
        env = {"MILLRACE_URL": f"http://127.0.0.1:{server.port}", "MILLRACE_TOKEN": tokens.token(str(uuid.uuid4()))}
        for name in ("one.csv", "two.csv", "three.csv"):
            self.file(name, csv(2000))
        terminal = Terminal(["import", "one.csv", "two.csv", "three.csv", "-q"], self.dir, env, columns=120)
        self.assertEqual(terminal.wait(), 0)
        for stage in (" 10% format_check", " 20% duplicate_check", " 40% stored", " 70% parsed", " 90% written"):
            self.assertIn(stage, terminal.text)
        left = screen(terminal.text, 120)
        ended = [line for line in left if line.startswith(("ok ", "\x1b[32mok"))]
        self.assertEqual(len([line for line in left if "2,000 rows" in line]), 3, left)
        self.assertFalse([line for line in left if "%" in line], ended)
        self.assertEqual(terminal.text.count("\x1b[?25h") > 0, True, "the cursor is shown again")
        self.assertGreater(terminal.text.rfind("\x1b[?25h"), terminal.text.rfind("\x1b[?25l"))

    def test_a_narrow_terminal_is_never_wrapped(self):
        server = self.server()
        env = {"MILLRACE_URL": f"http://127.0.0.1:{server.port}", "MILLRACE_TOKEN": tokens.token(str(uuid.uuid4()))}
        self.file("a-rather-long-name-of-a-file.csv", csv(500))
        terminal = Terminal(["import", "a-rather-long-name-of-a-file.csv", "-q"], self.dir, env, columns=40)
        self.assertEqual(terminal.wait(), 0)
        frames = [line for line in re.split(r"[\r\n]+", terminal.text) if "%" in line]
        self.assertTrue(frames)
        for line in frames:
            self.assertLess(len(re.sub(r"\x1b\[\??[0-9;]*[A-Za-z]", "", line)), 40, line)


class Demo(CliCase):
    SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "examples", "samples")

    def test_the_demo_imports_every_sample_and_may_be_repeated(self):
        options = ("demo", "--once", "--data-dir", "var", "--samples", self.SAMPLES)
        first = self.expect(0, *options, timeout=120)
        rows = {line.split("\t")[0]: line.split("\t") for line in first.out.splitlines()[1:]}
        self.assertEqual(len(rows), len([n for n in os.listdir(self.SAMPLES) if not n.startswith(".")]))
        self.assertEqual(rows["stock.tsv"][1], "10 → 20 → 40 → 70 → 90 → 100")
        self.assertEqual(rows["stock.tsv"][3], "2000")
        for name, row in rows.items():
            self.assertEqual(int(row[2]), int(row[3]) + int(row[4]) + int(row[5]), name)
            self.assertIn("/api/v2/datasets/", row[6])
        self.assertIn("The server is at http://127.0.0.1:", first.err)
        second = self.expect(0, *options, timeout=120)
        self.assertEqual({line.split("\t")[1] for line in second.out.splitlines()[1:]}, {"already imported"})

    def test_it_stays_up_until_ctrl_c(self):
        terminal = Terminal(["demo", "--data-dir", "var", "--samples", self.SAMPLES], self.dir, columns=160)
        terminal.until("until Ctrl-C", timeout=60)
        terminal.send(b"\x03")
        self.assertEqual(terminal.wait(), 0)


if __name__ == "__main__":
    unittest.main()
