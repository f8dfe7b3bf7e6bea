"""The seeds' values 10, 20, 40, 70, 90, 100: each seen by a polling client and by a stream, each while it is true."""

import threading

from support.case import STAGES, ApiCase, csv

NAMES = {10: "format_check", 20: "duplicate_check", 40: "stored", 70: "parsed", 90: "written"}


class Stages(ApiCase):
    own_server = True

    def test_each_stage_is_seen_by_poll_and_by_stream(self):
        env, holder = self.holds()
        server = self.start(env)
        me = server.client()
        stream = self.stream(me)
        self.assertEqual(stream.next().type, "snapshot")
        job_id = me.upload_async(csv(), "products.csv", fields=[("supplier_id", "s1")])

        polled, own = [], self.stream(me, f"/api/v2/jobs/{job_id}/stream")
        first = own.next()
        self.assertEqual(first.type, "snapshot")
        begun_at = first.json()["jobs"][0]["progress"]  # the job may have moved on before its stream was opened
        for point, percent in STAGES:
            holder.wait_held(point)
            # The mark is committed before the code behind it goes on: whoever looks now sees it.
            [job] = me.active()
            self.assert_job(job)
            self.assertEqual((job["id"], job["status"], job["progress"], job["stage"]),
                             (job_id, "running", percent, NAMES[percent]))
            self.assertEqual(me.job(job_id)["progress"], percent)
            self.assertIsNone(job["related_dataset_id"])
            polled.append(percent)
            for reader in (stream, own) if percent > begun_at else (stream,):
                reader.until(lambda e: e.data and self.progress(e, job_id) == percent, timeout=5)
            holder.release(point)
        job = me.wait_job(job_id)
        self.assert_job(job)
        self.assertEqual((job["progress"], job["stage"]), (100, "completed"))
        self.assertIsNotNone(job["related_dataset_id"])
        stream.until(lambda e: self.progress(e, job_id) == 100, timeout=5)
        polled.append(job["progress"])
        self.assertEqual(polled, [10, 20, 40, 70, 90, 100])

        shown = [self.progress(e, job_id) for e in stream.seen if e.type == "job" and self.progress(e, job_id) is not None]
        self.assertEqual(sorted(set(shown) & {10, 20, 40, 70, 90, 100}), [10, 20, 40, 70, 90, 100])
        self.assertEqual(shown, sorted(shown), "progress never decreases")
        ids = [e.id for e in stream.seen if e.id]
        self.assertEqual(len(ids), len(set(ids)), "ids are unique")

    def progress(self, event, job_id):
        if event.type == "job" and event.json()["id"] == job_id:
            return event.json()["progress"]
        return None

    def test_a_failed_import_keeps_its_last_value(self):
        server = self.start({"MILLRACE_FAILPOINT": "import.parsed:error"})
        me = server.client()
        job_id = me.upload_async(csv())

        job = self.eventually(lambda: (j := me.job(job_id))["progress"] >= 70 and j, what="70 reached")
        self.assertEqual(job["progress"], 70)
        self.assertIn(job["state"], ("failed", "retry_wait", "running"))
        self.assertNotEqual(job["status"], "completed")

    def test_a_waiting_upload_is_202_when_its_time_is_over(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        answer = me.upload(csv(), headers={"Prefer": "wait=1"})
        self.assertEqual(answer.status, 202, answer)
        job_id = answer.json()["job_id"]
        self.assertEqual(answer.header("Location"), "/api/v2/jobs/" + job_id)
        self.assertEqual(me.job(job_id)["progress"], 40)
        holder.release_all()
        self.assertEqual(me.wait_job(job_id)["state"], "completed")

    def test_a_repeat_of_a_running_upload_names_its_job(self):
        env, holder = self.holds(["import.parsed"])
        server = self.start(env)
        me, content = server.client(), csv()
        key = {"Idempotency-Key": "k1", "Prefer": "respond-async"}
        first = me.upload(content, headers=key)
        holder.wait_held("import.parsed")
        again = me.upload(content, headers=key)
        self.assertEqual((first.status, again.status), (202, 202), again)
        self.assertEqual(again.json()["job_id"], first.json()["job_id"])
        holder.release_all()
        self.assertEqual(me.wait_job(first.json()["job_id"])["state"], "completed")

    def test_cancel_of_a_running_import_ends_it_cancelled(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.stored")
        self.report(job_id, "cancel", client=me)
        self.assertIn(me.job(job_id)["state"], ("cancelling", "cancelled"))
        self.assertIn(me.job(job_id)["status"], ("running", "failed"))
        holder.release_all()
        ended = me.wait_job(job_id)
        self.assert_job(ended)
        self.assertEqual(ended["state"], "cancelled")
        self.assertEqual(ended["progress"], 40)
        self.assertIsNone(ended["related_dataset_id"])

    def test_a_cancelled_import_can_be_retried(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.stored")
        self.report(job_id, "cancel", client=me)
        holder.release_all()
        self.assertEqual(me.wait_job(job_id)["state"], "cancelled")
        self.report(job_id, "retry", client=me)
        ended = me.wait_job(job_id, states=("completed", "failed"))
        self.assertEqual((ended["state"], ended["progress"]), ("completed", 100))

    def test_two_imports_do_not_wait_for_each_other(self):
        env, holder = self.holds(["import.stored"])
        env["MILLRACE_FAILPOINT"] += "@1"
        server = self.start(env)
        me, other = server.client(), server.client()
        held = me.upload_async(csv())
        holder.wait_held("import.stored")
        self.assertEqual(other.upload(csv()).status, 201, "a second worker slot is free")
        holder.release_all()
        self.assertEqual(me.wait_job(held)["state"], "completed")
