"""The Python client against the real binary."""

import hashlib
import os
import socket
import tempfile
import threading
import time
import unittest

import millrace
from support import case, tokens
from support.server import Server


def csv(rows, tag):
    return case.csv(rows, tag)


class Relay:
    """A line to the server that can be cut: whatever passes is counted, and after `cut_after` bytes the line breaks."""

    def __init__(self, server):
        self.server, self.cut_after, self.cuts = server, None, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((self.server.host, self.server.port))
            except OSError:
                near.close()
                continue
            for a, b, out in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._copy, args=(a, b, out), daemon=True).start()

    def _copy(self, source, target, outward):
        passed = 0
        try:
            while data := source.recv(65536):
                passed += len(data)
                if outward and self.cut_after and passed > self.cut_after:
                    self.cut_after, self.cuts = None, self.cuts + 1
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("sqlite").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def client(self, server=None, **options):
        server = server or self.server
        return millrace.Client(f"http://127.0.0.1:{server.port}", tokens.token(secret=server.secret), **options)

    def imported(self, client, rows=3):
        upload = client.uploads.put(csv(rows, os.urandom(4).hex()), filename="products.csv")
        return client.jobs.wait(upload.job_id, 30)

    def test_a_file_is_sent_with_progress_and_becomes_a_dataset(self):
        client, seen = self.client(), []
        content = csv(20_000, "progress")

        upload = client.uploads.put(content, filename="products.csv", on_progress=lambda *at: seen.append(at), supplier_id="acme", chunk=200_000)
        job = client.jobs.wait(upload.job_id, 30)

        self.assertEqual("completed", job["state"])
        self.assertEqual(("products.csv", "acme"), (job["filename"], job["supplier_id"]))
        self.assertEqual((0, len(content)), seen[0])
        self.assertEqual((len(content), len(content)), seen[-1])
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(hashlib.sha256(content).hexdigest(), client.datasets.get(job["related_dataset_id"])["sha256"])

    def test_an_upload_goes_on_after_its_line_broke(self):
        relay = Relay(self.server)
        self.addCleanup(relay.close)
        client = millrace.Client(relay.url, tokens.token())
        content = csv(100_000, "broken line")
        relay.cut_after = 1_000_000

        upload = client.uploads.put(content, filename="products.csv")

        self.assertEqual(1, relay.cuts)
        job = client.jobs.wait(upload.job_id, 30)
        self.assertEqual(hashlib.sha256(content).hexdigest(), client.datasets.get(job["related_dataset_id"])["sha256"])

    def test_an_upload_goes_on_after_the_server_was_killed(self):
        server = Server("sqlite").start()
        self.addCleanup(server.remove)
        relay = Relay(server)
        self.addCleanup(relay.close)
        client = millrace.Client(relay.url, tokens.token())
        content = csv(50_000, "killed")
        killed = []

        def kill_halfway(sent, total):
            if sent > total // 2 and not killed:
                killed.append(sent)
                server.restart(kill=True)

        upload = client.uploads.put(content, filename="products.csv", on_progress=kill_halfway, chunk=300_000)

        self.assertTrue(killed)
        job = client.jobs.wait(upload.job_id, 30)
        self.assertEqual(hashlib.sha256(content).hexdigest(), client.datasets.get(job["related_dataset_id"])["sha256"])

    def test_rows_come_page_by_page_and_an_export_is_written_whole(self):
        client = self.client()
        job = self.imported(client, 2500)
        dataset = job["related_dataset_id"]

        rows = list(client.datasets.rows(dataset, limit=1000))

        self.assertEqual(2500, len(rows))
        self.assertEqual("Product 2499", rows[-1]["name"])
        with tempfile.TemporaryDirectory() as folder:
            for name, start in (("out.csv", b"sku,name,price"), ("out.xlsx", b"PK"), ("out.parquet", b"PAR1")):
                with self.subTest(name):
                    path = os.path.join(folder, name)
                    size = client.datasets.export(dataset, path)
                    with open(path, "rb") as file:
                        content = file.read()
                    self.assertEqual(size, len(content))
                    self.assertTrue(content.startswith(start), content[:20])
            self.assertEqual(3, len(os.listdir(folder)))

    def test_the_same_idempotency_key_makes_one_job(self):
        client = self.client()

        first = client.jobs.create(type="export", idempotency_key="once")
        again = client.jobs.create(type="export", idempotency_key="once")

        self.assertEqual(first["id"], again["id"])
        self.assertEqual(1, len(list(client.jobs.list())))

    def test_waiting_ends_with_the_job_and_says_how_it_ended(self):
        client = self.client()
        id = client.jobs.create(type="export")["id"]
        with self.assertRaises(millrace.Timeout):
            client.jobs.wait(id, 0.2)
        client.jobs.progress(id, 40, "rows 400 of 1000")
        threading.Timer(0.2, lambda: client.jobs.complete(id, error="the printer is out of paper")).start()

        with self.assertRaises(millrace.JobFailed) as caught:
            client.jobs.wait(id, 20)

        self.assertEqual("failed", caught.exception.job["state"])
        self.assertIn("out of paper", str(caught.exception))
        self.assertEqual("failed", client.jobs.wait(id, 5, check=False)["state"])

    def test_a_stream_loses_and_doubles_nothing_across_a_killed_server(self):
        server = Server("sqlite").start()
        self.addCleanup(server.remove)
        relay = Relay(server)
        self.addCleanup(relay.close)
        user = "streaming"
        reader = millrace.Client(relay.url, tokens.token(user))
        writer = millrace.Client(relay.url, tokens.token(user))
        stream = reader.jobs.stream()
        self.assertEqual("snapshot", next(stream).type)

        before = [writer.jobs.create(type="export")["id"] for _ in range(5)]
        seen = [next(stream) for _ in range(5)]
        server.restart(kill=True)
        after = [writer.jobs.create(type="export")["id"] for _ in range(5)]
        seen += [next(stream) for _ in range(5)]

        self.assertEqual(before + after, [event.data["id"] for event in seen])
        self.assertEqual(10, len({event.id for event in seen}))

    def test_the_stream_of_one_job_ends_with_it(self):
        client = self.client()
        id = client.jobs.create(type="export")["id"]
        client.jobs.start(id)
        threading.Timer(0.2, lambda: client.jobs.complete(id, result={"rows": 3})).start()

        last = list(client.jobs.stream(id))[-1]

        self.assertEqual(("job", "completed"), (last.type, last.data["state"]))
        self.assertEqual({"rows": 3}, client.jobs.result(id))

    def test_too_many_requests_are_sent_again_when_the_server_says(self):
        server = Server("sqlite", env={"MILLRACE_API_REQUESTS_PER_MINUTE": "60", "MILLRACE_API_REQUESTS_BURST": "2"}).start()
        self.addCleanup(server.remove)
        slept = []

        def sleep(seconds):
            slept.append(seconds)
            time.sleep(seconds)

        client = self.client(server, sleep=sleep)
        for _ in range(3):
            client.jobs.active()

        self.assertEqual([1.0], slept)

    def test_an_error_carries_the_problem(self):
        client = self.client()
        for name, call, status, code in (
                ("unknown job", lambda: client.jobs.get("0199aaaa-0000-7000-8000-000000000000"), 404, "not_found"),
                ("unknown field", lambda: client.jobs.create(type="export", colour="red"), 422, "invalid_fields"),
                ("wrong token", lambda: millrace.Client(client.url, "wrong").jobs.active(), 401, "unauthorized")):
            with self.subTest(name), self.assertRaises(millrace.Error) as caught:
                call()
            self.assertEqual((status, code), (caught.exception.status, caught.exception.code))


if __name__ == "__main__":
    unittest.main()
