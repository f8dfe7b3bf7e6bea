"""Many files at once, and what a file holds, without a server."""

import json
import os

from cli_case import CliCase


class Analyze(CliCase):
    def test_a_report_in_markdown_or_json(self):
        self.file("orders.csv", b"id;price;note\n1;1,50;\n2;2,50;\n3;x;\n")
        text = self.expect(0, "analyze", "orders.csv").out
        self.assertTrue(text.startswith("# "), text)
        self.assertIn("price", text)
        lines = [json.loads(line) for line in self.expect(0, "analyze", "--json", "orders.csv", "orders.csv").out.splitlines()]
        self.assertEqual(lines[0], lines[1])
        found = lines[0]
        self.assertEqual((found["in"], found["format"], found["rows"], found["dialect"]["delimiter"]), ("orders.csv", "csv", 3, ";"))
        self.assertEqual([c["name"] for c in found["columns"]], ["id", "price", "note"])
        self.assertIn("empty_column", [f["code"] for f in found["quality"]])

    def test_compressed_files_other_tables_and_files_that_are_missing(self):
        self.file("two.csv", b"a,b\n1,2\n3,4\n5,6\n\n\n\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n")
        rows = lambda *more: [json.loads(line)["column_count"] for line in self.expect(0, "analyze", "--json", *more).out.splitlines()]
        self.assertEqual(rows("two.csv", "--table", "2"), [3])
        import gzip
        self.file("a.csv.gz", gzip.compress(b"a,b\n1,2\n"))
        self.assertEqual(rows("a.csv.gz"), [2])
        self.assertIn("absent.csv", self.expect(5, "analyze", "absent.csv").err)


class Batch(CliCase):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("in"))
        self.file("in/a.csv", b"sku;qty\nA1;3\nA2;4\n")
        self.file("in/b.csv", b"sku,qty\nB1,5\nB2,x\n")
        self.file("rules.json", json.dumps({"rules": [{"rule": "type", "column": "qty", "type": "int"}]}).encode())
        self.file("spec.json", json.dumps({"spec": 1, "fields": [{"target": "id", "from": ["sku"]}, {"target": "n", "from": ["qty"], "steps": [{"op": "parse_int"}]}]}).encode())

    def batch(self, status, operation, *more):
        done = self.expect(status, "batch", operation, "in/a.csv", "in/b.csv", "in/absent.csv", "--into", "out", "--json", *more)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_each_operation_goes_on_after_a_file_that_fails(self):
        for operation, more, made in (("convert", ("--to", "ndjson"), ["a.ndjson", "b.ndjson"]),
                                      ("analyze", (), ["a-analysis.json", "b-analysis.json"]),
                                      ("transform", ("--spec", "spec.json"), ["a.csv", "a-rejects.csv", "b.csv", "b-problems.ndjson"]),
                                      ("validate", ("--rules", "rules.json"), ["a.csv", "b.csv", "b-rejects.csv"])):
            with self.subTest(operation):
                lines = self.batch(3, operation, *more)
                self.assertEqual([line["in"] for line in lines], ["in/a.csv", "in/b.csv", "in/absent.csv"])
                self.assertEqual([("error_code" in line) for line in lines], [False, False, True], lines)
                for name in made:
                    self.assertTrue(os.path.exists(self.path("out/" + name)), name)

    def test_what_is_refused_is_beside_what_is_good(self):
        self.batch(3, "validate", "--rules", "rules.json")
        self.assertEqual(self.read("out/b.csv"), b"sku,qty\r\nB1,5\r\n")
        self.assertTrue(self.read("out/b-rejects.csv").splitlines()[1].startswith(b"B2,x,"))

    def test_files_of_one_name_do_not_overwrite_each_other(self):
        os.mkdir(self.path("more"))
        self.file("more/a.csv", b"sku,qty\nZ,1\n")
        self.expect(0, "batch", "convert", "in/a.csv", "more/a.csv", "--into", "out")
        self.assertEqual((self.read("out/a.csv"), self.read("out/a-2.csv")), (b"sku,qty\r\nA1,3\r\nA2,4\r\n", b"sku,qty\r\nZ,1\r\n"))

    def test_what_an_operation_needs_is_asked_for(self):
        self.assertIn("--spec", self.expect(2, "batch", "transform", "in/a.csv", "--into", "out").err)
        self.assertIn("--rules", self.expect(2, "batch", "validate", "in/a.csv", "--into", "out").err)
        self.expect(2, "batch", "import", "in/a.csv", "--into", "out")
