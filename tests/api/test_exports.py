"""Exports: a dataset becomes a file of any format, in a job; the file is its owner's and comes back as an attachment."""

import csv as csv_
import gzip
import hashlib
import io
import json
import sqlite3
import tempfile
import time
import uuid

from support.case import ApiCase, csv

FORMATS = {"csv": b"sku,", "tsv": b"sku\t", "json": b"[\n{", "ndjson": b"{", "jsonl": b"{", "xlsx": b"PK", "xml": b"<?xml", "parquet": b"PAR1",
           "sql": b"BEGIN;", "sqlite": b"SQLite format 3", "markdown": b"| sku"}


class Exports(ApiCase):
    def export(self, dataset, client=None, wait=30, **body):
        """The answer to POST .../exports, waited for."""
        return (client or self.me).post(f"/api/v2/datasets/{dataset['id']}/exports", body, headers={"Prefer": f"wait={wait}"} if wait else {})

    def content(self, file, client=None):
        answer = (client or self.me).get(f"/api/v2/files/{file['file_id']}/content")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def test_every_format_is_a_file_of_its_owner(self):
        made = self.completed_import(content=csv(50), filename="orders.csv")
        for name, magic in FORMATS.items():
            with self.subTest(name):
                answer = self.export(made, format=name)
                self.assertEqual(answer.status, 201, answer)
                done = answer.json()
                file, = done["files"]
                self.assertEqual((file["file_id"], file["rows"], done["manifest"]["rows"]), (done["file_id"], 50, 50))
                self.assertEqual(answer.header("Location"), "/api/v2/files/" + done["file_id"])
                back = self.content(file)
                self.assertTrue(back.body.startswith(magic), back.body[:40])
                self.assertEqual((len(back.body), hashlib.sha256(back.body).hexdigest()), (file["bytes"], file["sha256"]))
                self.assertEqual((done["manifest"]["sha256"], done["manifest"]["bytes"]), (file["sha256"], file["bytes"]))
                self.assertIn("attachment", back.header("Content-Disposition"))
                self.assertIn("orders." + {"jsonl": "ndjson", "markdown": "md"}.get(name, name), back.header("Content-Disposition"))
                self.assertIn(file["file_id"], [f["id"] for f in self.me.get("/api/v2/files").json()["items"]])

    def test_without_prefer_the_job_is_answered_at_once(self):
        made = self.completed_import()
        answer = self.export(made, wait=0, format="xlsx")
        self.assertEqual(answer.status, 202, answer)
        job_id = answer.json()["job_id"]
        self.assertEqual(answer.header("Location"), "/api/v2/jobs/" + job_id)
        job = self.me.get(f"/api/v2/jobs/{job_id}?wait=30").json()
        self.assert_job(job)
        self.assertEqual((job["state"], job["type"], job["kind"], job["related_dataset_id"]), ("completed", "export", "export", made["id"]))
        self.assertEqual(job["filename"], "products.xlsx")
        result = self.me.get(f"/api/v2/jobs/{job_id}/result").json()
        self.assertTrue(self.content(result["files"][0]).body.startswith(b"PK"))

    def test_a_job_of_this_kind_can_be_made_like_any_other(self):
        made = self.completed_import()
        answer = self.me.post("/api/v2/jobs", {"kind": "export", "input": {"dataset_id": made["id"], "format": "ndjson"}})
        self.assertEqual(answer.status, 201, answer)
        job = self.me.get(f"/api/v2/jobs/{answer.json()['id']}?wait=30").json()
        self.assertEqual((job["state"], job["job_metadata"]["row_count"]), ("completed", 3), job)
        for body, pointer in (({"dataset_id": str(uuid.uuid4()), "format": "csv"}, "/input/dataset_id"), ({"dataset_id": made["id"]}, "/input/format"),
                              ({"dataset_id": made["id"], "format": "exe"}, "/input/format"), ({"dataset_id": made["id"], "format": "csv", "x": 1}, "/input/x")):
            doc = self.assert_problem(self.me.post("/api/v2/jobs", {"kind": "export", "input": body}), 422, "invalid_fields")
            self.assertIn(pointer, [e["pointer"] for e in doc["errors"]], body)

    def test_what_is_wrong_is_named_with_its_pointer(self):
        made = self.completed_import()
        for body, pointers in (({}, ["/format"]), ({"format": "exe"}, ["/format"]), ({"format": 5}, ["/format"]),
                               ({"format": "csv", "delimeter": ";"}, ["/delimeter"]), ({"format": "json", "delimiter": ";"}, ["/delimiter"]),
                               ({"format": "csv", "delimiter": ";;"}, ["/delimiter"]), ({"format": "csv", "delimiter": "\""}, ["/delimiter"]),
                               ({"format": "csv", "compression": "rar"}, ["/compression"]), ({"format": "sql", "style": "bulk"}, ["/style"]),
                               ({"format": "xlsx", "split_bytes": 100_000}, ["/split_bytes"]), ({"format": "csv", "split_rows": 0}, ["/split_rows"]),
                               ({"format": "csv", "split_rows": -1}, ["/split_rows"]), ({"format": "sqlite", "values": "original"}, ["/values"]),
                               ({"format": "csv", "null_text": "a,b"}, ["/null_text"]), ({"format": "sql", "table": ""}, ["/table"]),
                               ({"format": "csv", "header": "no", "bom": 1}, ["/header", "/bom"])):
            with self.subTest(body):
                doc = self.assert_problem(self.export(made, **body), 422, "invalid_fields")
                self.assertEqual(sorted(e["pointer"] for e in doc["errors"]), sorted(pointers))

    def test_options_do_what_they_say(self):
        made = self.completed_import(content=b"code;prijs;naam\n007;1.50;=1+1\n0012;;-5\n13;2.25;x\n")
        done = self.export(made, format="csv", delimiter=";", null_text="NULL", line_end="lf", quoting="all", bom=True).json()
        self.assertEqual(self.content(done["files"][0]).body, b"\xef\xbb\xbf\"code\";\"prijs\";\"naam\"\n\"007\";\"1.50\";\"'=1+1\"\n"
                                                              b"\"0012\";NULL;\"-5\"\n\"13\";\"2.25\";\"x\"\n")
        self.assertEqual(done["manifest"]["formulas_escaped"], 1)
        raw = self.export(made, format="csv", formulas="raw", compression="gzip").json()
        self.assertEqual(raw["filename"], "products.csv.gz")
        self.assertEqual(gzip.decompress(self.content(raw["files"][0]).body), b"code,prijs,naam\r\n007,1.50,=1+1\r\n0012,,-5\r\n13,2.25,x\r\n")
        with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
            file.write(self.content(self.export(made, format="sqlite", table="prijzen").json()["files"][0]).body)
            file.flush()
            database = sqlite3.connect(file.name)
            self.assertEqual(database.execute("select code, prijs, naam from prijzen").fetchall(), [("007", 1.5, "=1+1"), ("0012", None, "-5"), ("13", 2.25, "x")])
            database.close()

    def test_values_as_they_stood_or_typed(self):
        made = self.completed_import(content=b"when;amount\n31/01/2024;1.5\n28/02/2024;+2.25\n01/12/2023;3.00\n")
        rows = {values: self.content(self.export(made, format="csv", values=values).json()["files"][0]).text.splitlines()[1:] for values in ("original", "typed")}
        self.assertEqual(rows["original"], ["31/01/2024,1.5", "28/02/2024,+2.25", "01/12/2023,3.00"])
        self.assertEqual([r.split(",")[0] for r in rows["typed"]], ["2024-01-31", "2024-02-28", "2023-12-01"])
        self.assertEqual([float(r.split(",")[1]) for r in rows["typed"]], [1.5, 2.25, 3.0])
        streamed = self.me.get(f"/api/v2/datasets/{made['id']}/export?format=csv&values=typed").text.splitlines()[1:]
        self.assertEqual(streamed, rows["typed"])

    def test_parts(self):
        made = self.completed_import(content=csv(2500))
        done = self.export(made, format="csv", split_rows=1000).json()
        self.assertEqual([f["rows"] for f in done["files"]], [1000, 1000, 500])
        self.assertEqual([f["filename"] for f in done["files"]], ["products-0001.csv", "products-0002.csv", "products-0003.csv"])
        self.assertIsNone(done["manifest"]["sha256"])
        rows = [row for f in done["files"] for row in list(csv_.reader(io.StringIO(self.content(f).text)))[1:]]
        self.assertEqual(len(rows), 2500)
        self.assertEqual([r[1] for r in rows], [f"Product {i}" for i in range(2500)])
        by_size = self.export(made, format="ndjson", split_bytes=20_000).json()["files"]
        self.assertGreater(len(by_size), 5)
        self.assertEqual(sum(f["rows"] for f in by_size), 2500)
        self.assertTrue(all(20_000 <= f["bytes"] < 30_000 for f in by_size[:-1]), by_size)
        # More parts than there may be end the job, and no file of it stays.
        before = len(self.me.get("/api/v2/files?limit=1000").json()["items"])
        self.assert_problem(self.export(made, format="csv", split_rows=1), 400)
        self.assertEqual(len(self.me.get("/api/v2/files?limit=1000").json()["items"]), before)

    def test_an_export_is_of_its_owner_alone(self):
        made, other = self.completed_import(), self.user()
        unknown = other.post(f"/api/v2/datasets/{uuid.uuid4()}/exports", {"format": "csv"})
        foreign = self.export(made, other, format="csv")
        self.assertEqual((foreign.status, foreign.body), (404, unknown.body))
        self.assert_problem(other.post("/api/v2/jobs", {"kind": "export", "input": {"dataset_id": made["id"], "format": "csv"}}), 422)
        done = self.export(made, format="csv").json()
        for path in (f"/api/v2/files/{done['file_id']}", f"/api/v2/files/{done['file_id']}/content", f"/api/v2/jobs/{done['job_id']}",
                     f"/api/v2/jobs/{done['job_id']}/result"):
            self.assertEqual(other.get(path).status, 404, path)

    def test_the_same_request_twice_is_one_export(self):
        made = self.completed_import()
        key = {"Idempotency-Key": uuid.uuid4().hex}
        path = f"/api/v2/datasets/{made['id']}/exports"
        first, second = (self.me.post(path, {"format": "json"}, headers=key) for _ in range(2))
        self.assertEqual((first.status, first.json()["job_id"]), (202, second.json()["job_id"]))
        self.assert_problem(self.me.post(path, {"format": "csv"}, headers=key), 422, "idempotency_mismatch")

    def test_a_removed_dataset_leaves_its_exports(self):
        made = self.completed_import()
        done = self.export(made, format="csv").json()
        self.assertEqual(self.me.delete("/api/v2/datasets/" + made["id"]).status, 204)
        self.assertEqual(self.content(done["files"][0]).status, 200)

    def test_all_formats_that_stream_can_be_had_at_once(self):
        made = self.completed_import(content=csv(3000), filename="big.csv")
        for name in ("csv", "tsv", "json", "ndjson", "xml", "sql", "markdown", "parquet"):
            with self.subTest(name):
                streamed = self.me.get(f"/api/v2/datasets/{made['id']}/export?format={name}")
                self.assertEqual(streamed.status, 200, streamed)
                self.assertTrue(streamed.body.startswith(FORMATS[name]))
                if name != "parquet":  # that is the dataset's own, with other properties
                    self.assertEqual(streamed.body, self.content(self.export(made, format=name).json()["files"][0]).body)
        packed = self.me.get(f"/api/v2/datasets/{made['id']}/export?format=ndjson&compression=gzip")
        self.assertEqual(gzip.decompress(packed.body), self.me.get(f"/api/v2/datasets/{made['id']}/export").body)
        self.assertIn("big.ndjson.gz", packed.header("Content-Disposition"))
        for query in ("format=xlsx", "format=sqlite", "format=json&delimiter=;", "format=csv&values=some", "format=csv&header=perhaps"):
            self.assert_problem(self.me.get(f"/api/v2/datasets/{made['id']}/export?{query}"), 400, "invalid_parameter")

    def test_the_rows_of_the_api_and_of_the_export_are_the_same(self):
        made = self.completed_import(content=b"a;b;c\n1;1.50;x\n2;;\"\"\n3;2.25;\xc3\xab\n")
        rows = self.me.get(f"/api/v2/datasets/{made['id']}/rows").json()["items"]
        lines = [json.loads(line) for line in self.content(self.export(made, format="ndjson").json()["files"][0]).text.splitlines()]
        self.assertEqual(rows, lines)
        self.assertEqual(rows, json.loads(self.content(self.export(made, format="json").json()["files"][0]).body))


