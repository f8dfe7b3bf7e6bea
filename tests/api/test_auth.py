"""Who may ask: hostile tokens, keys by JWKS, API keys, sessions with CSRF, secrets at the start."""

import base64
import hashlib
import http.server
import json
import os
import threading
import time
import uuid

from support import tokens
from support.case import ApiCase, csv
from support.client import Client
from support.server import Server, run_binary
from support.tokens import SECRET, b64, claims, hs

ME = "/api/v2/jobs/active"
HS = {"alg": "HS256", "typ": "JWT"}


def hostile():
    """(name, token). Every one is 401."""
    now = int(time.time())
    good = tokens.token()
    head, body, signature = good.split(".")
    admin = b64(json.dumps({**claims(), "sub": "admin"}))
    yield "empty", ""
    yield "a word", "token"
    yield "two parts", head + "." + body
    yield "no signature", head + "." + body + "."
    yield "four parts", good + ".x"
    yield "only dots", ".."
    yield "five parts, as if encrypted", ".".join(["x"] * 5)
    for alg in ("none", "None", "NONE", "nOnE"):
        yield f"alg {alg}, no signature", b64(json.dumps({"alg": alg})) + "." + body + "."
        yield f"alg {alg}, signature kept", b64(json.dumps({"alg": alg})) + "." + body + "." + signature
    yield "alg empty", hs({"alg": ""}, claims())
    yield "alg missing", hs({"typ": "JWT"}, claims())
    yield "alg a list", hs({"alg": ["HS256"]}, claims())
    yield "alg null", hs({"alg": None}, claims())
    yield "alg in small letters", hs({"alg": "hs256"}, claims())
    yield "alg HS384", hs({"alg": "HS384"}, claims(), digest=hashlib.sha384)
    yield "alg HS512", hs({"alg": "HS512"}, claims(), digest=hashlib.sha512)
    yield "alg HS512 signed as HS256", hs({"alg": "HS512"}, claims())
    yield "alg RS256 signed by the secret", hs({"alg": "RS256"}, claims())
    yield "alg ES256 signed by the secret", hs({"alg": "ES256"}, claims())
    yield "another body", head + "." + admin + "." + signature
    yield "another head", b64('{"alg":"HS256"}') + "." + body + "." + signature
    yield "signature of another token", head + "." + body + "." + tokens.token().split(".")[2]
    yield "a flipped bit in the signature", head + "." + body + "." + ("A" if signature[0] != "A" else "B") + signature[1:]
    yield "the signature cut", head + "." + body + "." + signature[:-4]
    yield "a longer signature", head + "." + body + "." + signature + "AAAA"
    # The last character of a 32-byte signature carries 4 bits; the other two must be zero.
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    yield "unused bits of base64 set", good[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last | 1]
    yield "base64 with padding", good + "="
    yield "base64 with a plus", head + "." + body + "." + "+" + signature[1:]
    yield "a newline in base64", head + "." + body[:10] + "%0a" + body[10:] + "." + signature
    yield "another secret", tokens.token(secret="x" * 40)
    yield "an empty secret", tokens.token(secret="")
    yield "the secret cut", tokens.token(secret=SECRET[:-1])
    yield "the secret in base64", tokens.token(secret=base64.b64encode(SECRET.encode()))
    yield "expired", hs(HS, claims(exp=now - 120))
    yield "expired long ago", hs(HS, claims(exp=1))
    yield "exp missing", hs(HS, claims(exp=...))
    yield "exp null", hs(HS, claims(exp=None))
    yield "exp a string", hs(HS, claims(exp=str(now + 3600)))
    yield "exp a list", hs(HS, claims(exp=[now + 3600]))
    yield "exp true", hs(HS, claims(exp=True))
    yield "exp a fraction", hs(HS, claims(exp=now + 3600.5))
    yield "exp with an exponent", hs(HS, '{"sub":"u","exp":9e9}')
    yield "exp 1e400", hs(HS, '{"sub":"u","exp":1e400}')
    yield "exp above int64", hs(HS, '{"sub":"u","exp":9223372036854775808}')
    yield "exp 2^64 + now wraps", hs(HS, claims(exp=2**64 + now + 3600))
    yield "exp negative", hs(HS, claims(exp=-1))
    yield "not before tomorrow", hs(HS, claims(nbf=now + 86400))
    yield "nbf a string", hs(HS, claims(nbf="soon"))
    yield "sub missing", hs(HS, {"exp": now + 3600})
    yield "sub null", hs(HS, {"sub": None, "exp": now + 3600})
    yield "sub a number", hs(HS, {"sub": 7, "exp": now + 3600})
    yield "sub empty", hs(HS, {"sub": "", "exp": now + 3600})
    yield "sub of 256 characters", hs(HS, {"sub": "x" * 256, "exp": now + 3600})
    yield "sub with a newline", hs(HS, {"sub": "a\nb", "exp": now + 3600})
    yield "sub with NUL", hs(HS, {"sub": "a\0b", "exp": now + 3600})
    yield "sub with DEL", hs(HS, {"sub": "a\x7fb", "exp": now + 3600})
    yield "sub a list", hs(HS, {"sub": ["u"], "exp": now + 3600})
    yield "duplicate sub", hs(HS, f'{{"sub":"u1","sub":"u2","exp":{now + 3600}}}')
    yield "duplicate exp", hs(HS, f'{{"sub":"u","exp":1,"exp":{now + 3600}}}')
    yield "duplicate alg", hs('{"alg":"none","alg":"HS256"}', claims())
    yield "claims no object", hs(HS, "[1]")
    yield "claims no JSON", hs(HS, "x")
    yield "claims not UTF-8", hs(HS, b'{"sub":"\xff","exp":9999999999}')
    yield "text behind the claims", hs(HS, json.dumps(claims()) + "x")
    yield "deep claims", hs(HS, f'{{"sub":"u","exp":{now + 3600},"x":{"[" * 5000}{"]" * 5000}}}')
    yield "crit", hs({**HS, "crit": ["x"], "x": 1}, claims())
    yield "crit empty", hs({**HS, "crit": []}, claims())
    yield "b64 false", hs({**HS, "b64": False, "crit": ["b64"]}, claims())
    yield "kid unknown with a path", hs({"alg": "HS256", "kid": "../../../../dev/null"}, claims(), secret="")
    yield "kid with SQL", hs({"alg": "HS256", "kid": "x' UNION SELECT 'k'--"}, claims(), secret="k")
    own = "a-secret-of-the-attacker-of-32-bytes-or-more"
    yield "a jwk of its own", hs({**HS, "jwk": {"kty": "oct", "k": b64(own)}}, claims(), secret=own)
    yield "a jku of its own", hs({**HS, "jku": "http://127.0.0.1:9/jwks.json"}, claims(), secret=own)
    yield "an x5u of its own", hs({**HS, "x5u": "http://127.0.0.1:9/x.pem"}, claims(), secret=own)
    yield "a token of 100 KB", hs(HS, claims(x="y" * 20_000))


