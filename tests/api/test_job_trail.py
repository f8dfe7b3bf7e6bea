"""What a job leaves behind: log lines, read at once or followed, and its events."""

import uuid

from support.case import STAGES, ApiCase, csv


class Logs(ApiCase):
    def lines(self, job, query="", client=None):
        answer = (client or self.me).get(f"/api/v2/jobs/{job}/logs{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_an_import_says_what_it_found(self):
        job = self.completed_import(content=b"preamble;;\r\nname;price;n\r\na;1,5;2\r\nb;2,5;3\r\n")["job_id"]
        got = self.lines(job)
        texts = [line["message"] for line in got["items"]]
        self.assertTrue(any("read as csv" in t for t in texts), texts)
        self.assertTrue(any("2 rows" in t or "2 kept" in t for t in texts), texts)
        for line in got["items"]:
            self.assertEqual(set(line), {"seq", "attempt", "at", "level", "message"})
            self.assertEqual(line["attempt"], 1)
            self.assertIn(line["level"], ("debug", "info", "warn", "error"))
            self.assertRegex(line["at"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
        self.assertEqual(got["last"], got["items"][-1]["seq"])

    def test_they_are_read_page_by_page(self):
        job = self.completed_import()["job_id"]
        whole = self.lines(job)["items"]
        self.assertGreater(len(whole), 2)
        paged, after = [], 0
        while True:
            page = self.lines(job, f"?limit=1&after={after}")
            if not page["items"]:
                self.assertEqual(page["last"], after)
                break
            paged += page["items"]
            after = page["last"]
        self.assertEqual(paged, whole)
        self.assertEqual(self.lines(job, "?attempt=1")["items"], whole)
        self.assertEqual(self.lines(job, "?attempt=2"), {"items": [], "last": 0})

    def test_a_job_that_logs_nothing_has_an_empty_log(self):
        self.assertEqual(self.lines(self.external()), {"items": [], "last": 0})

    def test_odd_parameters_are_400(self):
        job = self.external()
        for query in ("attempt=x", "attempt=-1", "attempt=1.5", "after=x", "after=-1", "limit=0", "limit=x", "limit=100000",
                      "follow=perhaps", "attempt=99999999999"):
            with self.subTest(query):
                self.assert_problem(self.me.get(f"/api/v2/jobs/{job}/logs?{query}"), 400, "invalid_parameter")

    def test_a_log_of_another_is_404_also_when_followed(self):
        job = self.completed_import(self.user())["job_id"]
        for path in ("logs", "logs?follow=true", "events"):
            foreign, unknown = (self.me.get(f"/api/v2/jobs/{j}/{path}") for j in (job, uuid.uuid4()))
            self.assert_problem(foreign, 404, "not_found")
            self.assertEqual(foreign.body, unknown.body)

    def test_following_a_job_that_has_ended_gives_all_of_it_and_ends(self):
        job = self.completed_import()["job_id"]
        whole = self.lines(job)["items"]
        for query, want in (("", whole), (f"&after={whole[0]['seq']}", whole[1:]), ("&attempt=2", [])):
            stream = self.stream(self.me, f"/api/v2/jobs/{job}/logs?follow=true{query}")
            got, last = [], stream.next()
            while last.type == "log":
                self.assertEqual(last.id, str(last.json()["seq"]))
                got.append(last.json())
                last = stream.next()
            self.assertEqual((last.type, last.json()), ("end", {"state": "completed"}))
            self.assertEqual(got, want)

    def test_a_reader_that_comes_back_goes_on_where_it_was(self):
        job = self.completed_import()["job_id"]
        whole = self.lines(job)["items"]
        stream = self.stream(self.me, f"/api/v2/jobs/{job}/logs?follow=true", headers={"Last-Event-ID": str(whole[-2]["seq"])})
        self.assertEqual(stream.next().json(), whole[-1])
        self.assertEqual(stream.next().type, "end")


class Tail(ApiCase):
    own_server = True

    def test_lines_come_while_the_job_runs_and_the_stream_ends_with_it(self):
        env, holder = self.holds([name for name, _ in STAGES] + ["import.finish"])
        server = self.start(env)
        me = server.client()
        job = me.upload_async(csv(), "products.csv")
        stream = self.stream(me, f"/api/v2/jobs/{job}/logs?follow=true")
        for point in ("import.format_check", "import.duplicate_check"):
            holder.wait_held(point)
            holder.release(point)
        holder.wait_held("import.stored")
        first = stream.next(timeout=5)
        self.assertEqual(first.type, "log")
        self.assertIn("read as csv", first.json()["message"])
        self.assertEqual(me.job(job)["state"], "running")
        shown = me.get(f"/api/v2/jobs/{job}/logs").json()["items"]
        self.assertEqual([line["seq"] for line in shown], [int(first.id)])
        for point in ("import.stored", "import.parsed", "import.written", "import.finish"):
            holder.wait_held(point)
            holder.release(point)
        seen = [first]
        while seen[-1].type == "log":
            seen.append(stream.next(timeout=10))
        self.assertEqual((seen[-1].type, seen[-1].json()), ("end", {"state": "completed"}))
        whole = me.get(f"/api/v2/jobs/{job}/logs").json()["items"]
        self.assertEqual([e.json() for e in seen[:-1]], whole)


class Events(ApiCase):
    def events(self, job, query=""):
        answer = self.me.get(f"/api/v2/jobs/{job}/events{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_the_history_of_a_job_in_order(self):
        job = self.external()
        self.report(job, "start")
        self.report(job, "progress", {"progress": 30})
        self.report(job, "complete")
        got = self.events(job)
        self.assertEqual([e["type"] for e in got["items"]], ["job.queued", "job.running", "job.stage", "job.completed"])
        self.assertIsNone(got["next_cursor"])
        ids = [e["id"] for e in got["items"]]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual({e["subject_id"] for e in got["items"]}, {job})
        self.assertEqual(got["items"][2]["data"]["progress"], 30)

    def test_it_is_read_page_by_page(self):
        job = self.external()
        self.report(job, "start")
        self.report(job, "complete")
        self.external()
        paged, cursor = [], ""
        for _ in range(3):
            page = self.events(job, "?limit=1" + cursor)
            paged += page["items"]
            cursor = f"&cursor={page['next_cursor']}"
        self.assertIsNone(page["next_cursor"])
        self.assertEqual(paged, self.events(job)["items"])

    def test_a_cursor_of_another_list_is_refused(self):
        job = self.external()
        self.external()
        other = self.me.get("/api/v2/jobs?limit=1").json()["next_cursor"]
        for cursor in (other, "x", "AAAA"):
            self.assert_problem(self.me.get(f"/api/v2/jobs/{job}/events?cursor={cursor}"), 400, "invalid_parameter")
