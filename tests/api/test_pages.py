"""The dashboard's addresses, and rows from any place on."""

from support.case import ApiCase, csv


class Pages(ApiCase):
    def test_the_root_leads_to_the_dashboard_wherever_that_stands_outside(self):
        for path in ("/", "/ui"):
            answer = self.server.anonymous().get(path)
            self.assertEqual((302, "ui/"), (answer.status, answer.header("Location")), path)

    def test_pages_need_no_token_and_allow_no_inline_code(self):
        answer = self.server.anonymous().get("/ui/jobs/1")
        if answer.status == 404:
            self.skipTest("built without the dashboard")
        self.assertEqual("text/html; charset=utf-8", answer.header("Content-Type"))
        self.assertEqual("nosniff", answer.header("X-Content-Type-Options"))
        self.assertNotIn("unsafe", answer.header("Content-Security-Policy"))
        self.assertIn('<base href="../">', answer.text)

    def test_what_is_no_page_is_a_problem(self):
        for path in ("/nothing", "/api/nothing", "/api/v2/nothing"):
            self.assert_problem(self.server.anonymous().get(path), 404, "not_found")

    def test_only_the_widget_may_stand_in_a_frame_elsewhere(self):
        page, widget = (self.server.anonymous().get(path) for path in ("/ui/", "/ui/widget"))
        if page.status == 404:
            self.skipTest("built without the dashboard")
        self.assertTrue(page.header("Content-Security-Policy").endswith("frame-ancestors 'self'"))
        self.assertTrue(widget.header("Content-Security-Policy").endswith("frame-ancestors *"))


class RowsFromAnywhere(ApiCase):
    def test_an_offset_begins_at_a_row_and_its_cursor_goes_on(self):
        dataset = self.completed_import(content=csv(2500))["id"]
        path = f"/api/v2/datasets/{dataset}/rows?limit=2"

        first = self.me.get(path + "&offset=2100").json()
        second = self.me.get(f"{path}&cursor={first['next_cursor']}").json()

        self.assertEqual(["Product 2100", "Product 2101"], [row["name"] for row in first["items"]])
        self.assertEqual(["Product 2102", "Product 2103"], [row["name"] for row in second["items"]])
        self.assertEqual({"items": [], "next_cursor": None}, self.me.get(path + "&offset=99999").json())
        self.assert_problem(self.me.get(path + "&offset=-1"), 400, "invalid_parameter")
