"""Jobs in v2: seeds 001 and 002, external jobs, lists, cancel and retry."""

import concurrent.futures
import json
import urllib.parse
import uuid

from support import tokens
from support.case import JOB_FIELDS, STATES, ApiCase, csv

ACTIVE = ["/api/v2/jobs/active", "/api/v2/imports/jobs/active"]


class Active(ApiCase):
    def test_it_is_an_empty_array_for_a_user_without_jobs(self):
        for path in ACTIVE:
            answer = self.me.get(path)
            self.assertEqual((answer.status, answer.json()), (200, []), path)
            self.assertEqual(answer.header("Content-Type").split(";")[0], "application/json")

    def test_both_addresses_answer_the_same(self):
        self.completed_import()
        first, second = (self.me.get(path) for path in ACTIVE)
        self.assertEqual(first.body, second.body)
        self.assertEqual(len(first.json()), 1)

    def test_it_needs_a_token(self):
        for path in ACTIVE:
            self.assert_unauthorized(self.server.anonymous().get(path))

    def test_a_job_in_it_has_every_field(self):
        dataset = self.completed_import(filename="products.csv")
        [job] = self.me.active()
        self.assert_job(job)
        self.assertEqual((job["type"], job["status"], job["progress"]), ("import", "completed", 100))
        self.assertEqual(job["filename"], "products.csv")
        self.assertEqual(job["related_dataset_id"], dataset["id"])
        self.assertEqual(job["job_metadata"]["dataset_id"], dataset["id"])
        self.assertEqual(job["job_metadata"]["filename"], "products.csv")

    def test_it_holds_running_completed_and_failed_jobs_newest_first(self):
        completed = self.completed_import()["job_id"]
        failed = self.failed_import()
        running = self.external(type="processing")
        jobs = self.me.active()
        self.assertEqual([(j["id"], j["status"]) for j in jobs],
                         [(running, "running"), (failed, "failed"), (completed, "completed")])

    def test_it_shows_own_jobs_only(self):
        self.external()
        self.assertEqual(self.user().active(), [])

    def test_an_unchanged_list_is_304(self):
        self.external()
        first = self.me.get(ACTIVE[0])
        tag = first.header("ETag")
        self.assertTrue(tag and tag.strip('W/').startswith('"'), first)
        again = self.me.get(ACTIVE[0], headers={"If-None-Match": tag})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(again.header("ETag"), tag)
        several = self.me.get(ACTIVE[0], headers={"If-None-Match": f'"other", {tag}'})
        self.assertEqual(several.status, 304)

    def test_any_change_changes_the_etag(self):
        job = self.external()
        tags = [self.me.get(ACTIVE[0]).header("ETag")]
        self.report(job, "start")
        tags.append(self.me.get(ACTIVE[0]).header("ETag"))
        self.report(job, "progress", {"progress": 30})
        self.eventually(lambda: self.me.job(job)["progress"] == 30, what="progress 30 seen")
        answer = self.me.get(ACTIVE[0], headers={"If-None-Match": tags[-1]})
        self.assertEqual(answer.status, 200)
        tags.append(answer.header("ETag"))
        self.report(job, "complete")
        answer = self.me.get(ACTIVE[0], headers={"If-None-Match": tags[-1]})
        self.assertEqual(answer.status, 200)
        tags.append(answer.header("ETag"))
        self.assertEqual(len(set(tags)), 4, tags)

    def test_the_etag_of_one_user_says_nothing_to_another(self):
        self.external()
        tag = self.me.get(ACTIVE[0]).header("ETag")
        answer = self.user().get(ACTIVE[0], headers={"If-None-Match": tag})
        self.assertEqual((answer.status, answer.json()), (200, []))

    def test_statuses_and_types_stay_closed(self):
        for kind in ("import", "export", "validation", "processing"):
            self.external(type=kind)
        cancelled = self.external()
        self.report(cancelled, "cancel")
        for job in self.me.active():
            self.assert_job(job)

    def test_a_cancelled_job_shows_as_failed_with_its_state(self):
        job = self.external()
        self.report(job, "cancel")
        [shown] = self.me.active()
        self.assertEqual((shown["status"], shown["state"]), ("failed", "cancelled"))

    def test_an_unknown_scope_is_refused(self):
        answer = self.me.get(ACTIVE[0] + "?scope=everything")
        self.assertIn(answer.status, (400, 422), answer)

    def test_head_is_answered_without_a_body(self):
        answer = self.me.request("HEAD", ACTIVE[0])
        self.assertEqual((answer.status, answer.body), (200, b""))


