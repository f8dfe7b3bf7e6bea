"""Resumable uploads, tus 1.0 at /api/v2/uploads."""

import base64
import hashlib

from support.case import ApiCase, csv

BASE = "/api/v2/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


class Tus(ApiCase):
    def setUp(self):
        super().setUp()
        self.need_route("POST", BASE)

    def create(self, length, name="tus.csv", client=None, **headers):
        meta = "filename " + base64.b64encode(name.encode()).decode()
        answer = (client or self.me).request("POST", BASE, headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": meta, **headers})
        self.assertEqual(answer.status, 201, answer)
        location = answer.header("Location")
        return location[location.index("/api/"):]

    def patch(self, path, offset, data, client=None, **headers):
        return (client or self.me).request("PATCH", path, body=data, headers={
            **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **headers})

    def offset(self, path):
        answer = self.me.request("HEAD", path, headers=TUS)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        return int(answer.header("Upload-Offset"))

    def test_options_needs_no_token(self):
        answer = self.server.anonymous().request("OPTIONS", BASE)
        self.assertIn(answer.status, (200, 204))
        self.assertIn("1.0.0", answer.header("Tus-Version"))
        self.assertIn("creation", answer.header("Tus-Extension"))

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
            self.assertEqual(self.me.request("POST", BASE, headers={**TUS, "Upload-Length": "5", **headers}).status, 412)

    def test_a_wrong_offset_is_409_and_changes_nothing(self):
        path = self.create(10)
        self.assertEqual(self.patch(path, 0, b"12345").status, 204)
        for offset in (0, 4, 6, 10):
            self.assertEqual(self.patch(path, offset, b"6").status, 409)
        self.assertEqual(self.offset(path), 5)

    def test_a_patch_past_the_length_is_refused_whole(self):
        path = self.create(10)
        self.assertIn(self.patch(path, 0, b"x" * 11).status, (400, 413))
        self.assertEqual(self.offset(path), 0)

    def test_odd_numbers_are_refused(self):
        for length in ("-1", "abc", "", "1e3", "18446744073709551616", "9223372036854775808", "+5", "0x5"):
            answer = self.me.request("POST", BASE, headers={**TUS, "Upload-Length": length})
            self.assertIn(answer.status, (400, 413), f"{length} {answer}")
        path = self.create(10)
        for offset in ("-1", "abc", "", "0x0", "18446744073709551616"):
            self.assertIn(self.patch(path, offset, b"x").status, (400, 409), offset)
        self.assertEqual(self.patch(path, 0, b"x", **{"Content-Type": "text/csv"}).status, 415)

    def test_a_foreign_upload_is_404(self):
        path, other = self.create(10), self.user()
        self.assertEqual(other.request("HEAD", path, headers=TUS).status, 404)
        self.assertEqual(self.patch(path, 0, b"x", client=other).status, 404)
        self.assertEqual(other.request("DELETE", path, headers=TUS).status, 404)
        self.assertEqual(self.offset(path), 0)

    def test_termination(self):
        path = self.create(10)
        self.assertEqual(self.me.request("DELETE", path, headers=TUS).status, 204)
        self.assertIn(self.me.request("HEAD", path, headers=TUS).status, (404, 410))

    def test_an_upload_goes_on_after_a_kill(self):
        server = self.start()
        self.me, content = server.client(), csv(500)
        path = self.create(len(content))
        self.assertEqual(self.patch(path, 0, content[:5000]).status, 204)
        server.restart(kill=True)
        at = self.offset(path)
        self.assertEqual(at, 5000, "what was answered is there")
        self.assertEqual(self.patch(path, at, content[at:]).status, 204)
        [job] = self.me.active()
        self.assertEqual(self.me.wait_job(job["id"])["state"], "completed")
