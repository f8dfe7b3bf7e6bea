"""A file with several tables becomes one dataset for each, all at once with the end of its job."""

import http.client
import uuid

from support.case import ApiCase
from support.workbook import sheet, workbook


def book(tag):
    return workbook([("orders", "visible", sheet([["order", "amount"]] + [[f"{tag}-{i}", i] for i in range(20)])),
                     ("notes", "hidden", sheet([["secret"], [1]])),
                     ("towns", "visible", sheet([["town", "people", "area"]] + [[f"town{i}", i * 1000, i + 0.5] for i in range(30)]))])


def blocks(tag):
    return ("code,name,price\n" + "".join(f"{tag}-{i},bolt {i},1.{i:02}\n" for i in range(40)) +
            "\ntown,people\n" + "".join(f"town{i},{i}000\n" + ("x,1,too many\n" if i == 9 else "") for i in range(30))).encode()


def arrays(tag):
    rows = ",".join('{"order": "%s-%d"}' % (tag, i) for i in range(25))
    return ('{"orders": [%s], "towns": [{"town": "Gent"}, {"town": "Aalst"}]}' % rows).encode()


KINDS = [("book.xlsx", book, ["book.xlsx", "book.xlsx – towns"], [20, 30]), ("blocks.csv", blocks, ["blocks.csv", "blocks.csv – 2"], [40, 30]),
         ("two.json", arrays, ["two.json", "two.json – towns"], [25, 2])]


