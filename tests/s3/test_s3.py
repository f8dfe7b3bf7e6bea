"""What is special about bytes in S3. `s3` is set by run.py."""

import concurrent.futures
import hashlib
import os
import socket
import subprocess
import tempfile
import uuid

from support.case import ApiCase, csv
from support.server import run_binary
from support.swift import SECRET_KEY, Swift
from test_tus import TusCase

s3 = None
SHORT = {"MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s", "MILLRACE_BLOBS_S3_ATTEMPTS": "2"}
PARTS = {"MILLRACE_BLOBS_S3_PART_BYTES": "5MiB", "MILLRACE_UPLOAD_MAX_BYTES": "1GiB"}


def rows(count, tag):
    return b"sku,name,price\r\n" + b"".join(b"%s-%09d,Product with a name,12.50\r\n" % (tag.encode(), i) for i in range(count))


class S3Case(TusCase):
    own_server = True

    def settings_of(self, **more):
        """A bucket of its own, so that what is in it can be counted."""
        self.bucket = "b" + uuid.uuid4().hex
        return {**s3.settings(self.bucket), "MILLRACE_BLOBS_S3_PREFIX": "some/where/", **more}

    def keys(self, part=""):
        return [key for key in s3.keys(self.bucket) if part in key]


class Flow(S3Case):
    def test_from_an_upload_to_a_download_nothing_is_kept_on_this_machine(self):
        server = self.start(self.settings_of())
        self.me = server.client()
        content = csv(500)

        made = self.completed_import(content=content)
        answer = self.me.post(f"/api/v2/datasets/{made['id']}/exports", {"format": "csv"}, headers={"Prefer": "wait=30"})

        self.assertEqual(answer.status, 201, answer)
        file, = answer.json()["files"]
        back = self.me.get(f"/api/v2/files/{file['file_id']}/content")
        self.assertEqual(hashlib.sha256(back.body).hexdigest(), file["sha256"])
        rows = self.me.get(f"/api/v2/datasets/{made['id']}/rows?limit=1").json()
        self.assertEqual(len(rows["items"]), 1, rows)
        self.assertEqual(os.listdir(os.path.join(server.data_dir, "blobs")), [])
        keys = s3.keys(self.bucket)
        self.assertIn("some/where/objects/" + hashlib.sha256(content).hexdigest(), keys)
        self.assertEqual([key for key in keys if not key.startswith("some/where/objects/")], [])

    def test_a_file_of_many_parts_comes_back_as_it_was(self):
        server = self.start(self.settings_of(**PARTS))
        self.me = server.client()
        content = rows(400_000, "parts")
        self.assertGreater(len(content), 3 * (5 << 20))

        answer = self.me.upload(content)

        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["row_count"], 400_000)
        file = self.me.get("/api/v2/files").json()["items"][-1]
        self.assertEqual(self.me.get(f"/api/v2/files/{file['id']}/content").body, content)
        part = self.me.request("GET", f"/api/v2/files/{file['id']}/content", headers={"Range": "bytes=5242870-5242890"})
        self.assertEqual((part.status, part.body), (206, content[5242870:5242891]))
        self.assertEqual(self.keys("partial/"), [])

    def test_many_at_once(self):
        server = self.start(self.settings_of())
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: server.client().upload(csv(100 + i)), range(16)))
        self.assertEqual([a.status for a in answers], [201] * 16, answers)


class Resumed(S3Case):
    def test_an_upload_goes_on_after_a_kill_in_the_middle(self):
        server = self.start(self.settings_of(**PARTS))
        self.me = server.client()
        content = rows(1_200_000, "resumed")
        path = self.create(len(content))
        half = len(content) // 2
        self.break_off(path, 0, content[:half], len(content), server)
        at = self.eventually(lambda: self.offset(path), what="bytes that are durable")
        server.restart(kill=True)

        found = self.offset(path)
        self.assertGreaterEqual(found, at)
        answer = self.eventually(lambda: (a := self.patch(path, found, content[found:])).status == 204 and a, timeout=60, what="the draft is free")

        self.assertEqual(answer.header("Upload-Offset"), str(len(content)))
        dataset = self.dataset_of(path)
        self.assertEqual((dataset["sha256"], dataset["row_count"]), (hashlib.sha256(content).hexdigest(), 1_200_000))
        self.eventually(lambda: self.keys("drafts/") == [], timeout=60, what="no drafts")

    def test_a_kill_at_any_point_of_the_end_loses_nothing(self):
        for point in ("blob.written", "blob.renamed", "intake.accept"):
            with self.subTest(point):
                server = self.start(self.settings_of(MILLRACE_FAILPOINT=f"{point}:kill@1", **PARTS))
                self.me = server.client()
                content = rows(300_000, point)
                path = self.create(len(content))
                try:
                    self.patch(path, 0, content)
                except OSError:
                    pass
                server.wait(30)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                self.assertEqual(self.offset(path), len(content))
                self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
                server.remove()


