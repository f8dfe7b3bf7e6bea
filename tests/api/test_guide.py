"""Sends the requests of docs/guide and compares their statuses: an example that does not work is a bug."""

import os
import re

from support.case import ApiCase

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/guide")
MADE = {"/api/v2/jobs": "job", "/api/v2/webhooks": "webhook", "/api/v2/workers": "worker"}


def requests_of(text):
    for block in re.findall(r"^```http\n(.*?)^```", text, re.S | re.M):
        for request in re.finditer(r"^([A-Z]+) (/\S+)\n((?:[^-].*\n)*)-> (\d+)\n", block, re.M):
            yield request.group(1), request.group(2), request.group(3).strip(), int(request.group(4))


def filled(text, known):
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def learnt(path, answer):
    """What the placeholders of later requests stand for."""
    doc = answer.json()
    if path in MADE:
        return {MADE[path]: doc.get("worker_id") or doc["id"]}
    if path.endswith("/test"):
        return {"delivery": doc["id"]}
    if path.endswith("/claim"):
        return {"lease_token": doc["jobs"][0]["lease_token"]}
    return {}


class Guide(ApiCase):
    def test_every_request_of_the_guide_answers_as_it_says(self):
        me = self.user(role="admin")
        sent, known = 0, {}
        for name in sorted(f for f in os.listdir(GUIDE) if f.endswith(".md")):
            with open(os.path.join(GUIDE, name)) as f:
                text = f.read()
            self.assertEqual(text.count("\n-> "), len(list(requests_of(text))), f"{name}: each status belongs to a request")
            for method, path, body, status in requests_of(text):
                with self.subTest(f"{name}: {method} {path} {body[:60]}"):
                    path, body = filled(path, known), filled(body, known)
                    answer = me.request(method, path, body=body.encode() or None,
                                        headers={"Content-Type": "application/json"} if body else None)
                    self.assertEqual(answer.status, status, answer)
                    sent += 1
                    if path.endswith("/complete") and "/workers/" in path:
                        self.assertEqual([r["status"] for r in answer.json()["results"]], ["accepted"])
                    if method == "POST" and status < 300:
                        known |= learnt(path, answer)
        self.assertGreaterEqual(sent, 45)
