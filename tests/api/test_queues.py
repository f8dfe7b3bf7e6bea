"""Queues, options of jobs, unique keys, cache, workflows, bulk actions, statistics."""

import time
import uuid
from datetime import datetime, timedelta, timezone

from support.case import ApiCase, csv


def soon(**delta):
    return (datetime.now(timezone.utc) + timedelta(**delta)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Options(ApiCase):
    def test_a_job_keeps_its_options(self):
        deadline = soon(hours=2)
        job = self.me.post("/api/v2/jobs", {"type": "export", "queue": "reports", "priority": 7, "tags": ["b", "a", "b"],
                                            "limit_key": "acme", "deadline": deadline, "attempts_max": 9, "timeout_ms": 5000,
                                            "retry": {"strategy": "fixed", "base_ms": 10}}).json()
        seen = self.me.job(job["id"])
        self.assert_job(seen)
        wanted = {"queue": "reports", "priority": 7, "tags": ["a", "b"], "limit_key": "acme", "deadline": deadline, "attempts_max": 9}
        self.assertEqual({k: seen[k] for k in wanted}, wanted)

    def test_options_that_make_no_sense_are_named(self):
        for body, pointer in (({"priority": 1001}, "/priority"), ({"priority": -1001}, "/priority"), ({"queue": "a b"}, "/queue"),
                              ({"timeout_ms": 0}, "/timeout_ms"), ({"attempts_max": 0}, "/attempts_max"),
                              ({"retry": {"strategy": "list"}}, "/retry/delays_ms"), ({"retry": {"factor": 0}}, "/retry/factor"),
                              ({"retry": {"strategy": "never"}}, "/retry/strategy"), ({"limit_key": ""}, "/limit_key"),
                              ({"unique": {}}, "/unique/key"), ({"deadline": "2020-01-01T00:00:00Z"}, "/deadline"),
                              ({"tags": ["x" * 65]}, "/tags"), ({"input": {"a": "x" * 70_000}}, "/input"),
                              ({"parent_id": str(uuid.uuid4())}, "/parent_id")):
            with self.subTest(body=str(body)[:60]):
                doc = self.assert_problem(self.me.post("/api/v2/jobs", {"type": "export", **body}), 422)
                self.assertIn(pointer, [e["pointer"] for e in doc["errors"]])

    def test_a_scheduled_job_waits_for_its_time(self):
        job = self.external(run_at=soon(milliseconds=1500))
        seen = self.me.job(job)
        self.assertEqual((seen["state"], seen["status"]), ("scheduled", "running"))
        self.assertIsNotNone(seen["run_at"])
        self.eventually(lambda: self.me.job(job)["state"] == "queued", what="the time has come")

    def test_a_waiting_job_may_be_changed(self):
        job = self.external(run_at=soon(hours=1))
        first = self.me.get(f"/api/v2/jobs/{job}")
        changed = self.me.request("PATCH", f"/api/v2/jobs/{job}", json={"priority": 5, "tags": ["x"], "run_at": soon(seconds=-1)},
                                  headers={"If-Match": first.header("ETag")})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual((changed.json()["state"], changed.json()["priority"], changed.json()["tags"]), ("queued", 5, ["x"]))
        stale = self.me.request("PATCH", f"/api/v2/jobs/{job}", json={"priority": 6}, headers={"If-Match": first.header("ETag")})
        self.assert_problem(stale, 412)
        self.report(job, "start")
        self.assert_problem(self.me.request("PATCH", f"/api/v2/jobs/{job}", json={"priority": 6}), 409)
        self.assert_problem(self.user(user="other").request("PATCH", f"/api/v2/jobs/{job}", json={"priority": 6}), 404)

    def test_an_ended_job_is_acknowledged_and_removed(self):
        job = self.external()
        self.assert_problem(self.me.post(f"/api/v2/jobs/{job}/acknowledge"), 409)
        self.assert_problem(self.me.request("DELETE", f"/api/v2/jobs/{job}"), 409)
        self.report(job, "complete", {"error": "x"})
        self.assertIsNotNone(self.me.post(f"/api/v2/jobs/{job}/acknowledge").json()["acknowledged_at"])
        self.report(job, "retry")
        self.assertIsNone(self.me.job(job)["acknowledged_at"], "what runs again is news again")
        self.report(job, "cancel")
        self.assertEqual(self.me.request("DELETE", f"/api/v2/jobs/{job}").status, 204)
        self.assert_problem(self.me.get(f"/api/v2/jobs/{job}"), 404)


class Unique(ApiCase):
    def create(self, key, client=None, **unique):
        return (client or self.me).post("/api/v2/jobs", {"type": "export", "unique": {"key": key, **unique}})

    def test_one_at_a_time(self):
        first = self.create("k1").json()["id"]
        doc = self.assert_problem(self.create("k1"), 409, "job_exists")
        self.assertEqual(doc["job_id"], first)
        self.assertEqual(self.create("k1", self.user(user="another")).status, 201, "keys are of each user")
        self.report(first, "complete")
        self.assertEqual(self.create("k1").status, 201)

    def test_the_existing_one_may_be_answered(self):
        first = self.create("k2").json()["id"]
        again = self.create("k2", on_conflict="return_existing")
        self.assertEqual((again.status, again.json()["id"]), (200, first))

    def test_a_waiting_one_may_be_replaced_a_running_one_not(self):
        first = self.create("k3").json()["id"]
        second = self.create("k3", on_conflict="replace")
        self.assertEqual(second.status, 201)
        self.assertEqual(self.me.job(first)["state"], "cancelled")
        self.report(second.json()["id"], "start")
        self.assert_problem(self.create("k3", on_conflict="replace"), 409, "job_exists")

    def test_states_and_window(self):
        first = self.create("k4").json()["id"]
        self.report(first, "complete")
        self.assert_problem(self.create("k4", states=["completed"]), 409, "job_exists")
        time.sleep(0.05)
        self.assertEqual(self.create("k4", states=["completed"], window_ms=20).status, 201)

    def test_many_at_once_make_one(self):
        import concurrent.futures
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: self.create("k5", on_conflict="return_existing"), range(24)))
        self.assertEqual(sorted(a.status for a in answers), [200] * 23 + [201])
        self.assertEqual(len({a.json()["id"] for a in answers}), 1)


