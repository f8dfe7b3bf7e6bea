"""v1 jobs of the third seed and data sources of the fourth, as far as they are built."""

import uuid

from support.case import ApiCase, csv
from support.client import multipart

V1_STATUS = {"pending", "processing", "completed", "failed", "cancelled"}


class Jobs(ApiCase):
    def file(self, content=None, client=None):
        self.need_route("POST", "/api/v1/files")
        body, kind = multipart([("file", "in.csv", content or csv())])
        answer = (client or self.me).request("POST", "/api/v1/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def run_job(self, kind, body):
        self.need_route("POST", f"/api/v1/jobs/{kind}")
        answer = self.me.post(f"/api/v1/jobs/{kind}", body)
        self.assertEqual(answer.status, 202, answer)
        doc = answer.json()
        self.assertEqual(set(doc) & {"job_id", "status", "message"}, {"job_id", "status", "message"})
        self.assertEqual(doc["status"], "pending")
        return doc

    def ended(self, job_id):
        def look():
            answer = self.me.get(f"/api/v1/jobs/{job_id}/status")
            self.assertEqual(answer.status, 200, answer)
            doc = answer.json()
            self.assertIn(doc["status"], V1_STATUS)
            self.assertEqual(doc["is_active"], doc["status"] in ("pending", "processing"))
            for field in ("id", "user_id", "status", "progress", "is_active", "created_at", "updated_at"):
                self.assertIn(field, doc)
            return doc if doc["status"] in ("completed", "failed", "cancelled") else None

        return self.eventually(look, what="the job ended")

    def test_analyze(self):
        self.need_route("POST", "/api/v1/jobs/analyze")
        doc = self.run_job("analyze", {"file_id": self.file(), "unknown": "v1 ignores unknown fields"})
        self.assertEqual(doc["message"], "Analysis job created and queued")
        ended = self.ended(doc["job_id"])
        self.assertEqual((ended["status"], ended["progress"]), ("completed", 100))
        self.assertIn("result", self.me.get(f"/api/v1/jobs/{doc['job_id']}").json())

    def test_cancel(self):
        self.need_route("POST", "/api/v1/jobs/{id}/cancel")
        job = self.external()
        answer = self.me.post(f"/api/v1/jobs/{job}/cancel")
        self.assertEqual((answer.status, answer.json()["message"]), (200, "Job cancelled successfully"))
        self.assertEqual(self.me.post(f"/api/v1/jobs/{job}/cancel").status, 200)
        self.assertEqual(self.ended(job)["status"], "cancelled")
        done = self.completed_import()["job_id"]
        self.assert_problem(self.me.post(f"/api/v1/jobs/{done}/cancel"), 409)

    def test_foreign_files_and_jobs_are_unknown(self):
        self.need_route("POST", "/api/v1/jobs/analyze")
        theirs = self.file(client=self.user())
        answer = self.me.post("/api/v1/jobs/analyze", {"file_id": theirs})
        unknown = self.me.post("/api/v1/jobs/analyze", {"file_id": str(uuid.uuid4())})
        self.assertEqual(answer.status, unknown.status)
        self.assertIn(answer.status, (404, 422))


class DataSources(ApiCase):
    BASE = "/api/v1/data-sources"

    def test_the_built_in_source_is_there_and_stays(self):
        self.need_route("GET", self.BASE)
        doc = self.me.get(self.BASE).json()
        [files] = [s for s in (doc["items"] if isinstance(doc, dict) else doc) if s["name"] == "Files"]
        self.assertEqual(files["source_type"], "file_upload")
        self.assertIn(self.me.delete(f"{self.BASE}/{files['id']}").status, (403, 409))

    def test_the_stream_speaks_job_update(self):
        self.need_route("GET", self.BASE + "/stream")
        reader = self.stream(self.me, self.BASE + "/stream")
        self.assertEqual(reader.status, 200)