class Tokens(ApiCase):
    def test_every_hostile_token_is_401_with_the_same_body(self):
        expected = self.server.anonymous().get(ME)
        self.assert_unauthorized(expected)
        for name, token in hostile():
            with self.subTest(name):
                client = self.server.anonymous()
                client.token = token or None
                answer = client.get(ME, headers={"Authorization": "Bearer " + token})
                if name == "a token of 100 KB" and answer.status == 431:
                    continue
                self.assert_unauthorized(answer, name)
                self.assertEqual(answer.body, expected.body)

    def test_forms_of_the_header(self):
        good = tokens.token()
        for name, value, status in [
                ("bearer in small letters", "bearer " + good, 200), ("in capitals", "BEARER " + good, 200),
                ("two spaces", "Bearer  " + good, (200, 401)), ("no scheme", good, 401), ("basic", "Basic " + good, 401),
                ("basic with a password", "Basic " + base64.b64encode(b"a:b").decode(), 401), ("Token", "Token " + good, 401),
                ("a tab", "Bearer\t" + good, (401, 200)), ("two tokens", f"Bearer {good} {good}", 401),
                ("a comma list", f"Bearer {good}, Bearer {good}", 401), ("Bearer alone", "Bearer", 401), ("empty", "", 401),
                ("quotes", f'Bearer "{good}"', 401)]:
            with self.subTest(name):
                answer = self.server.anonymous().get(ME, headers={"Authorization": value})
                self.assertIn(answer.status, (status,) if isinstance(status, int) else status, answer)

    def test_two_authorization_fields_are_refused(self):
        raw = self.raw()
        good = tokens.token()
        raw.send(f"GET {ME} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {good}\r\nAuthorization: Bearer bad\r\n\r\n")
        self.assertIn(raw.response().status, (400, 401))

    def test_good_tokens_are_taken(self):
        now = int(time.time())
        for name, token in [
                ("plain", tokens.token()), ("within the leeway", hs(HS, claims(exp=now - 30))),
                ("nbf within the leeway", hs(HS, claims(nbf=now + 30))), ("no typ", hs({"alg": "HS256"}, claims())),
                ("iat in the past", tokens.token(iat=0)), ("unknown claims", tokens.token(foo={"a": [1]})),
                ("far future", tokens.token(exp=2**62)), ("a kid that nobody knows", hs({**HS, "kid": "1"}, claims())),
                ("an e-mail as sub", tokens.token("ann@example.org")), ("255 characters", tokens.token("x" * 255)),
                ("unicode", tokens.token("zoë-表")), ("blanks in JSON", hs(' { "alg" : "HS256" } ', claims()))]:
            with self.subTest(name):
                answer = Client(self.server, token).get(ME)
                self.assertEqual(answer.status, 200, answer)

    def test_a_sub_that_is_no_uuid_maps_to_one_and_always_the_same(self):
        ann = [self.server.client("ann@example.org") for _ in range(2)]
        jobs = [self.external(c) for c in ann]
        created_by = {ann[0].job(j)["created_by"] for j in jobs}
        self.assertEqual(len(created_by), 1)
        uuid.UUID(created_by.pop())
        self.assertEqual(self.server.client("ann@example.orG").active(), [])
        for other in ("bob@example.org", "ann@example.org ", "ANN@example.org"):
            self.assertEqual(Client(self.server, tokens.token(other)).active(), [], other)

    def test_a_sub_that_is_a_uuid_is_that_user(self):
        self.assertEqual(self.me.job(self.external())["created_by"], self.me.user)

    def test_a_token_in_the_query_or_in_a_cookie_is_ignored(self):
        good = tokens.token()
        anonymous = self.server.anonymous()
        for query in ("token", "access_token", "jwt", "authorization", "api_key", "ticket"):
            self.assert_unauthorized(anonymous.get(f"{ME}?{query}={good}"), query)
        for cookie in ("millrace_session", "token", "access_token", "jwt"):
            self.assert_unauthorized(anonymous.get(ME, headers={"Cookie": f"{cookie}={good}"}), cookie)

    def test_headers_of_proxies_give_no_identity(self):
        for name in ("X-User", "X-User-Id", "X-Forwarded-User", "X-Remote-User", "X-Original-URL"):
            self.assert_unauthorized(self.server.anonymous().get(ME, headers={name: self.me.user}), name)

    def test_a_bad_token_does_not_keep_anyone_out(self):
        for _ in range(200):
            self.server.anonymous().get(ME, headers={"Authorization": "Bearer x.y.z"})
        self.assertEqual(self.me.get(ME).status, 200)


