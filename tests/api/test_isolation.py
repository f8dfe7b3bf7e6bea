"""A user sees, changes and counts own objects only; roles widen that by ?scope."""

import uuid

from support import tokens
from support.case import ApiCase, csv
from support.client import Client


class Isolation(ApiCase):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.user(), self.user()

    def test_lists_and_streams_hold_own_objects_only(self):
        job, made = self.external(self.ann), self.completed_import(self.ann)
        for path in ("/api/v2/jobs", "/api/v2/jobs/active", "/api/v2/imports/jobs/active", "/api/v2/datasets", "/api/v2/files",
                     "/api/v2/jobs?filter=type:export", "/api/v2/jobs?limit=1000", "/api/v2/events?since=0", "/api/v2/webhooks"):
            answer = self.bob.get(path)
            if answer.status == 404:
                continue
            for id_ in (job, made["id"], made["job_id"], self.ann.user):
                self.assertNotIn(id_, answer.text, path)

    def test_a_scope_beyond_the_role_is_403_or_own(self):
        job = self.external(self.ann)
        for path in ("/api/v2/jobs/active?scope=all", "/api/v2/jobs?scope=all", "/api/v2/jobs/stream?scope=all"):
            answer = self.bob.get(path, timeout=5) if "stream" not in path else None
            if answer is None:
                reader = self.stream(self.bob, path)
                self.assertEqual(reader.status, 403, path)
                continue
            self.assert_problem(answer, 403, "forbidden")
            self.assertNotIn(job, answer.text)

    def test_a_foreign_id_by_any_way_in_is_404(self):
        job, made = self.external(self.ann), self.completed_import(self.ann)
        unknown = self.bob.get(f"/api/v2/jobs/{uuid.uuid4()}")
        for path in (f"/api/v2/jobs/{job}", f"/api/v2/jobs/{job.upper()}", f"/api/v2/jobs/{job}?scope=own",
                     f"/api/v2/jobs/{job}?user={self.ann.user}", f"/api/v2/datasets/{made['id']}", f"/api/v2/jobs/{made['job_id']}",
                     f"/api/v2/jobs/{job}?wait=1", f"/api/v2/jobs/{job}/attempts", f"/api/v2/jobs/{job}/result",
                     f"/api/v2/datasets/{made['id']}/rows"):
            answer = self.bob.get(path)
            self.assertEqual((answer.status, answer.body), (404, unknown.body), path)
        for headers in ({"X-User-Id": self.ann.user}, {"X-Forwarded-User": self.ann.user}, {"X-HTTP-Method-Override": "DELETE"}):
            self.assertEqual(self.bob.get(f"/api/v2/jobs/{job}", headers=headers).status, 404)

    def test_answers_to_a_foreign_and_an_unknown_id_differ_in_nothing(self):
        job = self.external(self.ann)
        foreign, unknown = self.bob.get(f"/api/v2/jobs/{job}"), self.bob.get(f"/api/v2/jobs/{uuid.uuid4()}")
        self.assertEqual(foreign.body, unknown.body)
        names = [sorted(k.lower() for k in a.headers.keys()) for a in (foreign, unknown)]
        self.assertEqual(*names)
        for name in ("ETag", "Cache-Control", "Content-Length", "Content-Type"):
            self.assertEqual(foreign.header(name), unknown.header(name))

    def test_the_duplicate_check_says_nothing_about_others(self):
        content = csv()
        self.completed_import(self.ann, content)
        answer = self.bob.upload(content)
        self.assertEqual(answer.status, 201, answer)

    def test_a_stream_of_a_foreign_job_is_404(self):
        job = self.external(self.ann)
        reader = self.stream(self.bob, f"/api/v2/jobs/{job}/stream")
        self.assertEqual(reader.status, 404)

    def test_a_stream_carries_no_foreign_event(self):
        mine = self.stream(self.bob)
        everything = self.stream(self.bob, "/api/v2/events/stream")
        theirs = self.stream(self.ann)
        self.assertEqual([r.next().type for r in (mine, everything, theirs)], ["snapshot"] * 3)
        job = self.external(self.ann)
        self.completed_import(self.ann)
        theirs.until(lambda e: e.json().get("state") == "completed")
        own = self.external(self.bob)
        for reader in (mine, everything):
            events = reader.until(lambda e: own in e.data)
            self.assertEqual([e for e in events if job in e.data or self.ann.user in e.data], [])

    def test_an_idempotency_key_of_another_user_opens_nothing(self):
        key, body = {"Idempotency-Key": "shared-key"}, {"type": "export", "job_metadata": {"x": str(uuid.uuid4())}}
        first = self.ann.post("/api/v2/jobs", body, headers=key).json()["id"]
        second = self.bob.post("/api/v2/jobs", body, headers=key)
        self.assertEqual(second.status, 201)
        self.assertNotEqual(second.json()["id"], first)


