"""Schedules: what they may be, who sees them, and that each slot becomes one job, whoever dies."""

import datetime
import time
import uuid

from support.case import ApiCase
from support.server import Server, postgres

BASE = "/api/v2/schedules"
FIELDS = "id name cron zone catch_up enabled job next_at last_at version created_by created_at updated_at links".split()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Schedules(ApiCase):
    def body(self, **more):
        return {"name": "Nightly", "cron": "30 2 * * *", "zone": "Europe/Amsterdam", "job": {"type": "validation"}, **more}

    def create(self, client=None, **more):
        answer = (client or self.me).post(BASE, self.body(**more))
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def refused(self, body, method="POST", path=BASE):
        """The pointers of what is wrong, with their codes and texts."""
        answer = self.me.request(method, path, json=body)
        doc = self.assert_problem(answer, 422, "invalid_fields")
        return {e["pointer"]: (e["code"], e["detail"]) for e in doc["errors"]}

    def jobs_of(self, schedule, client=None):
        answer = (client or self.me).get(f"/api/v2/jobs?limit=1000&filter=schedule_id:{schedule['id']}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["items"]


    def slots(self, schedule, client=None):
        return sorted(j["job_metadata"]["scheduled_for"] for j in self.jobs_of(schedule, client))

    def check_slots(self, slots, first=None):
        """Each second once, none left out."""
        self.assertEqual(len(slots), len(set(slots)), slots)
        seconds = [instant(s) for s in slots]
        self.assertEqual([(b - a).total_seconds() for a, b in zip(seconds, seconds[1:])], [1.0] * (len(slots) - 1), slots)
        if first:
            self.assertEqual(slots[0], first)


class Creating(Schedules):
    def test_a_schedule_has_its_fields_and_a_next_time(self):
        answer = self.me.post(BASE, self.body(job={"type": "validation", "priority": 5, "queue": "night", "tags": ["a"],
                                                   "input": {"depth": 1}, "job_metadata": {"filename": "x.csv"}}))
        self.assertEqual(answer.status, 201, answer)
        made = answer.json()
        self.assertEqual(answer.header("Location"), f"{BASE}/{made['id']}")
        self.assertEqual(sorted(made), sorted(FIELDS))
        self.assertEqual((made["catch_up"], made["enabled"], made["version"], made["last_at"]), ("last", True, 1, None))
        self.assertEqual(made["created_by"], self.me.user)
        self.assertIn(instant(made["next_at"]).strftime("%H:%M"), ("00:30", "01:30", "01:00"))
        self.assertEqual(made["job"]["kind"], "external")
        read = self.me.get(f"{BASE}/{made['id']}")
        self.assertEqual((read.status, read.json(), read.header("ETag")), (200, made, answer.header("ETag")))
        self.assertEqual(self.me.get(f"{BASE}/{made['id']}", headers={"If-None-Match": read.header("ETag")}).status, 304)

    def test_one_that_is_off_has_no_next_time_until_it_is_on(self):
        made = self.create(enabled=False)
        self.assertIsNone(made["next_at"])
        on = self.me.patch(f"{BASE}/{made['id']}", {"enabled": True}).json()
        self.assertIsNotNone(on["next_at"])
        self.assertIsNone(self.me.patch(f"{BASE}/{made['id']}", {"enabled": False}).json()["next_at"])

    def test_all_problems_are_named_at_once(self):
        issues = self.refused({"name": " ", "cron": "0 25 * * *", "zone": "Europe/Amsterdm",
                               "job": {"queue": "a b", "priority": 5000, "tags": [""], "retry": {"base_ms": -1}}})
        self.assertEqual({p: c for p, (c, _) in issues.items() if not p.startswith("/job/retry")},
                         {"/name": "invalid_value", "/cron": "invalid_cron", "/zone": "unknown_time_zone",
                          "/job/queue": "invalid_value", "/job/priority": "out_of_range"})
        self.assertTrue([p for p in issues if p.startswith("/job/retry")], issues)
        self.assertIn("hour, position 3: 25 is out of range; allowed: 0-23", issues["/cron"][1])
        self.assertIn('did you mean "Europe/Amsterdam"?', issues["/zone"][1])

    def test_what_is_missing_or_unknown_is_named(self):
        self.assertEqual(set(self.refused({})), {"/name", "/cron", "/job"})
        self.assertEqual(set(self.refused(self.body(colour="red", job={"type": "import", "run_at": 1}))), {"/colour", "/job/run_at"})
        self.assertEqual(set(self.refused(self.body(catch_up="some"))), {"/catch_up"})
        self.assertEqual(set(self.refused(self.body(job={"kind": "no-such-kind"}))), {"/job/kind"})
        self.assertEqual(set(self.refused(self.body(job={"type": "odd"}))), {"/job/type"})
        self.assertEqual(set(self.refused(self.body(job={"input": {}}))), {"/job/type"})
        self.assertEqual(set(self.refused(self.body(job={"type": "export", "tags": [""]}))), {"/job/tags"})
        self.assertEqual(set(self.refused(self.body(job={"kind": "import", "input": {"file_id": str(uuid.uuid4())}}))),
                         {"/job/input/file_id"})

    def test_a_cron_expression_that_never_fires_is_refused(self):
        code, detail = self.refused(self.body(cron="0 0 30 2 *"))["/cron"]
        self.assertEqual(code, "cron_never_fires")
        self.assertIn("0 0 30 2 *", detail)

    def test_bad_cron_expressions_name_field_and_position(self):
        for cron, where in {"61 * * * *": "minute, position 1", "* * * * mon#9": "day of week, position 13",
                            "* * *": "expression, position 6", "@often": "macro, position 1", "0 0 * foo *": "month, position 7",
                            "* * * * * * *": "expression, position 13", "@every 1s1s": "interval, position 11"}.items():
            with self.subTest(cron):
                self.assertIn(where, self.refused(self.body(cron=cron))["/cron"][1])

    def test_errors_speak_the_language_of_the_reader(self):
        answer = self.me.post(BASE, self.body(cron="x"), headers={"Accept-Language": "nl"})
        self.assertIn("cron-uitdrukking", answer.json()["errors"][0]["detail"])

    def test_the_same_request_with_a_key_makes_one_schedule(self):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first, again = self.me.post(BASE, self.body(), headers=key), self.me.post(BASE, self.body(), headers=key)
        self.assertEqual((again.status, again.json()["id"]), (201, first.json()["id"]), again)
        self.assert_problem(self.me.post(BASE, self.body(name="b"), headers=key), 422, "idempotency_mismatch")


class Reading(Schedules):
    def test_lists_are_sorted_filtered_and_paged(self):
        me = self.user()
        made = [self.create(me, name=n, zone=z) for n, z in (("b", "UTC"), ("c", "UTC"), ("a", "Asia/Tokyo"))]
        names = lambda query: [s["name"] for s in me.get(f"{BASE}?{query}").json()["items"]]
        self.assertEqual(names(""), ["a", "c", "b"])
        self.assertEqual(names("sort=name"), ["a", "b", "c"])
        self.assertEqual(names("filter=zone:UTC&sort=-name"), ["c", "b"])
        self.assertEqual(names("filter=name:~B"), ["b"])
        page = me.get(f"{BASE}?limit=2").json()
        rest = me.get(f"{BASE}?limit=2&cursor={page['next_cursor']}").json()
        self.assertEqual([s["id"] for s in page["items"] + rest["items"]], [s["id"] for s in made[::-1]])
        self.assertIsNone(rest["next_cursor"])

    def test_the_next_times_show_both_clocks(self):
        made = self.create(cron="0 12 * * *", zone="Asia/Kathmandu")
        items = self.me.get(f"{BASE}/{made['id']}/next").json()["items"]
        self.assertEqual(len(items), 5)
        self.assertEqual(items[0]["at"], made["next_at"])
        for item in items:
            self.assertTrue(item["at"].endswith("T06:15:00.000Z"), item)
            self.assertTrue(item["local"].endswith("T12:00:00+05:45"), item)
        self.assertEqual(len(self.me.get(f"{BASE}/{made['id']}/next?count=30").json()["items"]), 30)
        for count in ("0", "101", "x", "-1"):
            self.assert_problem(self.me.get(f"{BASE}/{made['id']}/next?count={count}"), 400, "invalid_parameter")

    def test_a_preview_shows_times_and_keeps_nothing(self):
        me = self.user()
        answer = me.post(f"{BASE}/preview", {"cron": "0 9 * * mon#1", "zone": "America/New_York", "count": 3})
        self.assertEqual(answer.status, 200, answer)
        for item in answer.json()["items"]:
            local = datetime.datetime.fromisoformat(item["local"])
            self.assertEqual((local.weekday(), local.hour, local.day <= 7), (0, 9, True), item)
            self.assertEqual(local, instant(item["at"]))
        every = me.post(f"{BASE}/preview", {"cron": "@every 90s"}).json()["items"]
        self.assertEqual((instant(every[4]["at"]) - instant(every[0]["at"])).total_seconds(), 360)
        self.assertEqual(me.get(BASE).json()["items"], [])

    def test_a_bad_preview_names_what_is_wrong(self):
        self.assertEqual(set(self.refused({"cron": "x", "zone": "y", "count": 0}, path=f"{BASE}/preview")), {"/cron", "/zone", "/count"})
        self.assertEqual(set(self.refused({}, path=f"{BASE}/preview")), {"/cron"})
        self.assertEqual(self.refused({"cron": "0 0 31 4 *"}, path=f"{BASE}/preview")["/cron"][0], "cron_never_fires")

    def test_links_lead_somewhere(self):
        links = self.create()["links"]
        self.assertEqual(self.me.get(links["self"]).status, 200)
        self.assertEqual(self.me.get(links["next"]).status, 200)
        self.assertEqual(self.me.post(links["run"]).status, 201)


class Changing(Schedules):
    def test_a_change_keeps_what_it_does_not_name(self):
        made = self.create()
        answer = self.me.patch(f"{BASE}/{made['id']}", {"name": "Other", "catch_up": "all"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json(), {**made, "name": "Other", "catch_up": "all", "version": 2, "updated_at": answer.json()["updated_at"]})
        moved = self.me.patch(f"{BASE}/{made['id']}", {"cron": "0 4 1 1 *", "job": {"type": "export", "priority": 3}}).json()
        self.assertEqual(moved["job"]["type"], "export")
        self.assertTrue(moved["next_at"].endswith("-01-01T03:00:00.000Z"), moved)

    def test_a_change_of_an_older_version_is_412(self):
        made = self.create()
        path = f"{BASE}/{made['id']}"
        old = self.me.get(path).header("ETag")
        new = self.me.patch(path, {"name": "b"}, headers={"If-Match": old})
        self.assertEqual(new.status, 200, new)
        for stale in (old, '"x"', 'W/' + new.header("ETag"), '""', "2", '"1-x", "3-x"'):
            self.assert_problem(self.me.patch(path, {"name": "c"}, headers={"If-Match": stale}), 412, "precondition_failed")
            self.assert_problem(self.me.delete(path, headers={"If-Match": stale}), 412, "precondition_failed")
        self.assertEqual(self.me.get(path).json()["name"], "b")
        self.assertEqual(self.me.patch(path, {"name": "d"}, headers={"If-Match": '"9-x", ' + new.header("ETag")}).status, 200)
        self.assertEqual(self.me.patch(path, {"name": "e"}, headers={"If-Match": "*"}).status, 200)
        self.assertEqual(self.me.patch(path, {"name": "f"}).json()["version"], 5)

    def test_a_bad_change_changes_nothing(self):
        made = self.create()
        path = f"{BASE}/{made['id']}"
        self.assertEqual(set(self.refused({"cron": "0 0 31 2 *", "job": {"type": "x"}}, "PATCH", path)), {"/cron", "/job/type"})
        self.assertEqual(set(self.refused({"name": ""}, "PATCH", path)), {"/name"})
        self.assertEqual(self.me.get(path).json(), made)

    def test_a_deleted_schedule_is_gone_and_its_jobs_stay(self):
        made = self.create()
        job = self.me.post(f"{BASE}/{made['id']}/run").json()["id"]
        self.assertEqual(self.me.delete(f"{BASE}/{made['id']}").status, 204)
        for answer in (self.me.get(f"{BASE}/{made['id']}"), self.me.delete(f"{BASE}/{made['id']}"),
                       self.me.post(f"{BASE}/{made['id']}/run"), self.me.patch(f"{BASE}/{made['id']}", {})):
            self.assert_problem(answer, 404, "not_found")
        self.assertEqual(self.me.job(job)["state"], "queued")

    def test_a_run_now_is_a_job_of_the_template(self):
        made = self.create(enabled=False, job={"type": "processing", "queue": "night", "priority": 7,
                                               "job_metadata": {"filename": "stock.csv", "supplier_id": "s1"}})
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.me.post(f"{BASE}/{made['id']}/run", headers=key)
        self.assertEqual(answer.status, 201, answer)
        job = answer.json()
        self.assertEqual(job["id"], job["job_id"])
        self.assertEqual(answer.header("Location"), f"/api/v2/jobs/{job['id']}")
        self.assert_job(self.me.job(job["id"]))
        self.assertEqual((job["type"], job["kind"], job["queue"], job["priority"], job["state"]), ("processing", "external", "night", 7, "queued"))
        self.assertEqual(job["schedule_id"], made["id"])
        self.assertEqual(job["job_metadata"]["filename"], "stock.csv")
        self.assertNotIn("scheduled_for", job["job_metadata"])
        self.assertEqual(self.me.post(f"{BASE}/{made['id']}/run", headers=key).json()["id"], job["id"])
        self.assertNotEqual(self.me.post(f"{BASE}/{made['id']}/run").json()["id"], job["id"])

    def test_changes_are_events(self):
        me = self.user()
        reader = self.stream(me, "/api/v2/events/stream?topics=schedule")
        self.assertEqual(reader.next().type, "snapshot")
        made = self.create(me, cron="* * * * * *")
        fired = reader.until(lambda e: e.type == "schedule.fired")[-1].json()
        self.assertEqual((fired["id"], fired["version"]), (made["id"], 1))
        self.assertGreater(fired["next_at"], fired["last_at"])
        me.patch(f"{BASE}/{made['id']}", {"name": "b"})
        self.assertEqual(reader.until(lambda e: e.type == "schedule.updated")[-1].json()["name"], "b")
        me.delete(f"{BASE}/{made['id']}")
        reader.until(lambda e: e.type == "schedule.deleted")


class Isolation(Schedules):
    def setUp(self):
        super().setUp()
        self.ann, self.bob = self.user(), self.user()

    def test_nobody_sees_or_touches_the_schedule_of_another(self):
        made = self.create(self.ann)
        path = f"{BASE}/{made['id']}"
        self.assertEqual(self.bob.get(BASE).json()["items"], [])
        self.assertNotIn(made["id"], self.bob.get("/api/v2/events?since=0").text)
        unknown = self.bob.get(f"{BASE}/{uuid.uuid4()}")
        self.assert_problem(unknown, 404, "not_found")
        for answer in (self.bob.get(path), self.bob.get(path + "/next"), self.bob.patch(path, {"name": "mine"}), self.bob.delete(path),
                       self.bob.post(path + "/run"), self.bob.patch(path, {"cron": "x"}), self.bob.delete(path, headers={"If-Match": '"1"'})):
            self.assertEqual((answer.status, answer.body), (404, unknown.body))
        self.assertEqual(self.ann.get(path).json(), made)

    def test_a_scope_beyond_own_is_for_administrators(self):
        made = self.create(self.ann)
        self.assert_problem(self.bob.get(f"{BASE}?scope=all"), 403, "forbidden")
        admin = self.server.client(role="admin")
        self.assertEqual(admin.get(f"{BASE}/{made['id']}").status, 404)
        self.assertEqual(admin.get(f"{BASE}/{made['id']}?scope=all").json(), made)
        job = admin.post(f"{BASE}/{made['id']}/run?scope=all").json()
        self.assertEqual(job["created_by"], self.ann.user, "the job belongs to whom the schedule belongs to")
        self.assertEqual(admin.patch(f"{BASE}/{made['id']}?scope=all", {"enabled": False}).json()["created_by"], self.ann.user)

    def test_the_file_of_another_cannot_be_imported_on_a_schedule(self):
        file = self.ann.upload(b"a,b\n1,2\n" + uuid.uuid4().hex.encode() + b",3\n").json()["file_id"]
        body = self.body(job={"kind": "import", "input": {"file_id": file}})
        self.assertEqual(self.ann.post(BASE, body).status, 201)
        self.assertEqual(self.bob.post(BASE, body).json()["errors"][0]["pointer"], "/job/input/file_id")

    def test_a_key_of_another_user_opens_nothing(self):
        key = {"Idempotency-Key": "the same key"}
        first, second = (c.post(BASE, self.body(), headers=key).json()["id"] for c in (self.ann, self.bob))
        self.assertNotEqual(first, second)


class Firing(Schedules):
    def test_every_slot_becomes_one_job(self):
        me = self.user()
        made = self.create(me, cron="* * * * * *", job={"type": "export", "tags": ["t"]})
        self.eventually(lambda: len(self.jobs_of(made, me)) >= 3)
        after = me.patch(f"{BASE}/{made['id']}", {"enabled": False}).json()
        self.check_slots(self.slots(made, me), made["next_at"])
        self.assertEqual(self.slots(made, me)[-1], after["last_at"])
        job = self.jobs_of(made, me)[0]
        self.assert_job(me.job(job["id"]))
        self.assertEqual((job["tags"], job["type"], job["schedule_id"]), (["t"], "export", made["id"]))

    def test_with_a_unique_key_a_slot_is_left_out_while_a_job_has_not_ended(self):
        me = self.user()
        made = self.create(me, cron="* * * * * *", catch_up="all", job={"type": "export", "unique_key": "one at a time"})
        first = self.eventually(lambda: self.jobs_of(made, me))[0]
        began = time.time()
        self.eventually(lambda: instant(me.get(f"{BASE}/{made['id']}").json()["next_at"]).timestamp() > began + 3)
        self.assertEqual([j["id"] for j in self.jobs_of(made, me)], [first["id"]])
        refused = self.assert_problem(me.post(f"{BASE}/{made['id']}/run"), 409, "job_exists")
        self.assertEqual(refused["job_id"], first["id"])
        self.report(first["id"], "complete", client=me)
        self.eventually(lambda: len(self.jobs_of(made, me)) == 2)
        me.patch(f"{BASE}/{made['id']}", {"enabled": False})
        self.assertGreaterEqual((instant(self.slots(made, me)[1]) - instant(self.slots(made, me)[0])).total_seconds(), 3)

    def test_a_schedule_that_fires_can_still_be_saved(self):
        me = self.user()
        made = self.create(me, cron="* * * * * *")
        etag = me.get(f"{BASE}/{made['id']}").header("ETag")
        self.eventually(lambda: me.get(f"{BASE}/{made['id']}").json()["last_at"])
        now = me.get(f"{BASE}/{made['id']}")
        self.assertNotEqual(now.header("ETag"), etag, "the answer differs, so does its tag")
        self.assertEqual(me.patch(f"{BASE}/{made['id']}", {"enabled": False}, headers={"If-Match": etag}).status, 200)


class Servers(Schedules):
    own_server = True

    def test_slots_missed_while_no_server_ran_are_caught_up(self):
        server = self.start()
        me = server.client()
        made = {c: self.create(me, cron="* * * * * *", catch_up=c) for c in ("none", "last", "all")}
        self.eventually(lambda: all(self.jobs_of(s, me) for s in made.values()))
        server.kill()
        down = time.time()
        self.eventually(lambda: time.time() > down + 3.2)
        server.start()
        up = time.time()
        self.eventually(lambda: max(instant(s).timestamp() for s in self.slots(made["all"], me)) > up + 1)
        for schedule in made.values():
            me.patch(f"{BASE}/{schedule['id']}", {"enabled": False})
        self.check_slots(self.slots(made["all"], me), made["all"]["next_at"])
        last = [instant(s).timestamp() for s in self.slots(made["last"], me)]
        self.assertEqual(len(set(last)), len(last))
        longest = max(b - a for a, b in zip(last, last[1:]))
        self.assertGreaterEqual(longest, 3, "what was missed is one slot")

    def test_killed_while_firing_each_slot_is_still_one_job(self):
        for point in ("schedule.fire", "storage.commit.before", "storage.commit.after"):
            with self.subTest(point):
                server = self.start()
                me = server.client()
                made = self.create(me, cron="* * * * * *", catch_up="all")
                self.eventually(lambda: self.jobs_of(made, me))
                server.kill()
                server.env["MILLRACE_FAILPOINT"] = point + (":kill@6" if point.startswith("storage") else ":kill@3")
                server.spawn()
                server.wait(20)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                had = len(self.jobs_of(made, me))
                self.eventually(lambda: len(self.jobs_of(made, me)) > had)
                me.patch(f"{BASE}/{made['id']}", {"enabled": False})
                self.check_slots(self.slots(made, me), made["next_at"])


class Several(Schedules):
    only = ("postgres",)  # SQLite has one process
    own_server = True

    def test_of_several_servers_one_fires_each_slot(self):
        url = postgres().create_database()
        servers = [self.start(database_url=url, role=role) for role in ("all", "all", "serve")]
        me = servers[0].client()
        made = [self.create(me, cron="* * * * * *", name=str(i), catch_up="all") for i in range(5)]
        self.eventually(lambda: all(len(self.jobs_of(s, me)) >= 4 for s in made), timeout=30)
        servers[1].kill()
        had = len(self.jobs_of(made[0], me))
        self.eventually(lambda: len(self.jobs_of(made[0], me)) > had + 2)
        for schedule in made:
            me.patch(f"{BASE}/{schedule['id']}", {"enabled": False})
        for schedule in made:
            self.check_slots(self.slots(schedule, me), schedule["next_at"])

    def test_a_server_that_only_works_fires_too(self):
        url = postgres().create_database()
        server = self.start(database_url=url, role="serve")
        me = server.client()
        made = self.create(me, cron="* * * * * *", catch_up="all")
        worker = Server(self.store, role="worker", database_url=url)
        self.servers.append(worker)
        worker.spawn()
        self.eventually(lambda: self.jobs_of(made, me))
        server.kill()
        down = time.time()
        self.eventually(lambda: time.time() > down + 2.5)
        up = time.time()
        server.start()
        made_at = [instant(j["created_at"]).timestamp() for j in self.jobs_of(made, me)]
        self.assertTrue([at for at in made_at if down < at < up], "jobs were made while the API was down")
