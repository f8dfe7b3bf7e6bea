"""Tables made of tables, and tables that are checked, without a server."""

import json

from cli_case import CliCase

ORDERS = ('Order No,Name,Qty,Price,Status,Country\n1, Ann ,3,"12,35",paid,NL\n2,Bob,1,"1,00",cancelled,BE\n'
          '3,Zoë,x,"2,00",open,XX\n4,Eve,2,"0,05",open,BE\n')
SPEC = {
    "spec": 1,
    "lookups": {"countries": {"file": "countries.csv", "key": ["code"]}},
    "rows": {"filter": "Status != 'cancelled'"},
    "fields": [
        {"target": "id", "from": ["Order No"], "steps": [{"op": "parse_int"}]},
        {"target": "name", "expr": "trim(Name)"},
        {"target": "total", "type": "decimal(12,2)", "expr": "parse_int(Qty) * parse_decimal(Price, 2, ',')"},
        {"target": "country", "expr": "lookup('countries', 'name', Country)"},
    ],
}
RULES = {"rules": [{"rule": "required", "column": "Name"}, {"rule": "type", "column": "Qty", "type": "int"},
                   {"rule": "enum", "column": "Status", "values": ["paid", "open"], "severity": "warning"}]}


class Transform(CliCase):
    def setUp(self):
        super().setUp()
        self.file("orders.csv", ORDERS.encode())
        self.file("countries.csv", b"code,name\nNL,Netherlands\nBE,Belgium\n")
        self.file("spec.json", json.dumps(SPEC).encode())
        self.file("rules.json", json.dumps(RULES).encode())

    def test_a_file_becomes_another_one_and_says_what_it_refused(self):
        done = self.expect(3, "transform", "orders.csv", "out.csv", "--spec", "spec.json", "--rejects", "rejects.csv", "--problems", "problems.ndjson", "--json")
        self.assertEqual(self.read("out.csv").decode(), "id,name,total,country\r\n1,Ann,37.05,Netherlands\r\n4,Eve,0.10,Belgium\r\n")
        self.assertEqual(self.read("rejects.csv").decode().splitlines()[1], '3,Zoë,x,"2,00",open,XX,3,total: not_a_whole_number')
        problem = json.loads(self.read("problems.ndjson"))
        self.assertEqual((problem["row"], problem["column"], problem["code"], problem["value"]), (3, "total", "not_a_whole_number", "x"))
        report = json.loads(done.out)
        self.assertEqual([report[key] for key in ("rows_in", "rows_out", "rows_filtered", "rows_rejected")], [4, 2, 1, 1])
        self.assertEqual(len(report["spec_sha256"]), 64)

    def test_rejects_put_right_go_through_the_same_spec(self):
        self.expect(3, "transform", "orders.csv", "out.csv", "--spec", "spec.json", "--rejects", "rejects.csv")
        self.file("rejects.csv", self.read("rejects.csv").replace(b",x,", b",5,"))
        self.expect(0, "transform", "rejects.csv", "more.csv", "--spec", "spec.json")
        self.assertEqual(self.read("more.csv").decode(), "id,name,total,country\r\n3,Zoë,10.00,\r\n")

    def test_every_format_and_standard_output(self):
        for name in ("out.ndjson", "out.parquet", "out.xlsx", "out.csv.gz"):
            self.expect(3, "transform", "orders.csv", name, "--spec", "spec.json")
            self.assertGreater(len(self.read(name)), 50)
        done = self.expect(3, "transform", "-", "-", "--to", "ndjson", "--spec", "spec.json", input=ORDERS)
        self.assertEqual(json.loads(done.out.splitlines()[0]), {"id": 1, "name": "Ann", "total": 37.05, "country": "Netherlands"})

    def test_a_spec_that_is_wrong_is_refused_with_its_place(self):
        self.file("bad.json", json.dumps({"spec": 1, "fields": [{"target": "a", "expr": "trimm(Name)"}, {"target": "b", "from": ["Nme"]}]}).encode())
        done = self.expect(2, "transform", "orders.csv", "out.csv", "--spec", "bad.json")
        self.assertIn('/fields/0/expr: column 1: there is no operator "trimm"; did you mean "trim"?', done.err)
        self.assertIn('/fields/1/from/0: there is no column "Nme"; did you mean "Name"?', done.err)
        self.file("bad.json", b'{"spec": 1, "feilds": []}')
        self.assertIn('did you mean "fields"?', self.expect(2, "transform", "orders.csv", "out.csv", "--spec", "bad.json").err)
        self.assertIn("--spec", self.expect(2, "transform", "orders.csv", "out.csv").err)

    def test_a_preview_and_references(self):
        seen = json.loads(self.expect(0, "transform", "orders.csv", "--spec", "spec.json", "--preview", "2").out)
        self.assertEqual(seen["rows"][0]["target"]["total"], "37.05")
        self.assertTrue(seen["rows"][1]["filtered"])
        self.assertIn("parse_decimal", self.expect(0, "transform", "--operators").out)
        self.assertEqual(json.loads(self.expect(0, "transform", "--schema").out)["type"], "object")

    def test_a_schema_of_others_becomes_a_spec(self):
        self.file("schema.json", b'{"fields": [{"name": "Order No", "type": "integer"}, {"name": "Name", "type": "string", "constraints": {"required": true}}]}')
        self.file("imported.json", self.expect(0, "transform", "--import", "schema.json").out.encode())
        self.expect(0, "transform", "orders.csv", "out.csv", "--spec", "imported.json")
        self.assertEqual(self.read("out.csv").decode().splitlines()[0], "Order No,Name")


class Validate(CliCase):
    def setUp(self):
        super().setUp()
        self.file("orders.csv", ORDERS.encode())
        self.file("rules.json", json.dumps(RULES).encode())

    def test_bad_cells_are_told_and_rows_kept_apart(self):
        self.expect(3, "validate", "orders.csv", "--rules", "rules.json", "--problems", "problems.ndjson", "--rejects", "rejects.csv", "--accepted", "good.csv")
        problems = [json.loads(line) for line in self.read("problems.ndjson").splitlines()]
        self.assertEqual([(p["row"], p["rule"], p["severity"]) for p in problems], [(2, "enum(Status)", "warning"), (3, "type(Qty)", "error")])
        self.assertEqual(len(self.read("good.csv").splitlines()), 4)
        self.assertEqual(len(self.read("rejects.csv").splitlines()), 2)

    def test_a_good_file_is_status_0(self):
        self.file("good.csv", b"Name,Qty,Status\nAnn,1,paid\n")
        self.expect(0, "validate", "good.csv", "--rules", "rules.json")

    def test_lines_that_are_no_rows_are_told_too(self):
        self.file("ragged.csv", b"Name,Qty,Status\nAnn,1,paid\nBob,2,paid\nEve,3,paid\n\xff\xfe,1,paid,7,8,9\nJan,1,open\n")
        done = self.run_cli("validate", "ragged.csv", "--rules", "rules.json", "--problems", "problems.ndjson", "--json")
        report = json.loads(done.out)
        lines = [json.loads(line) for line in self.read("problems.ndjson").splitlines()]
        self.assertEqual(report["rows_unreadable"], sum("line" in problem for problem in lines))

    def test_rules_that_are_wrong_are_refused(self):
        self.file("bad.json", b'{"rules": [{"rule": "requird", "column": "Name"}]}')
        self.assertIn('did you mean "required"?', self.expect(2, "validate", "orders.csv", "--rules", "bad.json").err)
        self.assertIn("no_match", self.expect(0, "validate", "--kinds").out)
