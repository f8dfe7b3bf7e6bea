"""HTTP as the tests speak it: one request per connection, raw sockets, multipart bodies, server-sent events."""

import http.client
import json as json_
import queue
import socket
import threading
import time
import urllib.parse
import uuid


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name, default=None):
        return self.headers.get(name, default)

    def json(self):
        try:
            return json_.loads(self.body)
        except ValueError as e:
            raise AssertionError(f"not JSON ({e}): {self!r}") from None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def __repr__(self):
        return f"{self.status} {self.header('Content-Type')} {self.text[:600]}"


def multipart(parts, boundary=None):
    """`parts`: (name, filename or None, content bytes[, content type]). Returns (body, content type)."""
    boundary = boundary or "mr" + uuid.uuid4().hex
    out = b""
    for part in parts:
        name, filename, content = part[:3]
        disposition = f'form-data; name="{name}"'.encode()
        if filename is not None:
            raw = filename if isinstance(filename, bytes) else filename.encode()
            escaped = raw.replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")
            disposition += b'; filename="' + escaped + b'"'
        kind = part[3] if len(part) > 3 else ("text/csv" if filename is not None else None)
        out += b"--" + boundary.encode() + b"\r\nContent-Disposition: " + disposition + b"\r\n"
        if kind:
            out += b"Content-Type: " + kind.encode() + b"\r\n"
        out += b"\r\n" + (content if isinstance(content, bytes) else str(content).encode()) + b"\r\n"
    return out + b"--" + boundary.encode() + b"--\r\n", "multipart/form-data; boundary=" + boundary


class Client:
    """Requests of one user to one server. `server` is anything with `host` and `port` (they may change on restart)."""

    def __init__(self, server, token=None, headers=None, user=None):
        self.server, self.token, self.user = server, token, user
        self.headers = dict(headers or {})

    def head_of(self, headers=None):
        out = dict(self.headers)
        if self.token:
            out.setdefault("Authorization", "Bearer " + self.token)
        out.update(headers or {})
        return {k: v for k, v in out.items() if v is not None}

    def request(self, method, path, body=None, headers=None, json=None, timeout=60):
        head = self.head_of(headers)
        if json is not None:
            body = json_.dumps(json).encode()
            head.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=timeout)
        try:
            # skip_accept_encoding and an own Host keep the head to what a plain client sends.
            connection.putrequest(method, path, skip_accept_encoding=True)
            if body is not None and "Transfer-Encoding" not in head:
                head.setdefault("Content-Length", str(len(body)))
            elif body is None and method in ("POST", "PUT", "PATCH"):
                head.setdefault("Content-Length", "0")
            for name, value in head.items():
                connection.putheader(name, value)
            connection.endheaders()
            if body:
                try:
                    connection.send(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # refused before the body: the answer is still there to be read
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, json=None, **options):
        return self.request("POST", path, json=json, **options)

    def patch(self, path, json=None, **options):
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def upload(self, content, filename="products.csv", *, params=None, headers=None, fields=(), timeout=60):
        """The seeds' upload. `fields`: further (name, value) parts, before the file."""
        if isinstance(content, str):
            content = content.encode()
        parts = [(name, None, value) for name, value in fields] + [("file", filename, content)]
        body, kind = multipart(parts)
        path = "/api/v2/imports/files/upload"
        if params:
            path += "?" + urllib.parse.urlencode(params)
        return self.request("POST", path, body=body, headers={"Content-Type": kind, **(headers or {})}, timeout=timeout)

    def upload_async(self, content, filename="products.csv", **options):
        """Uploads with respond-async and returns the id of the job."""
        options["headers"] = {"Prefer": "respond-async", **options.get("headers", {})}
        answer = self.upload(content, filename, **options)
        assert answer.status == 202, f"respond-async must be 202: {answer!r}"
        return answer.json()["job_id"]

    def job(self, job_id):
        answer = self.get("/api/v2/jobs/" + job_id)
        assert answer.status == 200, answer
        return answer.json()

    def active(self, **options):
        answer = self.get("/api/v2/jobs/active", **options)
        assert answer.status == 200, answer
        return answer.json()

    def wait_job(self, job_id, timeout=60, states=("completed", "failed", "cancelled")):
        deadline = time.monotonic() + timeout
        while True:
            job = self.job(job_id)
            if job["state"] in states:
                return job
            assert time.monotonic() < deadline, f"job not {states} after {timeout} s: {job}"
            time.sleep(0.02)

    def stream(self, path="/api/v2/jobs/stream", headers=None, timeout=60):
        return EventReader(self.server, path, self.head_of(headers), timeout)


