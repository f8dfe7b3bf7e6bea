"""The WebSocket at /api/v2/ws: the same events by another way."""

import base64
import hashlib
import json
import os
import struct

from support.case import ApiCase
from support.client import read_head

PATH = "/api/v2/ws"
TEXT, CLOSE = 1, 8


class Socket:
    """Reads frames strictly; what it sends is masked."""

    def __init__(self, case, client=None, query="", server=None, **fields):
        self.raw = case.raw(server)
        key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
                **(client.head_of() if client else {}), **fields}
        self.raw.send(f"GET {PATH}{query} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items() if v is not None) + "\r\n")
        self.status, self.headers = read_head(self.raw.file)
        if self.status == 101:
            wanted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            case.assertEqual(self.headers["sec-websocket-accept"], wanted)

    def frame(self):
        first, size = self.raw.file.read(2)
        assert first & 0x80 and size < 0x80, "whole frames, not masked"
        if size >= 126:
            size, = struct.unpack(*((">H", self.raw.file.read(2)) if size == 126 else (">Q", self.raw.file.read(8))))
        return first & 0x0F, self.raw.file.read(size)

    def next(self):
        while True:
            kind, data = self.frame()
            if kind == TEXT:
                return json.loads(data)
            assert kind != CLOSE, data

    def until(self, condition):
        seen = [self.next()]
        while not condition(seen[-1]):
            seen.append(self.next())
        return seen

    def send(self, message):
        data = (message if isinstance(message, str) else json.dumps(message)).encode()
        mask = os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self.raw.send(b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


class WebSocket(ApiCase):
    def open(self, client=None, query="", **options):
        socket = Socket(self, client or self.me, query, **options)
        self.assertEqual(socket.status, 101)
        return socket

    def test_it_needs_a_token(self):
        self.assertEqual(Socket(self).status, 401)

    def test_it_begins_with_a_snapshot_and_goes_on_with_what_happens(self):
        job = self.external()
        socket = self.open()
        first = socket.next()
        self.assertEqual((first["event"], [j["id"] for j in first["data"]["jobs"]]), ("snapshot", [job]))
        self.report(job, "start")
        event = socket.next()
        self.assertEqual((event["event"], event["data"]), ("job.running", self.me.job(job)))
        self.assertGreater(event["id"], first["id"])

    def test_a_ticket_opens_one(self):
        ticket = self.me.post("/api/v2/stream-tickets", {}).json()["ticket"]
        self.assertEqual(Socket(self, query="?ticket=" + ticket).status, 101)
        self.assertEqual(Socket(self, query="?ticket=" + ticket).status, 401)

    def test_its_interest_can_be_changed_and_nothing_is_lost_or_doubled(self):
        socket = self.open(query="?types=job.completed")
        socket.next()
        job, other = self.external(), self.external()
        socket.send({"subscribe": {"types": ["job.running"]}})
        self.assertEqual(socket.next(), {"event": "subscribed", "data": {"topics": [], "types": ["job.running"], "subject": None}})
        self.report(job, "start")
        self.assertEqual((lambda e: (e["event"], e["data"]["id"]))(socket.next()), ("job.running", job))

        socket.send({"subscribe": {"subject": other}})
        self.assertEqual(socket.next()["event"], "subscribed")
        self.report(job, "complete", {})
        self.report(other, "start")
        self.assertEqual((lambda e: (e["event"], e["data"]["id"]))(socket.next()), ("job.running", other))

        socket.send({"subscribe": {}})
        self.assertEqual(socket.next()["event"], "subscribed")
        self.report(other, "complete", {})
        self.assertEqual(socket.next()["event"], "job.completed")

    def test_what_it_does_not_understand_is_answered(self):
        socket = self.open()
        socket.next()
        for message, code in (("{", "invalid_json"), ({"subscribe": {"topic": "job"}}, "invalid_fields"), ({}, "bad_request"), ("[]", "invalid_fields")):
            socket.send(message)
            answer = socket.next()
            self.assertEqual((answer["event"], answer["data"]["code"]), ("error", code), message)

    def test_it_goes_on_where_it_was(self):
        socket = self.open()
        at = socket.next()["id"]
        dataset = self.completed_import()
        seen = [e for e in socket.until(lambda e: e["event"] == "job.completed") if "id" in e]
        again = self.open(query=f"?last_event_id={at}")
        self.assertEqual([again.next() for _ in seen], seen)
        self.assertIn(dataset["id"], [e["data"].get("id") for e in seen])
        self.assertEqual([self.open(query="?last_event_id=never").next()["event"]], ["reset"])

    def test_others_see_nothing(self):
        socket = self.open(self.user())
        self.assertEqual(socket.next()["data"], {"jobs": []})
        self.external()
        socket.send({"subscribe": {}})
        self.assertEqual(socket.next()["event"], "subscribed")

    def test_a_page_of_another_origin_cannot_use_the_session_of_its_reader(self):
        cookie = self.me.post("/api/v2/session", {}).header("Set-Cookie").split(";")[0]
        for origin, status in ((None, 101), ("http://x", 101), ("https://x", 101), ("http://evil.example", 403), ("null", 403)):
            self.assertEqual(Socket(self, Cookie=cookie, Origin=origin).status, status, origin)

    def test_a_broken_handshake_is_refused(self):
        for fields in ({"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Key": None}, {"Upgrade": "h2c"},
                       {"Connection": "close"}):
            self.assertEqual(Socket(self, self.me, **fields).status, 400, fields)
        self.assertEqual(self.me.get(PATH).status, 400)