class Roles(ApiCase):
    """The roles user and admin; an admin may look at his organisation and, as admin, at all."""

    def admin(self):
        client = self.server.client(role="admin")
        answer = client.get("/api/v2/jobs/active?scope=all")
        self.assertEqual(answer.status, 200, answer)
        return client

    def test_the_default_scope_of_an_admin_is_own(self):
        self.external()
        self.assertEqual(self.admin().active(), [])

    def test_an_admin_sees_all_when_asked(self):
        job = self.external()
        admin = self.admin()
        for path in ("/api/v2/jobs/active?scope=all", "/api/v2/jobs/active?scope=org"):
            self.assertIn(job, [j["id"] for j in admin.get(path).json()], path)
        self.assertEqual(admin.get(f"/api/v2/jobs/{job}").status, 404, "own is the default for one object too")
        self.assertEqual(admin.get(f"/api/v2/jobs/{job}?scope=all").status, 200)

    def test_an_admin_can_stream_all(self):
        admin = self.admin()
        reader = self.stream(admin, "/api/v2/jobs/stream?scope=all")
        self.assertEqual(reader.next().type, "snapshot")
        job = self.external()
        reader.until(lambda e: job in e.data)

    def test_odd_roles_are_no_admin(self):
        for role in ("Admin", "ADMIN", "root", " admin", "admin ", ["user"], {"admin": True}, 1, True, "superuser", ""):
            with self.subTest(str(role)):
                client = self.server.client(role=role)
                self.assertIn(client.get("/api/v2/jobs/active?scope=all").status, (401, 403))


class Organisations(ApiCase):
    """Two organisations on one server: `org` in the token names them."""

    def setUp(self):
        super().setUp()
        acme, other = "acme-" + uuid.uuid4().hex[:8], "other-" + uuid.uuid4().hex[:8]
        self.ann, self.bob = self.user(org=acme), self.user(org=acme)
        self.eve = self.user(org=other)
        self.boss = self.user(org=acme, role="admin")
        self.jobs = {c.user: self.external(c) for c in (self.ann, self.bob, self.eve)}

    def ids(self, answer):
        self.assertEqual(answer.status, 200, answer)
        doc = answer.json()
        return {j["id"] for j in (doc["items"] if isinstance(doc, dict) else doc)}

    def test_own_is_the_default_within_an_organisation(self):
        self.assertEqual(self.ids(self.bob.get("/api/v2/jobs")), {self.jobs[self.bob.user]})

    def test_the_scope_org_ends_at_the_organisation(self):
        for path in ("/api/v2/jobs?scope=org", "/api/v2/jobs/active?scope=org"):
            mine = {self.jobs[self.ann.user], self.jobs[self.bob.user]}
            self.assertEqual(self.ids(self.boss.get(path)), mine)
            answer = self.bob.get(path)
            if answer.status != 403:
                self.assertEqual(self.ids(answer), mine)
            answer = self.eve.get(path)
            if answer.status != 403:
                self.assertEqual(self.ids(answer), {self.jobs[self.eve.user]})

    def test_a_job_of_another_organisation_is_404_even_with_scope_org(self):
        job = self.jobs[self.eve.user]
        for client in (self.ann, self.boss):
            answer = client.get(f"/api/v2/jobs/{job}?scope=org")
            self.assertIn(answer.status, (403, 404), answer)
        self.assertEqual(self.boss.get(f"/api/v2/jobs/{job}").status, 404)

    def test_a_stream_of_the_organisation_ends_there(self):
        reader = self.stream(self.boss, "/api/v2/jobs/stream?scope=org")
        self.assertEqual(reader.next().type, "snapshot")
        foreign, own = self.external(self.eve), self.external(self.ann)
        events = reader.until(lambda e: own in e.data)
        self.assertEqual([e for e in events if foreign in e.data], [])