class Moved(S3Case):
    only = ("postgres",)  # whose servers share a database

    def test_another_server_goes_on_with_it(self):
        settings = self.settings_of(**PARTS)
        first = self.start(settings)
        second = self.start(settings, database_url=first.database_url)
        self.me = first.client()
        other = second.client(user=self.me.user)
        content = rows(300_000, "moved")
        path = self.create(len(content))
        self.assertEqual(self.patch(path, 0, content[:6_000_000]).status, 204)

        self.assertEqual(self.patch(path, 6_000_000, content[6_000_000:], client=other).status, 204)

        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())


class Faults(S3Case):
    def test_while_s3_is_away_uploads_say_so_jobs_wait_and_nothing_is_lost(self):
        with Swift() as own:
            settings = {**own.settings("faults"), **SHORT}
            env, holder = self.holds(["import.stored"])
            server = self.start({**settings, **env})
            self.me = server.client()
            job = self.me.upload_async(csv(2000))
            holder.wait_held("import.stored")
            own.stop()
            holder.release("import.stored")
            waiting = self.eventually(lambda: (j := self.me.job(job))["state"] == "retry_wait" and j, timeout=60, what="a job that is tried again")
            self.assertEqual(waiting["attempt"], 1, waiting)
            answer = self.me.upload(csv(20))
            self.assert_problem(answer, 503, "storage_failed")
            self.assertIn("S3", answer.json()["detail"])
            own.start()
            done = self.me.wait_job(job, timeout=60)
            self.assertEqual(done["state"], "completed", done)
            self.assertEqual(self.me.upload(csv(20)).status, 201)
            self.assertNotIn(SECRET_KEY, server.log())

    def test_a_resumable_upload_outlives_an_outage(self):
        with Swift() as own:
            server = self.start({**own.settings("outage"), **SHORT})
            self.me = server.client()
            content = csv(3000)
            path = self.create(len(content))
            self.assertEqual(self.patch(path, 0, content[:1000]).status, 204)
            own.stop()
            self.assert_problem(self.patch(path, 1000, content[1000:]), 503, "storage_failed")
            self.assertEqual(self.offset(path), 1000)
            own.start()
            answer = self.eventually(lambda: (a := self.patch(path, 1000, content[1000:])).status == 204 and a, timeout=60, what="the rest is taken")
            self.assertEqual(answer.header("Upload-Offset"), str(len(content)))
            self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())

    def test_what_is_wrong_is_said_at_the_start(self):
        good = self.settings_of()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
        for name, change, status, words in (
                ("another secret", {"SECRET_KEY": "not-the-secret"}, 2, ["blobs.s3.access_key", "SignatureDoesNotMatch"]),
                ("an unknown key", {"ACCESS_KEY": "test:nobody"}, 2, ["blobs.s3.access_key"]),
                ("no such bucket", {"BUCKET": "no-such-bucket"}, 2, ["blobs.s3.bucket", "no-such-bucket"]),
                ("no bucket", {"BUCKET": ""}, 2, ["blobs.s3.bucket"]),
                ("nobody there", {"ENDPOINT": f"http://127.0.0.1:{port}", "ATTEMPTS": "2"}, 7, ["S3 at 127.0.0.1", "does not answer"]),
                ("no address", {"ENDPOINT": "ftp://x"}, 2, ["blobs.s3.endpoint"]),
                ("a part too small", {"PART_BYTES": "1MiB"}, 2, ["blobs.s3.part_bytes"]),
                ("uploads of too many parts", {"PART_BYTES": "5MiB", "../UPLOAD_MAX_BYTES": "64GiB"}, 2, ["blobs.s3.part_bytes", "upload.max_bytes"])):
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                env = {**good, **{("MILLRACE_" + k[3:] if k.startswith("../") else "MILLRACE_BLOBS_S3_" + k): v for k, v in change.items()}}
                done = run_binary("all", "--dev", "--listen", "127.0.0.1:0", "--data-dir", directory, env=env)
                self.assertEqual(done.returncode, status, done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)
                self.assertNotIn(env["MILLRACE_BLOBS_S3_SECRET_KEY"], done.stderr)

    def test_the_doctor_looks_at_it(self):
        with tempfile.TemporaryDirectory() as directory:
            good = self.settings_of()
            done = run_binary("doctor", "--data-dir", directory, env=good)
            self.assertIn("S3, bucket " + self.bucket, done.stdout)
            done = run_binary("doctor", "--data-dir", directory, env={**good, "MILLRACE_BLOBS_S3_SECRET_KEY": "wrong"})
            self.assertIn("SignatureDoesNotMatch", done.stdout)


class Tls(S3Case):
    def test_a_certificate_is_checked_by_the_file_of_the_settings(self):
        with tempfile.TemporaryDirectory() as directory:
            pem = os.path.join(directory, "s3.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pem + ".key", "-out", pem + ".crt", "-days", "1",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
            with open(pem, "w") as out:
                out.write(open(pem + ".crt").read() + open(pem + ".key").read())
            with Swift(tls=pem) as own:
                settings = own.settings("tls")
                server = self.start({**settings, "MILLRACE_BLOBS_S3_CA_FILE": pem + ".crt"})
                self.me = server.client()
                self.completed_import(content=csv(5))
                done = run_binary("all", "--dev", "--listen", "127.0.0.1:0", "--data-dir", directory, env={**settings, "MILLRACE_BLOBS_S3_ATTEMPTS": "1"})
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertIn("certificate", done.stderr)
