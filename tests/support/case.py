"""The base of every API test: one server per store and settings, shared by all tests that are content with it."""

import io
import json
import os
import re
import tempfile
import time
import unittest
import uuid

from . import server as server_
from . import tokens
from .client import EventReader, Raw
from .server import Server, spec, stores

STATUSES_V2 = {"running", "completed", "failed"}
TYPES_V2 = {"import", "export", "validation", "processing"}
STATES = {"scheduled", "blocked", "queued", "running", "retry_wait", "cancelling", "completed", "failed", "cancelled"}
STATUS_OF_STATE = {"completed": "completed", "failed": "failed", "cancelled": "failed"}
JOB_FIELDS = ("id type kind status state progress stage filename supplier_id created_by created_at started_at "
              "completed_at updated_at error_message error_code job_metadata related_dataset_id attempt queue priority "
              "parent_id links").split()
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
STAGES = [("import.format_check", 10), ("import.duplicate_check", 20), ("import.stored", 40), ("import.parsed", 70),
          ("import.written", 90)]

_shared = {}
_openapi = {}


def shared_server(store, settings):
    key = (store, tuple(sorted((settings or {}).items())))
    found = _shared.get(key)
    if found is None or not found.alive():
        found = _shared[key] = Server(store, env=settings).start()
    return found


def stop_shared(keep_default=True):
    """Stops servers of special settings (or all). Returns what did not stop as it should."""
    problems = []
    for key in list(_shared):
        if keep_default and not key[1]:
            continue
        server = _shared.pop(key)
        try:
            if server.alive():
                code = server.stop()
                if code != 0:
                    problems.append(f"{key}: exit status {code} after SIGTERM: {server.log()[-1500:]}")
            else:
                problems.append(f"{key}: the server had ended with {server.process.returncode}: {server.log()[-1500:]}")
        except AssertionError as e:
            problems.append(f"{key}: {e}")
        server.remove()
    return problems


def csv(rows=3, tag=None):
    """A small table that no other call has made."""
    tag = tag or uuid.uuid4().hex
    out = io.StringIO()
    out.write("sku,name,price\r\n")
    for i in range(rows):
        out.write(f"{tag}-{i},Product {i},{i}.50\r\n")
    return out.getvalue().encode()


