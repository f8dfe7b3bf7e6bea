"""Templates: mappings that are kept, with every version of each; the same under v1 and v2."""

import uuid

from support.case import ApiCase

SPEC = {"spec": 1, "fields": [{"target": "sku", "from": ["Art.-Nr."]}]}
OTHER = {"spec": 1, "fields": [{"target": "sku", "from": ["Artikel"]}]}
BASES = ("/api/v1/templates", "/api/v2/templates")


class Templates(ApiCase):
    def create(self, base=BASES[1], client=None, **more):
        answer = (client or self.me).post(base, {"name": "Prices", "spec": SPEC, **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_a_template_is_made_changed_and_removed(self):
        for base in BASES:
            with self.subTest(base):
                made = self.create(base, description="monthly")
                self.assertEqual((made["name"], made["version"], made["spec"], made["created_by"]), ("Prices", 1, SPEC, self.me.user))
                path = f"{base}/{made['id']}"
                self.assertEqual(self.me.get(path).json(), made)
                changed = self.me.patch(path, {"spec": OTHER}).json()
                self.assertEqual((changed["version"], changed["spec"], changed["description"]), (2, OTHER, "monthly"))
                self.assertNotEqual(changed["sha256"], made["sha256"])
                self.assertEqual([v["version"] for v in self.me.get(path + "/versions").json()["items"]], [2, 1])
                self.assertEqual(self.me.get(path + "/versions/1").json(), {"version": 1, "spec": SPEC})
                self.assert_problem(self.me.get(path + "/versions/3"), 404, "not_found")
                self.assertEqual(self.me.delete(path).status, 204)
                self.assert_problem(self.me.get(path), 404, "not_found")

    def test_the_same_spec_has_the_same_hash_whatever_its_order(self):
        a = self.create(spec={"spec": 1, "fields": [{"target": "sku", "from": ["a"]}]})
        b = self.create(spec={"fields": [{"from": ["a"], "target": "sku"}], "spec": 1})
        self.assertEqual(a["sha256"], b["sha256"])

    def test_two_editors_do_not_overwrite_each_other(self):
        made = self.me.post(BASES[1], {"name": "Prices", "spec": SPEC})
        path, seen = f"{BASES[1]}/{made.json()['id']}", made.header("ETag")
        self.assertEqual(self.me.patch(path, {"name": "A"}, headers={"If-Match": seen}).status, 200)
        self.assert_problem(self.me.patch(path, {"name": "B"}, headers={"If-Match": seen}), 412, "precondition_failed")
        self.assertEqual(self.me.get(path).json()["name"], "A")

    def test_what_is_wrong_is_said(self):
        for body in ({"name": "x"}, {"name": " ", "spec": SPEC}, {"name": "x", "spec": {"spec": 1, "fields": [{"target": "sku", "steps": [{"op": "trimm"}], "from": ["a"]}]}}):
            with self.subTest(body):
                self.assert_problem(self.me.post(BASES[1], body), 422, "invalid_fields")
        self.assert_problem(self.me.post(BASES[1], {"name": "x", "spec": SPEC, "colour": 1}), 422, "invalid_fields")
        self.assertEqual(self.me.post(BASES[0], {"name": "x", "spec": SPEC, "colour": 1}).status, 201)

    def test_templates_of_others_are_unknown(self):
        made = self.create(client=self.user())
        for answer in (self.me.get(f"{BASES[1]}/{made['id']}"), self.me.get(f"{BASES[1]}/{uuid.uuid4()}")):
            self.assert_problem(answer, 404, "not_found")
        self.assertNotIn(made["id"], [t["id"] for t in self.me.get(BASES[1]).json()["items"]])