class Secrets(ApiCase):
    own_server = True

    def refused(self, secret, **options):
        server = Server(self.store, secret=secret, **options)
        self.servers.append(server)
        server.spawn()
        code = server.wait(20)
        self.assertNotEqual(code, 0, server.log())
        return server

    def test_a_short_secret_is_refused_with_a_clear_text(self):
        for secret in ("secret", "x" * 31, "change-me"):
            server = self.refused(secret)
            self.assertIn("jwt_secret", server.log().lower())
            self.assertNotIn(f'"{secret}"', server.log())

    def test_32_bytes_are_enough(self):
        server = self.start(secret="s" * 32)
        self.assertEqual(server.client().get(ME).status, 200)

    def test_the_secret_may_come_from_a_file(self):
        server = Server(self.store, secret=None)
        self.servers.append(server)
        path = os.path.join(server.root, "secret")
        with open(path, "w") as f:
            f.write(SECRET + "\n")
        server.env["JWT_SECRET_FILE"] = path
        server.start()
        self.assertEqual(Client(server, tokens.token()).get(ME).status, 200)

    def test_without_any_credential_only_loopback_is_served(self):
        server = self.refused(None, listen="0.0.0.0:0")
        self.assertTrue(server.log().strip())

    def test_dev_serves_one_user_without_tokens_on_loopback(self):
        server = self.start(args=["--dev"], secret=None)
        anonymous = server.anonymous()
        made = anonymous.upload(csv())
        self.assertEqual(made.status, 201, made)
        self.assertEqual(anonymous.job(made.json()["job_id"])["state"], "completed")

    def test_dev_is_refused_beyond_loopback(self):
        self.refused(None, args=["--dev"], listen="0.0.0.0:0")

    def test_no_secret_and_no_token_reaches_the_log(self):
        server = self.start()
        me = server.client()
        me.get(ME)
        server.anonymous().get(ME, headers={"Authorization": "Bearer canary.canary.canary"})
        server.stop()
        for word in (SECRET, me.token, me.token.split(".")[2], "canary.canary"):
            self.assertNotIn(word, server.log())

    def test_a_changed_secret_ends_old_tokens(self):
        server = self.start()
        me = server.client()
        server.stop()
        server.secret = "another-secret-of-thirty-two-bytes-or-more"
        server.start()
        self.assert_unauthorized(me.get(ME))


