"""Data sources: what they are given is read by jobs, and every change is pushed."""

import http.server
import os
import subprocess
import threading
import unittest
import uuid

from support.case import ApiCase, csv
from support.client import multipart

BASE = "/api/v1/data-sources"
PAGE = b"""<!doctype html><html lang="nl"><head><title>Prijzen</title></head><body><h1>Prijslijst</h1><p>A1 kost 12,50 &euro;</p></body></html>"""


def pdf(*lines):
    content = "BT /F1 14 Tf 40 520 Td " + " 0 -24 Td ".join(f"({line}) Tj" for line in lines) + " ET"
    return (f"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
            f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 560]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj "
            f"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj 4 0 obj<</Length {len(content)}>>stream\n{content}\nendstream endobj trailer<</Root 1 0 R>>").encode()


def scan(document):
    """A picture of its page."""
    return subprocess.run(["pdftoppm", "-r", "200", "-gray", "-png", "-singlefile", "-"], input=document, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


INVOICE = pdf("Kanaal Kantoor B.V.", "Factuurnummer: 2019-89551", "Factuurdatum: 3 maart 2021", "Vervaldatum: 2 april 2021", "Subtotaal 100,00", "Btw 21% 21,00",
              "Te betalen EUR 121,00", "IBAN: NL91 ABNA 0417 1643 00")


class SourceCase(ApiCase):
    def files(self, client=None):
        """The id of the built-in source."""
        first = (client or self.me).get(BASE).json()["items"][0]
        self.assertEqual((first["name"], first["source_type"], first["builtin"]), ("Files", "file_upload", True))
        return first["id"]

    def submit(self, content, filename="note.txt", source=None, client=None):
        body, content_type = multipart([("file", filename, content, "application/octet-stream")])
        answer = (client or self.me).request("POST", f"{BASE}/{source or self.files(client)}/files", body=body, headers={"Content-Type": content_type})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def ended(self, job, source=None, client=None):
        def look():
            found = [j for j in (client or self.me).get(f"{BASE}/{source or self.files(client)}/jobs").json()["items"] if j["id"] == job]
            return found and found[0]["status"] in ("completed", "failed") and found[0]
        return self.eventually(look, what="end of the job")


class Sources(SourceCase):
    def test_the_built_in_source_is_there_and_stays(self):
        source = self.files()
        self.assert_problem(self.me.delete(f"{BASE}/{source}"), 409, "conflict")
        self.assert_problem(self.me.patch(f"{BASE}/{source}", {"name": "Mine"}), 409, "conflict")
        self.assertEqual(self.files(self.user()), source, "one for everybody")

    def test_a_source_is_made_changed_and_removed(self):
        answer = self.me.post(BASE, {"name": "News", "source_type": "website", "config": {"urls": ["https://example.com/"]}, "description": "daily"})
        self.assertEqual(answer.status, 201, answer)
        made = answer.json()
        path = f"{BASE}/{made['id']}"
        self.assertEqual(answer.header("Location"), path)
        self.assertEqual(self.me.get(path).json(), made)
        self.assertEqual(self.me.patch(path, {"name": "Prices"}).json()["name"], "Prices")
        self.assertIn(made["id"], [s["id"] for s in self.me.get(BASE).json()["items"]])
        self.assert_problem(self.user().get(path), 404, "not_found")
        self.assertEqual(self.me.delete(path).status, 204)
        self.assert_problem(self.me.get(path), 404, "not_found")

    def test_what_is_wrong_with_a_source_is_said(self):
        for body in ({"name": "x"}, {"name": "", "source_type": "website"}, {"name": "x", "source_type": "ftp"},
                     {"name": "x", "source_type": "website", "config": {"urls": ["nowhere"]}}):
            with self.subTest(body):
                self.assert_problem(self.me.post(BASE, body), 422, "invalid_fields")

    def test_a_file_is_read(self):
        made = self.submit("Beste klant,\nhierbij de factuur.\n".encode("cp1252"), "brief.txt")
        for field in ("id", "source_id", "resource_type", "status", "progress_message", "result_file_id", "error_message", "created_at", "updated_at"):
            self.assertIn(field, made)
        self.assertEqual((made["source_id"], made["resource_type"]), (self.files(), "file"))
        self.assertIn(made["status"], ("queued", "processing", "completed"))
        job = self.ended(made["id"])
        self.assertEqual((job["status"], job["error_message"]), ("completed", None))
        self.assertEqual(self.me.get(f"/api/v1/files/{job['result_file_id']}/content").body, b"Beste klant,\nhierbij de factuur.\n")
        result = self.me.get(f"/api/v2/jobs/{made['id']}/result").json()
        self.assertEqual((result["media_type"], result["concept_id"]), ("text/plain", None))

    def test_a_page_in_a_file_is_read_as_a_person_reads_it(self):
        job = self.ended(self.submit(PAGE, "page.html")["id"])
        self.assertEqual(self.me.get(f"/api/v1/files/{job['result_file_id']}/content").body.decode(), "Prijslijst\nA1 kost 12,50 €\n")
        result = self.me.get(f"/api/v2/jobs/{job['id']}/result").json()
        self.assertEqual((result["fields"]["title"], result["fields"]["language"]), ("Prijzen", "nl"))

    def test_a_pdf_and_a_scan_of_it_give_their_text_and_what_it_says(self):
        for name, content, media_type in (("factuur.pdf", INVOICE, "application/pdf"), ("factuur.png", scan(INVOICE), "image/png")):
            with self.subTest(name):
                job = self.ended(self.submit(content, name)["id"])
                self.assertEqual((job["status"], job["error_message"]), ("completed", None))
                self.assertIn("Te betalen", self.me.get(f"/api/v1/files/{job['result_file_id']}/content").body.decode())
                result = self.me.get(f"/api/v2/jobs/{job['id']}/result").json()
                self.assertEqual((result["media_type"], result["pages"], result["problem"]), (media_type, 1, None))
                wanted = {"date": "2021-03-03", "total": "121.00", "amount_untaxed": "100.00", "invoice_number": "2019-89551", "currency": "EUR", "iban": "NL91ABNA0417164300", "company": "Kanaal Kantoor B.V."}
                self.assertEqual({field: result["fields"][field] for field in wanted}, wanted)
                self.assertEqual(result["evidence"]["date"]["quote"], "3 maart 2021")

    def test_a_document_that_cannot_be_read_fails_and_the_next_one_is_read(self):
        bad = self.ended(self.submit(b"%PDF-1.7\nnothing of the kind", "broken.pdf")["id"])
        self.assertEqual(bad["status"], "failed")
        self.assertTrue(bad["error_message"])
        self.assertEqual(self.ended(self.submit(INVOICE, "factuur.pdf")["id"])["status"], "completed")

    def test_only_failed_jobs_are_restarted(self):
        bad = self.ended(self.submit(b"PK\x03\x04" + bytes(300), "broken.bin")["id"])
        self.assertEqual(bad["status"], "failed")
        self.assertTrue(bad["error_message"])
        again = self.me.post(f"{BASE}/jobs/{bad['id']}/restart")
        self.assertEqual(again.status, 200, again)
        self.assertIn(again.json()["status"], ("queued", "processing", "failed"))
        self.assertEqual(self.ended(bad["id"])["status"], "failed")
        good = self.ended(self.submit(b"hello\n")["id"])
        self.assert_problem(self.me.post(f"{BASE}/jobs/{good['id']}/restart"), 409, "not_retryable")
        self.assert_problem(self.user().post(f"{BASE}/jobs/{bad['id']}/restart"), 404, "not_found")
        self.assert_problem(self.me.post(f"{BASE}/jobs/{uuid.uuid4()}/restart"), 404, "not_found")

    def test_jobs_are_listed_by_status_and_by_page_and_everybody_sees_their_own(self):
        me = self.user()
        jobs = [self.ended(self.submit(f"note {i}\n".encode(), client=me)["id"], client=me)["id"] for i in range(3)]
        path = f"{BASE}/{self.files(me)}/jobs"
        self.assertEqual([j["id"] for j in me.get(path).json()["items"]], jobs[::-1])
        self.assertEqual(me.get(path + "?status=failed").json()["items"], [])
        first = me.get(path + "?limit=2").json()
        self.assertEqual([j["id"] for j in first["items"]], jobs[:0:-1])
        self.assertEqual([j["id"] for j in me.get(f"{path}?limit=2&cursor={first['next_cursor']}").json()["items"]], jobs[:1])
        self.assertEqual(self.user().get(path).json()["items"], [])
        self.assert_problem(me.get(path + "?status=running"), 400, "invalid_parameter")

    def test_each_change_is_pushed(self):
        reader = self.stream(self.me, BASE + "/stream")
        self.assertEqual(reader.next().type, "snapshot")
        job = self.submit(b"hello\n")["id"]
        seen = []
        while not seen or seen[-1]["status"] not in ("completed", "failed"):
            event = reader.next()
            if event.type == "job_update" and event.json()["id"] == job:
                self.assertEqual(set(event.json()), {"id", "status", "progress_message", "result_file_id"})
                self.assertTrue(event.id)
                seen.append(event.json())
        self.assertEqual(seen[0]["status"], "queued")
        self.assertIn("processing", [s["status"] for s in seen])
        self.assertEqual(seen[-1]["status"], "completed")
        self.assertEqual(seen[-1]["result_file_id"], self.ended(job)["result_file_id"])


class Pages(SourceCase):
    """Pages of a site on loopback, which only an operator can allow."""

    settings = {"MILLRACE_IMPORT_ALLOW_PRIVATE": "127.0.0.1"}

    def setUp(self):
        super().setUp()

        class Site(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = {"/prices": PAGE, "/words.txt": b"only words"}.get(self.path, b"")
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/plain" if self.path.endswith(".txt") else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.addCleanup(site.server_close)
        self.addCleanup(site.shutdown)
        self.url = f"http://127.0.0.1:{site.server_port}"

    def test_a_page_is_fetched_and_read(self):
        source = self.me.post(BASE, {"name": "News", "source_type": "website"}).json()["id"]
        answer = self.me.post(f"{BASE}/{source}/urls", {"url": self.url + "/prices"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual((answer.json()["resource_type"], answer.json()["url"]), ("url", self.url + "/prices"))
        job = self.ended(answer.json()["id"], source)
        self.assertEqual(job["status"], "completed", job)
        self.assertIn("A1 kost 12,50 €", self.me.get(f"/api/v1/files/{job['result_file_id']}/content").body.decode())

    @unittest.skipUnless(os.path.exists("/usr/lib/chromium/chromium-headless-shell"), "there is no browser")
    def test_a_page_is_captured_with_its_screenshot(self):
        job = self.ended(self.me.post(f"{BASE}/{self.files()}/urls", {"url": self.url + "/prices"}).json()["id"])
        self.assertEqual(job["status"], "completed", job)
        result = self.me.get(f"/api/v2/jobs/{job['id']}/result").json()
        if not result.get("capture"):
            self.skipTest("browsers cannot be isolated here")
        self.assertEqual((result["capture"]["status"], result["capture"]["final_url"]), (200, self.url + "/prices"))
        self.assertEqual([f["filename"].rsplit(".", 1)[1] for f in result["files"]], ["txt", "html", "png", "mhtml", "pdf"])
        picture = self.me.get(f"/api/v2/captures/{job['id']}/screenshot")
        self.assertEqual((picture.status, picture.headers.get("Content-Type")), (200, "image/png"))
        self.assertTrue(picture.body.startswith(b"\x89PNG"))
        self.assertEqual(self.user().get(f"/api/v2/captures/{job['id']}/screenshot").status, 404)

    def test_an_address_of_a_file_is_read_as_that_file(self):
        job = self.ended(self.me.post(f"{BASE}/{self.files()}/urls", {"url": self.url + "/words.txt"}).json()["id"])
        self.assertEqual(job["status"], "completed", job)
        self.assertIn("only words", self.me.get(f"/api/v1/files/{job['result_file_id']}/content").body.decode())
        self.assertEqual(self.me.get(f"/api/v2/captures/{job['id']}/screenshot").status, 404)

    def test_a_page_that_is_not_there_fails_with_its_reason(self):
        answer = self.me.post(f"{BASE}/{self.files()}/urls", {"url": self.url + "/nothing"})
        self.assertEqual(self.ended(answer.json()["id"])["status"], "failed")

    def test_what_is_no_address_is_refused_at_once(self):
        self.assert_problem(self.me.post(f"{BASE}/{self.files()}/urls", {"url": "file:///etc/passwd"}), 422, "invalid_fields")
        self.assert_problem(self.me.post(f"{BASE}/{self.files()}/urls", {}), 422, "invalid_fields")

