"""Workbooks: the first visible sheet becomes a dataset, whatever the name says; bad ones end their job with a code."""

import uuid

from support.case import ApiCase
from support.workbook import MAIN, sheet, workbook


class Xlsx(ApiCase):
    def orders(self, tag=None):
        tag = tag or uuid.uuid4().hex
        return sheet([["order", "day", "amount"]] + [[f"{tag}-{i}", (45322 + i, 1), i + 0.5] for i in range(20)])

    def test_the_first_visible_sheet_becomes_a_dataset(self):
        content = workbook([("notes", "hidden", sheet([["secret"], [1]])), ("orders", "visible", self.orders()), ("more", "visible", self.orders())])
        answer = self.me.upload(content, "book.xlsx")
        self.assertEqual(answer.status, 201, answer)
        dataset = self.me.get("/api/v2/datasets/" + answer.json()["id"]).json()
        self.assertEqual((dataset["format"], dataset["row_count"]), ("xlsx", 20))
        columns = [(c["name"], c["type"]) for c in dataset["columns"]]
        self.assertEqual([name for name, _ in columns], ["order", "day", "amount"])
        self.assertEqual(dict(columns)["day"], "date", columns)
        rows = self.me.get(f"/api/v2/datasets/{dataset['id']}/rows?limit=2")
        self.assertEqual(rows.status, 200, rows)
        self.assertIn("2024-01-31", rows.text)

    def test_content_decides_before_the_name(self):
        answer = self.me.upload(workbook([("orders", "visible", self.orders())]), "orders.csv")
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(self.me.get("/api/v2/datasets/" + answer.json()["id"]).json()["format"], "xlsx")

    def test_bad_workbooks_end_their_job_with_a_code(self):
        good = workbook([("orders", "visible", self.orders())])
        compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16le")
        for name, content, code in [
                ("cut off", good[:len(good) // 2], "malformed_file"),
                ("no such string", workbook([("a", "visible", f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="s"><v>7</v></c></row></sheetData></worksheet>')]), "malformed_file"),
                ("entities", workbook([("a", "visible", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>')]), "malformed_file"),
                ("many parts", workbook([("a", "visible", self.orders())], [(f"x{i}", b"") for i in range(10_001)]), "archive_limits"),
                ("with a password", compound, "encrypted_file"),
                ("without rows", workbook([("a", "visible", sheet([]))]), "no_rows")]:
            with self.subTest(name):
                answer = self.me.upload(content, "book.xlsx", headers={"Prefer": "respond-async"})
                self.assertEqual(answer.status, 202, answer)
                job = self.me.wait_job(answer.json()["job_id"])
                self.assertEqual((job["state"], job["error_code"]), ("failed", code), job)