class ManyActive(ApiCase):
    def test_unfinished_jobs_are_shown_always_however_many(self):
        done = self.completed_import()["job_id"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: self.external(), range(1_050)))
        shown = [j["id"] for j in self.me.active()]
        self.assertEqual(len(shown), len(set(shown)))
        self.assertEqual(len(made - set(shown)), 0, "unfinished jobs are missing")
        self.assertIn(done, shown)
        snapshot = self.stream(self.me).next()
        self.assertEqual(len(made - {j["id"] for j in snapshot.json()["jobs"]}), 0, "the snapshot of a stream too")


class Create(ApiCase):
    def test_each_type_makes_an_external_job(self):
        for kind in ("import", "export", "validation", "processing"):
            answer = self.me.post("/api/v2/jobs", {"type": kind, "job_metadata": {"note": "ü", "n": 1}})
            self.assertEqual(answer.status, 201, answer)
            doc = answer.json()
            self.assertEqual(doc["id"], doc["job_id"])
            self.assertEqual(answer.header("Location"), "/api/v2/jobs/" + doc["id"])
            job = self.me.job(doc["id"])
            self.assert_job(job)
            self.assertEqual((job["type"], job["status"], job["progress"]), (kind, "running", 0))
            self.assertEqual(job["state"], "queued")
            self.assertEqual(job["created_by"], self.me.user)
            self.assertEqual(job["job_metadata"], {"note": "ü", "n": 1})
            self.assertIsNone(job["started_at"])

    def test_a_bad_body_makes_no_job(self):
        cases = [
            ("no type", {}, 422), ("unknown type", {"type": "shred"}, 422), ("type in capitals", {"type": "IMPORT"}, 422),
            ("type null", {"type": None}, 422), ("type a number", {"type": 1}, 422), ("type a list", {"type": ["import"]}, 422),
            ("unknown field", {"type": "import", "owner": "me"}, 422),
            ("a field of the engine", {"type": "import", "state": "completed"}, 422),
            ("mass assignment", {"type": "import", "created_by": str(uuid.uuid4())}, 422),
            ("progress at birth", {"type": "import", "progress": 100}, 422),
            ("metadata a list", {"type": "import", "job_metadata": []}, 422),
            ("priority a string", {"type": "import", "priority": "high"}, 422),
            ("priority a fraction", {"type": "import", "priority": 1.5}, 422),
            ("priority too large", {"type": "import", "priority": 2**40}, 422),
            ("unknown kind", {"type": "import", "kind": "shred", "input": {}}, 422),
            ("dataset not a uuid", {"type": "export", "related_dataset_id": "x"}, 422),
        ]
        for name, body, status in cases:
            with self.subTest(name):
                self.assert_problem(self.me.post("/api/v2/jobs", body), status)
        self.assertEqual(self.me.active(), [])

    def test_an_unknown_type_has_its_own_code(self):
        self.assert_problem(self.me.post("/api/v2/jobs", {"type": "shred"}), 422, "unknown_job_type")

    def test_an_unknown_kind_has_its_own_code(self):
        answer = self.me.post("/api/v2/jobs", {"type": "import", "kind": "shred", "input": {}})
        self.assert_problem(answer, 422, "unknown_job_kind")

    def test_several_errors_come_in_one_answer_with_pointers(self):
        answer = self.me.post("/api/v2/jobs", {"type": "import", "colour": 1, "job_metadata": 7, "priority": "x"})
        doc = self.assert_problem(answer, 422, "invalid_fields")
        self.assertEqual({e["pointer"] for e in doc["errors"]}, {"/colour", "/job_metadata", "/priority"}, doc)

    def test_a_body_that_is_no_object_is_refused(self):
        for body in (b"[]", b'"import"', b"1", b"null"):
            answer = self.me.request("POST", "/api/v2/jobs", body=body, headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 422), body)

    def test_another_content_type_is_415(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = self.me.request("POST", "/api/v2/jobs", body=b'{"type":"import"}', headers={"Content-Type": kind})
            self.assert_problem(answer, 415, "unsupported_media_type")

    def test_integers_keep_their_value_in_metadata(self):
        job = self.external(job_metadata={"small": 2**53 - 1, "negative": -5, "text": "9007199254740993"})
        self.assertEqual(self.me.job(job)["job_metadata"],
                         {"small": 2**53 - 1, "negative": -5, "text": "9007199254740993"})

    def test_a_foreign_dataset_cannot_be_named(self):
        foreign = self.completed_import(self.user())["id"]
        missing = str(uuid.uuid4())
        one, other = (self.me.post("/api/v2/jobs", {"type": "export", "related_dataset_id": d})
                      for d in (foreign, missing))
        self.assertIn(one.status, (404, 422))
        self.assertEqual(one.body.replace(foreign.encode(), b"ID"), other.body.replace(missing.encode(), b"ID"))


class One(ApiCase):
    def test_a_job_answers_with_every_field(self):
        dataset = self.completed_import()
        job = self.me.job(dataset["job_id"])
        self.assert_job(job)
        self.assertEqual(job["kind"], "import")
        self.assertEqual(job["created_by"], self.me.user)
        self.assertEqual(job["stage"], "completed")
        self.assertLessEqual(job["created_at"], job["started_at"])
        self.assertLessEqual(job["started_at"], job["completed_at"])
        self.assertEqual(job["attempt"], 1)

    def test_unknown_foreign_and_odd_ids_are_404_byte_for_byte(self):
        foreign = self.external(self.user())
        unknown = self.me.get("/api/v2/jobs/" + str(uuid.uuid4()))
        self.assert_problem(unknown, 404, "not_found")
        for job in (foreign, foreign.upper(), "{" + foreign + "}", "active2", "1", "null", "%E2%82%AC", "0" * 36, "-",
                    foreign + "0", foreign[:-1], "urn:uuid:" + foreign):
            answer = self.me.get("/api/v2/jobs/" + urllib.parse.quote(job, safe="%"))
            self.assertEqual((answer.status, answer.body), (404, unknown.body), job)

    def test_it_waits_for_the_end_of_a_job(self):
        job = self.external()
        self.report(job, "start")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.me.get, f"/api/v2/jobs/{job}?wait=20")
            self.report(job, "complete")
            self.assertEqual(waiting.result(25).json()["state"], "completed")

    def test_a_wait_ends_with_what_there_is(self):
        job = self.external()
        answer = self.me.get(f"/api/v2/jobs/{job}?wait=1")
        self.assertEqual((answer.status, answer.json()["state"]), (200, "queued"))


    def test_odd_waits_are_refused_or_ignored_and_never_hang(self):
        job = self.external()
        for wait in ("abc", "-1", "", "1e9", "99999999999999999999", "0", "0.5"):
            with self.subTest(wait):
                if wait in ("1e9", "99999999999999999999"):
                    self.report(job, "cancel")
                answer = self.me.get(f"/api/v2/jobs/{job}?wait={wait}", timeout=20)
                self.assertIn(answer.status, (200, 400, 422), answer)
                if self.me.job(job)["state"] == "cancelled":
                    job = self.external()

    def test_an_unchanged_job_is_304(self):
        job = self.external()
        tag = self.me.get("/api/v2/jobs/" + job).header("ETag")
        self.assertTrue(tag)
        self.assertEqual(self.me.get("/api/v2/jobs/" + job, headers={"If-None-Match": tag}).status, 304)
        self.report(job, "start")
        self.assertEqual(self.me.get("/api/v2/jobs/" + job, headers={"If-None-Match": tag}).status, 200)


