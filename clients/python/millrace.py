"""A client for millrace with nothing but the standard library (Python 3.9 or newer): copy this file into your project.

    from millrace import Client

    client = Client("http://127.0.0.1:8000", token="mr_...")       # or by MILLRACE_URL and MILLRACE_TOKEN
    upload = client.uploads.put("products.csv", on_progress=lambda sent, total: print(sent, total))
    job = client.jobs.wait(upload.job_id)
    for row in client.datasets.rows(job["related_dataset_id"]):
        print(row)

A client may be shared by threads. Requests are tried again when that is safe: after 429 and 503 as `Retry-After` says, and
after a lost connection when repeating cannot do the work twice (reads, and writes that carry an `Idempotency-Key`).
"""

import base64
import http.client
import json
import os
import random
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

__all__ = ["Client", "Error", "Event", "JobFailed", "Timeout", "Upload"]
__version__ = "0.1.0"

ENDED = ("completed", "failed", "cancelled")
REPEATABLE = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
BLOCK = 256 * 1024


class Error(Exception):
    """An answer of 400 or above. `status`, `code` and `detail` are those of the problem document, `problem` is all of it."""

    def __init__(self, status, problem):
        self.status, self.problem = status, problem
        self.code, self.detail = problem.get("code", ""), problem.get("detail", "")
        issues = "; ".join(f"{i.get('pointer')}: {i.get('detail')}" for i in problem.get("errors", []))
        super().__init__(f"{status} {self.code}: {self.detail}" + (f" ({issues})" if issues else ""))


class JobFailed(Exception):
    """A job that ended `failed` or `cancelled`; `job` is the job."""

    def __init__(self, job):
        self.job = job
        super().__init__(f"job {job['id']} {job['state']}: {job.get('error_code')}: {job.get('error_message')}")


class Timeout(Exception):
    """What was waited for did not happen in time. The job goes on."""


class Event:
    """One server-sent event. `id` is None for those that are not kept, such as percent ticks."""

    def __init__(self, type, data, id=None):
        self.type, self.data, self.id = type, data, id

    def __repr__(self):
        return f"Event({self.type!r}, id={self.id!r})"


class Answer:
    """A response whose body is still to be read."""

    def __init__(self, raw, connection):
        self.raw, self.connection, self.status = raw, connection, raw.status

    def header(self, name, default=None):
        return self.raw.headers.get(name, default)

    def json(self):
        text = self.raw.read()
        return json.loads(text) if text else None

    def close(self):
        self.connection.close()


