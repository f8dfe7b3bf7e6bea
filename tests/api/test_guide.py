"""Sends the requests of docs/guide and compares their statuses: an example that does not work is a bug.

The blocks ```http are sent, those marked ```sql run on PostgreSQL.
"""

import os
import re

from support.case import ApiCase
from support.client import multipart
from support.pg import psql

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/guide")
# What a job engine is asked for; the guide has an answer to each, and says so where it is "not yet".
FEATURES = [
    "durable by default", "transactional enqueue with app data", "priorities", "delayed / run-at", "cron / periodic",
    "leader election", "retries / backoff policy", "unique / dedup on insert", "cancel queued / running",
    "progress 0-100 + message", "per-job log lines", "batches / fan-in callbacks", "workflow DAG / dependencies",
    "resumable steps / checkpoint", "rate limits", "concurrency limit per key", "fair share between tenants",
    "pause / resume queue", "lease + heartbeat rescue", "fencing of late completions", "job timeout", "snooze",
    "result storage", "metadata / tags", "attempt / error list", "history kept", "dead letter + redrive",
    "payload encryption", "events out / webhooks", "web UI", "metrics / OpenTelemetry", "databases",
    "embedded, zero service", "workers in any language", "bulk insert", "graceful drain on stop", "wake-up",
    "partitioned storage"]
MADE = {"/api/v2/jobs": "job", "/api/v2/webhooks": "webhook", "/api/v2/workers": "worker"}


def requests_of(text):
    for block in re.findall(r"^```http\n(.*?)^```", text, re.S | re.M):
        for request in re.finditer(r"^([A-Z]+) (/\S+)\n((?:[^-].*\n)*)-> (\d+)\n", block, re.M):
            yield request.group(1), request.group(2), request.group(3).strip(), int(request.group(4))


def page(name):
    with open(os.path.join(GUIDE, name), encoding="utf-8") as f:
        return f.read()


def pages():
    return sorted(f for f in os.listdir(GUIDE) if f.endswith(".md"))


def is_executed(text):
    return next(requests_of(text), None) is not None or next(sql_of(text), None) is not None


def sql_of(text):
    for block in re.finditer(r"^```sql\n(.*?)^```", text, re.S | re.M):
        yield block.group(1)


def anchor_of(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def section(text, anchor):
    """From the heading to the next of its level or above; None when no heading has this anchor."""
    outside = re.sub(r"^```.*?^```", lambda block: re.sub(r"(?m)^#", " ", block.group()), text, flags=re.S | re.M)
    level, begin = 0, None
    for heading in re.finditer(r"^(#+) (.*)$", outside, re.M):
        if begin is not None and len(heading.group(1)) <= level:
            return text[begin:heading.start()]
        if begin is None and anchor_of(heading.group(2)) == anchor:
            level, begin = len(heading.group(1)), heading.start()
    return None if begin is None else text[begin:]


def features_of(text):
    """The rows of the table: feature, answer, cell with links."""
    table = section(text, "feature-by-feature")
    for row in re.findall(r"^\| (.*) \|$", table, re.M)[1:]:
        yield tuple(cell.strip() for cell in row.split(" | "))


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
    def stored_file(self, client, name="payload.json", content=b"{}"):
        body, kind = multipart([("file", name, content)])
        answer = client.request("POST", "/api/v2/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def test_every_request_of_the_guide_answers_as_it_says(self):
        me = self.user(role="admin")
        sent, known = 0, {"me": me.get("/api/v2/me").json()["id"], "file": self.stored_file(me), "text": self.stored_file(me, "orders.txt", b"sku;name\n1;bolt\n2;nut\n")}
        for name in pages():
            text = page(name)
            self.assertEqual(text.count("\n-> "), len(list(requests_of(text))), f"{name}: each status belongs to a request")
            for method, path, body, status in requests_of(text):
                with self.subTest(f"{name}: {method} {path} {body[:60]}"):
                    path, body = filled(path, known), filled(body, known)
                    answer = me.request(method, path, body=body.encode() or None,
                                        headers={"Content-Type": "application/json"} if body else None)
                    self.assertEqual(answer.status, status, answer)
                    sent += 1
                    if path.startswith("/api/v2/jobs?"):
                        self.assertTrue(answer.json()["items"], "the filter of an example finds something")
                    if path.endswith("/complete") and "/workers/" in path:
                        self.assertEqual([r["status"] for r in answer.json()["results"]], ["accepted"])
                    if method == "POST" and status < 300:
                        known |= learnt(path, answer)
            if self.store == "postgres":
                for sql in sql_of(text):
                    with self.subTest(f"{name}: {sql[:60]}"):
                        psql(self.server.database_url, filled(sql, known))
                        sent += 1
        self.assertGreaterEqual(sent, 65)

    def test_every_feature_has_an_answer_and_an_example_that_is_executed(self):
        rows = list(features_of(page("jobs.md")))
        self.assertEqual([row[0] for row in rows], FEATURES)
        for feature, answer, examples in rows:
            links = re.findall(r"\]\(([^)#]*)#?([^)]*)\)", examples)
            with self.subTest(feature):
                self.assertTrue(answer and links)
            for name, anchor in links:
                with self.subTest(f"{feature}: {name}#{anchor}"):
                    text = page(name or "jobs.md")
                    shown = section(text, anchor) if anchor else text
                    self.assertIsNotNone(shown, "no heading has this anchor")
                    self.assertTrue(is_executed(shown), "nothing in this section is executed")