class External(ApiCase):
    def test_the_owner_starts_reports_and_completes(self):
        job = self.external(type="validation")
        self.report(job, "start")
        started = self.me.job(job)
        self.assert_job(started)
        self.assertEqual((started["state"], started["status"], started["attempt"]), ("running", "running", 1))
        self.assertIsNotNone(started["started_at"])

        self.report(job, "progress", {"progress": 42, "message": "half way"})
        shown = self.eventually(lambda: (j := self.me.job(job))["progress"] == 42 and j, timeout=5, what="progress 42")
        self.assert_job(shown)

        self.report(job, "complete", {"result": {"rows": 5}})
        done = self.me.job(job)
        self.assert_job(done)
        self.assertEqual((done["state"], done["status"], done["progress"]), ("completed", "completed", 100))

    def test_progress_out_of_range_is_clamped(self):
        for sent, shown in ((-5, 0), (0, 0), (150, 99), (2**31, 99), (100, 99)):
            with self.subTest(sent):
                job = self.external()
                self.report(job, "start")
                self.report(job, "progress", {"progress": sent})
                # 100 is shown only when completed, so the highest that a running job shows is below it.
                self.eventually(lambda: self.me.job(job)["progress"] == shown, timeout=5,
                                what=f"{sent} shown as {shown}")
                self.assertEqual(self.me.job(job)["status"], "running")

    def test_progress_never_decreases(self):
        job = self.external()
        self.report(job, "start")
        seen = []
        for sent in (10, 60, 30, 0, -1, 61, 5):
            self.report(job, "progress", {"progress": sent})
            seen.append(self.me.job(job)["progress"])
        self.eventually(lambda: self.me.job(job)["progress"] == 61, timeout=5, what="progress 61")
        self.assertEqual(seen, sorted(seen))

    def test_a_progress_that_is_no_number_is_refused(self):
        job = self.external()
        self.report(job, "start")
        for body in ({}, {"progress": "50"}, {"progress": None}, {"progress": [1]}, {"progress": True},
                     {"progress": 50, "extra": 1}, {"progress": 50, "message": 7}):
            with self.subTest(json.dumps(body)):
                self.assert_problem(self.me.post(f"/api/v2/jobs/{job}/progress", body), 422)
        self.assertEqual(self.me.job(job)["progress"], 0)

    def test_an_error_fails_the_job_and_keeps_progress_and_message(self):
        job = self.external()
        self.report(job, "start")
        self.report(job, "progress", {"progress": 45})
        self.report(job, "complete", {"error": "the other side hung up <b>\n"})
        failed = self.me.job(job)
        self.assert_job(failed)
        self.assertEqual((failed["state"], failed["status"], failed["progress"]), ("failed", "failed", 45))
        self.assertIn("the other side hung up <b>", failed["error_message"])

    def test_the_end_is_final(self):
        job = self.external()
        self.report(job, "start")
        self.report(job, "complete")
        before = self.me.job(job)
        for action, body in (("start", {}), ("progress", {"progress": 10}), ("complete", {"error": "late"}), ("cancel", {})):
            self.assert_problem(self.me.post(f"/api/v2/jobs/{job}/{action}", body), 409)
        self.assertEqual(self.me.job(job), before)

    def test_a_foreign_job_cannot_be_reported_on(self):
        job = self.external()
        other = self.user()
        unknown = other.post(f"/api/v2/jobs/{uuid.uuid4()}/start", {})
        for action, body in (("start", {}), ("progress", {"progress": 10}), ("complete", {}), ("cancel", {}), ("retry", {})):
            answer = other.post(f"/api/v2/jobs/{job}/{action}", body)
            self.assertEqual((answer.status, answer.body), (404, unknown.body), action)
        self.assertEqual(self.me.job(job)["state"], "queued")

    def test_a_built_in_job_cannot_be_reported_on(self):
        job = self.failed_import()
        for action, body in (("start", {}), ("progress", {"progress": 10}), ("complete", {})):
            answer = self.me.post(f"/api/v2/jobs/{job}/{action}", body)
            self.assertIn(answer.status, (409, 422), f"{action} {answer}")
        self.assertEqual(self.me.job(job)["state"], "failed")

    def test_concurrent_ends_agree_on_one(self):
        for _ in range(5):
            job = self.external()
            self.report(job, "start")
            ends = [("complete", {}), ("complete", {"error": "x"}), ("cancel", {})] * 3
            with concurrent.futures.ThreadPoolExecutor(9) as pool:
                answers = list(pool.map(lambda e: self.me.post(f"/api/v2/jobs/{job}/{e[0]}", e[1]).status, ends))
            self.assertTrue(set(answers) <= {200, 202, 204, 409}, answers)
            ended = self.me.job(job)
            self.assert_job(ended)
            won = [e for e, a in zip(ends, answers) if a != 409]
            outcome = {"completed": ("complete", {}), "failed": ("complete", {"error": "x"}), "cancelled": ("cancel", {})}
            self.assertIn(outcome[ended["state"]], won)


