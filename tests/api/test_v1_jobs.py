"""The first API: analyses, conversions and batches over stored files."""

import json
import time
import uuid

from support.case import ApiCase, csv
from support.client import multipart

MESSY = b"Supplier export\n\nsku;name;price\nA1;Bolt;1.50\nA2;\"Nut; small\";2.00\nA3;;\n"


class V1(ApiCase):
    def keep(self, content=None, filename="products.csv", client=None):
        body, content_type = multipart([("file", filename, content or csv(), "text/csv")])
        answer = (client or self.me).request("POST", "/api/v1/files", body=body, headers={"Content-Type": content_type})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def begin(self, kind, body, client=None):
        """Creates a job and checks the answer; returns its id."""
        answer = (client or self.me).post(f"/api/v1/jobs/{kind}", body)
        self.assertEqual(answer.status, 202, answer)
        made = answer.json()
        self.assertEqual((set(made), made["status"]), ({"job_id", "status", "message"}, "pending"))
        return made["job_id"]

    def ended(self, job, client=None):
        """The job with its result, once it has ended."""
        return self.eventually(lambda: (j := (client or self.me).get(f"/api/v1/jobs/{job}").json())["is_active"] is False and j, what="end of the job")


class Analysis(V1):
    def test_the_seed_speaks_as_it_is_written(self):
        file = self.keep()
        answer = self.me.post("/api/v1/jobs/analyze", {"file_id": file})
        self.assertEqual(answer.status, 202)
        made = answer.json()
        self.assertEqual(made["message"], "Analysis job created and queued")
        self.ended(made["job_id"])
        status = self.me.get(f"/api/v1/jobs/{made['job_id']}/status").json()
        for field in ("id", "user_id", "status", "progress", "is_active", "created_at", "updated_at", "input_file_id", "reference_file_id",
                      "template_id", "result_file_id", "error_message"):
            self.assertIn(field, status)
        self.assertEqual((status["id"], status["status"], status["progress"], status["is_active"]), (made["job_id"], "completed", 100, False))
        self.assertEqual((status["input_file_id"], status["user_id"], status["error_message"]), (file, self.me.user, None))

    def test_what_a_messy_file_is(self):
        job = self.ended(self.begin("analyze", {"file_id": self.keep(MESSY)}))
        self.assertEqual(job["status"], "completed", job)
        analysis = job["result"]["analysis"]
        self.assertEqual((analysis["format"], analysis["rows"], analysis["column_count"], analysis["dialect"]["delimiter"]), ("csv", 3, 3, ";"))
        self.assertEqual([(c["name"], c["type"]) for c in analysis["columns"]], [("sku", "text"), ("name", "text"), ("price", "decimal")])
        self.assertEqual(analysis["keys"], [{"column": "sku", "certain": True}])
        self.assertEqual({(f["code"], f["column"]) for f in analysis["quality"]}, {("reading", None), ("preamble", None), ("blank_rows", None), ("nulls", "name"), ("nulls", "price")})
        stored = self.me.get(f"/api/v1/files/{job['result_file_id']}/content")
        self.assertEqual(json.loads(stored.body), analysis)
        report = self.me.get(f"/api/v1/files/{job['result']['report_file_id']}/content").body.decode()
        self.assertTrue(report.startswith("# products.csv\n\n3 rows, 3 columns"), report)
        self.assertIn("`sku` identifies the rows.", report)
        self.assertEqual(self.me.get("/api/v2/datasets").json()["items"][:1] and
                         [d for d in self.me.get("/api/v2/datasets").json()["items"] if d["file_id"] == job["input_file_id"]], [])

    def test_its_stages_are_10_30_100(self):
        env, holder = self.holds(["analyze.recognised"])
        server = self.start(env=env)
        me = server.client()
        job = self.begin("analyze", {"file_id": self.keep(client=me)}, me)
        holder.wait_held("analyze.recognised")
        seen = me.get(f"/api/v1/jobs/{job}/status").json()
        self.assertEqual((seen["status"], seen["progress"], seen["is_active"]), ("processing", 30, True))
        holder.release_all()
        self.assertEqual(self.ended(job, me)["progress"], 100)
        stages = [e["data"]["progress"] for e in me.get(f"/api/v2/jobs/{job}/events").json()["items"] if e["type"] == "job.stage"]
        self.assertEqual(stages, [10, 30])

    def test_a_file_that_is_no_table_fails_with_its_reason(self):
        job = self.ended(self.begin("analyze", {"file_id": self.keep(bytes(range(256)) * 40, "noise.bin")}))
        self.assertEqual((job["status"], job["result"], job["result_file_id"]), ("failed", None, None))
        self.assertTrue(job["error_message"])

    def test_unknown_and_foreign_files_are_the_same_404(self):
        foreign = self.keep(client=self.user())
        answers = [self.me.post("/api/v1/jobs/analyze", {"file_id": f}) for f in (foreign, str(uuid.uuid4()))]
        for answer in answers:
            self.assert_problem(answer, 404, "not_found")
        self.assertEqual(answers[0].body, answers[1].body)

    def test_what_is_wrong_with_a_request_is_said_and_unknown_fields_are_ignored(self):
        self.assert_problem(self.me.post("/api/v1/jobs/analyze", {}), 422, "invalid_fields")
        self.assert_problem(self.me.post("/api/v1/jobs/analyze", {"file_id": "seven"}), 422, "invalid_fields")
        answer = self.me.post("/api/v1/jobs/analyze", {"file_id": self.keep(), "dialect": {"delimeter": ";"}})
        self.assert_problem(answer, 422, "invalid_fields")
        self.begin("analyze", {"file_id": self.keep(), "colour": "green"})