class Client:
    def __init__(self, url=None, token=None, *, retries=6, timeout=60.0, sleep=time.sleep):
        """`retries`: further tries of one request. `timeout`: seconds without a byte. `sleep`: for tests and event loops."""
        self.url = (url or os.environ.get("MILLRACE_URL", "http://127.0.0.1:8000")).rstrip("/")
        self.token = token or os.environ.get("MILLRACE_TOKEN")
        self.retries, self.timeout, self.sleep = retries, timeout, sleep
        parts = urllib.parse.urlsplit(self.url)
        self._secure, self._host, self._port, self._base = parts.scheme == "https", parts.hostname, parts.port, parts.path
        self._local = threading.local()
        self.jobs, self.uploads = Jobs(self), Uploads(self)
        self.datasets, self.files, self.events = Datasets(self), Files(self), Events(self)

    # Requests

    def request(self, method, path, body=None, *, query=None, headers=None):
        """The JSON of the answer, None when it has no body. `body`: bytes, or anything that is JSON."""
        return self.open(method, path, body, query=query, headers=headers, keep=True).json()

    def get(self, path, **query):
        return self.request("GET", path, query=query)

    def post(self, path, body=None, *, idempotency_key=None, headers=None, **query):
        """Sent with an `Idempotency-Key`, so that trying again does not do it twice."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4()), **(headers or {})}
        return self.request("POST", path, {} if body is None else body, query=query, headers=headers)

    def pages(self, path, limit=200, **query):
        """All items of a list, page by page as they are taken."""
        cursor = None
        while True:
            page = self.get(path, limit=limit, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def open(self, method, path, body=None, *, query=None, headers=None, keep=False, timeout=None, retries=None):
        """The answer with its body unread; raises Error for 400 and above. `keep`: the connection is used again."""
        head = {"Accept": "application/json", **(headers or {})}
        if self.token:
            head["Authorization"] = "Bearer " + self.token
        if body is not None and not isinstance(body, (bytes, bytearray, memoryview)):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        query = {name: value for name, value in (query or {}).items() if value is not None}
        target = self._base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        repeatable = method in REPEATABLE or "Idempotency-Key" in head
        left = self.retries if retries is None else retries
        for attempt in range(left + 1):
            try:
                answer = self._send(method, target, body, head, keep, timeout or self.timeout)
            except (OSError, http.client.HTTPException):
                if not repeatable or attempt == left:
                    raise
                self.sleep(_pause(attempt))
                continue
            if answer.status < 400:
                return answer
            error, after = _error(answer), answer.header("Retry-After")
            if answer.status not in (429, 502, 503, 504) or attempt == left or not (repeatable or answer.status == 429):
                raise error
            self.sleep(float(after) if (after or "").isdigit() else _pause(attempt))

    def _send(self, method, target, body, head, keep, timeout):
        kept = getattr(self._local, "connection", None) if keep else None
        # A kept connection may have been closed meanwhile by the other side: that costs one try on a new one.
        for connection in ([kept] if kept else []) + [None]:
            fresh = connection is None
            connection = connection or self._connect(timeout)
            if keep:
                self._local.connection = connection
            try:
                connection.request(method, target, body, head)
                return Answer(connection.getresponse(), connection)
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                if fresh or (method not in REPEATABLE and "Idempotency-Key" not in head):
                    raise

    def _connect(self, timeout):
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=ssl.create_default_context())
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


def _pause(attempt):
    """Seconds before a further try: random, at most 30, so that clients that failed together do not return together."""
    return random.uniform(0, min(30.0, 0.25 * 2 ** attempt)) + 0.05


def _error(answer):
    text = answer.raw.read()
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {"code": "", "detail": text.decode("utf-8", "replace")[:500]}
    return Error(answer.status, problem)


class Jobs:
    def __init__(self, client):
        self._client = client

    def create(self, *, idempotency_key=None, **job):
        """A job: `type="export"` for one that you report on, or `kind=..., input=...`."""
        return self._client.post("/api/v2/jobs", job, idempotency_key=idempotency_key)

    def get(self, id, **query):
        return self._client.get("/api/v2/jobs/" + id, **query)

    def list(self, filter=None, sort=None, **query):
        return self._client.pages("/api/v2/jobs", filter=filter, sort=sort, **query)

    def active(self, **query):
        return self._client.get("/api/v2/jobs/active", **query)

    def result(self, id):
        return self._client.get(f"/api/v2/jobs/{id}/result")

    def start(self, id):
        return self._client.post(f"/api/v2/jobs/{id}/start")

    def progress(self, id, progress, message=None):
        body = {"progress": progress, **({"message": message} if message is not None else {})}
        return self._client.post(f"/api/v2/jobs/{id}/progress", body)

    def complete(self, id, **how):
        return self._client.post(f"/api/v2/jobs/{id}/complete", how)

    def cancel(self, id):
        return self._client.post(f"/api/v2/jobs/{id}/cancel")

    def retry(self, id):
        return self._client.post(f"/api/v2/jobs/{id}/retry")

    def acknowledge(self, id):
        return self._client.post(f"/api/v2/jobs/{id}/acknowledge")

    def logs(self, id, **query):
        return self._client.get(f"/api/v2/jobs/{id}/logs", **query)["items"]

    def wait(self, id, timeout=None, *, check=True):
        """The job once it has ended. `check`: raises JobFailed unless it completed. Raises Timeout after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 30 if deadline is None else deadline - time.monotonic()
            job = self.get(id, wait=max(0, min(30, int(left + 0.999))))
            if job["state"] in ENDED:
                if check and job["state"] != "completed":
                    raise JobFailed(job)
                return job
            if deadline is not None and time.monotonic() >= deadline:
                raise Timeout(f"job {id} is {job['state']} ({job['progress']} %) after {timeout} s")

    def stream(self, id=None, **options):
        """Changes of your jobs, or of one; see Events.stream. The stream of one job ends with the job."""
        path = f"/api/v2/jobs/{id}/stream" if id else "/api/v2/jobs/stream"
        for event in self._client.events.stream(path, **options):
            yield event
            if id and any(job["state"] in ENDED for job in _jobs_of(event)):
                return


