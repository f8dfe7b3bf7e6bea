"""A verifier written from the text of the Standard Webhooks specification 1.0.0, and from nothing of ours.

    verifier = Verifier("whsec_...")
    message = verifier.verify(headers, body)      # Message, or Refused
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from datetime import datetime


class Refused(Exception):
    pass


class Message:
    def __init__(self, id_, timestamp, body):
        self.id, self.timestamp, self.body = id_, timestamp, body
        self.document = json.loads(body)
        self.type = self.document["type"]
        self.data = self.document["data"]


class Verifier:
    """The secrets that a receiver holds: normally one, during a rotation the old and the new one."""

    def __init__(self, *secrets, tolerance=300):
        self.keys, self.tolerance = [key_of(secret) for secret in secrets], tolerance

    def verify(self, headers, body, now=None):
        id_, timestamp, signatures = (one_header(headers, "webhook-" + name) for name in ("id", "timestamp", "signature"))
        if "." in id_ or not id_:
            raise Refused(f"webhook-id {id_!r} must not hold a full stop")
        if not timestamp.isascii() or not timestamp.isdigit():
            raise Refused(f"webhook-timestamp {timestamp!r} is not an integer")
        if abs((time.time() if now is None else now) - int(timestamp)) > self.tolerance:
            raise Refused("webhook-timestamp is too far from now")
        signed = id_.encode() + b"." + timestamp.encode() + b"." + body
        wanted = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in self.keys]
        given = [s.split(",", 1) for s in signatures.split(" ")]
        if not all(len(pair) == 2 for pair in given):
            raise Refused(f"webhook-signature {signatures!r} is not a list of version,signature")
        for version, signature in given:
            if version == "v1" and any(hmac.compare_digest(signature.encode(), one) for one in wanted):
                return self.checked(Message(id_, int(timestamp), body))
        raise Refused("no signature fits")

    def checked(self, message):
        """What the specification recommends of the payload."""
        if len(message.body) >= 20_000:
            raise Refused(f"the payload has {len(message.body)} bytes")
        document = message.document
        if "specversion" not in document:
            datetime.fromisoformat(document["timestamp"].replace("Z", "+00:00"))
            if not all(part.replace("_", "a").isalnum() for part in document["type"].split(".")):
                raise Refused(f"type {document['type']!r}")
        return message


def key_of(secret):
    if not secret.startswith("whsec_"):
        raise Refused("a symmetric secret starts with whsec_")
    try:
        key = base64.b64decode(secret[len("whsec_"):], validate=True)
    except binascii.Error as e:
        raise Refused(f"the secret is not base64: {e}") from None
    if not 24 <= len(key) <= 64:
        raise Refused(f"the secret has {len(key)} bytes")
    return key


def one_header(headers, name):
    values = [value for key, value in headers.items() if key.lower() == name]
    if len(values) != 1:
        raise Refused(f"{name} stands {len(values)} times")
    return values[0]