class Interrupted(ApiCase):
    own_server = True

    def test_a_cancelled_export_ends_within_a_second_and_leaves_no_file(self):
        server = self.start()
        me = server.client()
        made = me.upload(csv(400_000), "large.csv", timeout=120)
        self.assertEqual(made.status, 201, made)
        job_id = me.post(f"/api/v2/datasets/{made.json()['id']}/exports", {"format": "ndjson", "compression": "gzip"}).json()["job_id"]
        self.eventually(lambda: me.get(f"/api/v2/jobs/{job_id}").json()["progress"] > 5, what="progress")
        begin = time.monotonic()
        me.post(f"/api/v2/jobs/{job_id}/cancel")
        job = self.eventually(lambda: (j := me.get(f"/api/v2/jobs/{job_id}").json())["state"] == "cancelled" and j, what="cancelled")
        self.assertLess(time.monotonic() - begin, 1.0)
        self.assertLess(job["progress"], 95)
        self.assertEqual([f["filename"] for f in me.get("/api/v2/files").json()["items"]], ["large.csv"])

    def test_an_export_cut_off_by_a_crash_is_made_by_the_next_server(self):
        env, holder = self.holds(["export.written"])
        server = self.start(env=env)
        me = server.client()
        made = me.upload(csv(100), "orders.csv").json()
        job_id = me.post(f"/api/v2/datasets/{made['id']}/exports", {"format": "csv"}).json()["job_id"]
        holder.wait_held("export.written")
        server.kill()
        holder.release_all()
        server.start()
        self.eventually(lambda: me.get(f"/api/v2/jobs/{job_id}").json()["state"] == "completed", timeout=60, what="completed")
        file, = me.get(f"/api/v2/jobs/{job_id}/result").json()["files"]
        self.assertEqual(me.get(file["links"]["content"]).body, csv_text(me, made))
        self.assertEqual(len(me.get("/api/v2/files").json()["items"]), 2)


def csv_text(me, made):
    return me.get(f"/api/v2/datasets/{made['id']}/export?format=csv").body
