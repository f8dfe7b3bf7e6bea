"""The route table drives these: every route asks for a token, none shows a foreign object, every example is true."""

import json
import re
import urllib.parse
import uuid

from support.case import ApiCase, csv
from support.client import Client, multipart

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
OPEN = {"/healthz", "/readyz"}
FOR_ADMINS = ("/api/v2/users", "/api/v2/queues", "/api/v2/workers")


class Routes(ApiCase):
    def operations(self):
        for path, item in sorted(self.openapi()["paths"].items()):
            for method, operation in sorted(item.items()):
                if method in METHODS:
                    yield method.upper(), path, operation

    def fill(self, path, value):
        return re.sub(r"\{[^}]+\}", lambda _: urllib.parse.quote(str(value)), path)

    def is_open(self, operation):
        return operation.get("security") == []

    def test_the_document_is_openapi_3_1_and_complete(self):
        doc = self.openapi()
        self.assertRegex(doc["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(doc["info"]["title"] and doc["info"]["version"])
        ids = []
        for method, path, operation in self.operations():
            with self.subTest(f"{method} {path}"):
                ids.append(operation.get("operationId"))
                self.assertTrue(operation.get("summary"))
                self.assertTrue(operation.get("responses"))
                named = set(re.findall(r"\{([^}]+)\}", path))
                described = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
                self.assertEqual(named, described)
                if not self.is_open(operation):
                    self.assertIn("401", operation["responses"])
                if "id" in named:
                    self.assertIn("404", operation["responses"])
        self.assertEqual(len(ids), len(set(ids)), "operation ids are unique")
        self.assertNotIn(None, ids)

    def test_every_reference_in_the_document_leads_somewhere(self):
        doc = self.openapi()

        def walk(node):
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    at = doc
                    for part in node["$ref"].removeprefix("#/").split("/"):
                        self.assertIn(part, at, node["$ref"])
                        at = at[part]
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(doc)

    def test_the_seeds_routes_are_there(self):
        known = {(m, p) for m, p, _ in self.operations()}
        for route in [("GET", "/api/v2/jobs/active"), ("GET", "/api/v2/imports/jobs/active"), ("GET", "/api/v2/jobs/{id}"),
                      ("POST", "/api/v2/jobs"), ("GET", "/api/v2/jobs"), ("POST", "/api/v2/imports/files/upload"),
                      ("POST", "/api/v2/jobs/{id}/start"), ("POST", "/api/v2/jobs/{id}/progress"), ("POST", "/api/v2/jobs/{id}/complete"),
                      ("POST", "/api/v2/jobs/{id}/cancel"), ("POST", "/api/v2/jobs/{id}/retry"), ("GET", "/api/v2/jobs/stream"),
                      ("GET", "/api/v2/jobs/{id}/stream"), ("GET", "/api/v2/events/stream"), ("GET", "/api/v2/events"),
                      ("POST", "/api/v2/stream-tickets"), ("GET", "/api/v2/datasets/{id}"), ("GET", "/api/v2/datasets"),
                      ("PUT", "/api/v2/imports/files/{filename}"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
                      ("GET", "/openapi.json")]:
            with self.subTest(" ".join(route)):
                self.assertIn(route, known)

    def test_every_route_answers_401_without_a_token(self):
        expected = self.server.anonymous().get("/api/v2/jobs/active")
        checked = 0
        for method, path, operation in self.operations():
            if path in OPEN or self.is_open(operation):
                continue
            with self.subTest(f"{method} {path}"):
                for value in (uuid.uuid4(), "x"):
                    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "Bearer mr_x_y"},
                                    {"Cookie": "millrace_session=x"}):
                        body = b'{"x":1}' if method in ("POST", "PUT", "PATCH") else None
                        answer = self.server.anonymous().request(
                            method, self.fill(path, value), body=body, headers={"Content-Type": "application/json", **headers})
                        if method == "HEAD":  # an answer to it has no body
                            self.assertEqual((answer.status, answer.body, answer.header("WWW-Authenticate")), (401, b"", "Bearer"))
                            continue
                        self.assert_unauthorized(answer, f"{method} {path}")
                        self.assertEqual(answer.body, expected.body)
                checked += 1
        self.assertGreater(checked, 15)

    def test_only_health_is_open(self):
        opened = {p for _, p, o in self.operations() if self.is_open(o)}
        # tus asks for OPTIONS without a token; logging in has none yet; pages of the dashboard carry no data.
        for path in opened:
            self.assertTrue(path in OPEN or path.startswith("/api/v2/uploads") or "session" in path or "login" in path
                            or not path.startswith("/api"), path)
            self.assertNotIn(path, ("/metrics", "/openapi.json"))
        for path in OPEN:
            self.assertEqual(self.server.anonymous().get(path).status, 200)

    def test_every_route_with_an_id_answers_404_for_a_foreign_one_as_for_an_unknown_one(self):
        owner, other = self.user(), self.user()
        job = self.external(owner)
        made = self.completed_import(owner)
        foreign = {"job": job, "dataset": made["id"], "import": made["job_id"], "file": made.get("file_id") or made["id"],
                   "schedule": self.schedule(owner)["id"]}
        bodies = {"progress": {"progress": 5}, "password": {"password": "a long enough password"}}
        checked = 0
        for method, path, operation in self.operations():
            if "{" not in path or "{filename}" in path or path.startswith("/api/v2/uploads") or "..." in path:
                continue
            if self.is_open(operation):
                continue
            with self.subTest(f"{method} {path}"):
                body = bodies.get(path.rsplit("/", 1)[-1], {})
                options = {"json": body} if method in ("POST", "PUT", "PATCH") else {}
                unknown = other.request(method, self.fill(path, uuid.uuid4()), **options)
                if unknown.status == 403:
                    continue  # for administrators: nobody else learns anything
                self.assertEqual(unknown.status, 404, unknown)
                self.assert_problem(unknown, 404, "not_found")
                for kind, id_ in foreign.items():
                    answer = other.request(method, self.fill(path, id_), **options)
                    self.assertEqual((answer.status, answer.body), (404, unknown.body), f"{kind} {id_}")
                for odd in ("x", "1", "null", "%7B%7D", "0" * 32):
                    answer = other.request(method, self.fill(path, "PLACE").replace("PLACE", odd), **options)
                    self.assertEqual((answer.status, answer.body), (404, unknown.body), odd)
                checked += 1
        self.assertGreater(checked, 8)
        self.assertEqual(owner.job(job)["state"], "queued")

    def test_links_lead_to_routes(self):
        routes = [re.compile("^" + re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(p)) + "$") for p in self.openapi()["paths"]]
        made = self.completed_import()
        objects = [made, self.me.job(made["job_id"]), self.me.job(self.failed_import()), self.me.job(self.external())]
        for one in objects:
            self.assertTrue(one["links"])
            for name, link in one["links"].items():
                with self.subTest(f"{one.get('state', 'dataset')} {name}"):
                    path = link.split("?")[0]
                    self.assertTrue([r for r in routes if r.match(path)], link)
                    if name not in ("cancel", "retry", "stream"):
                        self.assertEqual(self.me.get(link).status, 200, link)

    def test_answers_have_the_shape_that_is_documented(self):
        job, made = self.external(), self.completed_import()
        failed = self.failed_import()
        calls = [("GET", "/api/v2/jobs/active", None, None), ("GET", "/api/v2/jobs/{id}", job, None),
                 ("GET", "/api/v2/jobs/{id}", failed, None), ("GET", "/api/v2/jobs", None, None),
                 ("GET", "/api/v2/datasets/{id}", made["id"], None), ("GET", "/api/v2/datasets", None, None),
                 ("POST", "/api/v2/jobs", None, {"type": "import"}), ("POST", "/api/v2/jobs/{id}/start", job, {}),
                 ("POST", "/api/v2/jobs/{id}/progress", job, {"progress": 3}), ("POST", "/api/v2/jobs/{id}/complete", job, {}),
                 ("GET", "/api/v2/jobs/{id}/attempts", job, None), ("GET", "/api/v2/events", None, None),
                 ("GET", "/api/v2/schedules", None, None), ("GET", "/api/v2/schedules/{id}", self.schedule(self.me)["id"], None),
                 ("GET", "/api/v2/schedules/{id}/next", self.schedule(self.me)["id"], None),
                 ("POST", "/api/v2/schedules/{id}/run", self.schedule(self.me)["id"], None),
                 ("POST", "/api/v2/stream-tickets", None, {}), ("GET", "/healthz", None, None), ("GET", "/readyz", None, None)]
        paths = self.openapi()["paths"]
        for method, path, id_, body in calls:
            if method.lower() not in paths.get(path, {}):
                continue
            with self.subTest(f"{method} {path}"):
                answer = self.me.request(method, self.fill(path, id_) if id_ else path, json=body)
                self.assertIn(str(answer.status), paths[path][method.lower()]["responses"], answer)
                self.check_answer(paths[path][method.lower()], answer)
        missing = self.me.get("/api/v2/jobs/" + str(uuid.uuid4()))
        self.check_answer(paths["/api/v2/jobs/{id}"]["get"], missing)

    def check_answer(self, operation, answer):
        reply = self.resolve(operation["responses"][str(answer.status)])
        content = reply.get("content", {})
        kind = (answer.header("Content-Type") or "").split(";")[0]
        if not content:
            return
        self.assertIn(kind, content)
        schema = content[kind].get("schema")
        if schema and "json" in kind:
            problems = []
            self.check_schema(schema, answer.json(), "", problems)
            self.assertEqual([], problems)

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            at = self.openapi()
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node

    def check_schema(self, schema, value, at, problems):
        """The part of JSON Schema that a description of an API needs."""
        schema = self.resolve(schema)
        if schema is True or schema == {}:
            return
        if "anyOf" in schema or "oneOf" in schema:
            tries = []
            for one in schema.get("anyOf", schema.get("oneOf")):
                found = []
                self.check_schema(one, value, at, found)
                tries.append(found)
            if all(tries):
                problems.append(f"{at}: fits none of {len(tries)}: {tries[0][:2]}")
            return
        for one in schema.get("allOf", []):
            self.check_schema(one, value, at, problems)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        is_type = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

        def fits(t):
            if t == "integer":
                return isinstance(value, int) and not isinstance(value, bool)
            if t == "number":
                return isinstance(value, (int, float)) and not isinstance(value, bool)
            return isinstance(value, is_type[t])

        if types and not any(fits(t) for t in types):
            problems.append(f"{at}: {json.dumps(value)[:60]} is not {types}")
            return
        if "enum" in schema and value not in schema["enum"]:
            problems.append(f"{at}: {value!r} is not among {schema['enum']}")
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for name in schema.get("required", []):
                if name not in value:
                    problems.append(f"{at}/{name} is missing")
            for name, one in value.items():
                if name in properties:
                    self.check_schema(properties[name], one, f"{at}/{name}", problems)
                elif schema.get("additionalProperties") is False:
                    problems.append(f"{at}/{name} is not described")
                elif isinstance(schema.get("additionalProperties"), dict):
                    self.check_schema(schema["additionalProperties"], one, f"{at}/{name}", problems)
        if isinstance(value, list) and "items" in schema:
            for i, one in enumerate(value):
                self.check_schema(schema["items"], one, f"{at}/{i}", problems)
        if isinstance(value, str) and schema.get("format") == "uuid":
            try:
                uuid.UUID(value)
            except ValueError:
                problems.append(f"{at}: {value!r} is no uuid")

    def examples(self, media):
        if "example" in media:
            yield "example", media["example"]
        for name, example in media.get("examples", {}).items():
            yield name, self.resolve(example).get("value")

    def test_every_example_of_a_request_answers_as_documented(self):
        executed = 0
        for method, path, operation in self.operations():
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                for name, example in self.examples(media):
                    with self.subTest(f"{method} {path} {name}"):
                        user = self.user(role="admin") if path.startswith(FOR_ADMINS) else self.user()
                        id_ = self.subject_for(path, user)
                        text = json.dumps(example)
                        if kind.startswith("multipart/"):
                            parts = [(k, "example.csv" if k == "file" else None, v if isinstance(v, str) else json.dumps(v))
                                     for k, v in example.items()]
                            body, kind_ = multipart(parts)
                        elif "json" in kind:
                            body, kind_ = self.with_real_ids(text, user).encode(), kind
                        else:
                            body, kind_ = (example if isinstance(example, str) else text).encode(), kind
                        answer = user.request(method, self.fill(path, id_), body=body, headers={"Content-Type": kind_})
                        self.assertLess(answer.status, 300, f"sent {body[:300]!r}, got {answer}")
                        self.assertIn(str(answer.status), operation["responses"])
                        self.check_answer(operation, answer)
                        executed += 1
        self.assertGreater(executed, 0, "the document has examples")

    def schedule(self, user):
        answer = user.post("/api/v2/schedules", {"name": "n", "cron": "@yearly", "job": {"type": "export"}})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def subject_for(self, path, user):
        """An object that the route can act on."""
        if "/datasets/" in path:
            return self.completed_import(user)["id"]
        if path.endswith("/retry"):
            return self.failed_import(user)
        if "/jobs/" in path:
            return self.external(user)
        if "/schedules/" in path:
            return self.schedule(user)["id"]
        if "/webhooks/" in path:
            return user.post("/api/v2/webhooks", {"url": "https://93.184.216.34/x", "types": ["job.*"]}).json()["id"]
        if "/workers/" in path:
            return user.post("/api/v2/workers", {"name": "w", "kinds": [{"name": "example", "type": "export"}]}).json()["worker_id"]
        if "/users/" in path:
            user.get("/api/v2/me")  # one who comes with a token is known from then on
            return user.user
        if "{name}" in path:
            return "example"
        if "{filename}" in path:
            return "example.csv"
        return self.external(user)

    def with_real_ids(self, text, user):
        """Ids inside of examples name objects that do not exist here: a dataset of the user takes their place."""
        found = re.findall(r'"(related_dataset_id|dataset_id|file_id)": ?"([0-9a-f-]{36})"', text)
        if found:
            made = self.completed_import(user)
            for field, value in found:
                text = text.replace(value, made.get("file_id" if field == "file_id" else "id"))
        return text

    def test_examples_of_answers_fit_their_schema(self):
        for method, path, operation in self.operations():
            for status, reply in operation["responses"].items():
                for kind, media in self.resolve(reply).get("content", {}).items():
                    for name, example in self.examples(media):
                        if "schema" in media and "json" in kind:
                            with self.subTest(f"{method} {path} {status} {name}"):
                                problems = []
                                self.check_schema(media["schema"], example, "", problems)
                                self.assertEqual([], problems)
