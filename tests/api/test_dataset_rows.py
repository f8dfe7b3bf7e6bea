"""Rows of a dataset, filtered and sorted, page by page."""

import urllib.parse
import uuid

from support.case import ApiCase


def table(rows=3000):
    tag = uuid.uuid4().hex[:8]
    towns = ["Delft", "Gouda", "Breda", ""]
    return ("sku,town,unit price,day\r\n" + "".join(f"{tag}-{i:05},{towns[i % 4]},{i / 4:.2f},2024-{i % 12 + 1:02}-01\r\n" for i in range(rows))).encode()


class DatasetRows(ApiCase):
    def rows(self, dataset, **query):
        return self.me.get(f"/api/v2/datasets/{dataset['id']}/rows?" + urllib.parse.urlencode(query))

    def all_rows(self, dataset, **query):
        out = []
        for _ in range(200):
            page = self.rows(dataset, **query).json()
            out += page["items"]
            if page["next_cursor"] is None:
                return out
            query["cursor"] = page["next_cursor"]
        self.fail("the pages do not end")

    def test_filter_sort_and_columns_work_together(self):
        made = self.completed_import(content=table())
        want = [{"sku": r["sku"], "unit price": r["unit price"]} for r in
                sorted((r for r in self.all_rows(made, limit=1000) if r["town"] == "Gouda" and r["unit price"] < 100), key=lambda r: -r["unit price"])]
        self.assertEqual(len(want), 100)
        for limit in (7, 100, 1000):
            got = self.all_rows(made, filter='town:Gouda "unit price":<100', sort='-"unit price"', columns='sku,unit price', limit=limit)
            self.assertEqual(got, want)

    def test_every_row_is_met_once_whatever_the_size_of_a_page(self):
        made = self.completed_import(content=table())
        whole = [r["sku"] for r in self.all_rows(made, limit=1000)]
        self.assertEqual(len(set(whole)), 3000)
        for query in ({"limit": 333}, {"limit": 333, "sort": "sku"}):
            self.assertEqual([r["sku"] for r in self.all_rows(made, **query)], whole)
        self.assertEqual(sorted(r["sku"] for r in self.all_rows(made, limit=777, sort="-town,day")), whole)
        self.assertEqual(len(self.all_rows(made, filter="day:2024-03-01")), 250)
        self.assertEqual(self.rows(made, filter="town:Nowhere").json(), {"items": [], "next_cursor": None})

    def test_what_cannot_be_meant_is_refused_at_its_place(self):
        made = self.completed_import(content=table(10))
        for query in ({"filter": "twn:Delft"}, {"filter": "day:>yesterday"}, {"filter": "town:>5"}, {"sort": "nothing"}, {"columns": "sku,nothing"},
                      {"columns": "sku,sku"}, {"cursor": "AAAA"}, {"limit": 0}):
            with self.subTest(query):
                self.assert_problem(self.rows(made, **query), 400, "invalid_parameter")
        self.assertIn("did you mean", self.rows(made, filter="twn:Delft").text)
        page = self.rows(made, limit=2).json()
        self.assert_problem(self.rows(made, limit=2, sort="sku", cursor=page["next_cursor"]), 400, "invalid_parameter")

    def test_the_profile_says_what_columns_hold(self):
        content = "mail,iban,amount,site\r\n" + "".join(f"p{i}@example.org,NL91ABNA0417164300,\"€ {i},00\",https://example.org/{i}\r\n" for i in range(50))
        made = self.completed_import(content=(content + f"{uuid.uuid4().hex}@example.org,,,\r\n").encode())
        profile = {c["name"]: c for c in made["report"]["profile"]["columns"]}
        self.assertEqual([profile[n]["detected"][0]["detector"] for n in ("mail", "iban", "amount", "site")], ["email", "iban", "money", "url"])
        self.assertEqual((profile["iban"]["nulls"], profile["iban"]["distinct"]), (1, 1))
        self.assertEqual(profile["amount"]["patterns"][0], {"pattern": "a 99,99", "share": 0.8})