class ApiCase(unittest.TestCase):
    """Runs once per store. `settings`: environment of the server; None in `shares` = a server for each test alone."""

    store = "sqlite"      # set per store by the runner
    settings = {}         # environment that all tests of the class need
    own_server = False    # True: each test starts what it needs by self.start()
    maxDiff = 4000

    def setUp(self):
        self.servers = []
        if not self.own_server:
            self.server = shared_server(self.store, self.settings)
            self.me = self.server.client()

    def tearDown(self):
        for server in self.servers:
            server.remove()
        if not self.own_server:
            self.assertTrue(self.server.alive(), f"the server ended during the test: {self.server.log()[-3000:]}")

    def start(self, env=None, **options):
        """A server for this test only."""
        server = Server(self.store, env={**self.settings, **(env or {})}, **options)
        self.servers.append(server)
        return server.start()

    # What the server is asked

    def user(self, **claims):
        return self.server.client(**claims)

    def raw(self, server=None, timeout=60):
        raw = Raw(server or self.server, timeout)
        self.addCleanup(raw.close)
        return raw

    def stream(self, client, path="/api/v2/jobs/stream", **options):
        reader = client.stream(path, **options)
        self.addCleanup(reader.close)
        return reader

    def openapi(self):
        if self.store not in _openapi:
            server = self.server if hasattr(self, "server") else shared_server(self.store, {})
            answer = server.client().get("/openapi.json")
            self.assertEqual(answer.status, 200, answer)
            _openapi[self.store] = answer.json()
        return _openapi[self.store]

    def external(self, client=None, type="export", **more):
        """A job that its owner reports on; returns its id."""
        answer = (client or self.me).post("/api/v2/jobs", {"type": type, **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def report(self, job_id, action, body=None, client=None, status=200):
        answer = (client or self.me).post(f"/api/v2/jobs/{job_id}/{action}", body if body is not None else {})
        self.assertEqual(answer.status, status, f"{action}: {answer}")
        return answer

    def completed_import(self, client=None, content=None, filename="products.csv"):
        """Uploads, waits, returns the dataset."""
        answer = (client or self.me).upload(content or csv(), filename)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def failed_import(self, client=None, content=None):
        """Uploads a file that cannot be a table, returns the id of the failed job."""
        answer = (client or self.me).upload(content or b"", "empty.csv")
        self.assertEqual(answer.status, 422, answer)
        return answer.json()["job_id"]

    def eventually(self, condition, timeout=60, what="condition"):
        """Polls until `condition()` is true; returns its value."""
        deadline = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                self.fail(f"{what} did not come true within {timeout} s; last: {value!r}")
            time.sleep(0.02)

    # What must hold of answers

    def assert_problem(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual((answer.header("Content-Type") or "").split(";")[0], "application/problem+json", answer)
        doc = answer.json()
        for member in ("type", "title", "status", "detail", "code"):
            self.assertIn(member, doc, answer)
        self.assertEqual(doc["status"], status)
        self.assertIsInstance(doc["detail"], str)
        self.assertRegex(doc["code"], r"^[a-z][a-z0-9_]*$")
        for issue in doc.get("errors", []):
            self.assertEqual({"pointer", "code", "detail"}, set(issue), answer)
        if code:
            self.assertIn(doc["code"], (code,) if isinstance(code, str) else code, answer)
        self.assertTrue(answer.header("X-Request-Id"), "X-Request-Id is a header of every answer")
        self.assertNotIn("request_id", doc)
        self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
        return doc

    def assert_unauthorized(self, answer, note=""):
        self.assertEqual(answer.status, 401, f"{note} {answer}")
        self.assert_problem(answer, 401, "unauthorized")
        self.assertEqual(answer.header("WWW-Authenticate"), "Bearer", note)
        return answer

    def assert_job(self, job):
        """All fields of a job in v2, each of its kind and each fitting the others."""
        self.assertEqual([], [f for f in JOB_FIELDS if f not in job], job)
        self.assertTrue(tokens.is_uuid7(job["id"]), job["id"])
        self.assertIn(job["type"], TYPES_V2)
        self.assertIn(job["status"], STATUSES_V2)
        self.assertIn(job["state"], STATES)
        self.assertEqual(job["status"], STATUS_OF_STATE.get(job["state"], "running"), job)
        self.assertIsInstance(job["progress"], int)
        self.assertTrue(0 <= job["progress"] <= 100)
        self.assertEqual(job["progress"] == 100, job["state"] == "completed", job)
        for field in ("created_at", "updated_at"):
            self.assertRegex(job[field], TIME)
        for field in ("started_at", "completed_at"):
            if job[field] is not None:
                self.assertRegex(job[field], TIME)
        self.assertEqual(job["completed_at"] is not None, job["state"] in STATUS_OF_STATE, job)
        if job["state"] == "failed":
            self.assertTrue(job["error_code"] and job["error_message"], job)
        if job["state"] in ("completed", "queued", "scheduled", "blocked", "running"):
            self.assertIsNone(job["error_message"], job)
            self.assertIsNone(job["error_code"], job)
        self.assertIsInstance(job["job_metadata"], dict)
        self.assertIsInstance(job["links"], dict)
        self.assertIsInstance(job["attempt"], int)
        self.assertIsInstance(job["priority"], int)
        self.assertIsInstance(job["queue"], str)
        return job

    # Holding a job at a stage

    def holds(self, points=None):
        """(environment, holder): the import halts at each of these points until holder.release(name)."""
        directory = tempfile.mkdtemp(prefix="millrace-hold-")
        holder = Holder(directory, points or [name for name, _ in STAGES])
        self.addCleanup(holder.release_all)
        return {"MILLRACE_FAILPOINT": holder.spec()}, holder


class Holder:
    def __init__(self, directory, points):
        self.directory, self.points = directory, list(points)

    def path(self, point):
        return os.path.join(self.directory, point)

    def spec(self):
        return ",".join(f"{p}:hold:{self.path(p)}" for p in self.points)

    def wait_held(self, point, timeout=60):
        deadline = time.monotonic() + timeout
        while not os.path.exists(self.path(point) + ".held"):
            assert time.monotonic() < deadline, f"nothing reached {point} within {timeout} s"
            time.sleep(0.005)

    def release(self, point):
        open(self.path(point), "w").close()

    def release_all(self):
        for point in self.points:
            self.release(point)


def pretty(value):
    return json.dumps(value, indent=1)[:2000]
