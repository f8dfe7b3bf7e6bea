"""Large imports: what a dead one leaves is gone on with, a cancelled one leaves nothing; previews; files from an address."""

import hashlib
import http.client
import os
import select
import signal
import time

from support.case import ApiCase, csv
from support.receiver import Receiver

EVERY = 4 << 20
SHORT = {"MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s", "MILLRACE_IMPORT_CHECKPOINT_BYTES": str(EVERY)}


def plain(rows):
    return "id,name,price,day\n" + "".join(f"{i},name {i * 7 % 1000},{i % 90}.50,2024-03-{11 + i % 17}\n" for i in range(rows))


def dirty(rows):
    """Some rows are refused, some are mended, some keep their text beside the value."""
    def row(i):
        if i % 1000 == 7:
            return f"{i},too,many,cells,here,by,far\n"
        if i % 1000 == 9:
            return f'{i},"two\nlines",+1.50,2024-03-11\n'
        return f"{i},name {i * 7 % 1000},{i % 90}.50,2024-03-{11 + i % 17}\n"
    return "id,name,price,day\n" + "".join(row(i) for i in range(rows))


def widening(rows):
    """Numbers until nearly the end: the file is read twice."""
    return plain(rows) + "none,odd,1.50,2024-03-11\n"


class GoesOn(ApiCase):
    own_server = True

    def files_of(self, server, directory):
        path = os.path.join(server.data_dir, "blobs", directory)
        return [name for name in os.listdir(path)] if os.path.isdir(path) else []

    def dataset_of(self, me, job):
        dataset = me.get("/api/v2/datasets/" + job["related_dataset_id"]).json()
        content = me.get(f"/api/v2/datasets/{dataset['id']}/export?format=csv").body
        rejects = me.get(f"/api/v2/datasets/{dataset['id']}/rejects").body
        report = {k: dataset[k] for k in ("row_count", "columns", "report") if k in dataset}
        return report, hashlib.sha256(content).hexdigest(), hashlib.sha256(rejects).hexdigest()

    def test_a_killed_import_goes_on_where_it_was(self):
        for make, rows, deaths in ((plain, 700_000, [1]), (dirty, 500_000, [2, 1]), (widening, 500_000, [4])):
            with self.subTest(make.__name__):
                content = make(rows).encode()
                server = self.start(SHORT)
                other, me, job_id = server.client(), server.client(), None
                whole = self.dataset_of(other, other.wait_job(other.upload_async(content), timeout=60))
                server.stop()
                for at in deaths:
                    server.env["MILLRACE_FAILPOINT"] = f"import.checkpoint:kill@{at}"
                    server.start()
                    job_id = job_id or me.upload_async(content)
                    server.wait(60)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                job = me.wait_job(job_id, timeout=60)
                self.assertEqual(job["state"], "completed", job)
                metadata = job["job_metadata"]
                self.assertGreaterEqual(metadata["resumed_from_bytes"], EVERY, metadata)
                if make is not widening:
                    left = len(content) - metadata["resumed_from_bytes"]
                    self.assertLess(metadata["bytes_read"], left + (3 << 20), "only the beginning is read again")
                self.assertEqual(self.dataset_of(me, job), whole, "what came of it is the same")
                self.assertEqual(self.files_of(server, "drafts"), [])
                lines = [line["message"] for line in me.get(f"/api/v2/jobs/{job_id}/logs").json()["items"]]
                self.assertTrue(any(line.startswith("goes on at byte ") for line in lines), lines)
                server.remove()

    def test_a_death_after_the_last_row_loses_nothing(self):
        content = plain(300_000).encode()
        for point in ("import.parsed", "import.written", "import.finish"):
            with self.subTest(point):
                server = self.start({**SHORT, "MILLRACE_FAILPOINT": f"{point}:kill@1"})
                me = server.client()
                job_id = me.upload_async(content)
                server.wait(60)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                job = me.wait_job(job_id, timeout=60)
                self.assertEqual((job["state"], job["job_metadata"]["row_count"]), ("completed", 300_000), job)
                self.assertEqual(self.files_of(server, "drafts"), [])
                server.remove()

    def refuses(self, server):
        try:
            server.client().get("/healthz", timeout=1)
            return False
        except OSError:
            return True

    def test_a_stop_of_the_server_hands_the_work_over(self):
        env, holder = self.holds(["import.checkpoint"])
        server = self.start({**SHORT, **env, "MILLRACE_SHUTDOWN_GRACE": "0s"})
        me, content = server.client(), plain(400_000).encode()
        job_id = me.upload_async(content)
        holder.wait_held("import.checkpoint")
        server.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: self.refuses(server), what="the server takes no more requests")
        holder.release_all()
        self.assertEqual(server.wait(30), 0)
        server.env.pop("MILLRACE_FAILPOINT")
        server.start()
        job = me.wait_job(job_id, timeout=60)
        self.assertEqual((job["state"], job["job_metadata"]["row_count"]), ("completed", 400_000), job)
        self.assertGreaterEqual(job["job_metadata"]["resumed_from_bytes"], EVERY)

    def test_a_cancelled_import_stops_within_a_second_and_leaves_nothing(self):
        for point in ("import.checkpoint", "import.stored", "import.parsed"):
            with self.subTest(point):
                env, holder = self.holds([point])
                server = self.start({**SHORT, **env})
                me = server.client()
                job_id = me.upload_async(plain(400_000).encode())
                holder.wait_held(point)
                self.report(job_id, "cancel", client=me)
                begin = time.monotonic()
                holder.release_all()
                job = me.wait_job(job_id)
                self.assertLess(time.monotonic() - begin, 1)
                self.assertEqual(job["state"], "cancelled")
                self.assertEqual((self.files_of(server, "drafts"), self.files_of(server, "partial")), ([], []))
                self.report(job_id, "retry", client=me)
                self.assertEqual(me.wait_job(job_id, timeout=60)["state"], "completed")
                server.remove()

    def test_progress_tells_bytes_rows_and_time_and_never_decreases(self):
        server = self.start(SHORT)
        me = server.client()
        job_id = me.upload_async(plain(1_500_000).encode())
        seen = []
        self.eventually(lambda: seen.append(me.job(job_id)) or seen[-1]["state"] == "completed", timeout=60, what="the end")
        progress = [job["progress"] for job in seen]
        self.assertEqual(progress, sorted(progress))
        messages = [job["message"] for job in seen if job["message"].startswith("parsing: ")]
        self.assertTrue(messages)
        for message in messages:
            self.assertRegex(message, r"^parsing: [0-9.]+ [kMG]?B of [0-9.]+ MB(, [0-9.]+ [kMG]?B/s, [0-9,]+ rows/s, .+ left)?$")


