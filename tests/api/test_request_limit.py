"""api.requests_per_minute: what answers say of it, who shares an allowance, and that a refused request does nothing."""

import re

from support.case import ApiCase, csv
from support.client import Client

REFILL_SECONDS = 10
BURST = 4


class RequestLimit(ApiCase):
    settings = {"MILLRACE_API_REQUESTS_PER_MINUTE": str(60 // REFILL_SECONDS), "MILLRACE_API_REQUESTS_BURST": str(BURST)}

    def left(self, answer):
        self.assertEqual(answer.header("RateLimit-Policy"), f'"default";q={BURST};w={BURST * REFILL_SECONDS}', answer)
        match = re.fullmatch(r'"default";r=(\d+);t=(\d+)', answer.header("RateLimit") or "")
        self.assertTrue(match, answer.headers)
        left, full_in = int(match[1]), int(match[2])
        self.assertEqual(left, BURST - -(-full_in // REFILL_SECONDS), "t is when all are there again")
        return left

    def exhaust(self, client):
        """Asks until refused; the answers before, and the refusal."""
        answers = []
        while len(answers) < 5 * BURST:
            answer = client.get("/api/v2/jobs/active")
            if answer.status == 429:
                return answers, answer
            answers.append(answer)
        self.fail(f"{len(answers)} requests passed")

    def test_answers_count_down_then_429_until_the_time_it_says(self):
        answers, refused = self.exhaust(self.me)
        self.assertGreaterEqual(len(answers), BURST)
        self.assertEqual(self.left(answers[0]), BURST - 1)
        self.assertEqual(self.left(answers[-1]), 0)
        self.assertEqual(self.left(refused), 0)
        self.assertEqual({a.status for a in answers}, {200})

        self.assert_problem(refused, 429, "too_many_requests")
        wait = int(refused.header("Retry-After"))
        self.assertTrue(1 <= wait <= REFILL_SECONDS, wait)
        self.assertIn(str(wait), refused.json()["detail"])

        self.assertEqual(self.left(self.user().get("/api/v2/jobs/active")), BURST - 1, "another user has an allowance of its own")
        self.eventually(lambda: self.me.get("/api/v2/jobs/active").status == 200, timeout=6 * REFILL_SECONDS, what="allowed again")

    def test_errors_bodies_and_streams_are_counted_and_say_so(self):
        for method, path, body, status in [("GET", "/api/v2/jobs/x", None, 404), ("GET", "/api/v2/jobs?limit=0", None, 400),
                                           ("POST", "/api/v2/jobs", b"{", 400), ("HEAD", "/api/v2/jobs/stream", None, 200)]:
            with self.subTest(f"{method} {path}"):
                answer = self.user().request(method, path, body=body, headers={"Content-Type": "application/json"} if body else None)
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(self.left(answer), BURST - 1)
        self.assertEqual(self.left(self.user().upload(csv(), "a.csv")), BURST - 1)

    def test_a_refused_request_does_nothing_and_a_key_counts_by_itself(self):
        made = self.me.post("/api/v2/api-keys", {"name": "k"})
        self.assertEqual(made.status, 201, made)
        self.exhaust(self.me)

        self.assert_problem(self.me.upload(csv(), "refused.csv"), 429, "too_many_requests")
        self.assert_problem(self.me.post("/api/v2/jobs", {"type": "export"}), 429, "too_many_requests")

        listed = Client(self.server, made.json()["key"]).get("/api/v2/jobs")
        self.assertEqual(self.left(listed), BURST - 1)
        self.assertEqual(listed.json()["items"], [])

    def test_who_has_no_credential_is_counted_by_address(self):
        answers, refused = [], None
        while refused is None and len(answers) < 5 * BURST:
            answer = Client(self.server, f"mr_guess_{len(answers)}").get("/api/v2/jobs/active")
            if answer.status == 429:
                refused = answer
            else:
                answers.append(self.assert_unauthorized(answer))
        self.assertIsNotNone(refused, f"{len(answers)} guesses passed")
        self.assertEqual(self.left(answers[0]), BURST - 1)
        self.assert_problem(refused, 429, "too_many_requests")
        self.assertEqual(self.me.get("/api/v2/jobs/active").status, 200, "with a credential the address does not matter")

    def test_what_is_not_the_api_is_not_counted(self):
        self.exhaust(self.me)
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            answer = self.me.get(path)
            self.assertEqual((answer.status, answer.header("RateLimit")), (200, None), path)

    def test_every_route_of_the_api_describes_it(self):
        doc = self.openapi()
        for path, item in doc["paths"].items():
            for method, operation in item.items():
                described = operation["responses"].get("429")
                want = {"$ref": "#/components/responses/TooManyRequests"} if path.startswith("/api/") else None
                self.assertEqual(described, want, f"{method} {path}")
        self.assertEqual(set(doc["components"]["responses"]["TooManyRequests"]["headers"]),
                         {"RateLimit", "RateLimit-Policy", "Retry-After"})


class NoRequestLimit(ApiCase):
    def test_without_a_limit_answers_say_nothing_of_one(self):
        for _ in range(20):
            answer = self.me.get("/api/v2/jobs/active")
            self.assertEqual(answer.status, 200)
            self.assertEqual((answer.header("RateLimit"), answer.header("RateLimit-Policy")), (None, None))
