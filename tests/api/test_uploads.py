"""Uploads: the seeds' endpoint, its answers, duplicates, names, bad input, limits."""

import concurrent.futures
import hashlib
import json
import time
import urllib.parse
import uuid

from support import tokens
from support.case import TIME, ApiCase, csv
from support.client import multipart

UPLOAD = "/api/v2/imports/files/upload"


class Upload(ApiCase):
    def test_a_file_becomes_a_dataset_with_a_completed_job(self):
        content = csv(5)
        answer = self.me.upload(content, "products.csv", fields=[("supplier_id", "supplier-7")])
        self.assertEqual(answer.status, 201, answer)
        dataset = answer.json()
        self.assertTrue(tokens.is_uuid7(dataset["id"]) or uuid.UUID(dataset["id"]))
        self.assertEqual(dataset["filename"], "products.csv")
        self.assertEqual(dataset["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(dataset["row_count"], 5)
        self.assertEqual(answer.header("Location"), "/api/v2/datasets/" + dataset["id"])
        job = self.me.job(dataset["job_id"])
        self.assert_job(job)
        self.assertEqual((job["type"], job["kind"], job["status"], job["progress"]), ("import", "import", "completed", 100))
        self.assertEqual(job["related_dataset_id"], dataset["id"])
        self.assertEqual(job["supplier_id"], "supplier-7")
        self.assertEqual(job["job_metadata"],
                         {**job["job_metadata"], "filename": "products.csv", "supplier_id": "supplier-7",
                          "dataset_id": dataset["id"]})

    def test_the_supplier_may_come_after_the_file(self):
        body, kind = multipart([("file", "p.csv", csv()), ("supplier_id", None, "late")])
        answer = self.me.request("POST", UPLOAD, body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(self.me.job(answer.json()["job_id"])["supplier_id"], "late")

    def test_the_dataset_can_be_read(self):
        made = self.completed_import()
        got = self.me.get("/api/v2/datasets/" + made["id"])
        self.assertEqual(got.status, 200, got)
        for field in ("id", "filename", "sha256", "row_count"):
            self.assertEqual(got.json()[field], made[field])
        self.assertRegex(got.json()["created_at"], TIME)

    def test_a_chunked_upload_is_the_same(self):
        content = csv(4)
        body, kind = multipart([("file", "chunked.csv", content)])
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7))
        answer = self.me.request("POST", UPLOAD, body=chunks + b"0\r\n\r\n",
                                 headers={"Content-Type": kind, "Transfer-Encoding": "chunked"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["sha256"], hashlib.sha256(content).hexdigest())

    def test_put_takes_the_raw_body(self):
        content = csv(2)
        answer = self.me.request("PUT", "/api/v2/imports/files/pr%C3%B6dukte%201.csv", body=content,
                                 headers={"Content-Type": "text/csv"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["filename"], "prödukte 1.csv")
        self.assertEqual(answer.json()["sha256"], hashlib.sha256(content).hexdigest())

    def test_respond_async_is_202_at_once(self):
        answer = self.me.upload(csv(), headers={"Prefer": "respond-async"})
        self.assertEqual(answer.status, 202, answer)
        job = answer.json()["job_id"]
        self.assertEqual(answer.header("Location"), "/api/v2/jobs/" + job)
        self.assertEqual(self.me.wait_job(job)["state"], "completed")

    def test_forms_of_prefer(self):
        for prefer, status in (("wait=20", 201), ("respond-async, wait=20", 201), ("wait=0", 202), ("handling=lenient", 201),
                               ("RESPOND-ASYNC", 202), ("wait=abc", 201), ("wait=-1", 201), ("wait=99999999999999999999", 201)):
            with self.subTest(prefer):
                answer = self.me.upload(csv(), headers={"Prefer": prefer})
                # RFC 7240 lets a server ignore a preference it cannot read; it must not fail on one.
                self.assertIn(answer.status, (status,) if prefer in ("wait=20", "RESPOND-ASYNC") else (201, 202), answer)

    def test_two_owners_may_have_the_same_bytes(self):
        content, other = csv(), self.user()
        first, second = self.me.upload(content), other.upload(content)
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertNotEqual(first.json()["id"], second.json()["id"])

    def test_row_counts_of_shapes(self):
        cases = [("one row", b"a,b\r\n1,2\r\n", 1), ("no newline at the end", b"a,b\n1,2\n3,4", 2),
                 ("quoted newline", b'a,b\n"x\ny",2\n3,4\n', 2), ("semicolons", b"a;b\n1;2\n3;4\n", 2),
                 ("tabs", b"a\tb\n1\t2\n", 1), ("bom", "\ufeffa,b\nä,2\n".encode(), 1),
                 ("utf-16 le", "a,b\nä,2\nö,3\n".encode("utf-16"), 2),
                 ("utf-16 be", b"\xfe\xff" + "a,b\nä,2\nö,3\n".encode("utf-16-be"), 2),
                 ("latin-1", "naam,stad\nJosé,Málaga\nZoë,Köln\n".encode("latin-1"), 2),
                 ("lone quote", b'a,b\nx "y,2\nz,3\n', 2), ("empty cells", b"a,b\n,\n1,\n", None)]
        for name, content, rows in cases:
            with self.subTest(name):
                answer = self.user().upload(content, name + ".csv")
                self.assertEqual(answer.status, 201, answer)
                if rows is not None:
                    self.assertEqual(answer.json()["row_count"], rows)


class Duplicates(ApiCase):
    def test_the_same_bytes_again_are_409_with_the_first_dataset(self):
        content = csv()
        first = self.completed_import(content=content)
        answer = self.me.upload(content, "again.csv")
        doc = self.assert_problem(answer, 409, "duplicate")
        self.assertEqual(doc["existing_dataset_id"], first["id"])
        job = self.me.job(doc["job_id"])
        self.assert_job(job)
        self.assertEqual((job["state"], job["error_code"], job["filename"]), ("failed", "duplicate", "again.csv"))
        self.assertLess(job["progress"], 100)

    def test_reuse_answers_the_first_dataset(self):
        content = csv()
        first = self.completed_import(content=content)
        answer = self.me.upload(content, "again.csv", params={"on_duplicate": "reuse"})
        self.assertIn(answer.status, (200, 201), answer)
        self.assertEqual(answer.json()["id"], first["id"])
        self.assertEqual(len(self.datasets()), 1)

    def test_version_makes_a_second_dataset(self):
        content = csv()
        first = self.completed_import(content=content)
        answer = self.me.upload(content, "again.csv", params={"on_duplicate": "version"})
        self.assertEqual(answer.status, 201, answer)
        self.assertNotEqual(answer.json()["id"], first["id"])

    def test_error_is_the_default_by_name(self):
        content = csv()
        self.completed_import(content=content)
        answer = self.me.upload(content, params={"on_duplicate": "error"})
        self.assert_problem(answer, 409, "duplicate")

    def test_another_word_is_refused(self):
        answer = self.me.upload(csv(), params={"on_duplicate": "overwrite"})
        self.assertIn(answer.status, (400, 422), answer)
        self.assertEqual(self.me.active(), [], "no job where none could exist")

    def test_identical_uploads_in_flight_end_as_one_dataset(self):
        content = csv(200)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: self.me.upload(content), range(6)))
        self.assertEqual(sorted(a.status for a in answers), [201] + [409] * 5, answers)
        [made] = [a.json()["id"] for a in answers if a.status == 201]
        for answer in answers:
            if answer.status == 409:
                self.assertEqual(answer.json()["existing_dataset_id"], made)

    def datasets(self):
        return self.me.get("/api/v2/datasets").json()["items"]


NAMES = ["../../etc/passwd", "..\\..\\windows\\win.ini", "/abs/olute.csv", "a/../b.csv", "<img src=x onerror=alert(1)>.csv",
         "\"quoted\".csv", "'; DROP TABLE job; --.csv", "line\r\nSet-Cookie: x=1.csv", "nul\0byte.csv", "tab\tname.csv",
         "ünïcödé 表.csv", "\u202egnp.csv", "emoji 😀.csv", "a" * 5000 + ".csv", " leading.csv", "trailing.csv ", ".", "..",
         "%2e%2e%2f.csv", "%00.csv", "con.csv", "-rf.csv", "$(reboot).csv", "`id`.csv", "{{7*7}}.csv", "=cmd|' /C calc'!A0.csv",
         "a;b=c.csv", "x" * 255 + ".csv", "\u0000", "\ud7ff\ue000.csv", "e\u0301.csv", "name", "name.", "name.exe"]


class Names(ApiCase):
    def test_a_name_is_data(self):
        for name in NAMES:
            with self.subTest(name[:40]):
                user = self.user()
                answer = user.upload(csv(), name)
                if answer.status in (400, 422):
                    # A name that the form cannot carry (a NUL) may be refused, clearly; never half taken.
                    self.assert_problem(answer, answer.status)
                    self.assertTrue("\0" in name, f"refused: {answer}")
                    continue
                self.assertEqual(answer.status, 201, answer)
                for value in answer.header("Set-Cookie"), answer.header("set-cookie"):
                    self.assertIsNone(value)
                kept = answer.json()["filename"]
                # Browsers send %0D%0A and %22 for line ends and quotes; both readings keep the name as data.
                sent = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
                self.assertIn(kept, (name, sent), "the name is kept as given")
                [job] = user.active()
                self.assertEqual(job["filename"], kept)

    def test_no_name_leaves_the_data_directory(self):
        import os
        for name in ("../../../escape.csv", "/tmp/millrace-escape.csv"):
            self.user().upload(csv(), name)
        self.assertFalse(os.path.exists("/tmp/millrace-escape.csv"))
        outside = [f for f in os.listdir(self.server.root) if "escape" in f]
        self.assertEqual(outside, [])
        inside = [f for _, _, names in os.walk(self.server.data_dir) for f in names if "escape" in f]
        self.assertEqual(inside, [], "files are stored under generated ids")

    def test_names_of_the_raw_upload(self):
        for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "..", "a%5cb.csv", "a%00b.csv", "a//b.csv"):
            answer = self.me.request("PUT", "/api/v2/imports/files/" + path, body=csv())
            self.assertIn(answer.status, (400, 404, 405), f"{path}: {answer}")
        self.assertEqual(self.me.active(), [])
        answer = self.me.request("PUT", "/api/v2/imports/files/" + urllib.parse.quote("<b>&amp;.csv"), body=csv())
        self.assertEqual((answer.status, answer.json()["filename"]), (201, "<b>&amp;.csv"))

    def test_filename_star_is_understood(self):
        body, kind = multipart([("file", "plain.csv", csv())], boundary="bb")
        body = body.replace(b'filename="plain.csv"', b"filename=\"plain.csv\"; filename*=UTF-8''%e2%82%ac.csv")
        answer = self.me.request("POST", UPLOAD, body=body, headers={"Content-Type": kind})
        # RFC 7578 forbids filename*, so the plain one may win; either way it is a decent upload.
        self.assertEqual(answer.status, 201, answer)
        self.assertIn(answer.json()["filename"], ("plain.csv", "€.csv"))


