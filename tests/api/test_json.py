"""JSON bodies: what RFC 8259 forbids is 400 invalid_json, and so are duplicate keys, depth above 64 and bad UTF-8."""

from support.case import ApiCase


def nested(depth, open_=b"[", close=b"]", inside=b""):
    return open_ * depth + inside + close * depth


def meta(value):
    """A whole body whose job_metadata is {"v": value}."""
    return b'{"type":"export","job_metadata":{"v":' + value + b"}}"


REJECT = [
    ("blank", b"  \r\n"), ("a word", b"nonsense"), ("an open object", b"{"), ("an open list", b"["),
    ("an open string", b'{"type":"export'), ("cut after the colon", b'{"type":'), ("no value", b'{"type"}'),
    ("no colon", b'{"type" "export"}'), ("two colons", b'{"type"::"export"}'),
    ("trailing comma in an object", b'{"type":"export",}'), ("trailing comma in a list", meta(b"[1,]")),
    ("leading comma", b'{,"type":"export"}'), ("two commas", meta(b"[1,,2]")),
    ("single quotes", b"{'type':'export'}"), ("unquoted key", b'{type:"export"}'), ("number as key", b'{1:"export"}'),
    ("text after the value", b'{"type":"export"} x'), ("two values", b'{"type":"export"}{"type":"export"}'),
    ("a closing bracket too many", b'{"type":"export"}}'), ("wrong bracket", b'{"type":"export"]'),
    ("a line comment", b'{"type":"export"} // x'), ("a block comment", b'{/* x */"type":"export"}'),
    ("a hash comment", b'# x\n{"type":"export"}'),
    ("a BOM", b'\xef\xbb\xbf{"type":"export"}'), ("utf-16", '{"type":"export"}'.encode("utf-16")),
    ("NaN", meta(b"NaN")), ("Infinity", meta(b"Infinity")), ("-Infinity", meta(b"-Infinity")), ("True", meta(b"True")),
    ("nul", meta(b"nul")), ("undefined", meta(b"undefined")),
    ("leading zero", meta(b"01")), ("leading plus", meta(b"+1")), ("a bare point", meta(b".5")), ("no digits after the point", meta(b"5.")),
    ("no exponent", meta(b"1e")), ("hex", meta(b"0x1F")), ("two minus", meta(b"--1")), ("an underscore", meta(b"1_000")), ("minus alone", meta(b"-")),
    ("two points", meta(b"1.2.3")), ("full-width digit", meta("１".encode())),
    ("a raw newline in a string", meta(b'"a\nb"')), ("a raw tab in a string", meta(b'"a\tb"')), ("a raw NUL in a string", meta(b'"a\0b"')),
    ("an unknown escape", meta(b'"\\x41"')), ("an escape cut", meta(b'"\\"')), ("\\u with three digits", meta(b'"\\u123"')),
    ("\\u with letters", meta(b'"\\uZZZZ"')), ("\\u in capitals", meta(b'"\\U0041"')),
    ("a lone high surrogate", meta(b'"\\ud800"')), ("a lone low surrogate", meta(b'"\\udc00"')), ("surrogates swapped", meta(b'"\\udc00\\ud800"')),
    ("bad utf-8: lone continuation", meta(b'"\x80"')), ("bad utf-8: cut", meta(b'"\xc3"')), ("bad utf-8: overlong", meta(b'"\xc0\xaf"')),
    ("bad utf-8: surrogate", meta(b'"\xed\xa0\x80"')), ("bad utf-8: above U+10FFFF", meta(b'"\xf4\x90\x80\x80"')),
    ("bad utf-8: latin-1", meta(b'"caf\xe9"')), ("bad utf-8 in a key", b'{"type":"export","\xff":1}'),
    ("duplicate key", b'{"type":"export","type":"import"}'), ("duplicate key deep inside", meta(b'{"a":1,"b":[{"c":1,"c":2}]}')),
    ("duplicate key by escape", b'{"type":"export","\\u0074ype":"import"}'),
    ("form feed as space", b'{"type":\x0c"export"}'), ("no-break space", b'{"type":\xc2\xa0"export"}'),
    ("depth 65", meta(nested(63))), ("depth 100,000", meta(nested(100_000))), ("objects of depth 70", meta(nested(70, b'{"a":', b"}", b"1"))),
    ("100,000 open brackets", b"[" * 100_000), ("100,000 open objects", b'{"a":' * 100_000),
]

