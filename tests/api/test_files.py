"""Files and datasets: what was stored comes back as it was, as an attachment, with ranges; v1 as in the third seed."""

import hashlib
import json
import urllib.parse
import uuid

from support.case import ApiCase, csv
from support.client import multipart


class Files(ApiCase):
    bases = ("/api/v1/files", "/api/v2/files")

    def put(self, base, content, name="raw.bin", client=None):
        body, kind = multipart([("file", name, content, "application/octet-stream")])
        answer = (client or self.me).request("POST", base, body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_a_file_comes_back_byte_for_byte(self):
        content = bytes(range(256)) * 1000
        for base in self.bases:
            made = self.put(base, content, "all bytes.bin")
            self.assertEqual((made["filename"], made["size"], made["sha256"]),
                             ("all bytes.bin", len(content), hashlib.sha256(content).hexdigest()))
            got = self.me.get(f"{base}/{made['id']}")
            self.assertEqual(got.json()["sha256"], made["sha256"])
            back = self.me.get(f"{base}/{made['id']}/content")
            self.assertEqual((back.status, back.body), (200, content))

    def test_a_download_is_an_attachment_that_no_browser_runs(self):
        for base in self.bases:
            made = self.put(base, b"<script>alert(1)</script>", "<b>\"ü.html")
            back = self.me.get(f"{base}/{made['id']}/content")
            disposition = back.header("Content-Disposition")
            self.assertTrue(disposition.startswith("attachment"), disposition)
            self.assertIn("filename*=UTF-8''", disposition)
            self.assertEqual(back.header("X-Content-Type-Options"), "nosniff")
            self.assertNotIn("\n", disposition)

    def test_ranges(self):
        content = bytes(range(100))
        for base in self.bases:
            path = f"{base}/{self.put(base, content)['id']}/content"
            for asked, status, want in [("bytes=0-9", 206, content[:10]), ("bytes=90-", 206, content[90:]), ("bytes=-5", 206, content[-5:]),
                                        ("bytes=0-1000", 206, content), ("bytes=99-99", 206, content[99:])]:
                back = self.me.get(path, headers={"Range": asked})
                self.assertEqual((back.status, back.body), (status, want), asked)
                self.assertTrue(back.header("Content-Range").endswith("/100"))
            for asked in ("bytes=100-", "bytes=-0", "bytes=18446744073709551615-18446744073709551616"):
                self.assertIn(self.me.get(path, headers={"Range": asked}).status, (200, 416), asked)
            for asked in ("bytes=9-5", "bytes=a-b", "items=0-1", "bytes=", "bytes=0-1,5-6"):
                self.assertIn(self.me.get(path, headers={"Range": asked}).status, (200, 206, 400, 416), asked)
            tag = self.me.get(path).header("ETag")
            self.assertEqual(self.me.get(path, headers={"If-None-Match": tag}).status, 304)

    def test_an_empty_file_is_a_file_here(self):
        for base in self.bases:
            made = self.put(base, b"", "empty")
            self.assertEqual(made["size"], 0)
            self.assertEqual(self.me.get(f"{base}/{made['id']}/content").body, b"")

    def test_the_same_bytes_twice_are_two_files(self):
        for base in self.bases:
            first, second = self.put(base, b"same"), self.put(base, b"same")
            self.assertNotEqual(first["id"], second["id"])
            self.assertEqual(first["sha256"], second["sha256"])

    def test_foreign_files_are_404(self):
        for base in self.bases:
            made, other = self.put(base, b"secret"), self.user()
            for path in (f"{base}/{made['id']}", f"{base}/{made['id']}/content"):
                unknown = other.get(path.replace(made["id"], str(uuid.uuid4())))
                answer = other.get(path)
                self.assertEqual((answer.status, answer.body), (404, unknown.body))
            self.assertNotIn(made["id"], other.get(base).text)

    def test_the_list_is_paged(self):
        for base in self.bases:
            user = self.user()
            made = [self.put(base, b"x", client=user)["id"] for _ in range(3)]
            first = user.get(base + "?limit=2").json()
            second = user.get(f"{base}?limit=2&cursor={first['next_cursor']}").json()
            self.assertEqual([f["id"] for f in first["items"] + second["items"]], made[::-1])
            self.assertIsNone(second["next_cursor"])


class Datasets(ApiCase):
    def test_rows_come_back_with_their_text(self):
        made = self.completed_import(content=b"code,naam,bedrag\r\n007,Zo\xc3\xab,\"1.249,00\"\r\n0012,\"a,b\",\r\n")
        answer = self.me.get(f"/api/v2/datasets/{made['id']}/rows")
        self.assertEqual(answer.status, 200, answer)
        for text in ("007", "Zoë", "1.249,00", "0012", "a,b"):
            self.assertIn(text, answer.text, "leading zeros and notations are kept")

    def test_rows_are_paged_in_the_order_of_the_file(self):
        made = self.completed_import(content=b"n,t\n" + b"".join(b"%d,x%d\n" % (i, i) for i in range(2500)))
        path, got, cursor = f"/api/v2/datasets/{made['id']}/rows", [], None
        while True:
            doc = self.me.get(f"{path}?limit=1000" + (f"&cursor={cursor}" if cursor else "")).json()
            self.assertEqual(set(doc), {"items", "next_cursor"} | set(doc))
            got += [r["n"] for r in doc["items"]]
            cursor = doc["next_cursor"]
            if not cursor:
                break
        self.assertEqual(got, list(range(2500)))
        self.assertEqual(len(self.me.get(path).json()["items"]), 50)
        for query in ("limit=0", "limit=1001", "cursor=!!", "cursor=AAAA", "limit=x"):
            self.assertIn(self.me.get(f"{path}?{query}").status, (400, 422), query)

    def test_exports_hold_every_row_as_an_attachment(self):
        content = b'code,naam,bedrag\r\n007,"a,""b""","1.249,00"\r\n0012,Zo\xc3\xab,\r\n'
        made = self.completed_import(content=content)
        path = f"/api/v2/datasets/{made['id']}/export"
        got = self.me.get(path + "?format=csv")
        self.assertEqual((got.status, got.body), (200, content), "every cell as it stood")
        self.assertTrue(got.header("Content-Disposition").startswith("attachment"))
        lines = [json.loads(line) for line in self.me.get(path + "?format=ndjson").text.splitlines()]
        self.assertEqual([(l["code"], l["naam"]) for l in lines], [("007", 'a,"b"'), ("0012", "Zoë")])
        self.assertEqual(self.me.get(path).text, self.me.get(path + "?format=jsonl").text)
        parquet = self.me.get(path + "?format=parquet").body
        self.assertEqual((parquet[:4], parquet[-4:]), (b"PAR1", b"PAR1"))
        for bad in ("exe", "", "../csv", "CSV%00"):
            self.assertIn(self.me.get(f"{path}?format={bad}").status, (400, 422), bad)

    def test_a_removed_dataset_is_gone_and_its_file_may_come_again(self):
        content = csv()
        made = self.completed_import(content=content)
        self.assertEqual(self.me.delete("/api/v2/datasets/" + made["id"]).status, 204)
        self.assertEqual(self.me.get("/api/v2/datasets/" + made["id"]).status, 404)
        self.assertEqual(self.me.delete("/api/v2/datasets/" + made["id"]).status, 404)
        again = self.me.upload(content)
        self.assertEqual(again.status, 201, again)

    def test_the_columns_are_described(self):
        made = self.completed_import(content=b"id,name,when\n1,x,2024-01-31\n2,y,2024-02-01\n")
        self.assertEqual([c["name"] for c in made["columns"]], ["id", "name", "when"])
        self.assertEqual(made["column_count"], 3)

    def test_every_row_is_accounted_for(self):
        for content in (b"a,b\n1,2\n3\n4,5,6\n7,8\n", b"a;b\n1;2\n;;;\n3;4\n", csv(500)):
            with self.subTest(content[:20]):
                made = self.completed_import(self.user(), content)
                self.assertEqual(made["rows_in"], made["row_count"] + made["rows_rejected"] + made["rows_reported"])

    def test_datasets_are_listed_newest_first(self):
        made = [self.completed_import()["id"] for _ in range(3)]
        self.assertEqual([d["id"] for d in self.me.get("/api/v2/datasets").json()["items"]], made[::-1])

    def test_the_original_file_can_be_had(self):
        content = csv()
        made = self.completed_import(content=content)
        back = self.me.get(f"/api/v2/files/{made['file_id']}/content")
        self.assertEqual((back.status, back.body), (200, content))
