"""The seeds' tables as SQL views: what an operator's reports read."""

import json

from support import db
from support.case import ApiCase

BACKGROUND_JOBS = {"id", "job_type", "status", "progress", "created_by", "related_dataset_id", "job_metadata", "created_at",
                   "started_at", "completed_at", "error_message"}
JOBS = ["id", "user_id", "status", "progress", "input_file_id", "reference_file_id", "template_id", "result_file_id",
        "error_message", "created_at", "updated_at"]
PROCESSING_JOBS = {"id", "source_id", "resource_type", "status", "progress_message", "result_file_id", "error_message",
                   "created_at", "updated_at"}


class Views(ApiCase):
    def rows(self, view):
        names, rows = db.query(self.server, f"SELECT * FROM {view}", view)
        return names, [dict(zip(names, r)) for r in rows]

    def mine(self, view, ids):
        return {str(r["id"]): r for r in self.rows(view)[1] if str(r["id"]) in ids}

    def test_background_jobs_has_its_13_columns(self):
        names, _ = self.rows("background_jobs")
        self.assertEqual(len(names), 13, names)
        self.assertEqual(BACKGROUND_JOBS - set(names), set())

    def test_background_jobs_shows_each_state_in_the_seeds_words(self):
        made = self.completed_import()
        failed, running = self.failed_import(), self.external(type="validation")
        rows = self.mine("background_jobs", {made["job_id"], failed, running})
        self.assertEqual(len(rows), 3)
        done = rows[made["job_id"]]
        self.assertEqual((done["job_type"], done["status"], int(done["progress"])), ("import", "completed", 100))
        self.assertEqual(str(done["related_dataset_id"]), made["id"])
        self.assertEqual(str(done["created_by"]), self.me.user)
        self.assertIn("products.csv", str(done["job_metadata"]))
        self.assertIsNone(done["error_message"])
        self.assertIsNotNone(done["completed_at"])
        self.assertEqual(rows[failed]["status"], "failed")
        self.assertEqual(rows[failed]["error_message"], self.me.job(failed)["error_message"])
        self.assertIn(rows[running]["status"], ("pending", "running"))
        self.assertEqual(rows[running]["job_type"], "validation")
        for row, missing in ((running, ("completed_at", "started_at", "error_message", "related_dataset_id", "filename")),
                             (failed, ("related_dataset_id",)), (made["job_id"], ("error_message",))):
            for column in missing:
                self.assertIsNone(rows[row].get(column), f"{column} of {row}")
        self.assertNotIn("dataset_id", json.loads(rows[failed]["job_metadata"]))
        self.assertEqual(json.loads(done["job_metadata"])["dataset_id"], made["id"])

    def test_jobs_of_the_third_seed(self):
        names, _ = self.rows("jobs")
        self.assertEqual([n for n in JOBS if n not in names], [])
        made, cancelled, waiting = self.completed_import()["job_id"], self.external(), self.external()
        self.report(cancelled, "cancel")
        rows = self.mine("jobs", {made, cancelled, waiting})
        self.assertEqual([rows[i]["status"] for i in (made, cancelled, waiting)], ["completed", "cancelled", "pending"])
        self.assertEqual(str(rows[made]["user_id"]), self.me.user)
        for column in ("reference_file_id", "template_id", "result_file_id", "error_message"):
            self.assertIsNone(rows[made][column], column)

    def test_processing_jobs_of_the_fourth_seed(self):
        names, _ = self.rows("processing_jobs")
        self.assertEqual(PROCESSING_JOBS - set(names), set())

    def test_the_times_are_readable(self):
        made = self.completed_import()["job_id"]
        row = self.mine("background_jobs", {made})[made]
        self.assertLessEqual(str(row["created_at"]), str(row["completed_at"]))
        self.assertRegex(str(row["created_at"]), r"^20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