ACCEPT = [
    ("blanks around", b' \t\r\n{ "type" : "export" } \r\n'), ("escaped key", b'{"\\u0074ype":"export"}'),
    ("escaped value", b'{"type":"\\u0065xport"}'), ("depth 64", meta(nested(62))),
    ("empty strings", meta(b'""')), ("empty key", meta(b'{"":1}')), ("all escapes", meta(b'"\\"\\\\\\/\\b\\f\\n\\r\\t"')),
    ("a surrogate pair", meta(b'"\\ud83d\\ude00"')), ("four bytes", meta('"😀"'.encode())), ("U+FFFF", meta('"\uffff"'.encode())),
    ("DEL", meta(b'"\x7f"')), ("U+2028", meta('"\u2028"'.encode())),
    ("negative zero", meta(b"-0")), ("a small fraction", meta(b"1e-300")), ("a large fraction", meta(b"1.5e300")),
    ("exponents", meta(b"[1E5,1e+5,1e-5]")), ("literals", meta(b"[true,false,null]")), ("the same key in two objects", meta(b'[{"a":1},{"a":1}]')),
    ("keys that differ in case", meta(b'{"a":1,"A":2}')), ("a long list", meta(b"[" + b",".join([b"1"] * 3000) + b"]")),
]

# Neither required nor forbidden: the server must live and must not invent another value.
EITHER = [("a huge number", meta(b"1e400")), ("an integer of 100 digits", meta(b"1" * 100)), ("2^64", meta(b"18446744073709551616")),
          ("a number of 10,000 digits", meta(b"0." + b"1" * 10_000)), ("-2^63 - 1", meta(b"-9223372036854775809"))]


class Json(ApiCase):
    def post(self, body):
        return self.me.request("POST", "/api/v2/jobs", body=body, headers={"Content-Type": "application/json"})

    def test_what_is_no_json_is_400_invalid_json(self):
        for name, body in REJECT:
            with self.subTest(name):
                self.assert_problem(self.post(body), 400, "invalid_json")
        self.assertEqual(self.me.active(), [])

    def test_what_is_json_is_taken(self):
        for name, body in ACCEPT:
            with self.subTest(name):
                self.assertEqual(self.post(body).status, 201)

    def test_extremes_are_refused_or_kept(self):
        for name, body in EITHER:
            with self.subTest(name):
                self.assertIn(self.post(body).status, (201, 400, 413, 422))

    def test_values_come_back_as_they_were_sent(self):
        values = {"text": "ünï \u2028 \" \\ / \U0001F600", "list": [1, -1, 0.5, True, False, None], "deep": {"a": {"b": [[]]}},
                  "int": 9007199254740991, "negative": -9007199254740991, "float": 1.25, "empty": "", "html": "<b>&amp;</b>"}
        job = self.external(job_metadata=values)
        self.assertEqual(self.me.job(job)["job_metadata"], values)

    def test_integers_above_2_to_the_53_come_back_as_strings(self):
        job = self.external(job_metadata={"big": 9007199254740993, "max": 2**63 - 1})
        got = self.me.job(job)["job_metadata"]
        self.assertEqual(got, {"big": "9007199254740993", "max": str(2**63 - 1)})

    def test_an_escaped_nul_is_kept_or_refused_but_not_changed(self):
        answer = self.me.post("/api/v2/jobs", {"type": "export", "job_metadata": {"v": "a\0b"}})
        if answer.status != 422:
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(self.me.job(answer.json()["id"])["job_metadata"], {"v": "a\0b"})

    def test_no_body_at_all_is_refused(self):
        answer = self.post(b"")
        self.assertIn(answer.status, (400, 422))
        self.assert_problem(answer, answer.status, ("invalid_json", "invalid_fields"))

    def test_the_media_type_may_have_parameters_and_capitals(self):
        for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"):
            answer = self.me.request("POST", "/api/v2/jobs", body=b'{"type":"export"}', headers={"Content-Type": kind})
            self.assertEqual(answer.status, 201, kind)