class Receiving(ApiCase):
    def test_a_cancel_ends_an_upload_whose_bytes_still_come(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        self.addCleanup(connection.close)
        connection.putrequest("PUT", "/api/v2/imports/files/slow.csv")
        connection.putheader("Authorization", f"Bearer {self.me.token}")
        connection.putheader("Content-Length", str(1 << 30))
        connection.endheaders()
        connection.send(csv(10))
        [job] = self.eventually(lambda: self.me.active(), what="the job")
        self.report(job["id"], "cancel")
        begin = time.monotonic()
        self.assertEqual(self.me.job(job["id"])["state"], "cancelled")
        self.eventually(lambda: self.is_over(connection), what="the end of the upload")
        self.assertLess(time.monotonic() - begin, 3)

    def is_over(self, connection):
        try:
            connection.send(b"more,more,1.50\r\n")
        except OSError:
            return True
        return bool(select.select([connection.sock], [], [], 0.05)[0])


class Previews(ApiCase):
    own_server = True

    def test_the_first_rows_are_there_before_the_import_ends(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(csv(250), "products.csv")
        holder.wait_held("import.stored")
        preview = me.get(f"/api/v2/jobs/{job_id}/preview").json()
        self.assertEqual(me.job(job_id)["status"], "running")
        self.assertEqual([(c["name"], c["type"]) for c in preview["columns"]], [("sku", "text"), ("name", "text"), ("price", "decimal")])
        self.assertEqual((len(preview["rows"]), preview["rows"][2][1:]), (100, ["Product 2", "2.50"]))
        self.assertEqual((preview["format"], preview["dialect"]["delimiter"], preview["filename"]), ("csv", ",", "products.csv"))
        self.assertEqual(len(me.get(f"/api/v2/jobs/{job_id}/preview?rows=3").json()["rows"]), 3)
        self.assertEqual(server.client().get(f"/api/v2/jobs/{job_id}/preview").status, 404)
        holder.release_all()
        me.wait_job(job_id)
        self.assertEqual(me.get(f"/api/v2/jobs/{job_id}/preview").json(), preview)

    def test_there_is_none_before_the_file_has_arrived_nor_of_other_jobs(self):
        server = self.start()
        me = server.client()
        upload = me.request("POST", "/api/v2/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "filename YS5jc3Y="})
        self.assert_problem(me.get(f"/api/v2/jobs/{upload.header('Upload-Job-Id')}/preview"), 409, "conflict")
        self.assert_problem(me.get(f"/api/v2/jobs/{self.external(me)}/preview"), 404, "not_found")


class FromAddresses(ApiCase):
    settings = {"MILLRACE_IMPORT_ALLOW_PRIVATE": "127.0.0.1", "MILLRACE_UPLOAD_MAX_BYTES": "100000"}

    def serve(self, *answers):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        receiver.answers = list(answers)
        return receiver, f"http://127.0.0.1:{receiver.port}"

    def test_a_file_is_fetched_and_imported(self):
        content = csv(20)
        for name, path, headers, want in (
                ("the end of the address", "/data/prices%20of%20may.csv?key=1", {}, "prices of may.csv"),
                ("the name the server gives", "/get?id=1", {"Content-Disposition": "attachment; filename=\"x.csv\"; filename*=UTF-8''prijs%20%e2%82%ac.csv"}, "prijs €.csv"),
                ("the host", "/", {}, "127.0.0.1")):
            with self.subTest(name):
                _, base = self.serve((200, headers, content + name.encode()))
                answer = self.me.post("/api/v2/imports/urls", {"url": base + path, "supplier_id": "s1"})
                self.assertEqual(answer.status, 201, answer)
                dataset = answer.json()
                self.assertEqual((dataset["filename"], dataset["supplier_id"]), (want, "s1"))
                job = self.assert_job(self.me.job(dataset["job_id"]))
                self.assertEqual(job["state"], "completed")

    def test_the_job_is_visible_while_the_file_comes(self):
        receiver, base = self.serve((200, {}, csv(5)))
        receiver.delay = 0.5
        answer = self.me.post("/api/v2/imports/urls", {"url": base + "/slow.csv", "filename": "mine.csv"}, headers={"Prefer": "respond-async", "Idempotency-Key": "k"})
        self.assertEqual(answer.status, 202, answer)
        job_id = answer.json()["job_id"]
        seen = self.eventually(lambda: (j := self.me.job(job_id))["stage"] == "downloading" and j, what="the download")
        self.assertEqual((seen["status"], seen["filename"]), ("running", "mine.csv"))
        again = self.me.post("/api/v2/imports/urls", {"url": base + "/slow.csv", "filename": "mine.csv"}, headers={"Prefer": "respond-async", "Idempotency-Key": "k"})
        self.assertEqual(again.json()["job_id"], job_id)
        self.assertEqual(self.me.wait_job(job_id)["state"], "completed")
        self.assertEqual(len(receiver.requests), 1)

    def test_redirects_are_followed_and_judged(self):
        _, target = self.serve((200, {}, csv(5)))
        _, base = self.serve((302, {"Location": target + "/there.csv#part"}, b""))
        answer = self.me.post("/api/v2/imports/urls", {"url": base + "/here"})
        self.assertEqual((answer.status, answer.json().get("filename")), (201, "there.csv"), answer)
        for name, location, code in (("a private address", "http://10.0.0.1/x", "address_refused"), ("metadata", "http://169.254.169.254/latest", "address_refused"),
                                     ("a file", "file:///etc/passwd", "address_refused"), ("round and round", "/here", "bad_request")):
            with self.subTest(name):
                _, base = self.serve((302, {"Location": location}, b""))
                self.assert_problem(self.me.post("/api/v2/imports/urls", {"url": base + "/here"}), 400 if code == "bad_request" else 422, code)

    def test_what_cannot_be_fetched_fails_with_its_reason(self):
        for name, answer, status, code in (("not there", (404, {}, b"no"), 400, "bad_request"), ("too large", (200, {}, b"x" * 200_000), 413, "payload_too_large"),
                                           ("empty", (200, {}, b""), 422, "empty_file")):
            with self.subTest(name):
                _, base = self.serve(answer)
                problem = self.assert_problem(self.me.post("/api/v2/imports/urls", {"url": base + "/x.csv"}), status, code)
                self.assertEqual(self.me.job(problem["job_id"])["state"], "failed")

    def test_an_address_that_is_not_allowed_makes_no_job(self):
        for url in ("http://10.1.2.3/x.csv", "ftp://example.com/x", "http://127.0.0.2/", "https://user:secret@example.com/", "nonsense"):
            with self.subTest(url):
                problem = self.assert_problem(self.me.post("/api/v2/imports/urls", {"url": url}), 422, "invalid_fields")
                self.assertEqual([(e["pointer"], e["code"]) for e in problem["errors"]], [("/url", "address_refused")])
        self.assert_problem(self.me.post("/api/v2/imports/urls", {}), 422, "invalid_fields")

    def test_a_job_can_name_an_address(self):
        _, base = self.serve((200, {}, csv(7)))
        answer = self.me.post("/api/v2/jobs", {"kind": "import", "input": {"url": base + "/seven.csv"}})
        self.assertEqual(answer.status, 201, answer)
        job = self.me.wait_job(answer.json()["id"])
        self.assertEqual((job["state"], job["filename"], job["job_metadata"]["row_count"]), ("completed", "seven.csv", 7))
