"""Versions of a dataset: made from files, never changed, with what is different and where they come from."""

import threading
import uuid

from support.case import ApiCase


def prices(rows, tag="p"):
    return ("sku,price\r\n" + "".join(f"{tag}-{i},{i}.50\r\n" for i in rows)).encode()


class DatasetVersions(ApiCase):
    def setUp(self):
        super().setUp()
        self.tag = uuid.uuid4().hex[:10]

    def rows(self, dataset):
        return self.me.get(f"/api/v2/datasets/{dataset['id']}/rows?limit=1000").json()["items"]

    def version(self, of, content, status=201, **params):
        answer = self.me.upload(content, "prices.csv", params={"version_of": of["id"], **params})
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def test_replace_append_and_upsert_make_versions_that_stay(self):
        first = self.completed_import(content=prices(range(4), self.tag))
        second = self.version(first, prices(range(4, 6), self.tag), mode="append")
        third = self.version(first, (f"sku,price\r\n{self.tag}-1,99.00\r\n{self.tag}-9,9.00\r\n").encode(), mode="upsert", key="sku")
        fourth = self.version(third, prices([7], self.tag))
        made = [first, second, third, fourth]
        self.assertEqual([d["row_count"] for d in made], [4, 6, 7, 1])
        self.assertEqual([len(self.rows(d)) for d in made], [4, 6, 7, 1])
        self.assertEqual([d["version"] for d in made], [1, 2, 3, 4])
        self.assertEqual([d["mode"] for d in made], ["import", "append", "upsert", "replace"])
        self.assertEqual({d["series_id"] for d in made}, {first["id"]})
        self.assertEqual([d["parent_id"] for d in made], [None, first["id"], second["id"], third["id"]])
        self.assertEqual((third["changes"]["rows_new"], third["changes"]["rows_kept"], third["changes"]["rows_replaced"]), (2, 5, 1))
        for d in made:
            self.assertEqual(d["rows_in"], d["row_count"] + d["rows_rejected"] + d["rows_reported"], d)
            listed = self.me.get(f"/api/v2/datasets/{d['id']}/versions").json()
            self.assertEqual([v["id"] for v in listed["items"]], [v["id"] for v in reversed(made)])
        self.assertEqual({r["sku"]: r["price"] for r in self.rows(third)}[f"{self.tag}-1"], 99)
        page = self.me.get(f"/api/v2/datasets/{first['id']}/versions?limit=3").json()
        rest = self.me.get(f"/api/v2/datasets/{first['id']}/versions?limit=3&cursor={page['next_cursor']}").json()
        self.assertEqual([v["version"] for v in page["items"] + rest["items"]], [4, 3, 2, 1])

    def test_a_stored_file_becomes_a_version_by_a_job(self):
        first = self.completed_import(content=prices(range(3), self.tag))
        other = self.completed_import(content=prices(range(3, 5), self.tag))
        path = f"/api/v2/datasets/{first['id']}/versions"
        accepted = self.me.post(path, {"file_id": other["file_id"], "mode": "append"})
        self.assertEqual(accepted.status, 202, accepted)
        job = self.me.wait_job(accepted.json()["job_id"])
        self.assertEqual(job["state"], "completed", job)
        made = self.me.get("/api/v2/datasets/" + job["related_dataset_id"]).json()
        self.assertEqual((made["version"], made["row_count"], made["name"]), (2, 5, first["name"]))
        again = self.me.post(path, {"file_id": other["file_id"], "mode": "append"}, headers={"Prefer": "wait=20"})
        self.assert_problem(again, 409, "duplicate")
        self.assertEqual(again.json()["existing_dataset_id"], made["id"])
        twice = self.me.post(path, {"file_id": other["file_id"], "mode": "append", "on_duplicate": "version"}, headers={"Prefer": "wait=20"})
        self.assertEqual((twice.status, twice.json()["row_count"]), (201, 7))

    def test_lineage_leads_back_to_the_files(self):
        first = self.completed_import(content=prices(range(3), self.tag))
        second = self.version(first, prices(range(3, 5), self.tag), mode="append")
        third = self.version(second, prices([9], self.tag))
        lineage = self.me.get(f"/api/v2/datasets/{second['id']}/lineage").json()
        self.assertEqual((lineage["file"]["id"], lineage["job"]["id"], lineage["job"]["state"]), (second["file_id"], second["job_id"], "completed"))
        self.assertEqual([p["dataset_id"] for p in lineage["parents"]], [first["id"]])
        self.assertEqual([c["dataset_id"] for c in lineage["children"]], [third["id"]])
        self.assertIsNone(lineage["mapping"])
        self.assertEqual(self.me.delete("/api/v2/datasets/" + first["id"]).status, 204)
        self.assertEqual(self.me.get(f"/api/v2/datasets/{second['id']}/lineage").json()["parents"], [])
        self.assertEqual(len(self.rows(second)), 5)

    def test_the_contract_of_a_dataset_is_kept_from_version_to_version(self):
        first = self.completed_import(content=prices(range(3), self.tag))
        second = self.version(first, (f"sku,price\r\n{self.tag}-7,cheap\r\n{self.tag}-8,8.50\r\n").encode(), mode="append", contract="discard_row")
        self.assertEqual((second["row_count"], second["rows_rejected"], second["contract"]), (4, 1, "discard_row"))
        self.assertEqual(second["changes"]["retyped"], [{"column": "price", "from": "decimal", "to": "text", "text": "cheap"}])
        self.assertIn("schema_drift", self.me.get(f"/api/v2/datasets/{second['id']}/rejects").text)
        third = self.version(second, (f"sku,price,stock\r\n{self.tag}-9,9.50,\r\n{self.tag}-10,9.50,5\r\n").encode(), mode="append")
        self.assertEqual((third["row_count"], third["rows_rejected"], third["changes"]["added"], third["columns"]), (5, 1, ["stock"], first["columns"]))
        frozen = self.version(third, (f"sku,stock\r\n{self.tag}-9,5\r\n").encode(), status=422, mode="append", contract="freeze")
        self.assertEqual(frozen["code"], "schema_drift")
        self.assertIn("stock", frozen["detail"])
        self.assertEqual(self.me.job(frozen["job_id"])["state"], "failed")

    def test_versions_made_at_the_same_time_all_come_to_be(self):
        first = self.completed_import(content=prices(range(3), self.tag))
        answers = []
        threads = [threading.Thread(target=lambda i=i: answers.append(self.me.upload(prices([100 + i], self.tag), "prices.csv", params={"version_of": first["id"], "mode": "append"})))
                   for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = [self.me.wait_job(a.json()["job_id"]) for a in answers]
        self.assertEqual({j["state"] for j in made}, {"completed"}, made)
        versions = self.me.get(f"/api/v2/datasets/{first['id']}/versions").json()["items"]
        self.assertEqual([(v["version"], v["row_count"]) for v in versions], [(5, 7), (4, 6), (3, 5), (2, 4), (1, 3)])

    def test_the_same_bytes_read_again_are_the_next_version(self):
        content = prices(range(3), self.tag)
        first = self.completed_import(content=content)
        self.assert_problem(self.me.upload(content, "prices.csv"), 409, "duplicate")
        second = self.me.upload(content, "prices.csv", params={"on_duplicate": "version"}).json()
        self.assertEqual((second["version"], second["series_id"], second["parent_id"], second["mode"]), (2, first["id"], first["id"], "import"))

    def test_options_that_do_not_go_together_are_refused(self):
        first = self.completed_import(content=prices(range(3), self.tag))
        path = f"/api/v2/datasets/{first['id']}/versions"
        for params, pointer in [({"mode": "append"}, "/mode"), ({"version_of": first["id"], "mode": "upsert"}, "/key"), ({"version_of": first["id"], "key": "sku"}, "/key"),
                                ({"version_of": first["id"], "mode": "import"}, "/mode"), ({"version_of": str(uuid.uuid4())}, "/version_of"),
                                ({"version_of": first["id"], "contract": "never"}, "/contract")]:
            with self.subTest(params):
                answer = self.me.upload(prices([1], uuid.uuid4().hex), "prices.csv", params=params)
                self.assert_problem(answer, 422, "invalid_fields")
                self.assertEqual([e["pointer"] for e in answer.json()["errors"]], [pointer])
        for body in ({}, {"file_id": str(uuid.uuid4())}, {"file_id": first["file_id"], "mode": "merge"}, {"file_id": first["file_id"], "other": 1}):
            with self.subTest(body):
                self.assert_problem(self.me.post(path, body), 422, "invalid_fields")
        stranger = self.user()
        for answer in (stranger.get(path), stranger.post(path, {"file_id": first["file_id"]}), stranger.get(f"/api/v2/datasets/{first['id']}/lineage")):
            self.assert_problem(answer, 404, "not_found")
        mine = stranger.upload(prices([1], uuid.uuid4().hex), "prices.csv", params={"version_of": first["id"]})
        self.assert_problem(mine, 422, "invalid_fields")