def _jobs_of(event):
    return event.data["jobs"] if event.type == "snapshot" else [event.data] if event.type == "job" else []


class Events:
    def __init__(self, client):
        self._client = client

    def stream(self, path="/api/v2/events/stream", *, last_event_id=None, **query):
        """Server-sent events for ever: a lost connection is opened again and goes on after the last event that came."""
        client, pause, quiet = self._client, 2.0, 0
        while True:
            headers = {"Accept": "text/event-stream"}
            if last_event_id is not None:
                headers["Last-Event-ID"] = str(last_event_id)
            try:
                # The server sends a comment every 15 s: silence for three times as long is a dead line.
                answer = client.open("GET", path, query=query, headers=headers, timeout=45, retries=0)
                try:
                    for event in _events(answer.raw):
                        quiet = 0
                        if event.type == "retry":
                            pause = event.data / 1000
                            continue
                        if event.id is not None:
                            last_event_id = event.id
                        if event.type == "bye":
                            break
                        yield event
                finally:
                    answer.close()
            except Error as error:
                if error.status not in (429, 502, 503, 504):
                    raise
            except (OSError, http.client.HTTPException):
                pass
            quiet += 1
            client.sleep(min(30.0, pause * quiet) * random.uniform(0.5, 1.0))


def _events(lines):
    """The events of a text/event-stream; `retry` fields come as events of that type."""
    id, type, data = None, None, []
    for raw in lines:
        line = raw.decode("utf-8").rstrip("\r\n")
        if not line:
            if data:
                yield Event(type or "message", json.loads("\n".join(data)), id)
            elif type:
                yield Event(type, None, id)
            id, type, data = None, None, []
            continue
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "id":
            id = value
        elif name == "event":
            type = value
        elif name == "data":
            data.append(value)
        elif name == "retry" and value.isdigit():
            yield Event("retry", int(value))


class Upload:
    """A resumable upload: keep `url` to go on with it in another process."""

    def __init__(self, url, job_id, size):
        self.url, self.job_id, self.size = url, job_id, size


class Uploads:
    TUS = {"Tus-Resumable": "1.0.0"}

    def __init__(self, client):
        self._client = client

    def put(self, source, *, filename=None, on_progress=None, upload=None, patience=60.0, chunk=64 << 20, **metadata):
        """Sends a file (a path, bytes or a seekable binary file) and returns its Upload, whose `job_id` is the import.

        `on_progress(sent, total)` is called as bytes leave. A broken connection, or a server that restarts, is found again for
        `patience` seconds without any progress. `upload`: goes on with one that was begun. `metadata`: supplier_id, on_duplicate.
        """
        with _opened(source) as file:
            size = file.seek(0, os.SEEK_END)
            name = filename or os.path.basename(getattr(file, "name", "") or "") or "upload.bin"
            upload = upload or self.create(size, name, **metadata)
            self._send(file, upload, on_progress or (lambda sent, total: None), patience, chunk)
            return upload

    def create(self, size, filename, **metadata):
        pairs = {"filename": filename, **{name: value for name, value in metadata.items() if value is not None}}
        packed = ",".join(f"{name} {base64.b64encode(str(value).encode()).decode()}" for name, value in pairs.items())
        answer = self._client.open("POST", "/api/v2/uploads", headers={**self.TUS, "Upload-Length": str(size), "Upload-Metadata": packed,
                                                                       "Content-Length": "0"}, keep=True)
        answer.raw.read()
        return Upload(answer.header("Location"), answer.header("Upload-Job-Id"), size)

    def offset(self, upload):
        """How many bytes have arrived durably."""
        answer = self._client.open("HEAD", upload.url, headers=self.TUS, keep=True)
        answer.raw.read()
        return int(answer.header("Upload-Offset"))

    def _send(self, file, upload, on_progress, patience, chunk):
        # Asked anew after each failure: the server knows what it has.
        offset, since, attempt = self.offset(upload), time.monotonic(), 0
        on_progress(offset, upload.size)
        while offset < upload.size:
            before = offset
            try:
                offset = self._patch(file, upload, offset, min(chunk, upload.size - offset), on_progress)
            except (OSError, http.client.HTTPException, Error) as error:
                if isinstance(error, Error) and error.status not in (409, 429, 500, 502, 503, 504):
                    raise
                if time.monotonic() - since > patience:
                    raise
                self._client.sleep(_pause(attempt))
                offset = self.offset(upload)
                attempt += 1
            if offset > before:
                since, attempt = time.monotonic(), 0

    def _patch(self, file, upload, offset, length, on_progress):
        client = self._client
        connection = client._connect(client.timeout)
        try:
            connection.putrequest("PATCH", client._base + upload.url)
            head = {**self.TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset), "Content-Length": str(length)}
            if client.token:
                head["Authorization"] = "Bearer " + client.token
            for name, value in head.items():
                connection.putheader(name, value)
            connection.endheaders()
            file.seek(offset)
            sent = 0
            try:
                while sent < length:
                    block = file.read(min(BLOCK, length - sent))
                    if not block:
                        raise ValueError(f"the file has become shorter than {upload.size} bytes")
                    connection.send(block)
                    sent += len(block)
                    on_progress(offset + sent, upload.size)
            except (BrokenPipeError, ConnectionResetError, socket.timeout):
                pass  # refused early: the answer says why
            answer = Answer(connection.getresponse(), connection)
            if answer.status >= 400:
                raise _error(answer)
            answer.raw.read()
            return int(answer.header("Upload-Offset"))
        finally:
            connection.close()


