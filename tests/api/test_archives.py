"""Compressed files and archives: read as what is in them, each member an import of its own."""

import gzip
import io
import tarfile
import uuid
import zipfile

from support.case import ApiCase
from support.client import multipart
from support.workbook import sheet, workbook


def csv(rows=3, tag=None):
    tag = tag or uuid.uuid4().hex
    return ("code,amount\n" + "".join(f"{tag}-{i},{i}.5\n" for i in range(rows))).encode()


def zipped(members, stored=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Archives(ApiCase):
    def members(self, job):
        return {m["filename"]: m for m in self.me.get(f"/api/v2/jobs/{job['id']}/result").json()["members"]}

    def imported(self, content, name="files.zip", **options):
        return self.me.wait_job(self.me.upload_async(content, name, **options), timeout=60)

    def test_a_compressed_file_is_imported_as_the_file_in_it(self):
        content = csv(20)
        answer = self.me.upload(gzip.compress(content), "products.csv.gz")
        self.assertEqual(answer.status, 201, answer)
        dataset = self.me.get("/api/v2/datasets/" + answer.json()["id"]).json()
        self.assertEqual((dataset["format"], dataset["row_count"]), ("csv", 20))
        job = self.me.wait_job(self.me.upload_async(gzip.compress(csv(20))[:-20], "products.csv.gz"))
        self.assertEqual((job["state"], job["error_code"]), ("failed", "malformed_file"))

    def test_every_data_file_of_an_archive_becomes_a_dataset_by_a_job_of_its_own(self):
        members = [("orders.csv", csv(5)), ("2024/towns.json", f'[{{"town": "{uuid.uuid4().hex}"}}]'.encode()), ("README.txt", b"Read me, please."),
                   ("book.xlsx", workbook([("a", "visible", sheet([["code"], [uuid.uuid4().hex]]))])), ("photo.png", b"\x89PNG\r\n\x1a\n...")]
        for name, content in [("files.zip", zipped(members, stored=("book.xlsx",))), ("files.tar.gz", tarred([(n, c + b"\n" if n.endswith(".csv") else c) for n, c in members], "w:gz"))]:
            with self.subTest(name):
                job = self.imported(content, name, params={"on_duplicate": "version"})
                self.assertEqual((job["state"], job["progress"]), ("completed", 100), job)
                self.assertEqual(job["children"]["completed"], 3, job)
                found = self.members(job)
                self.assertEqual({n: m["status"] for n, m in found.items()},
                                 {"orders.csv": "completed", "2024/towns.json": "completed", "book.xlsx": "completed", "README.txt": "skipped", "photo.png": "skipped"})
                self.assertEqual((found["README.txt"]["error"], found["photo.png"]["error"]), ("not_data", "unsupported_format"))
                for path, member in found.items():
                    if member["status"] == "skipped":
                        continue
                    child = self.me.job(member["job_id"])
                    self.assertEqual((child["parent_id"], child["filename"], child["related_dataset_id"]), (job["id"], path.split("/")[-1], member["dataset_id"]))
                    self.assertEqual(self.me.get("/api/v2/files/" + member["file_id"]).json()["filename"], path.split("/")[-1])
                self.assertEqual(len(job["job_metadata"]["dataset_ids"]), 3)
                self.assertEqual(job["related_dataset_id"], found["orders.csv"]["dataset_id"])

    def test_a_member_that_fails_stops_no_other(self):
        job = self.imported(zipped([("bad.json", b'[{"a": 1}, {'), ("good.csv", csv())]))
        self.assertEqual(job["state"], "completed", job)
        found = self.members(job)
        self.assertEqual((found["bad.json"]["status"], found["bad.json"]["error"], found["good.csv"]["status"]), ("failed", "malformed_file", "completed"))
        self.assertEqual((job["job_metadata"]["members_imported"], job["job_metadata"]["members_failed"]), (1, 1))

    def test_an_archive_of_which_nothing_becomes_a_dataset_fails(self):
        known = csv()
        self.assertEqual(self.me.upload(known).status, 201)
        for name, members, code in [("one duplicate", [("a.csv", known)], "duplicate"),
                                    ("two that fail", [("a.csv", known), ("b.json", b"[{")], "children_failed"),
                                    ("no data file", [("README.md", b"# Nothing"), ("a.png", b"\x89PNG")], "unsupported_format"),
                                    ("no member", [], "unsupported_format")]:
            with self.subTest(name):
                job = self.imported(zipped(members))
                self.assertEqual((job["state"], job["error_code"]), ("failed", code), job)

    def test_bad_archives_end_their_job_with_a_code(self):
        bomb = zipped([("zeros.csv", b"\0" * 150_000_000)])
        good = tarred([("a.csv", csv(5_000))])
        for name, content, code in [("bomb", bomb, "archive_limits"), ("cut off", good[:40_000], "malformed_file"), ("many entries", zipped([(f"{i}/", b"") for i in range(10_001)]), "archive_limits")]:
            with self.subTest(name):
                job = self.imported(content)
                self.assertEqual((job["state"], job["error_code"]), ("failed", code), job)

    def test_archives_inside_are_opened_one_deep(self):
        inner = zipped([("deep.csv", csv()), ("deeper.zip", zipped([("x.csv", csv())]))])
        job = self.imported(zipped([("../inner.zip", inner), ("top.csv", csv())]))
        self.assertEqual({n: m["status"] for n, m in self.members(job).items()}, {"inner.zip/deep.csv": "completed", "inner.zip/deeper.zip": "skipped", "top.csv": "completed"})

    def test_a_sniff_lists_the_members(self):
        body, kind = multipart([("file", "a.zip", zipped([("a.csv", csv()), ("LICENSE", b"Free.")]), "application/zip")])
        kept = self.me.request("POST", "/api/v2/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(kept.status, 201, kept)
        found = self.me.post(f"/api/v2/files/{kept.json()['id']}/sniff")
        self.assertEqual(found.status, 200, found)
        self.assertEqual((found.json()["format"], [(m["filename"], m.get("skipped")) for m in found.json()["members"]]), ("zip", [("a.csv", None), ("LICENSE", "not_data")]))


class UnpackedTwice(ApiCase):
    own_server = True

    def test_a_server_that_dies_while_it_unpacks_makes_every_member_once(self):
        env, holder = self.holds(["import.unpacked"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(zipped([("a.csv", csv()), ("b.csv", csv())]), "files.zip")
        holder.wait_held("import.unpacked")
        server.kill()
        server.env.pop("MILLRACE_FAILPOINT")
        server.start()
        job = me.wait_job(job_id, timeout=30)
        self.assertEqual((job["state"], job["children"]["total"], len(job["job_metadata"]["dataset_ids"])), ("completed", 2, 2), job)
        self.assertEqual(len(me.get("/api/v2/datasets").json()["items"]), 2)
        self.assertEqual(len(me.get("/api/v2/files").json()["items"]), 3)

    def test_cancelling_an_archive_cancels_its_members(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(zipped([(f"{i}.csv", csv()) for i in range(5)]), "files.zip")
        holder.wait_held("import.stored")
        self.assertEqual(me.job(job_id)["state"], "blocked")
        self.assertEqual(me.post(f"/api/v2/jobs/{job_id}/cancel").status, 200)
        holder.release_all()
        self.eventually(lambda: me.job(job_id)["children"]["cancelled"] == 5, what="all members are cancelled")
        self.assertEqual(me.job(job_id)["state"], "cancelled")