class Cancelling(V1):
    def test_cancel_is_answered_as_in_the_seed_and_repeats(self):
        env, holder = self.holds(["analyze.recognised"])
        server = self.start(env=env)
        me = server.client()
        job = self.begin("analyze", {"file_id": self.keep(client=me)}, me)
        holder.wait_held("analyze.recognised")
        for _ in range(2):
            answer = me.post(f"/api/v1/jobs/{job}/cancel")
            self.assertEqual((answer.status, answer.json()), (200, {"message": "Job cancelled successfully"}))
        holder.release_all()
        self.assertEqual(self.ended(job, me)["status"], "cancelled")
        self.assertEqual(me.post(f"/api/v1/jobs/{job}/cancel").status, 200)

    def test_a_finished_job_is_not_cancelled(self):
        job = self.begin("analyze", {"file_id": self.keep()})
        self.ended(job)
        self.assert_problem(self.me.post(f"/api/v1/jobs/{job}/cancel"), 409, "job_finished")

    def test_jobs_of_others_are_unknown(self):
        job = self.begin("analyze", {"file_id": self.keep()})
        other = self.user()
        for method, path in (("GET", ""), ("GET", "/status"), ("POST", "/cancel")):
            self.assert_problem(other.request(method, f"/api/v1/jobs/{job}{path}"), 404, "not_found")


class Lists(V1):
    def test_jobs_are_listed_by_status(self):
        me = self.user()
        good = self.begin("analyze", {"file_id": self.keep(client=me)}, me)
        bad = self.begin("analyze", {"file_id": self.keep(bytes(range(256)) * 40, client=me)}, me)
        self.ended(good, me), self.ended(bad, me)
        self.assertEqual([j["id"] for j in me.get("/api/v1/jobs").json()["items"]], [bad, good])
        self.assertEqual([j["id"] for j in me.get("/api/v1/jobs?status=failed").json()["items"]], [bad])
        self.assertEqual(me.get("/api/v1/jobs?status=pending").json(), {"items": [], "next_cursor": None})
        self.assert_problem(me.get("/api/v1/jobs?status=running"), 400, "invalid_parameter")