class Tables(ApiCase):
    def job_of(self, answer):
        self.assertIn(answer.status, (201, 202), answer)
        return self.me.wait_job(answer.json()["job_id"])

    def datasets(self, job):
        self.assertEqual(job["state"], "completed", job)
        return [self.me.get("/api/v2/datasets/" + id_).json() for id_ in job["job_metadata"]["dataset_ids"]]

    def test_each_table_becomes_a_dataset_with_its_own_account(self):
        for filename, make, names, counts in KINDS:
            with self.subTest(filename):
                before = {d["id"] for d in self.me.get("/api/v2/datasets?limit=1000").json()["items"]}
                job = self.job_of(self.me.upload(make(uuid.uuid4().hex), filename))
                made = self.datasets(job)
                self.assertEqual(job["related_dataset_id"], made[0]["id"])
                self.assertEqual(([d["name"] for d in made], [d["row_count"] for d in made], [d["table"] for d in made]), (names, counts, [1, 2]))
                for dataset in made:
                    self.assertEqual(dataset["rows_in"], dataset["row_count"] + dataset["rows_rejected"] + dataset["rows_reported"], dataset)
                    self.assertEqual((dataset["job_id"], dataset["version"], dataset["filename"]), (job["id"], 1, filename))
                    rows = self.me.get(f"/api/v2/datasets/{dataset['id']}/rows?limit=1000").json()["items"]
                    self.assertEqual(len(rows), dataset["row_count"])
                after = {d["id"] for d in self.me.get("/api/v2/datasets?limit=1000").json()["items"]}
                self.assertEqual(after - before, {d["id"] for d in made})
                self.assertTrue(self.me.get("/api/v2/events?since=0&limit=1000").text.count('"dataset.created"') >= 2)

    def test_rejects_belong_to_their_table(self):
        made = self.datasets(self.job_of(self.me.upload(blocks(uuid.uuid4().hex), "blocks.csv")))
        self.assertEqual([d["rows_rejected"] for d in made], [0, 1])
        rejects = self.me.get(f"/api/v2/datasets/{made[1]['id']}/rejects").text
        self.assertIn("x,1,too many", rejects)

    def test_hidden_sheets_are_named_and_not_imported(self):
        job = self.job_of(self.me.upload(book(uuid.uuid4().hex), "book.xlsx"))
        self.assertEqual(job["job_metadata"]["tables_skipped"], [{"table": 3, "name": "notes", "why": "hidden"}])

    def test_a_table_that_cannot_be_used_fails_nothing(self):
        content = workbook([("orders", "visible", sheet([["order"], [uuid.uuid4().hex]])), ("empty", "visible", sheet([])), ("broken", "visible", "<worksheet><sheetData><row>"),
                            ("last", "visible", sheet([["town"], ["Gent"]]))])
        job = self.job_of(self.me.upload(content, "book.xlsx"))
        self.assertEqual([d["table"] for d in self.datasets(job)], [1, 4])
        self.assertEqual([(s["table"], s["why"]) for s in job["job_metadata"]["tables_skipped"]], [(2, "no_rows"), (3, "malformed_file")])

    def test_only_what_is_asked_for(self):
        for filename, make, _, counts in KINDS:
            for params, tables in [({"tables": "main"}, [1]), ({"table": 1}, [1]), ({"table": 2}, [2])]:
                with self.subTest((filename, params)):
                    job = self.job_of(self.me.upload(make(uuid.uuid4().hex), filename, params=params))
                    made = self.datasets(job)
                    self.assertEqual(([d["table"] for d in made], [d["row_count"] for d in made]), (tables, [counts[t - 1] for t in tables]))
                    self.assertEqual(job["related_dataset_id"], made[0]["id"])

    def test_the_stages_are_those_of_any_import(self):
        job = self.job_of(self.me.upload(book(uuid.uuid4().hex), "book.xlsx"))
        events = self.me.get(f"/api/v2/jobs/{job['id']}/events?limit=1000").json()["items"]
        marks = [e["data"]["progress"] for e in events if "progress" in e.get("data", {})]
        self.assertEqual(marks, sorted(marks))
        self.assertLessEqual({10, 20, 40, 70, 90, 100}, set(marks))

    def test_the_same_bytes_are_the_same_datasets(self):
        for filename, make, _, _ in KINDS:
            with self.subTest(filename):
                content = make(uuid.uuid4().hex)
                first = self.datasets(self.job_of(self.me.upload(content, filename)))
                answer = self.me.upload(content, filename)
                self.assertEqual(self.assert_problem(answer, 409, "duplicate")["existing_dataset_id"], first[0]["id"])
                answer = self.me.upload(content, filename, params={"table": 2})
                self.assertEqual(self.assert_problem(answer, 409, "duplicate")["existing_dataset_id"], first[1]["id"])
                reused = self.datasets(self.job_of(self.me.upload(content, filename, params={"on_duplicate": "reuse"})))
                self.assertEqual([d["id"] for d in reused], [d["id"] for d in first])
                alone = self.datasets(self.job_of(self.me.upload(content, filename, params={"on_duplicate": "reuse", "table": 2})))
                self.assertEqual([d["id"] for d in alone], [first[1]["id"]])
                again = self.datasets(self.job_of(self.me.upload(content, filename, params={"on_duplicate": "version"})))
                self.assertEqual([(d["table"], d["version"]) for d in again], [(1, 2), (2, 2)])

    def test_a_table_imported_alone_before_is_in_the_way_only_of_itself(self):
        for on_duplicate, want in [("error", None), ("reuse", [(1, 2), (2, 2)]), ("version", [(1, 2), (2, 2)])]:
            with self.subTest(on_duplicate):
                content = book(uuid.uuid4().hex)
                alone = self.datasets(self.job_of(self.me.upload(content, "book.xlsx", params={"table": 2})))
                answer = self.me.upload(content, "book.xlsx", params={"on_duplicate": on_duplicate})
                if want is None:
                    self.assertEqual(self.assert_problem(answer, 409, "duplicate")["existing_dataset_id"], alone[0]["id"])
                    continue
                self.assertEqual([(d["table"], d["version"]) for d in self.datasets(self.job_of(answer))], want)


class Rerun(ApiCase):
    own_server = True

    def test_a_rerun_after_a_crash_writes_the_same_datasets(self):
        for point in ("import.parsed", "import.finish"):
            with self.subTest(point):
                server = self.start({"MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s", "MILLRACE_FAILPOINT": f"{point}:kill@1"})
                me = server.client()
                try:
                    me.upload(book(uuid.uuid4().hex), "book.xlsx", timeout=10)
                except (OSError, http.client.HTTPException):
                    pass  # the server died while it was waited for
                server.wait(10)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                job_id = me.get("/api/v2/jobs").json()["items"][0]["id"]
                job = me.wait_job(job_id)
                self.assertEqual(job["state"], "completed", job)
                ids = job["job_metadata"]["dataset_ids"]
                listed = me.get(f"/api/v2/datasets?filter=job_id:{job_id}").json()["items"]
                self.assertEqual(sorted(d["id"] for d in listed), sorted(ids))
                self.assertEqual(len(ids), 2)