class Event:
    def __init__(self, fields, comments=()):
        self.id = fields.get("id")
        self.type = fields.get("event", "message")
        self.data = fields.get("data")
        self.retry = fields.get("retry")

    def json(self):
        return json_.loads(self.data)

    def __repr__(self):
        return f"<{self.type} id={self.id} {(self.data or '')[:200]}>"


class EventReader:
    """A stream of server-sent events, read by its own thread. Strict: a broken chunk or field is an error."""

    def __init__(self, server, path, headers, timeout=60):
        self.socket = socket.create_connection((server.host, server.port), timeout=timeout)
        lines = [f"GET {path} HTTP/1.1", f"Host: {server.host}:{server.port}", "Accept: text/event-stream"]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status, self.headers = read_head(self.file)
        self.body = b""
        self.events = queue.Queue()
        self.comments = 0
        self.retry = None
        self.seen = []
        self.closed = threading.Event()
        if self.status != 200:
            self.closed.set()
            self.events.put(None)
            length = int(self.headers.get("content-length", "0"))
            self.body = self.file.read(length)
            self.close()
            return
        self.socket.settimeout(None)
        threading.Thread(target=self._run, daemon=True).start()

    def _lines(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            while line := self.file.readline():
                yield line
            return
        pending = b""
        while True:
            head = self.file.readline()
            if not head:
                return
            size = int(head.split(b";")[0], 16)
            block = self.file.read(size)
            self.file.read(2)
            if size == 0:
                return
            pending += block
            while (end := pending.find(b"\n")) >= 0:
                yield pending[:end + 1]
                pending = pending[end + 1:]

    def _run(self):
        fields = {}
        try:
            for raw in self._lines():
                line = raw.decode("utf-8").rstrip("\r\n")
                if not line:
                    if "retry" in fields:
                        self.retry = int(fields["retry"])
                    if "data" in fields or "event" in fields:
                        self.events.put(Event(fields))
                    fields = {}
                elif line.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = line.partition(":")
                    value = value[1:] if value.startswith(" ") else value
                    fields[name] = fields[name] + "\n" + value if name == "data" and name in fields else value
        except (OSError, ValueError, UnicodeDecodeError) as e:
            self.error = e
        finally:
            self.closed.set()
            self.events.put(None)

    def next(self, timeout=60):
        """The next event; None when the stream has ended. AssertionError when nothing comes."""
        try:
            event = self.events.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no event within {timeout} s; seen: {self.seen[-5:]}") from None
        if event is not None:
            self.seen.append(event)
        return event

    def until(self, wanted, timeout=60):
        """Reads up to and including the first event for which `wanted(event)`; returns all read."""
        deadline = time.monotonic() + timeout
        out = []
        while True:
            left = deadline - time.monotonic()
            assert left > 0, f"the event did not come within {timeout} s; seen: {out[-8:]}"
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                continue
            assert event is not None, f"the stream ended early; seen: {out[-8:]}"
            self.seen.append(event)
            out.append(event)
            if wanted(event):
                return out

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_head(file):
    """Status and headers (lower-case names, last wins) of an answer on a buffered file; (None, {}) at its end."""
    line = file.readline()
    if not line:
        return None, {}
    parts = line.split(b" ", 2)
    assert parts[0] == b"HTTP/1.1" and len(parts) >= 2, f"not a status line: {line!r}"
    headers = {}
    while (line := file.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(parts[1]), headers


def read_response(file):
    """One whole answer from a buffered file as Response; None at its end. 1xx answers are returned like others."""
    status, headers = read_head(file)
    if status is None:
        return None
    if status < 200 or status in (204, 304):
        return Response(status, Lower(headers), b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size = int(file.readline().split(b";")[0], 16)
            body += file.read(size)
            file.readline()
            if size == 0:
                return Response(status, Lower(headers), body)
    if "content-length" in headers:
        return Response(status, Lower(headers), file.read(int(headers["content-length"])))
    return Response(status, Lower(headers), file.read())


class Lower(dict):
    def get(self, name, default=None):
        return dict.get(self, name.lower(), default)


class Raw:
    """A connection for bytes that no client library would send."""

    def __init__(self, server, timeout=60):
        self.socket = socket.create_connection((server.host, server.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        """False when the server has closed the connection already."""
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def response(self):
        try:
            return read_response(self.file)
        except ConnectionResetError:
            return None

    def responses(self):
        """All answers until the server closes; `closed` tells whether it did before the time limit."""
        out = []
        self.closed = False
        try:
            while (answer := self.response()) is not None:
                out.append(answer)
            self.closed = True
        except (TimeoutError, socket.timeout):
            pass
        return out

    def is_closed(self, timeout=5):
        """Whether the server closes within the time; bytes that still come are dropped."""
        self.socket.settimeout(timeout)
        try:
            while self.file.read1(65536):
                pass
            return True
        except (TimeoutError, socket.timeout):
            return False
        except OSError:
            return True

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
