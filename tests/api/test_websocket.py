"""The WebSocket at /api/v2/ws: the same events by another way."""

import base64
import hashlib
import json
import os
import struct

from support.case import ApiCase
from support.client import read_head

PATH = "/api/v2/ws"


class WebSocket(ApiCase):
    def setUp(self):
        super().setUp()
        self.need_route("GET", PATH)

    def open(self, client, **headers):
        raw = self.raw()
        key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
                **client.head_of(), **headers}
        raw.send(f"GET {PATH} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items() if v is not None) + "\r\n")
        status, answer = read_head(raw.file)
        if status == 101:
            wanted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            self.assertEqual(answer["sec-websocket-accept"], wanted)
        return status, raw

    def frame(self, raw):
        first, second = raw.file.read(2)
        size = second & 0x7F
        self.assertFalse(second & 0x80, "a server does not mask")
        if size == 126:
            size, = struct.unpack(">H", raw.file.read(2))
        elif size == 127:
            size, = struct.unpack(">Q", raw.file.read(8))
        return first & 0x0F, raw.file.read(size)

    def message(self, raw):
        while True:
            kind, data = self.frame(raw)
            if kind == 1:
                return json.loads(data)

    def test_it_needs_a_token(self):
        self.assertEqual(self.open(self.server.anonymous())[0], 401)

    def test_it_begins_with_a_snapshot_and_goes_on_with_jobs(self):
        status, raw = self.open(self.me)
        self.assertEqual(status, 101)
        self.assertEqual(self.message(raw)["event"], "snapshot")
        job = self.external()
        self.assertIn(job, json.dumps(self.message(raw)))

    def test_a_broken_handshake_is_refused(self):
        for headers in ({"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Key": None}, {"Upgrade": "h2c"}):
            self.assertIn(self.open(self.me, **headers)[0], (400, 426), headers)