class Cache(ApiCase):
    def test_the_same_question_gets_the_same_job(self):
        ask = {"type": "export", "input": {"q": uuid.uuid4().hex}, "cache_ttl_ms": 60_000}
        first = self.me.post("/api/v2/jobs", ask)
        self.assertEqual(self.me.post("/api/v2/jobs", ask).status, 201, "an unfinished one is no answer")
        self.report(first.json()["id"], "complete", {"result": {"answer": 42}})
        again = self.me.post("/api/v2/jobs", ask)
        self.assertEqual((again.status, again.json()["id"]), (200, first.json()["id"]))
        self.assertEqual(self.user(user="another").post("/api/v2/jobs", ask).status, 201)
        self.assertEqual(self.me.post("/api/v2/jobs", {**ask, "input": {"q": 2}}).status, 201)


class Queues(ApiCase):
    own_server = True

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.me = self.server.client()
        self.admin = self.server.client(user="boss", role="admin")

    def put(self, name, **limits):
        answer = self.admin.request("PUT", f"/api/v2/queues/{name}", json=limits)
        self.assertIn(answer.status, (200, 201), answer)
        return answer

    def file(self, client=None):
        from support.client import multipart
        body, kind = multipart([("file", "a.csv", csv())])
        answer = (client or self.me).request("POST", "/api/v2/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def importing(self, client=None, **more):
        client = client or self.me
        answer = client.post("/api/v2/jobs", {"kind": "import", "input": {"file_id": self.file(client)}, **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def test_queues_are_for_administrators(self):
        for method, path in (("GET", "/api/v2/queues"), ("GET", "/api/v2/queues/default"), ("PUT", "/api/v2/queues/x"),
                             ("POST", "/api/v2/queues/default/pause"), ("GET", "/api/v2/stats")):
            self.assert_problem(self.me.request(method, path, json={} if method != "GET" else None), 403, "forbidden")

    def test_a_paused_queue_starts_nothing_until_it_is_resumed(self):
        self.assertEqual(self.admin.post("/api/v2/queues/default/pause").json()["paused"], True)
        job = self.importing()
        time.sleep(0.5)
        self.assertEqual(self.me.job(job)["state"], "queued")
        shown = self.admin.get("/api/v2/queues/default").json()
        self.assertEqual(shown["counts"], {"queued": 1})
        self.admin.post("/api/v2/queues/default/resume")
        self.assertEqual(self.me.wait_job(job)["state"], "completed")
        self.assertEqual(self.admin.get("/api/v2/queues/default").json()["counts"], {})

    def test_etags_guard_the_settings(self):
        first = self.put("slow", running_max=1)
        self.assertEqual(first.status, 201)
        self.put("slow", running_max=2)
        stale = self.admin.request("PUT", "/api/v2/queues/slow", json={}, headers={"If-Match": first.header("ETag")})
        self.assert_problem(stale, 412)
        for bad in ({"running_max": 0}, {"rate_count": 5}, {"key_rate_count": 5, "key_rate_period_ms": 0}):
            self.assert_problem(self.admin.request("PUT", "/api/v2/queues/slow", json=bad), 422)
        self.assert_problem(self.admin.get("/api/v2/queues/none"), 404)
        self.assertEqual([q["name"] for q in self.admin.get("/api/v2/queues").json()["items"]], ["default", "slow"])

    def most_at_once(self, jobs):
        """How many of the jobs were running at the same time, by their own times."""
        done = [self.me.wait_job(j, timeout=60) for j in jobs]
        self.assertEqual({j["state"] for j in done}, {"completed"})
        marks = sorted([(j["started_at"], 1) for j in done] + [(j["completed_at"], -1) for j in done])
        most = now = 0
        for _, step in marks:
            now += step
            most = max(most, now)
        return most

    def test_a_queue_runs_no_more_than_its_limit(self):
        self.put("narrow", running_max=1)
        self.admin.post("/api/v2/queues/narrow/pause")
        jobs = [self.importing(queue="narrow") for _ in range(8)]
        self.admin.post("/api/v2/queues/narrow/resume")
        self.assertEqual(self.most_at_once(jobs), 1)

    def test_each_key_has_its_limit(self):
        self.put("keyed", key_running_max=1)
        jobs = [self.importing(queue="keyed", limit_key="k") for _ in range(5)]
        others = [self.importing(queue="keyed", limit_key=f"other-{i}") for i in range(3)]
        self.assertEqual(self.most_at_once(jobs), 1)
        self.most_at_once(others)

    def test_a_rate_is_kept(self):
        self.put("rated", rate_count=2, rate_period_ms=1000)
        began = time.monotonic()
        jobs = [self.importing(queue="rated") for _ in range(6)]
        for job in jobs:
            self.assertEqual(self.me.wait_job(job, timeout=30)["state"], "completed")
        self.assertGreater(time.monotonic() - began, 1.8, "two at once, then two a second")

    def test_a_key_has_its_rate(self):
        self.put("key-rated", key_rate_count=1, key_rate_period_ms=700)
        began = time.monotonic()
        jobs = [self.importing(queue="key-rated", limit_key="k") for _ in range(3)]
        free = self.importing(queue="key-rated", limit_key="free")
        self.assertEqual(self.me.wait_job(free)["state"], "completed")
        for job in jobs:
            self.assertEqual(self.me.wait_job(job, timeout=30)["state"], "completed")
        self.assertGreater(time.monotonic() - began, 1.35)

    def test_a_higher_priority_goes_first(self):
        self.admin.post("/api/v2/queues/default/pause")
        self.put("default", paused=True, running_max=1)
        low, high = self.importing(priority=-5), self.importing(priority=5)
        self.put("default", running_max=1)
        first, second = self.me.wait_job(high), self.me.wait_job(low)
        self.assertLess(first["started_at"], second["started_at"])

    def test_a_backlog_of_one_user_does_not_keep_another_waiting(self):
        self.put("default", paused=True, running_max=1)
        file = self.file()
        bulk = {"action": "create", "jobs": [{"kind": "import", "input": {"file_id": file}} for _ in range(500)]}
        backlog = self.me.post("/api/v2/jobs/bulk", bulk)
        self.assertEqual(backlog.status, 201, backlog)
        other = self.server.client(user="small")
        mine = self.importing(other)
        self.put("default", running_max=1)
        self.assertEqual(other.wait_job(mine, timeout=30)["state"], "completed")
        ended = [j for j in map(self.me.job, backlog.json()["ids"][:40]) if j["state"] not in ("queued", "running")]
        started_before = [j for j in ended if j["started_at"] < other.job(mine)["started_at"]]
        self.assertLessEqual(len(started_before), 2, "two users take turns")

    def test_statistics_count_what_happened(self):
        for _ in range(3):
            self.completed_import(self.me)
        self.failed_import(self.me)
        stats = self.admin.get("/api/v2/stats?range=10m").json()
        total = {o: sum(s["number"] for s in stats["items"] if s["outcome"] == o and s["kind"] == "import") for o in ("created", "completed", "failed")}
        self.assertEqual(total, {"created": 4, "completed": 3, "failed": 1})
        for s in stats["items"]:
            self.assertGreaterEqual(s["run_ms"], 0)
        self.assert_problem(self.admin.get("/api/v2/stats?range=x"), 400)


class Workflows(ApiCase):
    def create(self, jobs, status=201, **more):
        answer = self.me.post("/api/v2/workflows", {"name": "w", "jobs": jobs, **more})
        self.assertEqual(answer.status, status, answer)
        doc = answer.json()
        return doc if status != 201 else (doc["job"]["id"], {j["name"]: j["job"]["id"] for j in doc["jobs"]})

    def states(self, ids):
        return {name: self.me.job(i)["state"] for name, i in ids.items()}

    @staticmethod
    def member(name, *needs, **more):
        return {"name": name, "type": "processing", "needs": [n if isinstance(n, dict) else {"job": n} for n in needs], **more}

    def test_jobs_wait_for_what_they_need(self):
        m = self.member
        parent, ids = self.create([m("d", "b", "c"), m("b", "a"), m("c", "a"), m("a")])
        self.assertEqual(self.states(ids), {"a": "queued", "b": "blocked", "c": "blocked", "d": "blocked"})
        self.assert_problem(self.me.post(f"/api/v2/jobs/{ids['d']}/start"), 409)
        self.report(ids["a"], "complete")
        self.assertEqual(self.states(ids), {"a": "completed", "b": "queued", "c": "queued", "d": "blocked"})
        self.assertEqual(self.me.job(parent)["progress"], 25)
        self.report(ids["b"], "progress", {"progress": 80})
        self.assertEqual(self.me.job(parent)["progress"], 45)
        self.report(ids["b"], "complete")
        self.assertEqual(self.me.job(ids["d"])["state"], "blocked")
        self.report(ids["c"], "complete")
        self.report(ids["d"], "complete")
        ended = self.me.job(parent)
        self.assertEqual((ended["state"], ended["progress"], ended["children"]["completed"]), ("completed", 100, 4))

    def test_a_failure_ends_what_needed_success_and_starts_what_needed_it(self):
        m = self.member
        parent, ids = self.create([m("load"), m("publish", "load"), m("announce", "publish"), m("alarm", {"job": "load", "on": "failure"}),
                                   m("tidy", {"job": "publish", "on": "end"})])
        self.report(ids["load"], "complete", {"error": "no"})
        self.assertEqual(self.states(ids), {"load": "failed", "publish": "cancelled", "announce": "cancelled", "alarm": "queued", "tidy": "queued"})
        self.assertEqual(self.me.job(ids["publish"])["error_code"], "dependency_failed")
        self.report(ids["alarm"], "complete")
        self.report(ids["tidy"], "complete")
        ended = self.me.job(parent)
        self.assertEqual((ended["state"], ended["error_code"]), ("failed", "children_failed"))
        # A retry of the failed one revives what had given up because of it.
        self.report(ids["load"], "retry")
        self.assertEqual(self.me.job(parent)["state"], "running")
        self.assertEqual(self.me.job(ids["publish"])["state"], "blocked")
        self.report(ids["load"], "complete")
        self.assertEqual(self.me.job(ids["publish"])["state"], "queued")
        self.report(ids["publish"], "complete")
        self.report(ids["announce"], "complete")
        self.assertEqual(self.me.job(parent)["state"], "completed")

    def test_a_follow_up_of_a_failure_that_did_not_happen_is_no_failure(self):
        m = self.member
        parent, ids = self.create([m("a"), m("alarm", {"job": "a", "on": "failure"})])
        self.report(ids["a"], "complete")
        self.assertEqual(self.me.job(ids["alarm"])["error_code"], "not_needed")
        self.assertEqual(self.me.job(parent)["state"], "completed")

    def test_cancelling_the_parent_cancels_its_jobs(self):
        m = self.member
        parent, ids = self.create([m("a"), m("b", "a"), m("c")])
        self.report(ids["c"], "start")
        self.report(parent, "cancel")
        self.assertEqual(set(self.states(ids).values()), {"cancelled"})
        self.assertEqual(self.me.job(parent)["state"], "cancelled")

    def test_circles_and_unknown_names_are_refused(self):
        m = self.member
        doc = self.create([m("a", "c"), m("b", "a"), m("c", "b")], 422)
        self.assertIn("a needs c needs b", doc["errors"][0]["detail"])
        self.assertEqual(self.create([m("a", "nobody")], 422)["errors"][0]["pointer"], "/jobs/0/needs/0/job")
        self.assertEqual(self.create([m("a"), m("a")], 422)["errors"][0]["pointer"], "/jobs/1/name")
        self.create([], 422)
        self.assertEqual(self.create([m("a"), {"name": "b", "kind": "nothing"}], 422)["errors"][0]["pointer"], "/jobs/1/kind")

    def test_a_workflow_is_shown_with_its_needs(self):
        m = self.member
        parent, ids = self.create([m("a"), m("b", {"job": "a", "on": "end"})])
        doc = self.me.get(f"/api/v2/workflows/{parent}").json()
        b = next(j for j in doc["jobs"] if j["name"] == "b")
        self.assertEqual(b["needs"], [{"job": ids["a"], "on": "end"}])
        self.assert_problem(self.user(user="other").get(f"/api/v2/workflows/{parent}"), 404)
        self.assert_problem(self.me.get(f"/api/v2/workflows/{ids['a']}"), 404)


class Bulk(ApiCase):
    def bulk(self, **body):
        return self.me.post("/api/v2/jobs/bulk", body)

    def done(self, answer):
        self.assertEqual(answer.status, 202, answer)
        job = self.me.wait_job(answer.json()["id"])
        self.assertEqual(job["state"], "completed", job)
        return self.me.get(f"/api/v2/jobs/{job['id']}/result").json()

    def test_a_filter_is_counted_then_acted_on(self):
        tag = uuid.uuid4().hex
        made = self.bulk(action="create", jobs=[{"type": "export", "filename": f"{tag}-{i}.csv"} for i in range(30)])
        self.assertEqual(made.status, 201, made)
        ids = made.json()["ids"]
        for i in ids[:10]:
            self.report(i, "complete", {"error": "x"})
        which = f"filename:~{tag}"
        self.assertEqual(self.bulk(action="cancel", filter=which, dry_run=True).json(), {"matched": 30, "more": False})
        self.assertEqual(self.done(self.bulk(action="cancel", filter=which)), {"matched": 30, "changed": 20})
        self.assertEqual(self.done(self.bulk(action="retry", filter=which + " state:failed")), {"matched": 10, "changed": 10})
        self.assertEqual(self.me.job(ids[0])["state"], "queued")
        self.assertEqual(self.done(self.bulk(action="cancel", ids=ids[:3] + [str(uuid.uuid4())])), {"matched": 3, "changed": 3})
        self.assertEqual(self.done(self.bulk(action="acknowledge", ids=ids[:2])), {"matched": 2, "changed": 2})
        self.assertEqual(self.done(self.bulk(action="remove", filter=which + " state:cancelled")), {"matched": 23, "changed": 23})
        self.assert_problem(self.me.get(f"/api/v2/jobs/{ids[0]}"), 404)

    def test_others_jobs_are_not_touched(self):
        other = self.user(user=uuid.uuid4().hex)
        job = self.external(client=other)
        self.assertEqual(self.bulk(action="cancel", ids=[job], dry_run=True).json()["matched"], 0)
        self.assertEqual(self.done(self.bulk(action="cancel", ids=[job])), {"matched": 0, "changed": 0})
        self.assertEqual(other.job(job)["state"], "queued")

    def test_bad_requests(self):
        self.assert_problem(self.bulk(action="cancel"), 422)
        self.assert_problem(self.bulk(action="cancel", filter="state:queued", ids=[]), 422)
        self.assert_problem(self.bulk(action="explode", filter=""), 422)
        doc = self.assert_problem(self.bulk(action="cancel", filter="state:nowhere"), 400)
        self.assertIn("nowhere", doc["detail"])
        bad = self.bulk(action="create", jobs=[{"type": "export"}, {"type": "nothing"}])
        self.assertEqual(self.assert_problem(bad, 422)["errors"][0]["pointer"], "/jobs/1/type")
