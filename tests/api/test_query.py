"""SQL over datasets: only reading, only one's own, within limits."""

import csv as csv_
import io
import uuid

from support.case import ApiCase


class Query(ApiCase):
    settings = {"MILLRACE_API_QUERY_TIME": "2s"}

    def query(self, sql, client=None, **more):
        return (client or self.me).post("/api/v2/datasets/query", {"sql": sql, **more})

    def orders(self, client=None, rows=1000):
        name = f"orders-{uuid.uuid4().hex[:8]}.csv"
        content = "sku,town,amount,day\r\n" + "".join(f"s{i},{'Delft' if i % 2 else 'Gouda'},{i}.25,2024-01-{i % 28 + 1:02}\r\n" for i in range(rows))
        return self.completed_import(client=client, content=content.encode(), filename=name)

    def test_datasets_are_tables_under_their_id_name_and_stem(self):
        made = self.orders()
        for name in (made["id"], made["name"], made["name"].removesuffix(".csv")):
            with self.subTest(name):
                answer = self.query(f'SELECT town, count(*) AS orders, sum(amount) AS total FROM "{name}" WHERE day >= \'2024-01-01\' GROUP BY town ORDER BY town')
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json()["items"], [{"town": "Delft", "orders": 500, "total": 250125}, {"town": "Gouda", "orders": 500, "total": 249625}])
                self.assertEqual([c["name"] for c in answer.json()["columns"]], ["town", "orders", "total"])

    def test_the_result_is_cut_at_the_limit_and_says_so(self):
        made = self.orders()
        answer = self.query(f'SELECT sku FROM "{made["id"]}"', limit=3).json()
        self.assertEqual((answer["items"], answer["row_count"], answer["truncated"]), ([{"sku": "s0"}, {"sku": "s1"}, {"sku": "s2"}], 3, True))
        answer = self.query(f'SELECT sku, amount, NULL AS none_given, \'a "b", c\' AS odd FROM "{made["id"]}" LIMIT 2', format="csv")
        self.assertTrue(answer.header("Content-Type").startswith("text/csv"), answer)
        self.assertEqual(answer.header("Result-Truncated"), "false")
        self.assertEqual(list(csv_.reader(io.StringIO(answer.text))), [["sku", "amount", "none_given", "odd"], ["s0", "0.25", "", 'a "b", c'], ["s1", "1.25", "", 'a "b", c']])

    def test_only_ones_own_datasets_are_there(self):
        made = self.orders(client=self.user())
        for name in (made["id"], made["name"]):
            answer = self.query(f'SELECT * FROM "{name}"')
            self.assert_problem(answer, 422, "invalid_sql")
            self.assertEqual(answer.json()["detail"].replace(name, "X"), self.query(f'SELECT * FROM "{(other := uuid.uuid4().hex)}"').json()["detail"].replace(other, "X"))

    def test_nothing_can_be_changed_or_reached(self):
        made = self.orders()
        for sql in (f'DELETE FROM "{made["id"]}"', "ATTACH '/etc/passwd' AS p", "PRAGMA database_list", "SELECT load_extension('x')", "SELECT * FROM sqlite_master",
                    "CREATE TABLE x(y)", "SELECT 1; SELECT 2", "VACUUM INTO '/tmp/x'", "SELECT readfile('/etc/passwd')", ""):
            with self.subTest(sql):
                self.assert_problem(self.query(sql), 422, "invalid_sql")
        self.assertIn("line 1, column 8", self.query("SELECT nothere").json()["detail"])

    def test_a_query_that_takes_too_long_or_too_much_is_stopped(self):
        self.assert_problem(self.query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"), 422, "query_limits")
        self.assert_problem(self.query("WITH RECURSIVE c(x, y) AS (SELECT 1, hex(zeroblob(2000000)) UNION ALL SELECT x + 1, hex(zeroblob(2000000)) FROM c WHERE x < 60) "
                                       "SELECT y FROM c"), 422, "query_limits")
        self.assertEqual(self.query("SELECT 1 AS one").json()["items"], [{"one": 1}])

    def test_a_body_that_is_no_query_is_refused(self):
        for body in ({}, {"sql": 1}, {"sql": "SELECT 1", "limit": 0}, {"sql": "SELECT 1", "limit": 10001}, {"sql": "SELECT 1", "format": "xml"}, {"sql": "SELECT 1", "other": 1}):
            with self.subTest(body):
                self.assert_problem(self.me.post("/api/v2/datasets/query", body), 422, "invalid_fields")
