"""What people accept is remembered: the next file with such columns maps itself."""

import uuid

from support.case import ApiCase
from support.client import multipart

PATH = "/api/v2/mappings"
TARGET = b"sku,name\nX9,Thing\nX8,Other\n"


class Mappings(ApiCase):
    def setUp(self):
        super().setUp()
        self.me = self.user()
        # Nobody has ever seen such columns.
        self.columns = [f"zq{uuid.uuid4().hex[:10]}" for _ in range(2)]

    def keep(self, content, filename):
        body, content_type = multipart([("file", filename, content, "text/csv")])
        return self.me.request("POST", "/api/v1/files", body=body, headers={"Content-Type": content_type}).json()["id"]

    def mapped(self):
        source = self.keep((",".join(self.columns) + "\n1,2\n").encode(), "s.csv")
        job = self.me.post("/api/v1/jobs/mapping", {"input_file_id": source, "reference_file_id": self.keep(TARGET, "t.csv")}).json()["job_id"]
        done = self.eventually(lambda: (j := self.me.get(f"/api/v1/jobs/{job}").json())["is_active"] is False and j, what="end of the job")
        self.assertEqual(done["status"], "completed", done)
        return done

    def applied(self):
        return {e["source"]: (e["target"], e["provenance"]) for e in self.mapped()["result"]["mapping"]}

    def accept(self, **body):
        answer = self.me.post(PATH, body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["learnt"]

    def remembered(self, client=None):
        return (client or self.me).get(f"{PATH}?source={self.columns[0].upper()}").json()["items"]

    def test_what_was_accepted_is_applied_to_the_next_file(self):
        first, second = self.columns
        self.assertEqual(self.applied(), {})
        self.assertEqual(self.accept(choices=[{"source": first, "target": "name"}, {"source": second, "target": None}]), 2)
        self.assertEqual(self.applied(), {first: ("name", "history")})
        self.assertEqual(self.remembered(), [{"source": first, "target": "name", "times": 1}])

    def test_a_correction_counts_from_then_on(self):
        for target in ("name", "name", "sku"):
            self.accept(choices=[{"source": self.columns[0], "target": target}])
        self.assertEqual(self.applied()[self.columns[0]], ("sku", "history"))

    def test_a_column_may_go_to_another_field_of_another_target(self):
        for target in ("sku", "a field of another target"):
            self.accept(choices=[{"source": self.columns[0], "target": target}])
        self.assertEqual(self.applied(), {self.columns[0]: ("sku", "history")})

    def test_a_template_that_a_person_fills_in_teaches_what_it_does(self):
        job = self.mapped()
        spec = {"spec": 1, "fields": [{"target": "sku", "from": [self.columns[1]]}]}
        self.assertEqual(self.me.patch(f"/api/v2/templates/{job['template_id']}", {"spec": spec}).status, 200)
        self.assertEqual(self.applied(), {self.columns[1]: ("sku", "history")})

    def test_a_template_is_accepted_as_it_is_and_a_choice_beside_it_counts_more(self):
        spec = {"spec": 1, "fields": [{"target": t, "from": [c]} for t, c in zip(("sku", "name"), self.columns)]}
        template = self.me.post("/api/v2/templates", {"name": "T", "spec": spec}).json()["id"]
        self.assertEqual(self.applied(), {})
        self.assertEqual(self.accept(template_id=template, choices=[{"source": self.columns[1], "target": None}]), 2)
        self.assertEqual(self.applied(), {self.columns[0]: ("sku", "history")})

    def test_others_learn_from_it_until_they_choose_for_themselves(self):
        self.accept(choices=[{"source": self.columns[0], "target": "name"}])
        other = self.user()
        self.assertEqual([r["target"] for r in self.remembered(other)], ["name"])
        self.assertEqual(other.post(PATH, {"choices": [{"source": self.columns[0], "target": "sku"}]}).status, 200)
        self.assertEqual([r["target"] for r in self.remembered(other)], ["sku", "name"])
        self.assertEqual([r["target"] for r in self.remembered()], ["name", "sku"])

    def test_what_is_wrong_is_said(self):
        for body in ({}, {"choices": []}, {"choices": [{"target": "sku"}]}, {"choices": [{"source": "--"}]}, {"choices": [{"source": "a", "target": ""}]},
                     {"choices": [{"source": "a"}] * 1001}, {"colour": 1}):
            with self.subTest(str(body)[:60]):
                self.assert_problem(self.me.post(PATH, body), 422, "invalid_fields")
        self.assert_problem(self.me.get(PATH), 400, "invalid_parameter")
        foreign = self.user().post("/api/v2/templates", {"name": "T", "spec": {"spec": 1, "fields": [{"target": "a", "from": ["b"]}]}}).json()["id"]
        for template in (foreign, str(uuid.uuid4())):
            self.assert_problem(self.me.post(PATH, {"template_id": template}), 404, "not_found")
