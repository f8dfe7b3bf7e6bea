"""Workers beyond the program: the protocol they speak, and the two examples as processes that are killed and frozen."""

import os
import shutil
import signal
import subprocess
import threading
import time
import unittest
import uuid

from support.case import ApiCase, csv
from support.server import ROOT, postgres

SHORT = {"MILLRACE_JOBS_HEARTBEAT": "500ms", "MILLRACE_JOBS_LEASE": "3s"}


class RemoteCase(ApiCase):
    def setUp(self):
        super().setUp()
        self.kind = "kind-" + uuid.uuid4().hex[:8]  # so that tests on one server take no jobs from each other
        if not self.own_server:
            self.admin = self.user(role="admin")

    def register(self, name="test", **more):
        kind = more.pop("kind", {})
        body = {"name": name, "kinds": [{"name": self.kind, "type": "processing", **kind}], "slots": 10, **more}
        answer = self.admin.post("/api/v2/workers", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["worker_id"]

    def call(self, worker, what, body=None, status=200, timeout=90):
        answer = self.admin.post(f"/api/v2/workers/{worker}/{what}", body or {}, timeout=timeout)
        self.assertEqual(answer.status, status, f"{what}: {answer}")
        return answer.json()

    def create(self, input=None, client=None, **more):
        answer = (client or self.me).post("/api/v2/jobs", {"kind": self.kind, "input": input or {}, **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def claim(self, worker, **body):
        return self.call(worker, "claim", body)["jobs"]

    def claim_one(self, worker, wait=10):
        jobs = self.claim(worker, limit=1, wait=wait)
        self.assertEqual(len(jobs), 1)
        return jobs[0]

    @staticmethod
    def lease(claimed, **more):
        return {"job_id": claimed["job"]["id"], "attempt": claimed["attempt"], "lease_token": claimed["lease_token"], **more}

    def complete(self, worker, *items):
        return self.call(worker, "complete", {"results": list(items)})["results"]

    def completed(self, worker, claimed, **more):
        return self.complete(worker, self.lease(claimed, outcome="completed", **more))[0]

    def failed(self, worker, claimed, code="jam", message="paper jam", **more):
        error = {"code": code, "message": message}
        if "retryable" in more:
            error["retryable"] = more.pop("retryable")
        return self.complete(worker, self.lease(claimed, outcome="failed", error=error, **more))[0]

    def waiting_claim(self, worker, **body):
        """A claim under way in a thread; `.result()` gives (answer, seconds)."""
        return Call(lambda: self.admin.post(f"/api/v2/workers/{worker}/claim", {"wait": 50, **body}, timeout=90))


class Call:
    def __init__(self, body):
        self.value = None
        self.began = time.monotonic()

        def run():
            value = body()
            self.value = value, time.monotonic()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def waits(self, seconds=0.3):
        self.thread.join(seconds)
        return self.thread.is_alive()

    def result(self, timeout=60):
        self.thread.join(timeout)
        assert self.value, "the call was not answered in time"
        return self.value[0]


class Protocol(RemoteCase):
    def test_a_worker_registers_and_its_kinds_are_known(self):
        answer = self.admin.post("/api/v2/workers", {"name": "ocr-1", "slots": 3, "queues": ["slow"], "kinds": [
            {"name": self.kind, "type": "export", "label": "OCR", "attempts_max": 7, "timeout_ms": 9000,
             "retry": {"strategy": "list", "delays_ms": [1, 2]}}]})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["lease_seconds"], 20)
        self.assertEqual(answer.json()["heartbeat_seconds"], 5)
        worker = answer.json()["worker_id"]
        self.assertEqual(answer.header("Location"), "/api/v2/workers/" + worker)
        seen = self.admin.get("/api/v2/workers/" + worker).json()
        want = {"id": worker, "host": "ocr-1", "role": "remote", "kinds": [self.kind], "queues": ["slow"], "slots": 3,
                "draining": False, "running": 0}
        self.assertEqual({k: seen[k] for k in want}, want)
        items = self.admin.get("/api/v2/workers").json()["items"]
        self.assertIn(worker, [w["id"] for w in items])
        self.assertIn("all", [w["role"] for w in items], "the process itself is one too")
        own = next(w for w in items if w["role"] == "all")
        self.assertIn("import", own["kinds"])
        self.assertGreater(own["slots"], 0)
        job = self.me.job(self.create())
        self.assertEqual((job["kind"], job["type"], job["attempts_max"], job["state"]), (self.kind, "export", 7, "queued"))
        doc = self.assert_problem(self.me.post("/api/v2/jobs", {"kind": "shred"}), 422, "unknown_job_kind")
        self.assertIn(self.kind, doc["detail"])
        self.assertIn("import", doc["detail"])

    def test_only_administrators_are_workers(self):
        worker = self.register()
        for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{worker}"), ("DELETE", f"/{worker}"), ("POST", f"/{worker}/claim"),
                             ("POST", f"/{worker}/heartbeat"), ("POST", f"/{worker}/complete"), ("POST", f"/{worker}/drain")):
            with self.subTest(f"{method} {path}"):
                options = {"json": {}} if method == "POST" else {}
                self.assert_problem(self.me.request(method, "/api/v2/workers" + path, **options), 403, "forbidden")
        key = self.admin.post("/api/v2/api-keys", {"name": "workers", "role": "admin"}).json()["key"]
        by_key = self.server.anonymous()
        by_key.token = key
        self.assertEqual(by_key.post(f"/api/v2/workers/{worker}/claim", {}).status, 200)

    def test_registrations_that_make_no_sense_are_named(self):
        good = {"name": "w", "kinds": [{"name": self.kind, "type": "processing"}]}
        kind = good["kinds"][0]
        for change, pointer in (({"name": ""}, "/name"), ({"kinds": []}, "/kinds"), ({"slots": 0}, "/slots"), ({"slots": 1001}, "/slots"),
                                ({"queues": ["a b"]}, "/queues/0"), ({"kinds": [{**kind, "name": "a b"}]}, "/kinds/0/name"),
                                ({"kinds": [{**kind, "type": "printing"}]}, "/kinds/0/type"),
                                ({"kinds": [{**kind, "attempts_max": 0}]}, "/kinds/0/attempts_max"),
                                ({"kinds": [{**kind, "timeout_ms": 0}]}, "/kinds/0/timeout_ms"),
                                ({"kinds": [kind, {**kind, "retry": {"factor": 0}}]}, "/kinds/1/retry/factor"),
                                ({"kinds": [{"name": self.kind}]}, "/kinds/0/type"), ({"color": 1}, "/color"),
                                ({"kinds": [kind] * 101}, "/kinds")):
            with self.subTest(change=str(change)[:80]):
                doc = self.assert_problem(self.admin.post("/api/v2/workers", {**good, **change}), 422, "invalid_fields")
                self.assertIn(pointer, [e["pointer"] for e in doc["errors"]])
        for own in ("import", "external", "workflow"):
            self.assert_problem(self.admin.post("/api/v2/workers", {**good, "kinds": [kind, {**kind, "name": own}]}), 409, "conflict")
        self.assert_problem(self.me.post("/api/v2/jobs", {"kind": self.kind}), 422, "unknown_job_kind")

    def test_a_job_is_claimed_shown_and_completed(self):
        worker = self.register("ocr-1")
        dataset = self.completed_import()["id"]
        job = self.create({"pages": [1, 2]}, filename="scan.pdf")
        claimed = self.claim_one(worker)
        self.assertEqual(claimed["job"]["id"], job)
        self.assert_job(claimed["job"])
        self.assertEqual((claimed["input"], claimed["attempt"], claimed["checkpoint"], claimed["timeout_ms"]), ({"pages": [1, 2]}, 1, None, None))
        self.assertEqual(self.admin.get("/api/v2/workers/" + worker).json()["running"], 1)
        self.assertEqual(self.call(worker, "heartbeat", {"running": [job], "progress": [
            self.lease(claimed, progress=40.7, stage="reading", message="page 1")]}), {"cancel": [], "lost": [], "drain": False})
        seen = self.assert_job(self.me.job(job))
        self.assertEqual((seen["state"], seen["progress"], seen["stage"], seen["message"]), ("running", 40, "reading", "page 1"))
        done = self.completed(worker, claimed, result={"text": "ü"}, metadata={"pages": 2}, related_dataset_id=dataset)
        self.assertEqual(done, {"job_id": job, "status": "accepted", "state": "completed", "why": None})
        seen = self.assert_job(self.me.job(job))
        self.assertEqual((seen["state"], seen["progress"], seen["related_dataset_id"]), ("completed", 100, dataset))
        self.assertEqual(seen["job_metadata"]["pages"], 2)
        self.assertEqual(self.me.get(f"/api/v2/jobs/{job}/result").json(), {"text": "ü"})
        attempts = self.me.get(f"/api/v2/jobs/{job}/attempts").json()["items"]
        self.assertEqual([(a["worker"], a["outcome"]) for a in attempts], [("ocr-1", "completed")])
        self.assertEqual(self.completed(worker, claimed)["status"], "lost", "once is enough")

    def test_a_failure_is_tried_again_as_the_policy_of_the_kind_says(self):
        worker = self.register(kind={"attempts_max": 3, "retry": {"strategy": "fixed", "base_ms": 1, "give_up_on": ["hopeless"]}})
        job = self.create()
        self.assertEqual(self.failed(worker, self.claim_one(worker))["state"], "retry_wait")
        second = self.claim_one(worker)
        self.assertEqual((second["job"]["id"], second["attempt"]), (job, 2))
        self.assertEqual(self.failed(worker, second, message="x" * 9000)["state"], "retry_wait")
        third = self.failed(worker, self.claim_one(worker))
        self.assertEqual(third["state"], "failed")
        seen = self.assert_job(self.me.job(job))
        self.assertEqual((seen["error_code"], seen["error_message"], seen["attempt"]), ("jam", "paper jam", 3))
        attempts = self.me.get(f"/api/v2/jobs/{job}/attempts").json()["items"]
        self.assertEqual([a["outcome"] for a in attempts], ["failed"] * 3)
        self.assertEqual(len(attempts[1]["error_message"]), 4000, "a long message is cut, not refused")
        for more in ({"retryable": False}, {"code": "hopeless"}):
            self.create()
            self.assertEqual(self.failed(worker, self.claim_one(worker), **more)["state"], "failed", more)
        later = self.create()
        self.assertEqual(self.failed(worker, self.claim_one(worker), retry_in_ms=3_600_000)["state"], "retry_wait")
        self.assertEqual(self.claim(worker, limit=1), [], "an hour is not over")
        self.assertEqual(self.me.job(later)["state"], "retry_wait")

    def test_a_snooze_counts_no_attempt(self):
        worker = self.register(kind={"attempts_max": 1})
        job = self.create()
        for _ in range(3):
            claimed = self.claim_one(worker)
            self.assertEqual(claimed["attempt"], 1)
            done = self.complete(worker, self.lease(claimed, outcome="snooze", retry_in_ms=20))[0]
            self.assertEqual((done["status"], done["state"]), ("accepted", "scheduled"))
            self.assert_job(self.me.job(job))
        self.assertEqual(self.completed(worker, self.claim_one(worker))["state"], "completed")

    def test_each_item_of_a_batch_is_answered_for_itself(self):
        worker, other = self.register(), self.register("other")
        for _ in range(9):
            self.create()
        good, mine, *rest = self.claim(worker, limit=8)
        theirs = self.claim_one(other)
        foreign = self.external()
        odd = [
            (self.lease(good, outcome="completed", result={"n": 1}), "accepted"),
            (self.lease(good, outcome="completed"), "lost"),
            (self.lease(theirs, outcome="completed"), "lost"),
            ({**self.lease(mine, outcome="completed"), "lease_token": str(uuid.uuid4())}, "lost"),
            ({**self.lease(mine, outcome="completed"), "lease_token": "x"}, "lost"),
            ({**self.lease(mine, outcome="completed"), "attempt": 2}, "lost"),
            ({**self.lease(mine, outcome="completed"), "job_id": str(uuid.uuid4())}, "lost"),
            ({**self.lease(mine, outcome="completed"), "job_id": foreign}, "lost"),
            ({**self.lease(mine, outcome="completed"), "job_id": "../x"}, "lost"),
            (self.lease(rest[0], outcome="exploded"), "invalid"),
            (self.lease(rest[0], outcome="failed"), "invalid"),
            (self.lease(rest[0], outcome="failed", error={"code": "No Code", "message": "x"}), "invalid"),
            (self.lease(rest[0], outcome="snooze"), "invalid"),
            (self.lease(rest[0], outcome="snooze", retry_in_ms=-1), "invalid"),
            (self.lease(rest[0], outcome="completed", result="x" * 70_000), "invalid"),
            (self.lease(rest[0], outcome="completed", metadata={"x": "x" * 20_000}), "invalid"),
            (self.lease(rest[0], outcome="completed", related_dataset_id=str(uuid.uuid4())), "invalid"),
            (self.lease(rest[0], outcome="completed", color="red"), "invalid"),
            ({"job_id": rest[0]["job"]["id"]}, "invalid"),
            ("nothing", "invalid"),
            (self.lease(rest[1], outcome="completed"), "accepted"),
        ]
        answers = self.complete(worker, *[item for item, _ in odd])
        self.assertEqual([a["status"] for a in answers], [want for _, want in odd])
        for (item, want), answer in zip(odd, answers):
            self.assertEqual(set(answer), {"job_id", "status", "state", "why"})
            self.assertEqual(answer["why"] is not None, want == "invalid", answer)
            self.assertEqual(answer["state"], "completed" if want == "accepted" else None)
            if isinstance(item, dict):
                self.assertEqual(answer["job_id"], item["job_id"])
        lost = [{k: v for k, v in a.items() if k != "job_id"} for a in answers if a["status"] == "lost"]
        self.assertEqual(lost, [lost[0]] * len(lost), "nothing tells one reason from another")
        for claimed in (mine, rest[0], theirs):
            self.assertEqual(self.me.job(claimed["job"]["id"])["state"], "running")
        self.assertEqual(self.me.job(foreign)["state"], "queued")
        self.assertEqual(self.completed(worker, rest[0])["status"], "accepted", "an invalid item may be sent again")

    def test_limits_of_requests(self):
        worker = self.register()
        item = self.lease({"job": {"id": str(uuid.uuid4())}, "attempt": 1, "lease_token": str(uuid.uuid4())}, outcome="completed")
        for what, body, pointer in (("claim", {"limit": 0}, "/limit"), ("claim", {"limit": 201}, "/limit"), ("claim", {"wait": 61}, "/wait"),
                                    ("claim", {"wait": -1}, "/wait"), ("complete", {"results": [item] * 201}, "/results"),
                                    ("complete", {}, "/results"), ("heartbeat", {"progress": [{"x": 1}]}, "/progress/0/x"),
                                    ("heartbeat", {"running": ["x"] * 10_001}, "/running"), ("drain", {}, "/drain")):
            with self.subTest(what=what, pointer=pointer):
                answer = self.admin.post(f"/api/v2/workers/{worker}/{what}", body)
                doc = self.assert_problem(answer, 422, "invalid_fields")
                self.assertIn(pointer, [e["pointer"] for e in doc["errors"]])
        self.assert_problem(self.admin.post(f"/api/v2/workers/{worker}/heartbeat", {"running": ["x" * 1_100_000]}), 413)
        self.assertEqual(self.complete(worker), [])

    def test_a_whole_batch_of_large_results_is_taken(self):
        worker = self.register()
        for _ in range(200):
            self.create()
        jobs = []
        while len(jobs) < 200:
            jobs += self.claim(worker, limit=200)
        answers = self.complete(worker, *[self.lease(job, outcome="completed", result="x" * 60_000) for job in jobs])
        self.assertEqual({a["status"] for a in answers}, {"accepted"})

    def test_a_cancel_reaches_the_worker(self):
        worker = self.register()
        jobs = [self.create() for _ in range(3)]
        claimed = {c["job"]["id"]: c for c in self.claim(worker, limit=3)}
        for job in jobs[:2]:
            self.assertEqual(self.me.post(f"/api/v2/jobs/{job}/cancel").json()["state"], "cancelling")
        answer = self.call(worker, "heartbeat", {"running": jobs})
        self.assertEqual(set(answer["cancel"]), set(jobs[:2]))
        self.assertEqual(self.failed(worker, claimed[jobs[0]])["state"], "cancelled")
        self.assertEqual(self.me.job(jobs[0])["error_code"], "cancelled")
        self.assertEqual(self.completed(worker, claimed[jobs[1]])["state"], "completed", "it was faster than the cancel")
        self.assertEqual(self.call(worker, "heartbeat", {"running": jobs})["lost"], sorted(jobs[:2]))

    def test_checkpoint_and_log_of_an_attempt(self):
        worker = self.register(kind={"retry": {"strategy": "fixed", "base_ms": 1}})
        job = self.create()
        first = self.claim_one(worker)
        lines = ["started", {"level": "warn", "message": "odd page", "at": "2026-01-01T00:00:00Z"}, {"level": "loud", "message": "x" * 5000}, 7]
        self.call(worker, "heartbeat", {"progress": [self.lease(first, checkpoint={"page": 3}, log=lines)]})
        self.failed(worker, first, log=["the end"])
        self.assertEqual(self.claim_one(worker)["checkpoint"], {"page": 3})
        answer = self.me.get(f"/api/v2/jobs/{job}/logs")
        self.assertEqual(answer.status, 200, answer)
        seen = [(line["attempt"], line["level"], line["message"][:10]) for line in answer.json()["items"]]
        self.assertEqual(seen, [(1, "info", "started"), (1, "warn", "odd page"), (1, "info", "x" * 10), (1, "info", "the end")])

    def test_progress_is_seen_live(self):
        worker = self.register()
        job = self.create()
        claimed = self.claim_one(worker)
        stream = self.stream(self.me, f"/api/v2/jobs/{job}/stream")
        stream.until(lambda e: e.type == "snapshot")
        for progress, stage in ((5, "a"), (15, "a"), (40, "b"), (30, "b")):
            self.call(worker, "heartbeat", {"progress": [self.lease(claimed, progress=progress, stage=stage)]})
        self.completed(worker, claimed)
        seen = [e for e in stream.until(lambda e: e.json().get("state") == "completed")]
        self.assertEqual([(e.json()["progress"], bool(e.id)) for e in seen], [(5, True), (15, False), (40, True), (100, True)])

    def test_time_limits_are_kept_by_the_server(self):
        worker = self.register(kind={"timeout_ms": 50, "retry": {"strategy": "fixed", "base_ms": 3_600_000}})
        server_beat = 5  # what is allowed on top: a heartbeat
        job, other = self.create(), self.create(timeout_ms=3_600_000)
        claimed = {c["job"]["id"]: c for c in self.claim(worker, limit=2)}
        self.assertEqual((claimed[job]["timeout_ms"], claimed[other]["timeout_ms"]), (50, 3_600_000))
        lost = self.eventually(lambda: self.call(worker, "heartbeat", {"running": [job, other]})["lost"], timeout=server_beat + 10)
        self.assertEqual(lost, [job])
        seen = self.me.job(job)
        self.assertEqual((seen["state"], seen["error_code"]), ("retry_wait", "job_timeout"))
        self.assertEqual(self.completed(worker, claimed[job])["status"], "lost")
        self.assertEqual(self.completed(worker, claimed[other])["status"], "accepted")

    def test_a_worker_that_left_is_not_known(self):
        worker = self.register()
        job = self.create()
        claimed = self.claim_one(worker)
        self.assertEqual(self.admin.delete(f"/api/v2/workers/{worker}").status, 204)
        seen = self.me.job(job)
        self.assertEqual((seen["state"], seen["attempt"]), ("queued", 0), "its jobs are handed back and count nothing")
        for what in ("claim", "heartbeat"):
            doc = self.assert_problem(self.admin.post(f"/api/v2/workers/{worker}/{what}", {}), 410, "worker_unknown")
            self.assertNotIn(worker, doc["detail"])
        self.assertEqual(self.completed(worker, claimed)["status"], "lost")
        self.assertEqual(self.admin.delete(f"/api/v2/workers/{worker}").status, 204, "it stays gone")
        for path in ("", "/drain"):
            method = "POST" if path else "GET"
            options = {"json": {"drain": True}} if path else {}
            self.assert_problem(self.admin.request(method, f"/api/v2/workers/{worker}{path}", **options), 404, "not_found")
        own = next(w["id"] for w in self.admin.get("/api/v2/workers").json()["items"] if w["role"] == "all")
        self.assert_problem(self.admin.delete(f"/api/v2/workers/{own}"), 409, "conflict")
        for what in ("claim", "heartbeat"):
            self.assert_problem(self.admin.post(f"/api/v2/workers/{own}/{what}", {}), 410, "worker_unknown")


class Waiting(RemoteCase):
    def test_a_waiting_claim_is_answered_when_a_job_is_created(self):
        worker = self.register()
        for _ in range(5):
            claim = self.waiting_claim(worker)
            self.assertTrue(claim.waits())
            created = time.monotonic()
            job = self.create()
            answer = claim.result()
            self.assertLess(claim.value[1] - created, 1, "at once, not at the next poll or at the end of the wait")
            self.assertEqual([c["job"]["id"] for c in answer.json()["jobs"]], [job])

    def test_a_wait_ends_at_its_time(self):
        worker = self.register()
        began = time.monotonic()
        self.assertEqual(self.call(worker, "claim", {"wait": 0.5}), {"jobs": [], "drain": False})
        self.assertGreater(time.monotonic() - began, 0.45)

    def test_jobs_of_other_kinds_and_queues_are_not_for_it(self):
        worker = self.register(queues=["q-" + self.kind])
        self.create()
        claim = self.waiting_claim(worker)
        self.create()
        self.completed_import()
        self.assertTrue(claim.waits())
        job = self.create(queue="q-" + self.kind)
        self.assertEqual([c["job"]["id"] for c in claim.result().json()["jobs"]], [job])

    def test_of_many_that_wait_each_job_goes_to_one(self):
        workers = [self.register(f"w{i}") for i in range(8)]
        claims = [self.waiting_claim(worker, limit=1) for worker in workers]
        for claim in claims:
            self.assertTrue(claim.waits(0.05))
        jobs = [self.create() for _ in range(8)]
        got = [c["job"]["id"] for claim in claims for c in claim.result().json()["jobs"]]
        self.assertEqual(sorted(got), sorted(jobs))

    def test_a_scheduled_and_a_retried_job_come_at_their_time(self):
        worker = self.register(kind={"retry": {"strategy": "fixed", "base_ms": 300}})
        self.create()
        self.failed(worker, self.claim_one(worker))
        began = time.monotonic()
        claimed = self.claim_one(worker, wait=30)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(claimed["attempt"], 2)

    def test_the_limits_of_a_queue_hold_for_workers(self):
        queue = "limited-" + self.kind
        self.assertEqual(self.admin.request("PUT", f"/api/v2/queues/{queue}", json={"running_max": 2}).status, 201)
        workers = [self.register("a"), self.register("b")]
        for _ in range(5):
            self.create(queue=queue)
        first = self.claim(workers[0], limit=10)
        self.assertEqual(len(first), 2)
        self.assertEqual(self.claim(workers[1], limit=10), [])
        claim = self.waiting_claim(workers[1], limit=10)
        self.assertTrue(claim.waits())
        done = time.monotonic()
        self.completed(workers[0], first[0])
        second = claim.result().json()["jobs"]
        self.assertEqual(len(second), 1)
        self.assertLess(claim.value[1] - done, 5)
        self.assertEqual(self.admin.post(f"/api/v2/queues/{queue}/pause").status, 200)
        self.completed(workers[0], first[1])
        self.completed(workers[1], second[0])
        self.assertEqual(self.claim(workers[0], limit=10, wait=0.3), [], "a paused queue starts nothing")
        claim = self.waiting_claim(workers[0], limit=10)
        self.admin.post(f"/api/v2/queues/{queue}/resume")
        self.assertEqual(len(claim.result().json()["jobs"]), 2)

    def test_a_worker_that_is_told_to_drain_learns_it_at_once(self):
        worker = self.register()
        claim = self.waiting_claim(worker)
        self.assertTrue(claim.waits())
        told = time.monotonic()
        self.assertTrue(self.call(worker, "drain", {"drain": True})["draining"])
        self.assertEqual(claim.result().json(), {"jobs": [], "drain": True})
        self.assertLess(claim.value[1] - told, 2)
        self.create()
        self.assertEqual(self.call(worker, "claim", {"wait": 5}), {"jobs": [], "drain": True})
        self.assertTrue(self.call(worker, "heartbeat")["drain"])
        self.call(worker, "drain", {"drain": False})
        self.assertEqual(len(self.claim(worker)), 1)

    def test_a_waiting_claim_of_a_worker_that_leaves_is_answered(self):
        worker = self.register()
        claim = self.waiting_claim(worker)
        self.assertTrue(claim.waits())
        self.admin.delete(f"/api/v2/workers/{worker}")
        self.assert_problem(claim.result(), 410, "worker_unknown")

    def test_a_claim_whose_client_is_gone_takes_nothing_from_others(self):
        gone, stays = self.register("gone"), self.register("stays")
        raw = self.raw(timeout=5)
        body = b'{"wait": 50}'
        raw.send(f"POST /api/v2/workers/{gone}/claim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.admin.token}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        claim = self.waiting_claim(stays)
        self.assertTrue(claim.waits())
        raw.close()
        job = self.create()
        self.assertEqual([c["job"]["id"] for c in claim.result().json()["jobs"]], [job])


class Together(RemoteCase):
    def test_dependent_jobs_and_their_workflow_follow_remote_ones(self):
        worker = self.register()
        answer = self.me.post("/api/v2/workflows", {"jobs": [
            {"name": "first", "kind": self.kind}, {"name": "second", "kind": self.kind, "needs": [{"job": "first"}]}]})
        self.assertEqual(answer.status, 201, answer)
        workflow = answer.json()["job"]["id"]
        first = self.claim(worker, limit=5)
        self.assertEqual(len(first), 1)
        self.call(worker, "heartbeat", {"progress": [self.lease(first[0], progress=10, stage="a")]})
        self.call(worker, "heartbeat", {"progress": [self.lease(first[0], progress=60, stage="a")]})
        self.assertEqual(self.me.job(workflow)["progress"], 30, "ticks of a child count")
        claim = self.waiting_claim(worker)
        self.completed(worker, first[0])
        second = claim.result().json()["jobs"]
        self.assertEqual(self.me.job(workflow)["progress"], 50)
        self.completed(worker, second[0])
        self.assertEqual(self.me.job(workflow)["state"], "completed")

    def test_a_schedule_may_make_jobs_of_a_declared_kind(self):
        self.register()
        body = {"name": "nightly", "cron": "0 2 * * *", "job": {"kind": self.kind}}
        self.assertEqual(self.me.post("/api/v2/schedules", body).status, 201)
        doc = self.assert_problem(self.me.post("/api/v2/schedules", {**body, "job": {"kind": "shred"}}), 422)
        self.assertIn("/job/kind", [e["pointer"] for e in doc["errors"]])


class Watched(RemoteCase):
    only = ("postgres",)  # SQLite has one process
    own_server = True

    def test_progress_is_seen_on_another_server(self):
        url = postgres().create_database()
        here, there = self.start(database_url=url), self.start(database_url=url, role="serve")
        self.admin, self.me = here.client(role="admin"), here.client()
        viewer = there.client(self.me.user)
        worker = self.register()
        job = self.create()
        claimed = self.claim_one(worker)
        stream = self.stream(viewer)
        stream.until(lambda e: e.type == "snapshot")
        began = time.monotonic()
        self.call(worker, "heartbeat", {"progress": [self.lease(claimed, progress=42, message="row 1000")]})
        seen = stream.until(lambda e: e.type == "job" and e.json()["progress"] == 42, timeout=5)[-1].json()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual((seen["id"], seen["state"], seen["message"]), (job, "running", "row 1000"))
        self.assertEqual(viewer.job(job)["progress"], 42)


class Silence(RemoteCase):
    settings = SHORT

    def test_the_jobs_of_a_silent_worker_go_to_another_and_its_late_word_is_lost(self):
        silent, other = self.register("silent"), self.register("other")
        job = self.create()
        zombie = self.claim_one(silent)
        rescued = self.claim_one(other, wait=30)
        self.assertEqual((rescued["job"]["id"], rescued["attempt"]), (job, 2))
        self.assertEqual(self.completed(silent, zombie, result="zombie")["status"], "lost")
        self.assert_problem(self.admin.post(f"/api/v2/workers/{silent}/heartbeat", {}), 410, "worker_unknown")
        self.assertEqual(self.completed(other, rescued, result="alive")["status"], "accepted")
        self.assertEqual(self.me.get(f"/api/v2/jobs/{job}/result").json(), "alive")
        attempts = self.me.get(f"/api/v2/jobs/{job}/attempts").json()["items"]
        self.assertEqual([(a["worker"], a["outcome"]) for a in attempts], [("silent", "lost"), ("other", "completed")])

    def test_one_that_beats_keeps_its_jobs_and_one_that_waits_keeps_its_place(self):
        worker, idle = self.register(), self.register("idle", kinds=[{"name": "idle-" + self.kind, "type": "export"}])
        claim = self.waiting_claim(idle)
        job = self.create()
        claimed = self.claim_one(worker)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            self.assertEqual(self.call(worker, "heartbeat", {"running": [job]})["lost"], [])
            time.sleep(0.3)
        self.assertEqual(self.completed(worker, claimed)["status"], "accepted")
        self.assertEqual(self.admin.get(f"/api/v2/workers/{idle}").status, 200, "the server beats for one that only waits")
        self.assertTrue(claim.waits(0))

    def test_a_job_that_the_worker_never_heard_of_is_handed_back(self):
        worker = self.register()
        self.create()
        unheard = self.claim_one(worker)["job"]["id"]  # as if this answer had been lost
        self.eventually(lambda: self.call(worker, "heartbeat", {"running": []}) and self.me.job(unheard)["state"] == "queued", timeout=20)
        again = self.claim_one(worker)
        self.assertEqual((again["job"]["id"], again["attempt"]), (unheard, 1), "it counted no attempt")


class Restart(RemoteCase):
    own_server = True
    settings = SHORT

    def test_a_restart_of_the_server_costs_remote_workers_nothing(self):
        server = self.start()
        self.admin, self.me = server.client(role="admin"), server.client()
        worker = self.register()
        self.create()
        claimed = self.claim_one(worker)
        for kill in (False, True):
            server.stop() if not kill else server.kill()
            time.sleep(3.2)  # longer than a lease: nobody could beat
            server.start()
            answer = self.call(worker, "heartbeat", {"running": [claimed["job"]["id"]]})
            self.assertEqual(answer, {"cancel": [], "lost": [], "drain": False})
        self.assertEqual(self.completed(worker, claimed)["status"], "accepted")
        self.assertEqual(len(self.me.get(f"/api/v2/jobs/{claimed['job']['id']}/attempts").json()["items"]), 1)

    def test_a_process_of_millrace_drains_too(self):
        server = self.start()
        self.admin, self.me = server.client(role="admin"), server.client()
        own = next(w["id"] for w in self.admin.get("/api/v2/workers").json()["items"] if w["role"] == "all")
        self.assertTrue(self.call(own, "drain", {"drain": True})["draining"])
        job = self.me.upload_async(csv())
        time.sleep(0.5)
        self.assertEqual(self.me.job(job)["state"], "queued")
        self.call(own, "drain", {"drain": False})
        self.assertEqual(self.me.wait_job(job)["state"], "completed")


class Process:
    """One of the examples, running."""

    def __init__(self, case, program, name="example", slots=4):
        self.log_path = os.path.join(case.server.root, f"{name}-{uuid.uuid4().hex}.log")
        environment = {"PATH": os.environ["PATH"], "MILLRACE_URL": f"http://127.0.0.1:{case.server.port}", "MILLRACE_TOKEN": case.admin.token,
                       "WORKER_NAME": name, "WORKER_SLOTS": str(slots), "WORKER_QUEUES": case.queue}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        case.addCleanup(self.end)
        self.case = case
        case.eventually(lambda: "ready" in self.log(), what="the worker is ready")

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        self.process.kill()
        self.process.wait()


class Examples:
    """What both examples must do; `program` is how one is started."""

    settings = SHORT

    def setUp(self):
        super().setUp()
        self.kind, self.queue = "example.count", "q-" + uuid.uuid4().hex[:8]

    def count(self, client=None, **input):
        return self.create(input, client, queue=self.queue)

    def worker(self, name="example", **options):
        return Process(self, self.program, name, **options)

    def drains(self, name):
        return [w["draining"] for w in self.admin.get("/api/v2/workers").json()["items"] if w["host"] == name] == [True]

    def attempts(self, job):
        return self.me.get(f"/api/v2/jobs/{job}/attempts").json()["items"]

    def test_jobs_are_run_with_progress_and_result(self):
        self.worker()
        job = self.count(to=40, pause=0.05)
        self.eventually(lambda: self.me.job(job)["progress"] > 0, what="progress")
        self.assertEqual(self.me.job(job)["stage"], "counting")
        self.assertEqual(self.me.wait_job(job)["state"], "completed")
        self.assertEqual(self.me.get(f"/api/v2/jobs/{job}/result").json(), {"from": 0, "to": 40, "attempt": 1})

    def test_a_failure_is_tried_again(self):
        self.worker()
        job = self.count(to=3, failures=1)
        self.assertEqual(self.me.wait_job(job)["state"], "completed")
        self.assertEqual([(a["outcome"], a["error_code"]) for a in self.attempts(job)], [("failed", "worker_error"), ("completed", "")])

    def test_a_cancel_reaches_it(self):
        worker = self.worker()
        job = self.count(to=10_000, pause=0.02)
        self.me.wait_job(job, states=("running",))
        self.assertEqual(self.me.post(f"/api/v2/jobs/{job}/cancel").json()["state"], "cancelling")
        self.assertEqual(self.me.wait_job(job, states=("cancelled",))["error_code"], "cancelled")
        self.eventually(lambda: f"job {job} failed: accepted" in worker.log(), what="the word of the worker")

    def test_the_job_of_a_killed_worker_is_run_by_another_from_its_checkpoint(self):
        killed = self.worker("killed")
        job = self.count(to=60, pause=0.05)
        self.eventually(lambda: self.me.job(job)["progress"] > 0, what="progress")
        killed.signal(signal.SIGKILL)
        self.worker("other")
        self.assertEqual(self.me.wait_job(job, timeout=40)["state"], "completed")
        self.assertEqual([(a["worker"], a["outcome"]) for a in self.attempts(job)], [("killed", "lost"), ("other", "completed")])
        self.assertGreater(self.me.get(f"/api/v2/jobs/{job}/result").json()["from"], 0)

    def test_the_late_word_of_a_frozen_worker_is_lost(self):
        frozen = self.worker("frozen")
        job = self.count(to=20, pause=0.1)
        self.me.wait_job(job, states=("running",))
        frozen.signal(signal.SIGSTOP)
        self.worker("other")
        self.assertEqual(self.me.wait_job(job, timeout=40)["state"], "completed")
        result = self.me.get(f"/api/v2/jobs/{job}/result").json()
        frozen.signal(signal.SIGCONT)
        self.eventually(lambda: f"job {job}" in frozen.log(), what="the late word")
        self.assertRegex(frozen.log(), f"job {job} \\w+: lost")
        self.assertEqual(self.me.get(f"/api/v2/jobs/{job}/result").json(), result)
        self.assertEqual([(a["worker"], a["outcome"]) for a in self.attempts(job)], [("frozen", "lost"), ("other", "completed")])
        self.eventually(lambda: frozen.log().count("ready") == 2, what="it registers again")
        again = self.count(to=1)
        self.assertEqual(self.me.wait_job(again)["state"], "completed")

    def test_two_workers_share_jobs_and_none_runs_twice(self):
        names = {"left", "right"}
        jobs = [self.count(to=2, pause=0.01) for _ in range(200)]
        for name in names:
            self.worker(name, slots=8)
        for job in jobs:
            self.assertEqual(self.me.wait_job(job, timeout=60)["state"], "completed")
        ran = [self.attempts(job) for job in jobs]
        self.assertEqual({len(attempts) for attempts in ran}, {1})
        self.assertEqual({attempts[0]["worker"] for attempts in ran}, names, "both had some")

    def test_an_interrupted_worker_finishes_what_it_has_and_leaves(self):
        worker = self.worker("leaves", slots=2)
        running = self.count(to=60, pause=0.05)
        self.me.wait_job(running, states=("running",))
        worker.signal(signal.SIGINT)
        self.eventually(lambda: self.drains("leaves"), what="the word that it drains")
        waiting = self.count(to=1)
        self.assertEqual(worker.process.wait(20), 0)
        self.assertEqual(self.me.job(running)["state"], "completed")
        self.assertEqual(self.me.job(waiting)["state"], "queued")
        self.assertNotIn("leaves", [w["host"] for w in self.admin.get("/api/v2/workers").json()["items"]])

    def test_interrupted_twice_it_hands_its_jobs_back(self):
        worker = self.worker("hurries")
        job = self.count(to=10_000, pause=0.05)
        self.me.wait_job(job, states=("running",))
        worker.signal(signal.SIGINT)
        self.eventually(lambda: self.drains("hurries"), what="the word that it drains")
        worker.signal(signal.SIGINT)
        worker.process.wait(20)
        seen = self.me.job(job)
        self.assertEqual((seen["state"], seen["attempt"]), ("queued", 0))


class PythonWorker(Examples, RemoteCase):
    program = ["python3", os.path.join(ROOT, "examples/workers/worker.py")]


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class NodeWorker(Examples, RemoteCase):
    program = ["node", os.path.join(ROOT, "examples/workers/worker.mjs")]