class CancelAndRetry(ApiCase):
    def test_cancel_of_a_queued_job_is_immediate(self):
        job = self.external()
        self.report(job, "cancel")
        ended = self.me.job(job)
        self.assert_job(ended)
        self.assertEqual((ended["state"], ended["status"]), ("cancelled", "failed"))

    def test_cancel_again_is_200_and_of_a_finished_job_409(self):
        job = self.external()
        self.report(job, "cancel")
        self.report(job, "cancel")
        done = self.completed_import()["job_id"]
        self.assert_problem(self.me.post(f"/api/v2/jobs/{done}/cancel", {}), 409, "job_finished")
        failed = self.failed_import()
        self.assert_problem(self.me.post(f"/api/v2/jobs/{failed}/cancel", {}), 409, "job_finished")

    def test_retry_of_a_failed_external_job_queues_it_again_and_keeps_progress(self):
        job = self.external()
        self.report(job, "start")
        self.report(job, "progress", {"progress": 45})
        self.report(job, "complete", {"error": "x"})
        self.report(job, "retry")
        again = self.me.job(job)
        self.assert_job(again)
        self.assertEqual((again["state"], again["progress"]), ("queued", 45))
        self.report(job, "start")
        self.report(job, "progress", {"progress": 10})
        self.assertEqual(self.me.job(job)["progress"], 45)
        self.report(job, "complete")
        self.assertEqual(self.me.job(job)["progress"], 100)

    def test_retry_of_a_failed_import_fails_again_with_a_second_attempt(self):
        job = self.failed_import()
        self.report(job, "retry")
        ended = self.me.wait_job(job)
        self.assertEqual(ended["state"], "failed")

    def test_retry_of_what_did_not_fail_is_409(self):
        running, done = self.external(), self.completed_import()["job_id"]
        for job in (running, done):
            answer = self.me.post(f"/api/v2/jobs/{job}/retry", {})
            self.assert_problem(answer, 409, ("not_retryable", "job_not_finished"))

    def test_attempts_are_listed(self):
        job = self.completed_import()["job_id"]
        items = self.me.get(f"/api/v2/jobs/{job}/attempts").json()["items"]
        self.assertEqual([(a["attempt"], a["outcome"]) for a in items], [(1, "completed")])