class _opened:
    """A path is opened and closed; bytes and files are taken as they are."""

    def __init__(self, source):
        self.source, self.mine = source, isinstance(source, (str, os.PathLike))

    def __enter__(self):
        if isinstance(self.source, (bytes, bytearray)):
            import io
            self.source = io.BytesIO(self.source)
        elif self.mine:
            self.source = open(self.source, "rb")
        return self.source

    def __exit__(self, *_):
        if self.mine:
            self.source.close()


class Datasets:
    def __init__(self, client):
        self._client = client

    def get(self, id):
        return self._client.get("/api/v2/datasets/" + id)

    def list(self, filter=None, sort=None, **query):
        return self._client.pages("/api/v2/datasets", filter=filter, sort=sort, **query)

    def rows(self, id, limit=1000):
        """Every row as a dict, fetched a page at a time."""
        return self._client.pages(f"/api/v2/datasets/{id}/rows", limit=limit)

    def export(self, id, path, format=None, **options):
        """Writes the dataset to `path` as a stream of any length; the format follows from the name when not given.

        xlsx and sqlite do not stream: a job makes the file first.
        """
        format = format or _format_of(path)
        if format in ("xlsx", "sqlite"):
            asked = self._client.post(f"/api/v2/datasets/{id}/exports", {"format": format, **options}, headers={"Prefer": "respond-async"})
            self._client.jobs.wait(asked["job_id"])
            return self._client.files.download(self._client.jobs.result(asked["job_id"])["file_id"], path)
        return _save(self._client.open("GET", f"/api/v2/datasets/{id}/export", query={"format": format, **options}), path)

    def rejects(self, id, path):
        """Writes the rejected rows to `path`, one JSON document a line, each with its line, code and reason."""
        return _save(self._client.open("GET", f"/api/v2/datasets/{id}/rejects"), path)


class Files:
    def __init__(self, client):
        self._client = client

    def list(self, **query):
        return self._client.pages("/api/v2/files", **query)

    def get(self, id):
        return self._client.get("/api/v2/files/" + id)

    def sniff(self, id, **overrides):
        return self._client.post(f"/api/v2/files/{id}/sniff", overrides)

    def download(self, id, path):
        return _save(self._client.open("GET", f"/api/v2/files/{id}/content"), path)


def _format_of(path):
    name = os.fspath(path).lower()
    for ending in (".gz", ".zst"):
        name = name[:-len(ending)] if name.endswith(ending) else name
    return {"jsonl": "ndjson", "md": "markdown", "db": "sqlite"}.get(name.rpartition(".")[2], name.rpartition(".")[2])


def _save(answer, path):
    """Writes the body beside `path` and moves it there when it is whole; returns how many bytes it had."""
    part, size = os.fspath(path) + ".part", 0
    try:
        with open(part, "wb") as out:
            while block := answer.raw.read(BLOCK):
                out.write(block)
                size += len(block)
        os.replace(part, path)
        return size
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
    finally:
        answer.close()
