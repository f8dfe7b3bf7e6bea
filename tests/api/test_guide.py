"""Sends the requests of docs/guide and compares their statuses: an example that does not work is a bug."""

import os
import re

from support.case import ApiCase

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/guide")


def requests_of(text):
    for block in re.findall(r"^```http\n(.*?)^```", text, re.S | re.M):
        for request in re.finditer(r"^([A-Z]+) (/\S+)\n((?:[^-].*\n)*)-> (\d+)\n", block, re.M):
            yield request.group(1), request.group(2), request.group(3).strip(), int(request.group(4))


class Guide(ApiCase):
    def test_every_request_of_the_guide_answers_as_it_says(self):
        me = self.user(role="admin")
        sent, job = 0, ""
        for name in sorted(f for f in os.listdir(GUIDE) if f.endswith(".md")):
            with open(os.path.join(GUIDE, name)) as f:
                text = f.read()
            self.assertEqual(text.count("\n-> "), len(list(requests_of(text))), f"{name}: each status belongs to a request")
            for method, path, body, status in requests_of(text):
                with self.subTest(f"{name}: {method} {path} {body[:60]}"):
                    path = path.replace("{job}", job)
                    answer = me.request(method, path, body=body.encode() or None,
                                        headers={"Content-Type": "application/json"} if body else None)
                    self.assertEqual(answer.status, status, answer)
                    sent += 1
                    if (method, path, status) == ("POST", "/api/v2/jobs", 201):
                        job = answer.json()["id"]
        self.assertGreaterEqual(sent, 30)