class Lists(ApiCase):
    def page(self, query="", client=None):
        answer = (client or self.me).get("/api/v2/jobs" + query)
        self.assertEqual(answer.status, 200, answer)
        doc = answer.json()
        self.assertEqual(set(doc), {"items", "next_cursor"})
        return doc

    def test_an_empty_list_has_no_cursor(self):
        self.assertEqual(self.page(), {"items": [], "next_cursor": None})

    def test_pages_follow_each_other_without_gap_or_repeat(self):
        made = [self.external() for _ in range(7)]
        got, cursor, pages = [], None, 0
        while True:
            doc = self.page("?limit=3" + (f"&cursor={cursor}" if cursor else ""))
            got += [j["id"] for j in doc["items"]]
            cursor, pages = doc["next_cursor"], pages + 1
            if cursor is None:
                break
            self.assertRegex(cursor, r"^[A-Za-z0-9_-]+$")
            made.insert(0, self.external())  # new jobs come before the pages and do not disturb them
        self.assertEqual(pages, 3)
        self.assertEqual(got, sorted(got, reverse=True))
        self.assertEqual(set(got), set(sorted(made)[:7]))

    def test_jobs_in_a_list_have_every_field(self):
        self.completed_import()
        for job in self.page()["items"]:
            self.assert_job(job)

    def test_the_limit_is_50_by_default_and_1000_at_most(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.external(), range(55)))
        doc = self.page()
        self.assertEqual(len(doc["items"]), 50)
        self.assertIsNotNone(doc["next_cursor"])
        self.assertEqual(len(self.page("?limit=1000")["items"]), 55)

    def test_bad_limits_and_cursors_are_refused(self):
        for query in ("limit=0", "limit=-1", "limit=1001", "limit=abc", "limit=", "limit=1.5", "limit=2147483648",
                      "limit=9223372036854775808", "limit=1e2", "limit=%2B5", "cursor=!!!", "cursor=abc",
                      "cursor=AAAA", "cursor=" + "A" * 5000, "cursor=%00", "cursor=eyJpZCI6MX0"):
            with self.subTest(query[:40]):
                answer = self.me.get("/api/v2/jobs?" + query)
                self.assert_problem(answer, answer.status)
                self.assertIn(answer.status, (400, 422), answer)

    def test_a_cursor_of_another_user_shows_nothing_of_his(self):
        theirs = self.user()
        for _ in range(3):
            self.external(theirs)
        cursor = self.page("?limit=1", theirs)["next_cursor"]
        answer = self.me.get(f"/api/v2/jobs?cursor={cursor}")
        self.assertTrue(answer.status == 400 or answer.json()["items"] == [], answer)

    def test_filters_by_state_and_type(self):
        queued, failed = self.external(type="export"), self.failed_import()
        done = self.completed_import()["job_id"]
        for filter_, want in (("state:failed", [failed]), ("state:queued", [queued]), ("type:import", [done, failed]),
                              ("state:completed", [done])):
            with self.subTest(filter_):
                answer = self.me.get("/api/v2/jobs?filter=" + urllib.parse.quote(filter_))
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual([j["id"] for j in answer.json()["items"]], want)

    def test_a_broken_filter_is_refused_and_never_reaches_sql(self):
        for filter_ in ("state:'; DROP TABLE job;--", "nosuchfield:x", "state:nosuchstate", ":", "\"", "((", "state:",
                        "a" * 5000):
            with self.subTest(filter_[:30]):
                answer = self.me.get("/api/v2/jobs?filter=" + urllib.parse.quote(filter_))
                self.assertIn(answer.status, (200, 400, 422), answer)
        self.assertEqual(self.me.get("/api/v2/jobs").status, 200)