class Batches(V1):
    def test_one_bad_file_stops_no_other(self):
        files = [self.keep(), self.keep(bytes(range(256)) * 40, "noise.bin"), self.keep(MESSY, "messy.csv")]
        job = self.ended(self.begin("batch", {"file_ids": files, "operation": "analyze"}))
        self.assertEqual((job["status"], job["progress"], job["job_type"]), ("completed", 100, "batch"), job)
        result = job["result"]
        self.assertEqual((result["total"], result["completed"], result["failed"], result["cancelled"]), (3, 2, 1, 0))
        self.assertEqual([f["file_id"] for f in result["files"]], files)
        self.assertEqual([f["status"] for f in result["files"]], ["completed", "failed", "completed"])
        self.assertEqual([bool(f["error"]) for f in result["files"]], [False, True, False])
        for one in result["files"]:
            self.assertEqual(self.me.get(f"/api/v1/jobs/{one['job_id']}/status").json()["result_file_id"], one["result_file_id"])

    def test_it_fails_only_when_every_file_has(self):
        files = [self.keep(bytes(range(256)) * (40 + i), "noise.bin") for i in range(2)]
        job = self.ended(self.begin("batch", {"file_ids": files, "operation": "analyze"}))
        self.assertEqual((job["status"], job["result"]["failed"]), ("failed", 2))
        self.assertLess(job["progress"], 100)

    def test_progress_grows_with_each_file(self):
        env, holder = self.holds(["analyze.recognised"])
        server = self.start(env=env)
        me = server.client()
        files = [self.keep(client=me) for _ in range(4)]
        job = self.begin("batch", {"file_ids": files, "operation": "analyze", "parallel": 1}, me)
        holder.wait_held("analyze.recognised")
        states = [f["status"] for f in me.get(f"/api/v1/jobs/{job}").json()["result"]["files"]]
        self.assertEqual(states, ["processing", "pending", "pending", "pending"], "one at a time")
        holder.release_all()
        self.assertEqual(self.ended(job, me)["status"], "completed")
        seen = [e["data"]["progress"] for e in me.get(f"/api/v2/jobs/{job}/events").json()["items"] if e["type"] == "job.stage"]
        self.assertEqual(seen, sorted(seen))
        self.assertLessEqual({25, 50, 75}, set(seen))

    def test_files_are_converted_to_another_format(self):
        files = [self.keep(MESSY), self.keep()]
        job = self.ended(self.begin("batch", {"file_ids": files, "operation": "convert", "options": {"output_format": "json"}}))
        self.assertEqual(job["status"], "completed", job)
        first = self.me.get(f"/api/v1/files/{job['result']['files'][0]['result_file_id']}/content")
        self.assertEqual(json.loads(first.body)[1], {"sku": "A2", "name": "Nut; small", "price": 2.00})
        self.assertIn("products.json", first.header("Content-Disposition"))
        job = self.ended(self.begin("batch", {"file_ids": files[:1], "operation": "convert"}))
        plain = self.me.get(f"/api/v1/files/{job['result']['files'][0]['result_file_id']}/content")
        self.assertEqual(plain.body, b'sku,name,price\r\nA1,Bolt,1.50\r\nA2,Nut; small,2.00\r\nA3,,\r\n')

    def test_cancelling_a_batch_cancels_its_files(self):
        env, holder = self.holds(["analyze.recognised"])
        server = self.start(env=env)
        me = server.client()
        files = [self.keep(client=me) for _ in range(3)]
        job = self.begin("batch", {"file_ids": files, "operation": "analyze", "parallel": 1}, me)
        holder.wait_held("analyze.recognised")
        self.assertEqual(me.post(f"/api/v1/jobs/{job}/cancel").status, 200)
        holder.release_all()
        self.assertEqual(self.ended(job, me)["status"], "cancelled")
        done = self.eventually(lambda: (r := me.get(f"/api/v1/jobs/{job}").json()["result"])["cancelled"] == 3 and r, what="all cancelled")
        self.assertEqual({f["status"] for f in done["files"]}, {"cancelled"})

    def test_a_thousand_files_are_one_request(self):
        file = self.keep()
        begun = time.monotonic()
        job = self.begin("batch", {"file_ids": [file] * 1000, "operation": "convert", "parallel": 50})
        self.assertLess(time.monotonic() - begun, 30)
        done = self.eventually(lambda: (j := self.me.get(f"/api/v1/jobs/{job}/status").json())["is_active"] is False and j, timeout=120, what="end of the batch")
        self.assertEqual((done["status"], done["progress"]), ("completed", 100))

    def test_what_is_wrong_with_a_batch_is_said(self):
        file = self.keep()
        for body in ({"file_ids": [], "operation": "analyze"}, {"file_ids": [file]}, {"file_ids": [file], "operation": "shred"},
                     {"file_ids": [file], "operation": "convert", "options": {"output_format": "docx"}},
                     {"file_ids": [file], "operation": "analyze", "parallel": 0}):
            with self.subTest(body):
                self.assert_problem(self.me.post("/api/v1/jobs/batch", body), 422, "invalid_fields")
        self.assert_problem(self.me.post("/api/v1/jobs/batch", {"file_ids": [file, str(uuid.uuid4())], "operation": "analyze"}), 404, "not_found")


