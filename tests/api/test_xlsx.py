"""Workbooks: the first visible sheet becomes a dataset, whatever the name says; bad ones end their job with a code."""

import io
import uuid
import zipfile

from support.case import ApiCase

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(place, value, style=0):
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def sheet(rows):
    lines = "".join(f'<row r="{r}">' + "".join(cell(f"{'ABCDEFGH'[c]}{r}", *value if isinstance(value, tuple) else (value,))
                                               for c, value in enumerate(row)) + "</row>" for r, row in enumerate(rows, 1))
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def workbook(sheets, extra=()):
    """A workbook of (name, state, XML) sheets; style 1 shows dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("_rels/.rels", f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" Type="{TYPES}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        names = "".join(f'<sheet name="{name}" sheetId="{i}" state="{state}" r:id="s{i}"/>' for i, (name, state, _) in enumerate(sheets, 1))
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{TYPES}"><sheets>{names}</sheets></workbook>')
        targets = "".join(f'<Relationship Id="s{i}" Type="{TYPES}/worksheet" Target="sheets/{i}.xml"/>' for i in range(1, len(sheets) + 1))
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{RELATIONS}">{targets}<Relationship Id="st" Type="{TYPES}/styles" Target="styles.xml"/></Relationships>')
        book.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>')
        for i, (_, _, xml) in enumerate(sheets, 1):
            book.writestr(f"xl/sheets/{i}.xml", xml)
        for name, content in extra:
            book.writestr(name, content)
    return out.getvalue()


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