class Windows(ApiCase):
    """Completed jobs leave /active after one setting, failed and cancelled ones after another, running ones never."""
    settings = {"MILLRACE_JOBS_ACTIVE_COMPLETED": "1s", "MILLRACE_JOBS_ACTIVE_FAILED": "3s"}

    def test_each_state_has_its_window(self):
        queued, running, cancelled = self.external(), self.external(), self.external()
        self.report(running, "start")
        failed = self.failed_import()
        done = self.completed_import()["job_id"]
        self.report(cancelled, "cancel")

        def ids():
            return {j["id"] for j in self.me.active()}

        self.assertTrue({queued, running, failed, cancelled} <= ids())
        self.eventually(lambda: done not in ids(), timeout=10, what="the completed job left")
        # The failed ones outlive the completed one: their window is three times as long.
        self.assertTrue({queued, running} <= ids())
        self.eventually(lambda: not {failed, cancelled} & ids(), timeout=15, what="the failed jobs left")
        self.assertEqual(ids(), {queued, running})
        # History is kept for ever.
        self.assertEqual({j["id"] for j in self.me.get("/api/v2/jobs").json()["items"]},
                         {queued, running, failed, cancelled, done})

    def test_a_job_that_leaves_changes_the_etag(self):
        done = self.completed_import()["job_id"]
        tag = self.me.get(ACTIVE[0]).header("ETag")
        self.eventually(lambda: self.me.active() == [], what="the completed job left")
        self.assertEqual(self.me.get(ACTIVE[0], headers={"If-None-Match": tag}).status, 200, done)