class Mapping(V1):
    SOURCE = "Art.-Nr.;Bezeichnung;Preis;Währung\nA-1;Schraube;1.249,00;EUR\nA-2;Mutter;12,50;EUR\nA-3;Scheibe;0,99;USD\n".encode()
    TARGET = b"sku,name,price,currency\nX9,Thing,10.00,EUR\nX8,Other,2.50,USD\n"

    def test_a_mapping_becomes_a_template_and_the_template_a_file(self):
        source, target = self.keep(self.SOURCE, "preise.csv"), self.keep(self.TARGET, "products.csv")
        job = self.ended(self.begin("mapping", {"input_file_id": source, "reference_file_id": target, "provider": "openai"}))
        self.assertEqual(job["status"], "completed", job)
        self.assertEqual((job["input_file_id"], job["reference_file_id"]), (source, target))
        result = job["result"]
        self.assertEqual({e["source"]: e["target"] for e in result["mapping"]}, {"Art.-Nr.": "sku", "Bezeichnung": "name", "Preis": "price", "Währung": "currency"})
        self.assertEqual((result["provider_used"], result["template_id"], len(result["warnings"])), ("heuristic", job["template_id"], 1))
        self.assertTrue(all(0 <= c["confidence"] <= 1 and c["reason"] for c in result["candidates"]))
        template = self.me.get(f"/api/v1/templates/{job['template_id']}").json()
        self.assertEqual(template["name"], "preise -> products")

        done = self.ended(self.begin("transform", {"input_file_id": source, "template_id": job["template_id"]}))
        self.assertEqual(done["status"], "completed", done)
        self.assertEqual(done["template_id"], job["template_id"])
        content = self.me.get(f"/api/v1/files/{done['result_file_id']}/content").body.decode()
        self.assertEqual(content.splitlines(), ["sku,name,price,currency", "A-1,Schraube,1249.00,EUR", "A-2,Mutter,12.50,EUR", "A-3,Scheibe,0.99,USD"])

    def test_a_mapping_that_finds_nothing_is_an_empty_template(self):
        source, target = self.keep(b"x9,q7\n1,2\n", "x.csv"), self.keep(b"sku,name\nX9,Thing\n", "products.csv")
        job = self.ended(self.begin("mapping", {"input_file_id": source, "reference_file_id": target}))
        self.assertEqual((job["status"], job["result"]["mapping"], len(job["result"]["warnings"])), ("completed", [], 1), job)
        template = self.me.get(f"/api/v1/templates/{job['template_id']}").json()
        self.assertEqual(template["spec"], {"spec": 1, "fields": []})
        done = self.ended(self.begin("transform", {"input_file_id": source, "template_id": template["id"]}))
        self.assertEqual(done["status"], "failed", done)

    def test_its_stages_are_20_40_60_100_and_those_of_a_transformation_20_50_80_100(self):
        source, target = self.keep(self.SOURCE, "preise.csv"), self.keep(self.TARGET, "products.csv")
        mapping = self.begin("mapping", {"input_file_id": source, "reference_file_id": target})
        template = self.ended(mapping)["template_id"]
        transform = self.begin("transform", {"input_file_id": source, "mapping_id": template})
        self.ended(transform)
        for job, stages in ((mapping, [20, 40, 60]), (transform, [20, 50, 80])):
            events = self.me.get(f"/api/v2/jobs/{job}/events").json()["items"]
            self.assertEqual([e["data"]["progress"] for e in events if e["type"] == "job.stage"], stages)

    def test_a_template_applies_to_every_file_of_a_batch(self):
        source, target = self.keep(self.SOURCE, "preise.csv"), self.keep(self.TARGET, "products.csv")
        template = self.ended(self.begin("mapping", {"input_file_id": source, "reference_file_id": target}))["template_id"]
        other = self.keep(self.SOURCE + "A-4;Nagel;3,10;EUR\n".encode(), "februar.csv")
        for operation, options in (("transform", {"template_id": template}), ("map", {"reference_file_id": target})):
            with self.subTest(operation):
                job = self.ended(self.begin("batch", {"file_ids": [source, other], "operation": operation, "options": options}))
                self.assertEqual((job["status"], job["result"]["completed"]), ("completed", 2), job)

    def test_unknown_files_and_templates_are_404(self):
        file = self.keep()
        for kind, body in (("mapping", {"input_file_id": file, "reference_file_id": str(uuid.uuid4())}),
                           ("mapping", {"input_file_id": str(uuid.uuid4()), "reference_file_id": file}),
                           ("transform", {"input_file_id": file, "template_id": str(uuid.uuid4())})):
            with self.subTest(body):
                self.assert_problem(self.me.post(f"/api/v1/jobs/{kind}", body), 404, "not_found")
        self.assert_problem(self.me.post("/api/v1/jobs/transform", {"input_file_id": file}), 422, "invalid_fields")
