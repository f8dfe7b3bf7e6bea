"""What jobs carry: too large for their input, and encrypted in the database."""

import base64
import json
import uuid

from support.case import ApiCase
from support.client import multipart


class PayloadCase(ApiCase):
    def setUp(self):
        super().setUp()
        self.kind = "kind-" + uuid.uuid4().hex[:8]

    def join(self, admin):
        answer = admin.post("/api/v2/workers", {"name": "test", "kinds": [{"name": self.kind, "type": "processing"}]})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["worker_id"]

    def claim(self, admin, worker):
        answer = admin.post(f"/api/v2/workers/{worker}/claim", {"wait": 10})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(len(answer.json()["jobs"]), 1, answer)
        return answer.json()["jobs"][0]

    def complete(self, admin, worker, claimed, result):
        item = {"job_id": claimed["job"]["id"], "attempt": claimed["attempt"], "lease_token": claimed["lease_token"],
                "outcome": "completed", "result": result}
        answer = admin.post(f"/api/v2/workers/{worker}/complete", {"results": [item]})
        self.assertEqual([r["status"] for r in answer.json()["results"]], ["accepted"])


class LargePayload(PayloadCase):
    def stored(self, content, client):
        body, kind = multipart([("file", "payload.json", content, "application/json")])
        answer = client.request("POST", "/api/v2/files", body=body, headers={"Content-Type": kind})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def test_a_payload_that_is_too_large_travels_as_a_file_to_the_worker(self):
        admin = self.user(role="admin")
        worker = self.join(admin)
        payload = {"text": "x" * 70_000}
        refused = self.me.post("/api/v2/jobs", {"kind": self.kind, "input": payload})
        self.assert_problem(refused, 422, "invalid_fields")
        issue = refused.json()["errors"][0]
        self.assertEqual((issue["pointer"], issue["code"]), ("/input", "too_large"))
        self.assertIn("POST /api/v2/files", issue["detail"])
        self.assertIn("payload_file_id", issue["detail"])

        file = self.stored(json.dumps(payload).encode(), self.me)
        made = self.me.post("/api/v2/jobs", {"kind": self.kind, "input": {"payload_file_id": file, "more": 1}})
        self.assertEqual(made.status, 201, made)

        claimed = self.claim(admin, worker)
        self.assertEqual((claimed["job"]["id"], claimed["input"]), (made.json()["id"], {"payload_file_id": file, "more": 1}))
        content = admin.get(f"/api/v2/files/{file}/content?scope=all")
        self.assertEqual((content.status, json.loads(content.body)), (200, payload))
        self.assertEqual(self.user().get(f"/api/v2/files/{file}/content").status, 404)
        self.complete(admin, worker, claimed, {"length": len(content.body)})
        self.assertEqual(admin.delete(f"/api/v2/workers/{worker}").status, 204)
        self.assertEqual(self.me.get(f"/api/v2/jobs/{made.json()['id']}/result").json(), {"length": len(content.body)})

    def test_only_a_stored_file_of_the_caller_is_a_payload(self):
        foreign = self.stored(b"{}", self.user())
        for named in (foreign, str(uuid.uuid4()), "no id", 7, None, {"id": foreign}):
            with self.subTest(named=named):
                answer = self.me.post("/api/v2/jobs", {"type": "processing", "input": {"payload_file_id": named}})
                self.assert_problem(answer, 422, "invalid_fields")
                self.assertEqual(answer.json()["errors"][0]["pointer"], "/input/payload_file_id")


class EncryptedPayload(PayloadCase):
    own_server = True

    def test_nobody_notices_the_encryption_until_a_key_is_missing(self):
        first, second = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
        server = self.start({"MILLRACE_PAYLOAD_KEY": first})
        user, operator = server.client(), server.client(role="admin")
        worker = self.join(operator)
        job = user.post("/api/v2/jobs", {"kind": self.kind, "input": {"card": "4111"}}).json()["id"]
        claimed = self.claim(operator, worker)
        self.assertEqual(claimed["input"], {"card": "4111"})
        self.complete(operator, worker, claimed, {"paid": True})
        self.assertEqual(user.get(f"/api/v2/jobs/{job}/result").json(), {"paid": True})

        for key, previous, status in ((second, "", 500), ("", "", 500), (second, first, 200)):
            with self.subTest(key=key, previous=previous):
                server.restart(extra_env={"MILLRACE_PAYLOAD_KEY": key, "MILLRACE_PAYLOAD_PREVIOUS_KEYS": previous})
                answer = user.get(f"/api/v2/jobs/{job}/result")
                self.assertEqual(answer.status, status, answer)
                if status == 500:
                    self.assert_problem(answer, 500, "payload_key_missing")
                    self.assertRegex(answer.json()["detail"], "key [0-9a-f]{16}")
                self.assertIn(job, [j["id"] for j in user.get("/api/v2/jobs").json()["items"]])
