"""Resumable uploads, tus 1.0 at /api/v2/uploads."""

import base64
import concurrent.futures
import hashlib
import os
import time
import uuid
from email.utils import parsedate_to_datetime

from support.case import ApiCase, csv
from support.client import Client

BASE = "/api/v2/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


OCTETS = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values):
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(algorithm, data):
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


class TusCase(ApiCase):
    def post(self, client=None, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return (client or self.me).request("POST", BASE, body=body, headers={**TUS, **headers})

    def create(self, length, name="tus.csv", client=None, body=None, **headers):
        answer = self.post(client, body, Upload_Metadata=metadata(filename=name),
                           **({} if length is None else {"Upload-Length": str(length)}), **headers)
        self.assertEqual(answer.status, 201, answer)
        location = answer.header("Location")
        return location[location.index("/api/"):]

    def patch(self, path, offset, data, client=None, **headers):
        return (client or self.me).request("PATCH", path, body=data, headers={**TUS, **OCTETS, "Upload-Offset": str(offset), **headers})

    def head(self, path, client=None):
        answer = (client or self.me).request("HEAD", path, headers=TUS)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        return answer

    def offset(self, path, client=None):
        return int(self.head(path, client).header("Upload-Offset"))

    def gone(self, path):
        return self.me.request("HEAD", path, headers=TUS).status == 404

    def dataset_of(self, path):
        job = self.me.wait_job(self.head(path).header("Upload-Job-Id"), timeout=60)
        self.assertEqual(job["state"], "completed", job)
        return self.me.get("/api/v2/datasets/" + job["related_dataset_id"]).json()

    def break_off(self, path, offset, data, promised, server=None, **headers):
        """Sends a part of what the head of the PATCH promised, then cuts the connection."""
        raw = self.raw(server)
        head = {**self.me.head_of(), **TUS, **OCTETS, "Upload-Offset": offset, "Content-Length": promised, "Host": "x", **headers}
        raw.send(f"PATCH {path} HTTP/1.1\r\n".encode() + "".join(f"{k}: {v}\r\n" for k, v in head.items()).encode() + b"\r\n" + data)
        return raw


class Tus(TusCase):
    def setUp(self):
        super().setUp()
        self.me = self.user()

    def test_options_needs_no_token(self):
        answer = self.server.anonymous().request("OPTIONS", BASE)
        self.assertIn(answer.status, (200, 204))
        self.assertIn("1.0.0", answer.header("Tus-Version"))
        self.assertEqual(set(answer.header("Tus-Extension").split(",")), {
            "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination", "concatenation"})
        self.assertEqual(set(answer.header("Tus-Checksum-Algorithm").split(",")), {"sha1", "sha256", "md5"})
        self.assertGreater(int(answer.header("Tus-Max-Size")), 1 << 30)

    def test_pieces_become_an_import_by_themselves(self):
        content = csv(200)
        path = self.create(len(content))
        for at in range(0, len(content), 1000):
            answer = self.patch(path, at, content[at:at + 1000])
            self.assertEqual(answer.status, 204, answer)
            self.assertEqual(int(answer.header("Upload-Offset")), min(at + 1000, len(content)))
        [job] = self.me.active()
        self.assertEqual(self.me.wait_job(job["id"])["state"], "completed")
        [dataset] = self.me.get("/api/v2/datasets").json()["items"]
        self.assertEqual(dataset["sha256"], hashlib.sha256(content).hexdigest())

    def test_a_missing_or_unknown_version_is_412(self):
        path = self.create(5)
        for headers in ({"Tus-Resumable": None}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "1.0.1"}):
            self.assertEqual(self.me.request("HEAD", path, headers={**TUS, **headers}).status, 412)
            self.assertEqual(self.patch(path, 0, b"x", **headers).status, 412)
            answer = self.me.request("POST", BASE, headers={**TUS, "Upload-Length": "5", **headers})
            self.assert_problem(answer, 412, "tus_version")
            self.assertEqual(answer.header("Tus-Version"), "1.0.0")

    def test_a_wrong_offset_is_409_and_changes_nothing(self):
        path = self.create(10)
        self.assertEqual(self.patch(path, 0, b"12345").status, 204)
        for offset in (0, 4, 6, 10):
            self.assert_problem(self.patch(path, offset, b"6"), 409, "offset_mismatch")
        self.assertEqual(self.offset(path), 5)

    def test_a_patch_past_the_length_is_refused_whole(self):
        path = self.create(10)
        self.assertEqual(self.patch(path, 0, b"x" * 11).status, 413)
        self.assertEqual(self.offset(path), 0)
        self.assertEqual(self.patch(path, 0, b"1234").status, 204)
        chunked = {"Transfer-Encoding": "chunked"}
        for size in (7, 20 << 20):  # the length shows only as it comes, perhaps after some of it was made durable
            path = self.create(size + 3)
            self.assertEqual(self.patch(path, 0, b"1234").status, 204)
            answer = self.patch(path, 4, b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n", **chunked)
            self.assertEqual(answer.status, 413, answer)
            self.assertEqual(self.offset(path), 4)
        path = self.create(7)
        self.assertEqual(self.patch(path, 0, b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", **chunked).status, 204)
        self.assertEqual(self.offset(path), 7)

    def test_odd_numbers_are_refused(self):
        for length in ("-1", "abc", "", "1e3", "18446744073709551616", "9223372036854775808", "+5", "0x5"):
            answer = self.me.request("POST", BASE, headers={**TUS, "Upload-Length": length})
            self.assert_problem(answer, 400, "invalid_parameter")
        self.assertEqual(self.post(Upload_Length="9223372036854775807").status, 413)
        path = self.create(10)
        for offset in ("-1", "abc", "", "0x0", "18446744073709551616"):
            self.assertIn(self.patch(path, offset, b"x").status, (400, 409), offset)
        self.assertEqual(self.patch(path, 0, b"x", **{"Content-Type": "text/csv"}).status, 415)

    def test_a_foreign_upload_is_answered_like_an_unknown_one(self):
        path, other = self.create(10), self.user()
        part = self.create(3, body=b"abc", **OCTETS, **{"Upload-Concat": "partial"})
        for foreign in (path, part):
            for method, headers, body in (("HEAD", {}, None), ("PATCH", {**OCTETS, "Upload-Offset": "0"}, b"x"), ("DELETE", {}, None)):
                answers = [other.request(method, p, body=body, headers={**TUS, **headers}) for p in (foreign, f"{BASE}/{uuid.uuid4()}", BASE + "/x")]
                self.assertEqual({a.status for a in answers}, {404})
                self.assertEqual(len({a.body for a in answers}), 1)
                self.assertEqual(len({tuple(sorted(a.headers.keys())) for a in answers}), 1)
        self.assertEqual(self.post(other, Upload_Concat="final;" + part).status, 404)
        self.assertEqual(self.offset(path), 0)

    def test_the_job_is_visible_from_creation_on_and_knows_what_the_metadata_say(self):
        content = csv()
        answer = self.post(Upload_Length=str(len(content)),
                           Upload_Metadata=metadata(filename="prijzen é.csv", supplier_id="s-1", on_duplicate="version", own="x") + ",flag")
        path, job = answer.header("Location"), self.me.job(answer.header("Upload-Job-Id"))
        self.assertEqual((job["state"], job["stage"], job["filename"], job["supplier_id"]), ("blocked", "receiving", "prijzen é.csv", "s-1"))
        self.assertIn("flag", self.head(path).header("Upload-Metadata"))
        self.assertEqual(self.patch(path, 0, content).status, 204)
        self.assertEqual((self.dataset_of(path)["supplier_id"], self.dataset_of(path)["version"]), ("s-1", 1))
        again = self.post(Upload_Length=str(len(content)), Upload_Metadata=metadata(filename="b.csv", on_duplicate="version")).header("Location")
        self.assertEqual(self.patch(again, 0, content).status, 204)
        self.assertEqual(self.dataset_of(again)["version"], 2)
        path = self.create(len(content), body=content, **OCTETS)
        job = self.me.wait_job(self.head(path).header("Upload-Job-Id"))
        self.assertEqual((job["state"], job["error_code"]), ("failed", "duplicate"))

    def test_metadata_that_cannot_be_read_make_no_upload(self):
        for odd in ("filename !!!", "filename YQ", "filename YQ==,filename Yg==", "on_duplicate " + base64.b64encode(b"x").decode(), ",a YQ==", "filename YQ==="):
            self.assert_problem(self.post(Upload_Length="5", Upload_Metadata=odd), 400, "invalid_parameter")
        self.assertEqual(self.me.active(), [])

    def test_a_creation_can_bring_bytes(self):
        content = csv(50)
        whole = self.create(len(content), body=content, **OCTETS)
        self.assertEqual(self.dataset_of(whole)["row_count"], 50)
        other = csv(60)
        path = self.create(len(other), body=other[:100], **OCTETS)
        self.assertEqual(self.offset(path), 100)
        self.assertEqual(self.patch(path, 100, other[100:]).status, 204)
        self.assertEqual(self.dataset_of(path)["row_count"], 60)
        jobs = len(self.me.active())
        self.assertEqual(self.post(body=b"abc", Upload_Length="3", Content_Type="text/csv").status, 415)
        self.assertEqual(self.post(body=b"abcd", Upload_Length="3", **OCTETS).status, 413)
        self.assertEqual(len(self.me.active()), jobs)

    def test_an_empty_file_is_complete_at_once_and_fails_as_such(self):
        path = self.create(0)
        job = self.me.wait_job(self.head(path).header("Upload-Job-Id"))
        self.assertEqual((job["state"], job["error_code"]), ("failed", "empty_file"))

    def test_the_length_can_come_later(self):
        content = csv(30)
        for answer in (self.post(), self.post(Upload_Defer_Length="2"), self.post(Upload_Defer_Length="1", Upload_Length="3")):
            self.assert_problem(answer, 400, "invalid_parameter")
        path = self.create(None, **{"Upload-Defer-Length": "1"})
        self.assertEqual(self.patch(path, 0, content[:100]).status, 204)
        self.assertEqual(self.head(path).header("Upload-Defer-Length"), "1")
        self.assertIsNone(self.head(path).header("Upload-Length"))
        self.assertEqual(self.patch(path, 100, b"x", **{"Upload-Length": "50"}).status, 400)
        self.assertEqual(self.patch(path, 100, b"x", **{"Upload-Length": "100"}).status, 413)
        self.assertEqual(self.patch(path, 100, content[100:200], **{"Upload-Length": str(len(content))}).status, 204)
        self.assertEqual(self.patch(path, 200, b"", **{"Upload-Length": str(len(content) + 1)}).status, 400)
        self.assertEqual(self.head(path).header("Upload-Length"), str(len(content)))
        self.assertEqual(self.patch(path, 200, content[200:]).status, 204)
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
        path, content = self.create(None, body=content[:-2], **OCTETS, **{"Upload-Defer-Length": "1"}), content[:-2]
        self.assertEqual(self.patch(path, len(content), b"", **{"Upload-Length": str(len(content))}).status, 204)
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())

    def test_bytes_with_a_checksum_count_only_when_they_have_it(self):
        content = csv(40)
        path, at = self.create(len(content)), 0
        for algorithm in ("sha1", "sha256", "md5"):
            data = content[at:at + 300]
            answer = self.patch(path, at, data[:-1] + b"?", **{"Upload-Checksum": checksum(algorithm, data)})
            self.assert_problem(answer, 460, "checksum_mismatch")
            self.assertEqual(self.offset(path), at)
            self.assertEqual(self.patch(path, at, data, **{"Upload-Checksum": checksum(algorithm, data)}).status, 204)
            at += 300
        for odd in ("crc32 AAAA", "sha1", "sha1 AAAA", "sha1 !", ""):
            self.assert_problem(self.patch(path, at, b"x", **{"Upload-Checksum": odd}), 400, "invalid_parameter")
        # Nothing of a request that breaks off can be checked.
        raw = self.break_off(path, at, content[at:at + 50], 100, **{"Upload-Checksum": checksum("md5", content[at:at + 100])})
        self.assertEqual(self.patch(path, at, content[at:], **{"Upload-Checksum": checksum("sha1", content[at:])}).status, 204)
        raw.close()
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(self.post(body=b"abc", Upload_Length="3", Upload_Checksum=checksum("md5", b"abd"), **OCTETS).status, 460)

    def test_a_finished_upload_still_says_so_and_takes_no_more(self):
        content = csv(20)
        path = self.create(len(content), body=content, **OCTETS)
        self.dataset_of(path)
        self.assertEqual(self.offset(path), len(content))
        self.assertEqual(self.patch(path, len(content), b"").status, 204)
        self.assertEqual(self.patch(path, len(content), b"x").status, 413)
        self.assertEqual(self.patch(path, 0, content).status, 409)
        self.assertEqual(len(self.me.active()), 1)
        self.assertEqual(self.me.request("DELETE", path, headers=TUS).status, 204)
        self.assertEqual(len(self.me.get("/api/v2/datasets").json()["items"]), 1)

    def test_termination_fails_the_job(self):
        path = self.create(10)
        job = self.head(path).header("Upload-Job-Id")
        self.assertEqual(self.patch(path, 0, b"1234").status, 204)
        self.assertEqual(self.me.request("DELETE", path, headers=TUS).status, 204)
        self.assertTrue(self.gone(path))
        self.assertEqual(self.patch(path, 4, b"5").status, 404)
        self.assertEqual((self.me.job(job)["state"], self.me.job(job)["error_code"]), ("failed", "upload_aborted"))

    def test_parts_become_one_file(self):
        content = csv(100)
        cuts = [0, 500, 500, 1800, len(content)]
        parts = [self.create(to - at, body=content[at:to] or None, **OCTETS, **{"Upload-Concat": "partial"}) for at, to in zip(cuts, cuts[1:])]
        self.assertEqual(self.me.active(), [])
        self.assertEqual(self.head(parts[0]).header("Upload-Concat"), "partial")
        unfinished = self.create(5, **{"Upload-Concat": "partial"})
        whole = self.create(5)
        for odd, status in ((unfinished, 409), (whole, 409), (f"{BASE}/{uuid.uuid4()}", 404), ("", 400), ("/x/" + str(uuid.uuid4()), 400)):
            self.assertEqual(self.post(Upload_Concat=f"final;{parts[0]} {odd}" if odd else "final;").status, status, odd)
        self.assertEqual(self.post(Upload_Concat="final;" + parts[0], Upload_Length="5").status, 400)
        self.assertEqual(self.post(Upload_Concat="middle", Upload_Length="5").status, 400)
        urls = " ".join([parts[0]] + [f"http://localhost{p}" for p in parts[1:]])
        final = self.create(None, **{"Upload-Concat": "final;" + urls})
        self.assertEqual(self.dataset_of(final)["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(self.head(final).header("Upload-Concat"), "final;" + urls)
        self.assertEqual((self.offset(final), self.head(final).header("Upload-Length")), (len(content), str(len(content))))
        self.assertEqual(self.patch(final, len(content), b"").status, 403)

    def test_what_arrived_of_a_broken_request_is_kept_and_a_later_request_takes_over(self):
        content = csv(3000)
        path = self.create(len(content))
        raw = self.break_off(path, 0, content[:40_000], len(content))
        # The first connection is open still, as one behind a lost network would be.
        at = self.eventually(lambda: self.resumed(path, content[:60_000]), what="a later request")
        raw.close()
        self.assertEqual(self.patch(path, at, content[at:]).status, 204)
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())

    def test_many_clients_on_one_upload_make_one_file(self):
        content = csv(4000)
        path = self.create(len(content))

        def client(number):
            while (at := self.offset(path)) < len(content):
                status = self.patch(path, at, content[at:at + 20_000 + number]).status
                self.assertIn(status, (204, 409))

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(len(self.me.active()), 1)

    def resumed(self, path, content):
        """The offset after one more PATCH, by the rules of a client; nothing while there is nothing to go on from."""
        at = self.offset(path)
        answer = self.patch(path, at, content[at:])
        return int(answer.header("Upload-Offset")) if answer.status == 204 and at > 0 else None


class Limits(TusCase):
    settings = {"MILLRACE_UPLOAD_MAX_BYTES": "1000"}

    def test_a_length_above_the_limit_is_413(self):
        self.me = self.user()
        self.assert_problem(self.post(Upload_Length="1001"), 413, "payload_too_large")
        path = self.create(None, **{"Upload-Defer-Length": "1"})
        self.assertEqual(self.patch(path, 0, b"x" * 1001).status, 413)
        self.assertEqual(self.patch(path, 0, b"x", **{"Upload-Length": "1001"}).status, 413)
        self.assertEqual(self.offset(path), 0)
        parts = [self.create(600, body=b"x" * 600, **OCTETS, **{"Upload-Concat": "partial"}) for _ in range(2)]
        self.assertEqual(self.post(Upload_Concat="final;" + " ".join(parts)).status, 413)
        self.assertEqual(self.server.anonymous().request("OPTIONS", BASE).header("Tus-Max-Size"), "1000")


class Expiry(TusCase):
    settings = {"MILLRACE_UPLOAD_EXPIRE": "1s", "MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s"}

    def test_an_upload_without_further_bytes_expires_and_its_job_fails(self):
        self.me = self.user()
        answer = self.post(Upload_Length="10")
        self.assertLess(abs(parsedate_to_datetime(answer.header("Upload-Expires")).timestamp() - time.time()), 5)
        path, job = answer.header("Location"), answer.header("Upload-Job-Id")
        part = self.create(3, body=b"abc", **OCTETS, **{"Upload-Concat": "partial"})
        ended = self.me.wait_job(job)
        self.assertEqual((ended["state"], ended["error_code"]), ("failed", "upload_aborted"))
        drafts = os.path.join(self.server.data_dir, "blobs", "drafts")
        self.eventually(lambda: not os.listdir(drafts), what="an empty directory of drafts")
        for gone in (path, part):
            self.assertTrue(self.gone(gone))
            self.assertEqual(self.patch(gone, 0, b"x").status, 404)


class Killed(TusCase):
    own_server = True

    def test_fifty_megabytes_survive_five_lost_connections_and_a_restart(self):
        server = self.start()
        self.me = server.client()
        line = b"%09d,Product with a name,12.50\r\n"
        content = b"sku,name,price\r\n" + b"".join(line % i for i in range(1_400_000))
        self.assertGreater(len(content), 48 << 20)
        path = self.create(len(content))
        step, at = len(content) // 7, 0
        for cut in range(5):
            self.break_off(path, at, content[at:at + step], len(content) - at, server).close()
            at = self.eventually(lambda: self.settled(path, at), what="bytes that were kept")
        server.restart(kill=True)
        self.assertEqual(self.offset(path), at, "what was shown is there")
        self.assertEqual(self.patch(path, at, content[at:at + step]).status, 204)
        server.restart()
        self.assertEqual(self.offset(path), at + step)
        self.assertEqual(self.patch(path, at + step, content[at + step:]).status, 204)
        dataset = self.dataset_of(path)
        self.assertEqual((dataset["sha256"], dataset["row_count"]), (hashlib.sha256(content).hexdigest(), 1_400_000))
        self.assertEqual(len(self.me.active()), 1)

    def settled(self, path, before):
        """The offset when the server has seen the end of the connection: an empty PATCH there takes over."""
        at = self.offset(path)
        return at if at > before and self.patch(path, at, b"").status == 204 else None

    def test_servers_of_one_database_take_turns(self):
        if self.store != "postgres":
            return  # one process owns a SQLite directory
        first = self.start()
        second = self.start(database_url=first.database_url, data_dir=first.data_dir)
        self.me, content = first.client(), csv(2000)
        others = [self.me, Client(second, self.me.token)]
        path = self.create(len(content))
        for turn, at in enumerate(range(0, len(content), 7000)):
            self.assertEqual(self.patch(path, at, content[at:at + 7000], client=others[turn % 2]).status, 204)
            self.assertEqual(self.offset(path, others[turn % 2 - 1]), min(at + 7000, len(content)))
        self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(len(self.me.active()), 1)

    def test_an_upload_killed_at_any_point_of_its_end_becomes_one_import(self):
        for point in ("intake.received", "blob.written", "blob.renamed", "intake.accept"):
            with self.subTest(point):
                server = self.start()
                self.me, content = server.client(), csv(500)
                path = self.create(len(content))
                self.assertEqual(self.patch(path, 0, content[:5000]).status, 204)
                server.stop()
                server.env["MILLRACE_FAILPOINT"] = f"{point}:kill"
                server.start()
                try:
                    self.patch(path, 5000, content[5000:])
                except Exception:  # the connection breaks in one of many ways
                    pass
                server.wait(10)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                self.assertEqual(self.offset(path), len(content))
                self.assertEqual(self.dataset_of(path)["sha256"], hashlib.sha256(content).hexdigest())
                self.assertEqual(len(self.me.active()), 1)