class Issuer(ApiCase):
    settings = {"MILLRACE_ACCOUNTS_ISSUER": "https://id.example", "MILLRACE_ACCOUNTS_AUDIENCE": "millrace"}

    def test_iss_and_aud_are_checked_when_configured(self):
        iss, aud = "https://id.example", "millrace"
        for name, more, status in [
                ("right", {"iss": iss, "aud": aud}, 200), ("aud in a list", {"iss": iss, "aud": ["x", aud]}, 200),
                ("no iss", {"aud": aud}, 401), ("no aud", {"iss": iss}, 401), ("wrong iss", {"iss": iss + "/", "aud": aud}, 401),
                ("wrong aud", {"iss": iss, "aud": "other"}, 401), ("aud list without ours", {"iss": iss, "aud": ["x"]}, 401),
                ("aud empty list", {"iss": iss, "aud": []}, 401), ("aud a number", {"iss": iss, "aud": 1}, 401),
                ("iss a list", {"iss": [iss], "aud": aud}, 401), ("aud a part", {"iss": iss, "aud": "mill"}, 401)]:
            with self.subTest(name):
                self.assertEqual(Client(self.server, tokens.token(**more)).get(ME).status, status)


class Jwks(ApiCase):
    own_server = True

    @classmethod
    def setUpClass(cls):
        cls.keys = {kind: tokens.Key(kind, kind.lower() + "-1") for kind in ("RS256", "ES256", "EdDSA")}

    def with_keys(self, *keys, **options):
        server = Server(self.store, **options)
        self.servers.append(server)
        path = os.path.join(server.root, "jwks.json")
        with open(path, "w") as f:
            f.write(tokens.jwks(*keys))
        server.env["MILLRACE_ACCOUNTS_JWKS"] = path
        return server.start()

    def test_each_algorithm_is_taken_with_its_key(self):
        server = self.with_keys(*self.keys.values(), secret=None)
        for kind, key in self.keys.items():
            with self.subTest(kind):
                self.assertEqual(Client(server, key.token()).get(ME).status, 200)

    def test_the_algorithm_is_bound_to_the_key(self):
        server = self.with_keys(*self.keys.values())
        rs, es, ed = (self.keys[k] for k in ("RS256", "ES256", "EdDSA"))
        cases = []
        for key in self.keys.values():
            for public in (key.public_pem, key.public_pem.strip(), key.public_der, json.dumps(key.jwk()).encode()):
                cases.append((f"HS256 with the public key of {key.kind}", hs({"alg": "HS256", "kid": key.kid}, claims(), secret=public)))
            good = key.token()
            head, body, signature = good.split(".")
            cases += [
                (key.kind + " with another kid", key.token(header={"kid": "no-such-key"})),
                (key.kind + " with the kid of another", key.token(header={"kid": (rs if key is not rs else es).kid})),
                (key.kind + " with alg none", b64(json.dumps({"alg": "none", "kid": key.kid})) + "." + body + "."),
                (key.kind + " changed body", head + "." + b64(json.dumps(claims())) + "." + signature),
                (key.kind + " signature cut", good[:-6]), (key.kind + " expired", key.token(exp=int(time.time()) - 120)),
            ]
        cases += [
            ("RS256 signature of zeros", ".".join(rs.token().split(".")[:2]) + "." + b64(b"\0" * 256)),
            ("RS256 short signature", ".".join(rs.token().split(".")[:2]) + "." + b64(b"\1")),
            ("ES256 r = s = 0", ".".join(es.token().split(".")[:2]) + "." + b64(b"\0" * 64)),
            ("ES256 in DER", self.der_signed(es)),
            ("EdDSA signature of zeros", ".".join(ed.token().split(".")[:2]) + "." + b64(b"\0" * 64)),
            ("RS256 signed by a stranger", tokens.Key("RS256", rs.kid).token()),
            ("ES256 signed by a stranger", tokens.Key("ES256", es.kid).token()),
            ("jwk of a stranger inside", self.with_jwk("ES256", es.kid)),
            ("alg PS256 on an RS256 key", rs.token(header={"alg": "PS256"})),
            ("alg RS384 on an RS256 key", rs.token(header={"alg": "RS384"})),
        ]
        for name, token in cases:
            with self.subTest(name):
                self.assert_unauthorized(Client(server, token).get(ME), name)

    def der_signed(self, key):
        head, body, _ = key.token().split(".")
        return f"{head}.{body}." + b64(tokens.openssl("dgst", "-sha256", "-sign", key.path, data=f"{head}.{body}".encode()))

    def with_jwk(self, kind, kid):
        stranger = tokens.Key(kind, kid)
        return stranger.token(header={"jwk": stranger.jwk()})

    def test_hs256_and_jwks_live_side_by_side(self):
        server = self.with_keys(self.keys["RS256"])
        self.assertEqual(server.client().get(ME).status, 200)
        self.assertEqual(Client(server, self.keys["RS256"].token()).get(ME).status, 200)

    def test_without_the_secret_hs256_is_refused(self):
        server = self.with_keys(self.keys["RS256"], secret=None)
        self.assert_unauthorized(Client(server, tokens.token()).get(ME))

    def test_keys_fetched_without_tls_are_refused(self):
        for url in ("http://keys.example:9/jwks", "http://127.0.0.1:x@keys.example/jwks", "http://localhost.example/jwks"):
            with self.subTest(url):
                server = Server(self.store, env={"MILLRACE_ACCOUNTS_JWKS": url}, secret=None)
                self.servers.append(server)
                server.spawn()
                self.assertNotIn(server.wait(20), (0, None))
                self.assertIn("jwks", server.log())

    def test_keys_of_a_file_may_change(self):
        server = self.with_keys(self.keys["ES256"], secret=None)
        new = tokens.Key("EdDSA", "rotated")
        with open(server.env["MILLRACE_ACCOUNTS_JWKS"], "w") as f:
            f.write(tokens.jwks(new))
        self.eventually(lambda: Client(server, new.token()).get(ME).status == 200, timeout=90, what="the new key is known")
        self.eventually(lambda: Client(server, self.keys["ES256"].token()).get(ME).status == 401, timeout=5, what="the old key is out")