class BadFiles(ApiCase):
    """Where a job exists, it is failed with the message kept; the server is unharmed."""

    CASES = [
        ("empty", b"", "empty_file"),
        ("only a bom", b"\xef\xbb\xbf", ("empty_file", "no_rows")),
        ("only newlines", b"\r\n\r\n\n", ("empty_file", "no_rows")),
        ("only spaces", b"   ", ("empty_file", "no_rows")),
        ("header only", b"a,b,c\r\n", "no_rows"),
        ("header only, no newline", b"sku,name,price", "no_rows"),
        ("header only, utf-16", "sku,name\r\n".encode("utf-16"), "no_rows"),
        ("an elf named csv", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40, ("not_text", "unsupported_format", "malformed_file")),
        ("a png named csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, ("not_text", "unsupported_format", "malformed_file")),
        ("a jpeg named csv", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(255, -1, -1)) * 20, ("not_text", "unsupported_format", "malformed_file")),
        ("random bytes", hashlib.sha512(b"seed").digest() * 200, ("not_text", "unsupported_format", "malformed_file")),
        ("all nul", b"\0" * 10_000, ("not_text", "empty_file", "malformed_file", "unsupported_format")),
        ("a broken zip", b"PK\x03\x04" + b"\0" * 200, ("unsupported_format", "malformed_file", "not_text")),
        ("a pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 10, ("unsupported_format", "not_text", "malformed_file")),
    ]

    def test_a_bad_file_is_422_and_its_job_failed_with_the_message(self):
        for name, content, codes in self.CASES:
            with self.subTest(name):
                user = self.user()
                answer = user.upload(content, f"{name}.csv")
                doc = self.assert_problem(answer, 422, codes)
                job = user.job(doc["job_id"])
                self.assert_job(job)
                self.assertEqual((job["state"], job["status"]), ("failed", "failed"))
                self.assertEqual(job["error_code"], doc["code"])
                self.assertEqual(job["error_message"], doc["detail"])
                self.assertEqual(job["filename"], f"{name}.csv")
                self.assertEqual(job["job_metadata"]["filename"], f"{name}.csv", "what is known is kept on failure too")
                self.assertIsNone(job["related_dataset_id"])
                self.assertEqual([j["id"] for j in user.active()], [job["id"]])

    def test_no_dataset_is_left_by_a_bad_file(self):
        for _, content, _ in self.CASES[:6]:
            self.me.upload(content, "x.csv")
        self.assertEqual(self.me.get("/api/v2/datasets").json()["items"], [])

    def test_nul_bytes_inside_text_are_a_clear_problem_or_kept_as_data(self):
        answer = self.me.upload(b"a,b\n1,x\0y\n2,z\n", "nul.csv")
        if answer.status == 422:
            self.assertEqual(self.me.job(self.assert_problem(answer, 422)["job_id"])["state"], "failed")
        else:
            self.assertEqual((answer.status, answer.json()["row_count"]), (201, 2))

    def test_lone_quotes_lose_no_row(self):
        for name, content, rows in [
                ("in the middle", b'a,b\n1,say "hi\n2,x\n3,y\n', 3), ("at the end", b'a,b\n1,x\n2,y"\n', 2),
                ("inches", b'item,size\nscreen,15"\nscreen,17"\nscreen,19"\n', 3)]:
            with self.subTest(name):
                answer = self.me.upload(content, name + ".csv")
                self.assertEqual(answer.status, 201, answer)
                self.assertEqual(answer.json()["row_count"], rows)

    def test_a_line_of_200_mb_does_not_harm_the_server(self):
        # The client says the length and streams; nothing here holds the 200 MB either.
        size = 200 * 1000 * 1000
        head = b"a,b\r\n1,"
        boundary = "longline"
        before = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"long.csv\"\r\n\r\n").encode() + head
        after = f"\r\n--{boundary}--\r\n".encode()
        with self.raw(timeout=120) as raw:
            raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\n"
                     f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
                     f"Content-Length: {len(before) + size + len(after)}\r\n\r\n")
            raw.send(before)
            block = b"x" * 1_000_000
            for _ in range(size // len(block)):
                if not raw.send(block):
                    break
            raw.send(after)
            answer = raw.response()
        self.assertIsNotNone(answer)
        if answer.status != 201:
            doc = self.assert_problem(answer, 422, ("line_too_long", "malformed_file", "no_rows"))
            self.assertEqual(self.me.job(doc["job_id"])["state"], "failed")
        self.assertEqual(self.user().upload(csv()).status, 201)
        self.assertLess(self.resident_mb(), 600, "a long line is not held in memory many times over")

    def resident_mb(self):
        with open(f"/proc/{self.server.process.pid}/status") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return 0

    def test_many_columns_and_wide_headers_end_clearly(self):
        for columns in (1000, 20_000, 300_000):
            with self.subTest(columns):
                content = b",".join(b"c%d" % i for i in range(columns)) + b"\n" + b",".join([b"1"] * columns) + b"\n"
                answer = self.me.upload(content, f"{columns}.csv")
                self.assertIn(answer.status, (201, 422), answer)
                if answer.status == 422:
                    self.assert_problem(answer, 422)
                elif columns == 1000:
                    self.assertEqual(answer.json()["row_count"], 1)

    def test_markup_and_formulas_come_back_as_text(self):
        content = b"a,b\n<script>alert(1)</script>,=1+1\n"
        made = self.me.upload(content, "x.csv")
        self.assertEqual(made.status, 201, made)
        rows = self.me.get(f"/api/v2/datasets/{made.json()['id']}/rows")
        self.assertEqual(rows.header("Content-Type").split(";")[0], "application/json")
        self.assertIn("alert(1)", rows.text)
        self.assertIn("=1+1", rows.text)


class BrokenForms(ApiCase):
    """No job where none could exist."""

    def post(self, body, kind="multipart/form-data; boundary=b"):
        return self.me.request("POST", UPLOAD, body=body, headers={"Content-Type": kind})

    def test_a_broken_form_is_400_and_makes_no_dataset(self):
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\na,b\r\n1,2\r\n'
        cases = [
            ("no boundary in the type", part + b"--b--\r\n", "multipart/form-data", (400, 415, 422)),
            ("empty boundary", part + b"--b--\r\n", "multipart/form-data; boundary=", (400,)),
            ("boundary of 200 characters", part + b"--b--\r\n", "multipart/form-data; boundary=" + "x" * 200, (400,)),
            ("another boundary", part + b"--b--\r\n", "multipart/form-data; boundary=c", (400,)),
            ("not multipart", b"a,b\r\n1,2\r\n", "text/csv", (415,)),
            ("json", b"{}", "application/json", (415,)),
            ("no closing boundary", part, "multipart/form-data; boundary=b", (400,)),
            ("cut in the closing boundary", part + b"--b", "multipart/form-data; boundary=b", (400,)),
            ("empty body", b"", "multipart/form-data; boundary=b", (400,)),
            ("only the end", b"--b--\r\n", "multipart/form-data; boundary=b", (400,)),
            ("no part head", b"--b\r\na,b\r\n--b--\r\n", "multipart/form-data; boundary=b", (400,)),
            ("no name", b'--b\r\nContent-Disposition: form-data; filename="x"\r\n\r\na,b\n1,2\n\r\n--b--\r\n', "multipart/form-data; boundary=b", (400,)),
            ("no disposition", b"--b\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\r\n--b--\r\n", "multipart/form-data; boundary=b", (400,)),
            ("a part head of 100 KB", b"--b\r\nX: " + b"y" * 100_000 + b'\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\na\r\n--b--\r\n', "multipart/form-data; boundary=b", (400,)),
            ("10,000 parts", b"".join(b'--b\r\nContent-Disposition: form-data; name="n%d"\r\n\r\nv\r\n' % i for i in range(10_000)) + b"--b--\r\n", "multipart/form-data; boundary=b", (400, 413, 422)),
        ]
        for name, body, kind, statuses in cases:
            with self.subTest(name):
                answer = self.post(body, kind)
                self.assertIn(answer.status, statuses, answer)
                self.assert_problem(answer, answer.status)
        for job in self.me.active():
            self.assertEqual(job["status"], "failed")
            self.assertIn(job["error_code"], ("upload_aborted", "malformed_multipart", "missing_file"),
                          "a form that breaks off after its file began may leave a failed job, nothing else")

    def test_a_form_without_the_file_is_400(self):
        for name, parts in (("no file", [("supplier_id", None, "7")]), ("wrong name", [("files", "x.csv", csv())])):
            with self.subTest(name):
                body, kind = multipart(parts)
                self.assert_problem(self.post(body, kind), 400, "missing_file")
        self.assertEqual(self.me.active(), [])

    def test_two_files_in_one_form_are_refused_or_the_first_is_taken(self):
        body, kind = multipart([("file", "a.csv", csv()), ("file", "b.csv", csv())])
        answer = self.post(body, kind)
        self.assertIn(answer.status, (201, 400, 422), answer)
        if answer.status == 201:
            self.assertEqual(answer.json()["filename"], "a.csv")

    def test_boundary_forms_of_real_clients(self):
        content = csv()
        for boundary in ("----WebKitFormBoundaryABC", "------------------------d74496d66958873e", "a'()+_,-./:=?b", "x" * 70):
            with self.subTest(boundary[:30]):
                body, _ = multipart([("file", "x.csv", csv())], boundary=boundary)
                answer = self.post(body, f'multipart/form-data; boundary="{boundary}"')
                self.assertEqual(answer.status, 201, answer)
        body, _ = multipart([("file", "x.csv", content)], boundary="b")
        for kind in ("Multipart/Form-Data; Boundary=b", "multipart/form-data;charset=utf-8;boundary=b"):
            answer = self.post(body.replace(content, csv()), kind)
            self.assertEqual(answer.status, 201, f"{kind} {answer}")

    def test_preamble_epilogue_and_boundary_like_content(self):
        content = b"a,b\r\n--,2\r\n\r\n--c,3\r\n"
        body = (b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n" + content +
                b"\r\n--b--\r\nepilogue")
        answer = self.post(body)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["sha256"], hashlib.sha256(content).hexdigest())

    def test_a_wrong_token_makes_no_job(self):
        bad = self.server.anonymous()
        bad.token = tokens.token(self.me.user, secret="another-secret-of-32-bytes-or-more-xx")
        self.assert_unauthorized(bad.upload(csv()))
        self.assert_unauthorized(self.server.anonymous().upload(csv()))
        self.assertEqual(self.me.active(), [])


