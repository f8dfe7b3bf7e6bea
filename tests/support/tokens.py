"""JSON Web Tokens made by hand, so that the broken ones can be made too. RSA, EC and EdDSA sign by the openssl program."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import tempfile
import time
import uuid

SECRET = "test-secret-of-thirty-two-bytes-or-more-0123456789"


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return value if isinstance(value, (str, bytes)) else json.dumps(value, separators=(",", ":"))


def hs(header, claims, secret=SECRET, digest=hashlib.sha256):
    """A token of exactly these header and claims (dict, or text to be taken as it is)."""
    body = b64(compact(header)) + "." + b64(compact(claims))
    key = secret if isinstance(secret, bytes) else secret.encode()
    return body + "." + b64(hmac.new(key, body.encode(), digest).digest())


def claims(sub=None, **more):
    now = int(time.time())
    out = {"sub": sub or str(uuid.uuid4()), "iat": now, "exp": now + 3600}
    out.update(more)
    return {k: v for k, v in out.items() if v is not ...}


def token(sub=None, secret=SECRET, **more):
    """A good HS256 token of this user. `more` are further claims; `...` leaves a claim out."""
    return hs({"alg": "HS256", "typ": "JWT"}, claims(sub, **more), secret)


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def der_integers(der):
    """The two integers of an ECDSA signature in DER."""
    def length(at):
        first = der[at]
        if first < 0x80:
            return first, at + 1
        count = first & 0x7F
        return int.from_bytes(der[at + 1:at + 1 + count], "big"), at + 1 + count

    assert der[0] == 0x30
    _, at = length(1)
    out = []
    for _ in range(2):
        assert der[at] == 0x02
        size, at = length(at + 1)
        out.append(int.from_bytes(der[at:at + size], "big"))
        at += size
    return out


class Key:
    """A private key with its JWK. kind: RS256, ES256 or EdDSA."""

    def __init__(self, kind, kid, directory=None):
        self.kind, self.kid = kind, kid
        self.directory = directory or tempfile.mkdtemp(prefix="millrace-key-")
        self.path = os.path.join(self.directory, kid + ".pem")
        options = {"RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                   "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                   "EdDSA": ["-algorithm", "ED25519"]}[kind]
        openssl("genpkey", *options, "-out", self.path)
        self.public_pem = openssl("pkey", "-in", self.path, "-pubout")
        self.public_der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")

    def jwk(self, **more):
        out = {"kid": self.kid, "use": "sig", "alg": self.kind}
        if self.kind == "RS256":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode()
            out.update(kty="RSA", n=b64(bytes.fromhex(modulus.strip().split("=")[1])), e="AQAB")
        elif self.kind == "ES256":
            point = self.public_der[-64:]
            out.update(kty="EC", crv="P-256", x=b64(point[:32]), y=b64(point[32:]))
        else:
            out.update(kty="OKP", crv="Ed25519", x=b64(self.public_der[-32:]))
        out.update(more)
        return {k: v for k, v in out.items() if v is not ...}

    def sign(self, data):
        if self.kind == "EdDSA":
            with tempfile.NamedTemporaryFile() as f:
                f.write(data)
                f.flush()
                return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", f.name)
        signature = openssl("dgst", "-sha256", "-sign", self.path, data=data)
        if self.kind == "RS256":
            return signature
        r, s = der_integers(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, sub=None, header=None, **more):
        head = {"alg": self.kind, "typ": "JWT", "kid": self.kid}
        head.update(header or {})
        head = {k: v for k, v in head.items() if v is not ...}
        body = b64(compact(head)) + "." + b64(compact(claims(sub, **more)))
        return body + "." + b64(self.sign(body.encode()))


def jwks(*keys):
    return json.dumps({"keys": [k.jwk() if isinstance(k, Key) else k for k in keys]})


def is_uuid7(text):
    return bool(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(text)))
