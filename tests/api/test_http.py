"""HTTP as strict as RFC 9112 allows: framing, smuggling, limits, slow clients, paths, methods."""

import socket
import time

from support.case import ApiCase, csv
from support.client import Raw

OK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def post(head, body=b"", target=b"/api/v2/jobs"):
    return b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + body


# (name, bytes). Each must be answered once, by 4xx or 501/505, and the connection closed: what two programs could read
# differently is refused, and nothing behind it is taken for a request.
REFUSED = [
    # Request line
    ("two spaces after the method", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("two spaces before the version", b"GET /healthz  HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("tab instead of space", b"GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n"),
    ("leading space", b" GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("no version", b"GET /healthz\r\nHost: x\r\n\r\n"),
    ("version 0.9", b"GET /healthz HTTP/0.9\r\nHost: x\r\n\r\n"),
    ("version 2.0", b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n"),
    ("version 1.10", b"GET /healthz HTTP/1.10\r\nHost: x\r\n\r\n"),
    ("version in small letters", b"GET /healthz http/1.1\r\nHost: x\r\n\r\n"),
    ("nothing but a version", b"HTTP/1.1\r\n\r\n"),
    ("method with a colon", b"GE:T /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("empty method", b"/healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("target without a slash", b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("control character in the target", b"GET /heal\x01thz HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("raw bytes above 127 in the target", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("space inside the target", b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("text after the version", b"GET /healthz HTTP/1.1 x\r\nHost: x\r\n\r\n"),
    ("tls on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    # Line ends
    ("bare LF after the request line", b"GET /healthz HTTP/1.1\nHost: x\r\n\r\n"),
    ("bare LF after a field", b"GET /healthz HTTP/1.1\r\nHost: x\n\r\n"),
    ("bare LF everywhere", b"GET /healthz HTTP/1.1\nHost: x\n\n"),
    ("bare CR in a value", OK + b"A: b\rc\r\n\r\n"),
    ("NUL in a value", OK + b"A: b\0c\r\n\r\n"),
    ("obs-fold with a space", OK + b"A: b\r\n c\r\n\r\n"),
    ("obs-fold with a tab", OK + b"A: b\r\n\tc\r\n\r\n"),
    ("fold before the first field", b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n"),
    # Fields
    ("space before the colon", OK + b"Content-Length : 5\r\n\r\n"),
    ("no colon", OK + b"Nonsense\r\n\r\n"),
    ("empty name", OK + b": x\r\n\r\n"),
    ("a name with a space", OK + b"A b: c\r\n\r\n"),
    ("a name with a bracket", OK + b"A(b: c\r\n\r\n"),
    ("a name with bytes above 127", OK + b"A\xc3\xa9: c\r\n\r\n"),
    ("a name with NUL", OK + b"A\0b: c\r\n\r\n"),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n"),
    ("two Hosts", b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
    ("two equal Hosts", b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
    ("Host with a slash", b"GET /healthz HTTP/1.1\r\nHost: x/y\r\n\r\n"),
    ("Host with a comma", b"GET /healthz HTTP/1.1\r\nHost: x, y\r\n\r\n"),
    ("101 fields", OK + b"".join(b"X-%d: y\r\n" % i for i in range(101)) + b"\r\n"),
    ("a head of 40 KB", OK + b"X: " + b"y" * 40_000 + b"\r\n\r\n"),
    ("a name of 40 KB", OK + b"X" * 40_000 + b": y\r\n\r\n"),
    ("a target of 40 KB", b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    # Content-Length
    ("length with a plus", post(b"Content-Length: +5\r\n", b"hello")),
    ("length with a minus", post(b"Content-Length: -1\r\n")),
    ("length in hex", post(b"Content-Length: 0x5\r\n", b"hello")),
    ("length with an underscore", post(b"Content-Length: 1_0\r\n", b"hello")),
    ("length with a letter", post(b"Content-Length: 5a\r\n", b"hello")),
    ("empty length", post(b"Content-Length: \r\n")),
    ("a fraction", post(b"Content-Length: 5.0\r\n", b"hello")),
    ("length of 2^64", post(b"Content-Length: 18446744073709551616\r\n")),
    ("length of 2^64 + 5 wraps", post(b"Content-Length: 18446744073709551621\r\n", b"hello")),
    ("two different lengths", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!")),
    ("a list of different lengths", post(b"Content-Length: 5, 6\r\n", b"hello!")),
    ("a list with an empty member", post(b"Content-Length: 5,\r\n", b"hello")),
    # Transfer-Encoding
    ("both framings", post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")),
    ("both framings, other order", post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n")),
    ("TE identity with a length", post(b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", b"hello")),
    ("TE gzip with a length", post(b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", b"hello")),
    ("TE gzip alone", post(b"Transfer-Encoding: gzip\r\n", b"hello")),
    ("TE chunked, then identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n")),
    ("TE chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n")),
    ("two TE fields", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n")),
    ("TE xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n")),
    ("TE chunked with a parameter", post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n")),
    ("TE with a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n")),
    ("TE in quotes", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n")),
    ("TE with a space before the colon", post(b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n")),
    ("empty TE", post(b"Transfer-Encoding: \r\n", b"")),
    ("chunked in HTTP/1.0", b"POST /api/v2/jobs HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]

# Chunked bodies with a good head of a good user: (name, chunks).
BAD_CHUNKS = [
    ("a size that is no number", b"zz\r\nhello\r\n0\r\n\r\n"),
    ("an empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("a negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("a size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("a leading space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("a size of 2^64", b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
    ("a size of 17 digits that wraps", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("no CRLF after the data", b"5\r\nhello0\r\n\r\n"),
    ("data longer than its size", b"5\r\nhello!\r\n0\r\n\r\n"),
    ("bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("bare LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("bare CR in an extension", b"5;a=\rb\r\nhello\r\n0\r\n\r\n"),
    ("an extension of 200 KB", b"5;" + b"a" * 200_000 + b"\r\nhello\r\n0\r\n\r\n"),
    ("20,000 trailers", b"0\r\n" + b"".join(b"T-%d: x\r\n" % i for i in range(20_000)) + b"\r\n"),
    ("a trailer of 100 KB", b"0\r\nT: " + b"x" * 100_000 + b"\r\n\r\n"),
    ("a trailer with a space before its colon", b"0\r\nT : x\r\n\r\n"),
    ("a trailer without a colon", b"0\r\nT\r\n\r\n"),
    ("a folded trailer", b"0\r\nT: x\r\n y\r\n\r\n"),
]

# A second request that must never be answered when the first one was refused.
HIDDEN = b"GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


class Malformed(ApiCase):
    settings = {"MILLRACE_HTTP_HEAD_TIMEOUT": "2s", "MILLRACE_HTTP_BODY_IDLE_TIMEOUT": "2s"}

    def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(self):
        for name, data in REFUSED:
            with self.subTest(name):
                raw = self.raw(timeout=8)
                raw.send(data + HIDDEN)
                answers = raw.responses()
                self.assertTrue(raw.closed, f"still open after {answers}")
                self.assertLessEqual(len(answers), 1, answers)
                for answer in answers:
                    self.assertTrue(400 <= answer.status < 500 or answer.status in (501, 505), answer)
                    self.assertEqual(answer.header("Connection", "").lower(), "close")
                raw.close()

    def test_bad_chunks_are_refused_and_the_connection_closed(self):
        for name, chunks in BAD_CHUNKS:
            with self.subTest(name):
                raw = self.raw(timeout=8)
                raw.send(post(b"Authorization: Bearer " + self.me.token.encode() +
                              b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n", chunks) + HIDDEN)
                answers = raw.responses()
                self.assertTrue(raw.closed, answers)
                self.assertLessEqual(len(answers), 1, answers)
                for answer in answers:
                    self.assertTrue(400 <= answer.status < 500, answer)
                raw.close()
        self.assertEqual(self.me.active(), [])

    def test_good_but_rare_forms_are_taken(self):
        json = b'{"type":"export"}'
        auth = b"Authorization: Bearer " + self.me.token.encode() + b"\r\nContent-Type: application/json\r\n"
        cases = [
            ("chunked", post(auth + b"Transfer-Encoding: chunked\r\n", b"11\r\n" + json + b"\r\n0\r\n\r\n"), 201),
            ("Chunked in capitals", post(auth + b"Transfer-Encoding: CHUNKED\r\n", b"11\r\n" + json + b"\r\n0\r\n\r\n"), 201),
            ("leading zeros in a size", post(auth + b"Transfer-Encoding: chunked\r\n", b"00011\r\n" + json + b"\r\n000\r\n\r\n"), 201),
            ("an extension", post(auth + b"Transfer-Encoding: chunked\r\n", b'11;a=b;c="d"\r\n' + json + b"\r\n0\r\n\r\n"), 201),
            ("a trailer", post(auth + b"Transfer-Encoding: chunked\r\n", b"11\r\n" + json + b"\r\n0\r\nT: x\r\n\r\n"), 201),
            ("many chunks", post(auth + b"Transfer-Encoding: chunked\r\n",
                                 b"".join(b"1\r\n" + bytes([c]) + b"\r\n" for c in json) + b"0\r\n\r\n"), 201),
            ("two equal lengths", post(auth + b"Content-Length: 17\r\nContent-Length: 17\r\n", json), (201, 400)),
            ("field names in any case", post(auth + b"cOnTeNt-LeNgTh: 17\r\n", json), 201),
            ("spaces around a value", post(auth + b"Content-Length:   17 \t \r\n", json), 201),
            ("an empty value", OK + b"X:\r\n\r\n", 200),
            ("empty line before the request", b"\r\n" + OK + b"\r\n", (200, 400)),
            ("absolute target", b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("bytes above 127 in a value", OK + b"X: \xc3\xa9\xff\r\n\r\n", (200, 400)),
            ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", 200),
            ("99 fields", OK + b"".join(b"X-%d: y\r\n" % i for i in range(98)) + b"\r\n", 200),
            ("a head of 20 KB", OK + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 200),
            ("IPv6 host", b"GET /healthz HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", 200),
        ]
        for name, data, status in cases:
            with self.subTest(name):
                raw = self.raw(timeout=8)
                raw.send(data)
                answer = raw.response()
                self.assertIsNotNone(answer)
                self.assertIn(answer.status, (status,) if isinstance(status, int) else status, answer)
                raw.close()

    def test_a_head_that_never_ends_is_cut(self):
        for name, sent in (("nothing", b""), ("half a line", b"GET /hea"), ("no empty line", OK)):
            with self.subTest(name):
                raw = self.raw(timeout=10)
                raw.send(sent)
                started = time.monotonic()
                answers = raw.responses()
                self.assertTrue(raw.closed, "not cut")
                self.assertLess(time.monotonic() - started, 8)
                for answer in answers:
                    self.assertEqual(answer.status, 408)
                raw.close()

    def test_a_head_that_drips_is_cut_though_it_moves(self):
        raw = self.raw(timeout=10)
        raw.send(OK)
        started = time.monotonic()
        while time.monotonic() - started < 8 and raw.send(b"X-Y: z\r\n"):
            raw.socket.settimeout(0.2)  # the drip: a line every 200 ms, far within any idle limit
            try:
                if not raw.socket.recv(1, socket.MSG_PEEK):
                    break
                break
            except (TimeoutError, socket.timeout):
                continue
            except ConnectionResetError:
                break
        self.assertLess(time.monotonic() - started, 7, "the limit is on the whole head, not on each byte")

    def test_a_body_that_stalls_is_cut(self):
        raw = self.raw(timeout=10)
        raw.send(post(b"Authorization: Bearer " + self.me.token.encode() +
                      b"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n", b'{"type":'))
        answers = raw.responses()
        self.assertTrue(raw.closed)
        for answer in answers:
            self.assertIn(answer.status, (400, 408))

    def test_slow_clients_do_not_delay_others(self):
        held = []
        for _ in range(100):
            raw = Raw(self.server)
            raw.send(OK)
            held.append(raw)
        try:
            started = time.monotonic()
            for _ in range(20):
                self.assertEqual(self.server.anonymous().get("/healthz").status, 200)
            self.assertLess(time.monotonic() - started, 1.5)
        finally:
            for raw in held:
                raw.close()

    def test_an_impossible_first_byte_ends_the_connection_at_once(self):
        raw = self.raw()
        started = time.monotonic()
        raw.send(b"\x01")
        raw.responses()
        self.assertTrue(raw.closed)
        self.assertLess(time.monotonic() - started, 1.5, "before the time limit of the head")


class Connections(ApiCase):
    def test_one_connection_serves_many_requests(self):
        raw = self.raw()
        for _ in range(5):
            raw.send(OK + b"\r\n")
            self.assertEqual(raw.response().status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        raw = self.raw()
        auth = b"Authorization: Bearer " + self.me.token.encode() + b"\r\n"
        wanted = [200, 404, 401, 200, 404]
        raw.send(OK + b"\r\n" + b"GET /nowhere1 HTTP/1.1\r\nHost: x\r\n" + auth + b"\r\n" +
                 b"GET /api/v2/jobs HTTP/1.1\r\nHost: x\r\n\r\n" +
                 b"GET /api/v2/jobs HTTP/1.1\r\nHost: x\r\n" + auth + b"\r\n" +
                 b"GET /api/v2/nothing HTTP/1.1\r\nHost: x\r\n" + auth + b"\r\n")
        self.assertEqual([raw.response().status for _ in wanted], wanted)

    def test_pipelined_posts_with_bodies_are_all_served(self):
        raw = self.raw()
        head = b"Authorization: Bearer " + self.me.token.encode() + b"\r\nContent-Type: application/json\r\nContent-Length: 17\r\n"
        raw.send(post(head, b'{"type":"export"}') * 20)
        self.assertEqual([raw.response().status for _ in range(20)], [201] * 20)
        self.assertEqual(len(self.me.active()), 20)

    def test_connection_close_is_obeyed(self):
        raw = self.raw()
        raw.send(OK + b"Connection: close\r\n\r\n" + OK + b"\r\n")
        self.assertEqual(len(raw.responses()), 1)
        self.assertTrue(raw.closed)

    def test_http_1_0_closes_unless_asked(self):
        raw = self.raw()
        raw.send(b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n")
        self.assertEqual(len(raw.responses()), 1)
        self.assertTrue(raw.closed)

    def test_a_head_in_single_bytes_is_understood(self):
        raw = self.raw()
        for byte in OK + b"\r\n":
            raw.send(bytes([byte]))
        self.assertEqual(raw.response().status, 200)

    def test_a_request_after_an_unread_body_is_framed_right(self):
        # 404 with a body: the body must not be read as the next request.
        raw = self.raw()
        raw.send(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(OK + b"\r\n") + OK + b"\r\n" + OK + b"\r\n")
        answers = []
        while len(answers) < 3 and (answer := raw.response()) is not None:
            answers.append(answer.status)
            raw.socket.settimeout(1)
            if len(answers) == 2:
                break
        self.assertIn(answers, ([401], [404], [401, 200], [404, 200]))
        with self.assertRaises((TimeoutError, socket.timeout, AssertionError)):
            if raw.response() is None:
                raise AssertionError

    def test_clients_that_vanish_do_no_harm(self):
        for i in range(200):
            raw = Raw(self.server)
            raw.send(OK[:i % len(OK)])
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # RST
            raw.close()
        self.assertEqual(self.server.anonymous().get("/healthz").status, 200)


class Idle(ApiCase):
    settings = {"MILLRACE_HTTP_KEEPALIVE_TIMEOUT": "1s"}

    def test_an_idle_connection_is_closed_without_a_word(self):
        raw = self.raw(timeout=10)
        raw.send(OK + b"\r\n")
        self.assertEqual(raw.response().status, 200)
        started = time.monotonic()
        self.assertEqual(raw.responses(), [])
        self.assertTrue(raw.closed)
        self.assertLess(time.monotonic() - started, 6)


class Paths(ApiCase):
    def test_encoded_separators_dots_and_nul_are_400(self):
        for path in ("/api/v2/jobs/..%2factive", "/api/v2/jobs/%2e%2e/x", "/api/v2/%2E%2E/v2/jobs", "/api/v2/jobs/a%2fb",
                     "/api/v2/jobs/a%5cb", "/api/v2/jobs/a%5Cb", "/api/v2/jobs/a%00b", "/api/v2//jobs", "//api/v2/jobs",
                     "/api/v2/jobs/active//", "/%2e%2e/%2e%2e/etc/passwd", "/api/v2/jobs/%", "/api/v2/jobs/%g0",
                     "/api/v2/jobs/%c0%ae", "/api/v2/jobs/%ff"):
            with self.subTest(path):
                raw = self.raw()
                raw.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\n\r\n")
                self.assert_problem(raw.response(), 400)

    def test_dot_segments_never_reach_another_route(self):
        for path in ("/api/v2/jobs/../jobs/active", "/api/./v2/jobs/active", "/api/v2/jobs/active/..", "/../../etc/passwd"):
            raw = self.raw()
            raw.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\n\r\n")
            self.assertIn(raw.response().status, (400, 404), path)

    def test_an_unknown_path_is_404_and_no_page(self):
        for path in ("/api/v2/nothing", "/api/v3/jobs", "/api", "/api/", "/api/v2/", "/nowhere", "/favicon.php", "/.env",
                     "/.git/config", "/api/v2/jobs/active/x", "/API/V2/JOBS", "/metrics/x", "/openapi.json/"):
            with self.subTest(path):
                answer = self.me.get(path)
                self.assert_problem(answer, 404, "not_found")

    def test_a_query_that_is_broken_is_400_or_ignored(self):
        for query in ("?%", "?limit=%zz", "?a=%00", "?" + "a=b&" * 3000, "?limit=5&limit=6", "?=", "?&&", "?a=%ff"):
            answer = self.me.get("/api/v2/jobs" + query)
            self.assertIn(answer.status, (200, 400, 414, 422, 431), f"{query[:30]} {answer}")


class Methods(ApiCase):
    def test_a_wrong_method_is_405_with_allow(self):
        for method, path, allowed in (("DELETE", "/api/v2/jobs/active", "GET"), ("PUT", "/api/v2/jobs", "POST"),
                                      ("GET", "/api/v2/imports/files/upload", "POST"), ("POST", "/healthz", "GET"),
                                      ("BREW", "/api/v2/jobs", "GET")):
            with self.subTest(f"{method} {path}"):
                answer = self.me.request(method, path)
                self.assert_problem(answer, 405, "method_not_allowed")
                self.assertIn(allowed, [m.strip() for m in answer.header("Allow").split(",")])

    def test_head_of_a_stream_does_not_hang(self):
        raw = self.raw(timeout=10)
        raw.send(f"HEAD /api/v2/jobs/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nConnection: close\r\n\r\n")
        head = raw.file.read()
        self.assertTrue(head.startswith(b"HTTP/1.1 200 ") or head.startswith(b"HTTP/1.1 405 "), head[:100])
        self.assertTrue(head.endswith(b"\r\n\r\n"), "a head and nothing else")

    def test_trace_and_connect_are_refused(self):
        for method in ("TRACE", "CONNECT"):
            raw = self.raw()
            raw.send(f"{method} /api/v2/jobs HTTP/1.1\r\nHost: x\r\nX-Secret: canary\r\n\r\n")
            answer = raw.response()
            self.assertTrue(400 <= answer.status < 600, answer)
            self.assertNotIn("canary", answer.text)

    def test_head_is_get_without_a_body(self):
        for path in ("/healthz", "/openapi.json", "/api/v2/jobs"):
            got = self.me.get(path)
            raw = self.raw()
            raw.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.me.token}\r\nConnection: close\r\n\r\n")
            head = raw.file.read()
            first, _, rest = head.partition(b"\r\n\r\n")
            self.assertTrue(first.startswith(b"HTTP/1.1 200 "), first)
            self.assertEqual(rest, b"", path)
            if got.header("Content-Length"):
                self.assertIn(b"content-length: " + got.header("Content-Length").encode(), first.lower())


class Headers(ApiCase):
    def test_every_answer_has_the_protecting_headers(self):
        answers = [self.server.anonymous().get("/healthz"), self.me.get("/api/v2/jobs/active"), self.me.get("/nowhere"),
                   self.server.anonymous().get("/api/v2/jobs"), self.me.upload(csv()), self.me.upload(b"", "e.csv"),
                   self.me.get("/openapi.json"), self.me.get("/metrics")]
        for answer in answers:
            self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff", answer)
            self.assertTrue(answer.header("X-Request-Id"), answer)
            self.assertTrue(answer.header("Date"), answer)
            self.assertIsNone(answer.header("X-Powered-By"))

    def test_a_decent_request_id_is_echoed_and_an_indecent_one_is_not(self):
        answer = self.me.get("/api/v2/jobs", headers={"X-Request-Id": "trace-1234.abc"})
        self.assertEqual(answer.header("X-Request-Id"), "trace-1234.abc")
        for bad in ("a" * 5000, "<script>", "a b\tc", '"'):
            answer = self.me.get("/api/v2/jobs", headers={"X-Request-Id": bad})
            self.assertIn(answer.status, (200, 431))
            self.assertNotEqual(answer.header("X-Request-Id"), bad)

    def test_errors_never_show_the_inside(self):
        for answer in (self.me.get("/nowhere/<script>alert(1)</script>".replace("<", "%3C").replace(">", "%3E")),
                       self.me.post("/api/v2/jobs", {"type": "x' OR 1=1"}), self.me.get("/api/v2/jobs?filter=%27")):
            for word in ("src/", ".cpp", "SELECT", "sqlite", "postgres", "std::", "boost"):
                self.assertNotIn(word, answer.text)

    def test_no_cross_origin_is_allowed_by_default(self):
        answer = self.me.request("OPTIONS", "/api/v2/jobs", headers={
            "Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        self.assertIsNone(answer.header("Access-Control-Allow-Origin"), answer)
        answer = self.me.get("/api/v2/jobs", headers={"Origin": "https://evil.example"})
        self.assertIsNone(answer.header("Access-Control-Allow-Origin"))

    def test_texts_come_in_the_language_asked_for_and_codes_do_not(self):
        english, dutch = (self.me.get("/nowhere", headers={"Accept-Language": l}).json() for l in ("en", "nl"))
        self.assertEqual(english["code"], dutch["code"])
        self.assertNotEqual(english["detail"], dutch["detail"])


class RateLimit(ApiCase):
    settings = {"MILLRACE_HTTP_RATE_LIMIT": "20"}

    def test_above_the_rate_is_429_with_retry_after(self):
        raw = self.raw()
        raw.send((OK + b"\r\n") * 200)
        answers = [raw.response() for _ in range(200)]
        limited = [a for a in answers if a is not None and a.status == 429]
        self.assertTrue(limited, "200 requests at once passed a limit of 20/s")
        self.assert_problem(limited[0], 429, "too_many_requests")
        self.assertGreaterEqual(int(limited[0].header("Retry-After")), 1)
        self.eventually(lambda: self.server.anonymous().get("/healthz").status == 200, what="served again")