class Arriving(ApiCase):
    """What is seen while bytes arrive, and when they stop."""
    settings = {"MILLRACE_HTTP_BODY_IDLE_TIMEOUT": "1s"}

    def begin(self, total=None, filename="slow.csv", timeout=15):
        content = csv(50)
        body, kind = multipart([("file", filename, content)], boundary="b")
        raw = self.raw(timeout=timeout)
        raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nContent-Type: {kind}\r\n"
                 f"Content-Length: {total or len(body)}\r\n\r\n")
        raw.send(body[:len(body) // 2])
        return raw, body[len(body) // 2:]

    def test_the_job_is_visible_while_bytes_arrive(self):
        raw, rest = self.begin()
        [job] = self.eventually(self.me.active, timeout=5, what="the job of a half-sent upload")
        self.assert_job(job)
        self.assertEqual((job["type"], job["status"], job["filename"], job["stage"]),
                         ("import", "running", "slow.csv", "receiving"))
        self.assertLess(job["progress"], 10)
        raw.send(rest)
        answer = raw.response()
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["job_id"], job["id"])

    def test_an_upload_that_is_cut_off_fails_its_job(self):
        raw, _ = self.begin()
        [job] = self.eventually(self.me.active, timeout=5, what="the job of a half-sent upload")
        raw.close()
        ended = self.me.wait_job(job["id"])
        self.assert_job(ended)
        self.assertEqual((ended["state"], ended["error_code"]), ("failed", "upload_aborted"))
        self.assertIsNone(ended["related_dataset_id"])

    def test_an_upload_that_stalls_is_ended(self):
        raw, _ = self.begin()
        answer = raw.response()
        self.assertTrue(answer is None or answer.status in (400, 408), answer)
        [job] = self.me.active()
        self.assertEqual(self.me.wait_job(job["id"])["error_code"], "upload_aborted")

    def test_a_slow_upload_that_keeps_moving_is_taken(self):
        raw, rest = self.begin(timeout=30)
        for i in range(0, len(rest), max(1, len(rest) // 4)):
            time.sleep(0.5)  # the rate of the client is the subject: each pause is below the limit, their sum above
            raw.send(rest[i:i + max(1, len(rest) // 4)])
        self.assertEqual(raw.response().status, 201)

    def test_cancel_while_bytes_arrive(self):
        raw, rest = self.begin()
        [job] = self.eventually(self.me.active, timeout=5, what="the job of a half-sent upload")
        self.report(job["id"], "cancel")
        raw.send(rest)
        answer = raw.response()
        self.assertTrue(answer is None or answer.status >= 400, answer)
        self.assertEqual(self.me.wait_job(job["id"])["state"], "cancelled")
        self.assertIsNone(self.me.job(job["id"])["related_dataset_id"])


class Limits(ApiCase):
    settings = {"MILLRACE_UPLOAD_MAX_BYTES": "100000"}

    def head(self, length, extra=""):
        return (f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\n"
                f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n{extra}\r\n")

    def test_a_length_above_the_limit_is_413_before_the_body(self):
        for length in (200_000, 2**31, 2**32 + 5, 2**53, 2**63 - 1):
            with self.subTest(length):
                raw = self.raw()
                raw.send(self.head(length))
                answer = raw.response()
                self.assert_problem(answer, 413, "payload_too_large")
                self.assertTrue(raw.is_closed(), "the connection cannot be used further")
        self.assertEqual(self.me.active(), [])

    def test_expect_is_answered_by_413_and_not_by_100(self):
        raw = self.raw()
        raw.send(self.head(2**40, "Expect: 100-continue\r\n"))
        self.assert_problem(raw.response(), 413, "payload_too_large")

    def test_a_chunked_body_above_the_limit_is_413(self):
        body, kind = multipart([("file", "x.csv", b"a,b\r\n" + b"1,2\r\n" * 40_000)], boundary="b")
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 8192]), body[i:i + 8192]) for i in range(0, len(body), 8192))
        answer = self.me.request("POST", UPLOAD, body=chunks + b"0\r\n\r\n",
                                 headers={"Content-Type": kind, "Transfer-Encoding": "chunked"})
        self.assert_problem(answer, 413, "payload_too_large")
        for job in self.me.active():
            self.assertEqual(self.me.wait_job(job["id"])["state"], "failed")

    def test_a_file_below_the_limit_is_taken(self):
        self.assertEqual(self.me.upload(b"a,b\r\n" + b"1,2\r\n" * 15_000).status, 201)

    def test_an_early_401_is_delivered_on_a_big_body(self):
        body = b"x" * 80_000
        for _ in range(10):
            raw = self.raw()
            raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n")
            for i in range(0, len(body), 4096):
                if not raw.send(body[i:i + 4096]):
                    break
            self.assert_unauthorized(raw.response())

    def test_a_json_body_above_its_limit_is_413(self):
        answer = self.me.post("/api/v2/jobs", {"type": "import", "job_metadata": {"x": "y" * 20_000_000}})
        self.assert_problem(answer, 413, "payload_too_large")


class EarlyRefusal(ApiCase):
    def test_a_401_reaches_a_client_that_sends_far_more_than_buffers_hold(self):
        raw = self.raw(timeout=20)
        raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                 "Content-Length: 500000000\r\n\r\n")
        block, sent = b"x" * 65536, 0
        while sent < 40_000_000 and raw.send(block):
            sent += len(block)
        self.assert_unauthorized(raw.response())
        self.assertTrue(raw.is_closed())

    def test_expect_gets_401_before_100(self):
        raw = self.raw()
        raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                 "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
        self.assert_unauthorized(raw.response())

    def test_expect_gets_100_and_then_the_answer(self):
        body, kind = multipart([("file", "x.csv", csv())])
        raw = self.raw()
        raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nContent-Type: {kind}\r\n"
                 f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(raw.response().status, 100)
        raw.send(body)
        self.assertEqual(raw.response().status, 201)

    def test_an_unknown_expectation_is_417_or_ignored(self):
        raw = self.raw()
        raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n")
        self.assertIn(raw.response().status, (200, 400, 417))


class Idempotency(ApiCase):
    def test_a_repeat_answers_with_the_first_job(self):
        content, key = csv(), {"Idempotency-Key": uuid.uuid4().hex}
        first = self.me.upload(content, headers=key)
        again = self.me.upload(content, headers=key)
        self.assertEqual((first.status, again.status), (201, 201), again)
        self.assertEqual(again.json()["job_id"], first.json()["job_id"])
        self.assertEqual(again.json()["id"], first.json()["id"])
        self.assertEqual(len(self.me.active()), 1)

    def test_another_body_with_the_same_key_is_422(self):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = self.me.upload(csv(), headers=key)
        self.assertEqual(first.status, 201)
        self.assert_problem(self.me.upload(csv(), headers=key), 422, "idempotency_mismatch")
        jobs = [j["id"] for j in self.me.active()]
        self.assertEqual(jobs, [first.json()["job_id"]], "no second job for one key")

    def test_the_key_belongs_to_its_user(self):
        content, key = csv(), {"Idempotency-Key": uuid.uuid4().hex}
        first, other = self.me.upload(content, headers=key), self.user().upload(csv(), headers=key)
        self.assertEqual((first.status, other.status), (201, 201))
        self.assertNotEqual(first.json()["job_id"], other.json()["job_id"])

    def test_concurrent_repeats_make_one_job(self):
        for _ in range(3):
            content, key, user = csv(300), {"Idempotency-Key": uuid.uuid4().hex}, self.user()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: user.upload(content, headers=key), range(8)))
            self.assertTrue({a.status for a in answers} <= {201, 202}, answers)
            self.assertEqual(len({a.json()["job_id"] for a in answers}), 1)
            self.assertEqual(len(user.active()), 1)

    def slow_and_fast(self, slow, fast):
        """A slow upload is overtaken by a repeat with its key; (answer of the fast one, answer of the slow one)."""
        body, kind = multipart([("file", "s.csv", slow)])
        raw = self.raw(timeout=20)
        raw.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nContent-Type: {kind}\r\n"
                 f"Idempotency-Key: overtaken\r\nPrefer: wait=10\r\nContent-Length: {len(body)}\r\n\r\n")
        raw.send(body[:-20])
        self.eventually(self.me.active, what="the job of the slow upload")
        quick = self.me.upload(fast, headers={"Idempotency-Key": "overtaken", "Prefer": "wait=10"})
        raw.send(body[-20:])
        return quick, raw.response()

    def test_a_repeat_may_overtake_the_first(self):
        content = csv(20)
        answers = self.slow_and_fast(content, content)
        self.assertTrue({a.status for a in answers} <= {201, 202}, answers)
        self.assertEqual(len({a.json()["job_id"] for a in answers}), 1)
        [job] = self.me.active()
        self.assertEqual(self.me.wait_job(job["id"])["state"], "completed")

    def test_another_body_that_overtakes_the_first_makes_no_second_dataset(self):
        answers = self.slow_and_fast(csv(20), csv(20))
        self.assertTrue({a.status for a in answers} <= {201, 202, 422}, answers)
        self.assertIn(422, {a.status for a in answers}, "one of them is another body with the same key")
        for answer in answers:
            if answer.status == 422:
                self.assert_problem(answer, 422, "idempotency_mismatch")
        [job] = self.me.active()
        self.assertEqual(self.me.wait_job(job["id"])["state"], "completed")
        self.assertEqual(len(self.me.get("/api/v2/datasets").json()["items"]), 1)

    def test_a_repeat_of_a_failed_upload_names_the_same_job(self):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first, again = (self.me.upload(b"", "empty.csv", headers=key) for _ in range(2))
        self.assertEqual(first.status, 422)
        self.assertEqual(again.json()["job_id"], first.json()["job_id"], again)
        self.assertEqual(len(self.me.active()), 1)

    def test_jobs_have_keys_too(self):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"type": "export", "job_metadata": {"a": 1}}
        first, again = (self.me.post("/api/v2/jobs", body, headers=key) for _ in range(2))
        self.assertEqual((first.status, again.status), (201, 201), again)
        self.assertEqual(first.json()["id"], again.json()["id"])
        other = self.me.post("/api/v2/jobs", {**body, "type": "import"}, headers=key)
        self.assert_problem(other, 422, "idempotency_mismatch")
        self.assertEqual(len(self.me.active()), 1)

    def test_odd_keys_are_refused_or_taken_never_broken(self):
        for key in ("", " ", "a" * 255, "a" * 10_000, "ünï".encode().decode("latin-1"), '"quoted"', "a,b", "'; --"):
            with self.subTest(key[:20]):
                answer = self.me.post("/api/v2/jobs", {"type": "export"}, headers={"Idempotency-Key": key})
                self.assertIn(answer.status, (201, 400, 422, 431), answer)
