"""How a stored file would be read, and what its first rows are under overrides, before anything is imported."""

import json
import uuid

from support.case import ApiCase
from support.client import multipart
from support.workbook import sheet, workbook

DOUBTFUL = b"a;b,c\n1;2,3\n4;5,6\n7;8,9\n"


class Sniff(ApiCase):
    def keep(self, content, name="data.txt"):
        body, kind = multipart([("file", name, content, "application/octet-stream")])
        answer = self.me.request("POST", "/api/v2/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def sniff(self, id_, body=None, status=200, client=None):
        answer = (client or self.me).post(f"/api/v2/files/{id_}/sniff", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def test_what_is_found_out_comes_with_the_first_rows(self):
        found = self.sniff(self.keep(b"sku;name;price\n007;bolt;1,50\n008;;\"\"\n" + b"".join(b"%d;nut;2,00\n" % i for i in range(50))))
        self.assertEqual((found["format"], found["delimiter"], found["names"]), ("csv", ";", ["sku", "name", "price"]))
        self.assertTrue(0 <= found["confidence"] <= 1 and found["candidates"], found)
        self.assertEqual(found["rows"][:2], [["007", "bolt", "1,50"], ["008", None, ""]])
        self.assertEqual(len(found["rows"]), 20)
        self.assertNotIn("tables", found)

    def test_overrides_are_tried_without_an_import(self):
        id_ = self.keep(DOUBTFUL)
        for dialect, names, first in [({"delimiter": ";"}, ["a", "b,c"], ["1", "2,3"]), ({"delimiter": ","}, ["a;b", "c"], ["1;2", "3"]),
                                      ({"delimiter": ";", "header": False}, ["column_1", "column_2"], ["a", "b,c"]),
                                      ({"widths": [2, 10]}, None, None)]:
            with self.subTest(dialect):
                found = self.sniff(id_, {"dialect": dialect})
                if names is None:
                    self.assertEqual(found["format"], "fixed")
                    continue
                self.assertEqual((found["names"], found["rows"][0]), (names, first))
        self.assertEqual(self.user().get("/api/v2/datasets").json()["items"], [])

    def test_rows_that_would_be_rejected_are_shown(self):
        found = self.sniff(self.keep(b"a,b\n" + b"1,2\n" * 9 + b"1,2,3,4,5\n3,4\n", "x.csv"))
        self.assertEqual([(r["line"], set(r)) for r in found["rejects"]], [(11, {"line", "code", "reason"})], found)

    def test_tables_are_listed_and_each_can_be_looked_at(self):
        book = workbook([("orders", "visible", sheet([["id", "n"], [1, 2]])), ("notes", "hidden", sheet([["secret"], [1]])), ("towns", "visible", sheet([["town"], ["Gent"], ["Aalst"]]))])
        blocks = b"code,name\n" + b"".join(b"A-%d,bolt\n" % i for i in range(30)) + b"\ntown,people,area\n" + b"".join(b"town%d,%d000,1.5\n" % (i, i) for i in range(30))
        for name, content, listed, second in [
                ("book.xlsx", book, [(1, "orders", None), (2, "towns", None), (3, "notes", True)], (["town"], ["Gent"])),
                ("blocks.csv", blocks, [(1, "", None), (2, "", None)], (["town", "people", "area"], ["town0", "0000", "1.5"])),
                ("two.json", b'{"a": [{"x": 1}, {"x": 2}, {"x": 3}], "b": [{"y": 4}]}', [(1, "a", None), (2, "b", None)], (["y"], ["4"]))]:
            with self.subTest(name):
                id_ = self.keep(content, name)
                found = self.sniff(id_)
                self.assertEqual([(t["table"], t["name"], t.get("hidden")) for t in found["tables"]], listed)
                found = self.sniff(id_, {"table": 2})
                self.assertEqual((found["names"], found["rows"][0]), second)

    def test_long_cells_are_cut_between_characters(self):
        found = self.sniff(self.keep(("a,b\n" + "x" + "é" * 5000 + ",2\n3,4\n").encode(), "long.csv"))
        cell = found["rows"][0][0]
        self.assertTrue(cell.startswith("xéé") and cell.endswith("é…") and len(cell) < 1000, cell[-5:])

    def test_overrides_that_are_not_known_are_422_with_a_pointer(self):
        id_, gone = self.keep(DOUBTFUL), self.keep(b'[{"a": 1}]', "a.json")
        for file, body, pointer, code in [
                (id_, {"dialect": {"delimeter": ";"}}, "/dialect/delimeter", "unknown_field"), (id_, {"dialect": {"header": "yes"}}, "/dialect/header", "wrong_type"),
                (id_, {"dialect": []}, "/dialect", "wrong_type"), (id_, {"table": 0}, "/table", "out_of_range"), (id_, {"table": "2"}, "/table", "wrong_type"),
                (id_, {"table": 2}, "/table", "unknown_value"), (id_, {"dialect": {"delimiter": ""}}, "/dialect/delimiter", "invalid_value"),
                (id_, {"dialect": {"encoding": "klingon"}}, "/dialect/encoding", "invalid_value"), (id_, {"tabel": 1}, "/tabel", "unknown_field"),
                (gone, {"dialect": {"delimiter": ";"}}, "/dialect/delimiter", "invalid_value")]:
            with self.subTest(body):
                answer = self.me.post(f"/api/v2/files/{file}/sniff", body)
                self.assertEqual([(e["pointer"], e["code"]) for e in self.assert_problem(answer, 422, "invalid_fields")["errors"]], [(pointer, code)])

    def test_what_cannot_be_read_says_why(self):
        for name, content, code in [("empty", b"", "empty_file"), ("binary", b"\x00\x01\x02" * 500, "not_text"), ("pdf", b"%PDF-1.7 ...\x00\x00", ("unsupported_format", "not_text")),
                                    ("cut.xlsx", workbook([("a", "visible", sheet([["x"], [1]]))])[:200], "malformed_file")]:
            with self.subTest(name):
                self.assert_problem(self.me.post(f"/api/v2/files/{self.keep(content, name)}/sniff"), 422, code)

    def test_foreign_and_unknown_files_are_404(self):
        id_, other = self.keep(DOUBTFUL), self.user()
        unknown = other.post(f"/api/v2/files/{uuid.uuid4()}/sniff", {})
        for body in ({}, {"dialect": {"x": 1}}, None):
            answer = other.post(f"/api/v2/files/{id_}/sniff", body)
            self.assertEqual((answer.status, answer.body), (404, unknown.body))


class Overrides(ApiCase):
    def rows(self, dataset):
        return self.me.get(f"/api/v2/datasets/{dataset['id']}/export?format=csv").text

    def put(self, content, query="", name="data.txt"):
        return self.me.request("PUT", f"/api/v2/imports/files/{name}{query}", body=content, headers={"Content-Type": "application/octet-stream"})

    def tagged(self):
        return DOUBTFUL + uuid.uuid4().hex.encode() + b";x,y\n"

    def test_an_upload_is_read_as_it_says(self):
        dialect = json.dumps({"delimiter": ",", "header": False})
        want = ["column_1", "column_2"]
        for name, send in [("field before the file", lambda c: self.me.upload(c, fields=[("dialect", dialect)])),
                           ("query of a form", lambda c: self.me.upload(c, params={"dialect": dialect})),
                           ("query of a PUT", lambda c: self.put(c, "?dialect=%7B%22delimiter%22:%22,%22,%22header%22:false%7D")),
                           ("field behind the file", lambda c: self.form([("file", "a.csv", c), ("dialect", None, dialect)]))]:
            with self.subTest(name):
                answer = send(self.tagged())
                self.assertEqual(answer.status, 201, answer)
                made = answer.json()
                self.assertEqual(([c["name"] for c in made["columns"]], made["row_count"]), (want, 5))

    def form(self, parts):
        body, kind = multipart(parts)
        return self.me.request("POST", "/api/v2/imports/files/upload", body=body, headers={"Content-Type": kind})

    def test_options_that_are_not_known_are_422_before_anything_is_kept(self):
        for query, pointer in [("?dialect=x", "/dialect"), ("?dialect=%7B%22x%22:1%7D", "/dialect/x"), ("?table=0", "/table"), ("?table=a", "/table"), ("?tables=some", "/tables")]:
            with self.subTest(query):
                answer = self.put(self.tagged(), query)
                self.assertEqual([e["pointer"] for e in self.assert_problem(answer, 422, "invalid_fields")["errors"]], [pointer])
        answer = self.me.upload(self.tagged(), fields=[("dialect", '{"x": 1}')])
        self.assertEqual([e["pointer"] for e in self.assert_problem(answer, 422, "invalid_fields")["errors"]], ["/dialect/x"])

    def test_a_key_that_this_format_has_not_fails_the_job(self):
        answer = self.put(b'[{"a": "%s"}]' % uuid.uuid4().hex.encode(), "?dialect=%7B%22delimiter%22:%22,%22%7D", "a.json")
        self.assertEqual(answer.json()["code"], "invalid_parameter", answer)
        self.assertTrue(answer.json()["job_id"])

    def test_a_stored_file_is_imported_again_with_another_dialect_as_a_new_version(self):
        first = self.completed_import(content=self.tagged(), filename="data.txt")
        job = {"kind": "import", "input": {"file_id": first["file_id"], "dialect": {"delimiter": ","}, "on_duplicate": "version"}}
        answer = self.me.post("/api/v2/jobs", job)
        self.assertEqual(answer.status, 201, answer)
        done = self.me.wait_job(answer.json()["id"])
        self.assertEqual(done["state"], "completed", done)
        second = self.me.get("/api/v2/datasets/" + done["related_dataset_id"]).json()
        self.assertEqual((second["version"], second["sha256"]), (first["version"] + 1, first["sha256"]))
        self.assertEqual([c["name"] for c in second["columns"]], ["a;b", "c"])
        del job["input"]["on_duplicate"]
        done = self.me.wait_job(self.me.post("/api/v2/jobs", job).json()["id"])
        self.assertEqual((done["state"], done["error_code"]), ("failed", "duplicate"))
        for input_, pointer in [({"dialect": {"x": 1}}, "/input/dialect/x"), ({"table": 0}, "/input/table"), ({"tables": "x"}, "/input/tables"), ({"on_duplicate": "x"}, "/input/on_duplicate")]:
            answer = self.me.post("/api/v2/jobs", {"kind": "import", "input": {"file_id": first["file_id"], **input_}})
            self.assertEqual([e["pointer"] for e in self.assert_problem(answer, 422, "invalid_fields")["errors"]], [pointer])
