"""A file with twelve kinds of errors, one row in a hundred each: validation finds every one and nothing else, and what it refuses,
corrected, makes the file whole."""

import csv
import datetime
import io
import json
import random

from cli_case import CliCase

ROWS, EACH = 10_000, 100
COLUMNS = ["id", "name", "email", "iban", "ean", "qty", "price", "ordered", "shipped", "status", "postcode", "country"]
COUNTRIES = ["NL", "BE", "DE", "FR"]
RULES = {"lookups": {"countries": {"file": "countries.csv", "key": ["code"]}},
         "rules": [
             {"rule": "unique", "column": "id"},
             {"rule": "required", "column": "name"},
             {"rule": "format", "column": "email", "format": "email"},
             {"rule": "format", "column": "iban", "format": "iban"},
             {"rule": "format", "column": "ean", "format": "ean"},
             {"rule": "type", "column": "qty", "type": "int"},
             {"rule": "type", "column": "price", "type": "decimal(10,2)", "point": ","},
             {"rule": "range", "column": "qty", "min": 1, "max": 999},
             {"rule": "type", "column": "ordered", "type": "date"},
             {"rule": "type", "column": "shipped", "type": "date"},
             {"rule": "row", "expr": "shipped >= ordered", "column": "shipped"},
             {"rule": "enum", "column": "status", "values": ["open", "paid", "sent"]},
             {"rule": "pattern", "column": "postcode", "pattern": "[1-9][0-9]{3} ?[A-Z]{2}"},
             {"rule": "reference", "column": "country", "lookup": "countries"},
         ]}


def iban(bank, number):
    body = f"{bank}{number:010d}"
    digits = "".join(str(int(c, 36)) for c in body + "NL00")
    return f"NL{98 - int(digits) % 97:02d}{body}"


def ean(number):
    body = f"{number:012d}"
    return body + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10)


def swapped(text, at):
    """Two neighbours that differ change places: what a check digit is for."""
    while text[at] == text[at + 1]:
        at -= 1
    return text[:at] + text[at + 1] + text[at] + text[at + 2:]


def clean_rows(chance):
    for n in range(ROWS):
        ordered = datetime.date(2024, 1, 1) + datetime.timedelta(days=chance.randrange(700))
        yield {"id": f"SO-{n:06d}", "name": chance.choice(["Zoë", "O'Neil, Ann", 'The "Shop"', "Müller GmbH"]) + f" {n}",
               "email": f"user{n}@example.org", "iban": iban("ABNA", chance.randrange(10**10)), "ean": ean(chance.randrange(10**12)),
               "qty": str(chance.randrange(1, 1000)), "price": f"{chance.randrange(100_000)},{chance.randrange(100):02d}",
               "ordered": ordered.isoformat(), "shipped": (ordered + datetime.timedelta(days=chance.randrange(30))).isoformat(),
               "status": chance.choice(["open", "paid", "sent"]), "postcode": f"{chance.randrange(1000, 10000)} {chance.choice(['AB', 'XZ'])}",
               "country": chance.choice(COUNTRIES)}


#: What goes wrong: the column, the code that says so, and how.
KINDS = [
    ("id", "duplicate", lambda row, rows, n: rows[n - 1]["id"]),
    ("name", "required", lambda row, rows, n: " "),
    ("email", "bad_format", lambda row, rows, n: row["email"].replace("@", " at ")),
    ("iban", "bad_format", lambda row, rows, n: swapped(row["iban"], 15)),
    ("ean", "bad_format", lambda row, rows, n: row["ean"][:-1] + str((int(row["ean"][-1]) + 1) % 10)),
    ("qty", "not_a_whole_number", lambda row, rows, n: "ten"),
    ("qty", "out_of_range", lambda row, rows, n: str(1000 + n)),
    ("price", "not_a_number", lambda row, rows, n: row["price"] + "EUR?"),
    ("ordered", "impossible_date", lambda row, rows, n: "2023-02-29"),
    ("shipped", "row_rule", lambda row, rows, n: "2023-12-31"),
    ("status", "not_in_list", lambda row, rows, n: "piad"),
    ("country", "unknown_reference", lambda row, rows, n: "XX"),
]


def text_of(rows, columns=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


class SeededErrors(CliCase):
    def setUp(self):
        super().setUp()
        chance = random.Random(5)
        self.clean = list(clean_rows(chance))
        self.dirty = [dict(row) for row in self.clean]
        # Every other row, so that the row before an error is a good one.
        places = chance.sample(range(2, ROWS, 2), len(KINDS) * EACH)
        self.expected = set()
        for at, (column, code, spoil) in zip(places, KINDS * EACH):
            self.dirty[at][column] = spoil(self.clean[at], self.clean, at)
            self.expected.add((at + 1, column, code))
        self.file("orders.csv", text_of(self.dirty))
        self.file("countries.csv", "\n".join(["code", *COUNTRIES]).encode())
        self.file("rules.json", json.dumps(RULES).encode())

    def validate(self, status, name, accepted):
        self.expect(status, "validate", name, "--rules", "rules.json", "--accepted", accepted, "--rejects", "rejects.csv", "--problems", "problems.ndjson")
        return list(csv.DictReader(io.StringIO(self.read(accepted).decode())))

    def test_every_error_is_found_nothing_else_and_what_is_corrected_makes_the_file_whole(self):
        good = self.validate(3, "orders.csv", "good.csv")
        problems = [json.loads(line) for line in self.read("problems.ndjson").splitlines()]
        found = {(p["row"], p["column"], p["code"]) for p in problems}
        self.assertEqual(sorted(found - self.expected), [], "nothing else")
        self.assertEqual(sorted(self.expected - found), [], "every one")
        self.assertEqual(len(problems), len(KINDS) * EACH)

        refused = list(csv.DictReader(io.StringIO(self.read("rejects.csv").decode())))
        self.assertEqual(len(refused) + len(good), ROWS)
        corrected = [{**row, **self.clean[int(row["millrace_row"]) - 1]} for row in refused]
        self.file("corrected.csv", text_of(corrected, list(refused[0])))
        good += self.validate(0, "corrected.csv", "more.csv")
        self.assertTrue(sorted(good, key=lambda row: row["id"]) == self.clean, "whole again")