class JwksAddress(ApiCase):
    """Keys are fetched at most twice a minute, so this one waits; the store has no part in it."""
    own_server = True
    only = ("sqlite",)

    def test_keys_may_come_from_a_url_and_change(self):
        first = tokens.Key("ES256", "first")
        served = {"keys": tokens.jwks(first), "fetched": 0}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                served["fetched"] += 1
                body = served["keys"].encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        source = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=source.serve_forever, daemon=True).start()
        self.addCleanup(source.server_close)
        self.addCleanup(source.shutdown)
        server = self.start({"MILLRACE_ACCOUNTS_JWKS": f"http://127.0.0.1:{source.server_port}/jwks"}, secret=None)
        self.eventually(lambda: Client(server, first.token()).get(ME).status == 200, what="the first key is known")
        new = tokens.Key("EdDSA", "rotated")
        served["keys"] = tokens.jwks(new)
        self.eventually(lambda: Client(server, new.token()).get(ME).status == 200, timeout=90, what="the new key is known")
        before = served["fetched"]
        for i in range(50):  # unknown keys do not make the server hammer the issuer
            Client(server, new.token(header={"kid": f"unknown-{i}"})).get(ME)
        self.assertLessEqual(served["fetched"] - before, 3)


class ApiKeys(ApiCase):
    PATH = "/api/v2/api-keys"

    def make(self, client=None, **body):
        answer = (client or self.me).post(self.PATH, {"name": "ci", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def secret_of(self, doc):
        return doc["key"]

    def test_a_key_is_the_user_who_made_it(self):
        secret = self.secret_of(self.make())
        self.assertRegex(secret, r"^mr_[A-Za-z0-9-]+_[A-Za-z0-9_-]+$")
        job = self.external()
        self.assertEqual([j["id"] for j in Client(self.server, secret).active()], [job])

    def test_the_secret_is_shown_once(self):
        made = self.make()
        secret = self.secret_of(made)
        listed = self.me.get(self.PATH)
        self.assertEqual(listed.status, 200)
        self.assertIn(made["id"], listed.text)
        self.assertNotIn(secret.split("_", 2)[2], listed.text)

    def test_a_wrong_key_is_401(self):
        secret = self.secret_of(self.make())
        prefix, id_, rest = secret.split("_", 2)
        for bad in (secret[:-1], secret + "x", f"mr_{id_}_{'a' * len(rest)}", f"mr_{uuid.uuid4().hex}_{rest}", "mr_", "mr__", "mr_x_y",
                    f"MR_{id_}_{rest}", f"mr_{id_}"):
            with self.subTest(bad[:20]):
                self.assert_unauthorized(Client(self.server, bad).get(ME))

    def test_a_deleted_key_is_401_at_once(self):
        made = self.make()
        client = Client(self.server, self.secret_of(made))
        self.assertEqual(client.get(ME).status, 200)
        self.assertEqual(self.me.delete(f"{self.PATH}/{made['id']}").status, 204)
        self.assert_unauthorized(client.get(ME))

    def test_a_foreign_key_cannot_be_seen_or_deleted(self):
        made, other = self.make(), self.user()
        foreign, unknown = other.delete(f"{self.PATH}/{made['id']}"), other.delete(f"{self.PATH}/{uuid.uuid4()}")
        self.assertEqual((foreign.status, foreign.body), (404, unknown.body))
        self.assertEqual(other.get(self.PATH).json()["items"], [])
        self.assertEqual(Client(self.server, self.secret_of(made)).get(ME).status, 200)

    def test_a_key_survives_a_restart_and_is_not_stored_in_clear(self):
        server = self.start()
        me = server.client()
        secret = self.secret_of(self.make(me))
        server.restart()
        self.assertEqual(Client(server, secret).get(ME).status, 200)
        if self.store == "sqlite":
            for directory, _, names in os.walk(server.data_dir):
                for name in names:
                    with open(os.path.join(directory, name), "rb") as f:
                        self.assertNotIn(secret.split("_", 2)[2].encode(), f.read(), name)


class Sessions(ApiCase):
    PATH = "/api/v2/session"

    def open(self, client=None):
        answer = (client or self.me).post(self.PATH, {})
        self.assertEqual(answer.status, 201, answer)
        cookie = answer.header("Set-Cookie")
        self.assertTrue(cookie and cookie.startswith("millrace_session="), answer)
        return answer, cookie

    def session(self):
        answer, cookie = self.open()
        csrf = answer.json()["csrf_token"]
        return Client(self.server, headers={"Cookie": cookie.split(";")[0]}), csrf

    def test_the_cookie_is_opaque_httponly_and_samesite(self):
        _, cookie = self.open()
        parts = [p.strip().lower() for p in cookie.split(";")]
        self.assertIn("httponly", parts)
        self.assertIn("samesite=lax", parts)
        self.assertIn("path=/", parts)
        value = cookie.split(";")[0].split("=", 1)[1]
        self.assertGreaterEqual(len(value), 20)
        self.assertNotIn(self.me.user, value)
        self.assertLess(value.count("."), 2, "no JWT in a cookie")

    def test_a_session_reads_and_writes_with_its_csrf_header(self):
        client, csrf = self.session()
        self.assertEqual(client.get(ME).status, 200)
        answer = client.post("/api/v2/jobs", {"type": "export"}, headers={"X-CSRF-Token": csrf})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(len(self.me.active()), 1, "the session is the user")

    def test_a_write_without_the_header_is_403(self):
        client, csrf = self.session()
        _, other_csrf = self.session()
        for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": csrf + "x"}, {"X-CSRF-Token": other_csrf}):
            answer = client.post("/api/v2/jobs", {"type": "export"}, headers=headers)
            self.assert_problem(answer, 403, "csrf")
            self.assert_problem(client.upload(csv(), headers=headers), 403, "csrf")
        self.assertEqual(self.me.active(), [])

    def test_a_session_opens_a_stream(self):
        client, _ = self.session()
        self.assertEqual(self.stream(client).next().type, "snapshot")

    def test_a_closed_session_is_401(self):
        client, csrf = self.session()
        self.assert_problem(client.delete(self.PATH), 403, "csrf")
        self.assertEqual(client.get(ME).status, 200)
        answer = client.delete(self.PATH, headers={"X-CSRF-Token": csrf})
        self.assertEqual(answer.status, 204, answer)
        self.assert_unauthorized(client.get(ME))

    def test_a_made_up_session_is_401(self):
        for value in ("x", "a" * 43, "../../x", "' OR 1=1--", str(uuid.uuid4()), ""):
            self.assert_unauthorized(Client(self.server, headers={"Cookie": "millrace_session=" + value}).get(ME), value)


class Users(ApiCase):
    def setUp(self):
        super().setUp()
        self.admin = self.user(role="admin")

    def local(self, role="user"):
        """(email, password, id) of a new user who logs in with a password."""
        email, password = f"{uuid.uuid4().hex}@example.org", "correct horse battery staple"
        answer = self.admin.post("/api/v2/users", {"email": email, "password": password, "name": "Ann", "role": role})
        self.assertEqual(answer.status, 201, answer)
        self.assertNotIn("password", answer.text)
        self.assertNotIn("argon", answer.text)
        return email, password, answer.json()["id"]

    def log_in(self, email, password):
        return self.server.anonymous().post("/api/v2/session", {"email": email, "password": password})

    def test_me_says_who_one_is(self):
        me = self.me.get("/api/v2/me").json()
        self.assertEqual((me["id"], me["role"]), (self.me.user, "user"))
        self.assertEqual(self.user().get("/api/v2/me").json()["org_id"], me["org_id"], "everybody starts in one organisation")
        self.assertNotEqual(self.user(org="elsewhere").get("/api/v2/me").json()["org_id"], me["org_id"])

    def test_users_are_for_administrators(self):
        _, _, id_ = self.local()
        for method, path, body in (("GET", "/api/v2/users", None), ("GET", f"/api/v2/users/{id_}", None),
                                   ("POST", "/api/v2/users", {"email": "x@example.org", "password": "p" * 20, "role": "admin"}),
                                   ("PATCH", f"/api/v2/users/{self.me.user}", {"role": "admin"})):
            answer = self.me.request(method, path, json=body)
            self.assertIn(answer.status, (403, 404), f"{method} {path} {answer}")
        self.assertEqual(self.me.get("/api/v2/me").json()["role"], "user")

    def test_a_password_opens_a_session_and_a_wrong_one_does_not(self):
        email, password, id_ = self.local()
        answer = self.log_in(email, password)
        self.assertEqual(answer.status, 201, answer)
        client = Client(self.server, headers={"Cookie": answer.header("Set-Cookie").split(";")[0]})
        self.assertEqual(client.get("/api/v2/me").json()["id"], id_)
        unknown = self.log_in("nobody@example.org", password)
        self.assert_unauthorized(unknown)
        for bad in (password + "x", password[:-1], password.upper(), "", "x" * 100_000):
            wrong = self.log_in(email, bad)
            self.assertEqual((wrong.status, wrong.body), (401, unknown.body), bad[:20])

    def test_a_new_password_ends_sessions(self):
        email, password, id_ = self.local()
        cookie = self.log_in(email, password).header("Set-Cookie").split(";")[0]
        client = Client(self.server, headers={"Cookie": cookie})
        self.assertEqual(client.get(ME).status, 200)
        answer = self.admin.request("PUT", f"/api/v2/users/{id_}/password", json={"password": "another long password"})
        self.assertEqual(answer.status, 204, answer)
        self.assert_unauthorized(client.get(ME))
        self.assert_unauthorized(self.log_in(email, password))
        self.assertEqual(self.log_in(email, "another long password").status, 201)

    def test_a_disabled_user_is_out_at_once(self):
        email, password, id_ = self.local()
        answer = self.log_in(email, password)
        client = Client(self.server, headers={"Cookie": answer.header("Set-Cookie").split(";")[0]})
        key = client.post("/api/v2/api-keys", {"name": "k"}, headers={"X-CSRF-Token": answer.json()["csrf_token"]}).json()["key"]
        self.assertEqual(Client(self.server, key).get(ME).status, 200)
        self.assertEqual(self.admin.request("PATCH", f"/api/v2/users/{id_}", json={"disabled": True}).status, 200)
        self.assert_unauthorized(client.get(ME))
        self.assert_unauthorized(Client(self.server, key).get(ME))
        self.assert_unauthorized(self.log_in(email, password))

    def test_a_user_cannot_give_himself_a_better_key(self):
        answer = self.me.post("/api/v2/api-keys", {"name": "k", "role": "admin"})
        self.assert_problem(answer, 403, "forbidden")

    def test_a_taken_email_is_409_and_bad_fields_are_422(self):
        email, password, _ = self.local()
        self.assert_problem(self.admin.post("/api/v2/users", {"email": email, "password": password}), 409)
        self.assert_problem(self.admin.post("/api/v2/users", {"email": email.upper(), "password": password}), 409)
        for body in ({}, {"email": "a@b.c"}, {"email": "no-at", "password": password}, {"email": "a@example.org", "password": "short"},
                     {"email": "b@example.org", "password": password, "role": "root"}, {"email": "c@example.org", "password": password, "id": "x"}):
            self.assert_problem(self.admin.post("/api/v2/users", body), 422)
