"""millrace_enqueue(): a job as a part of somebody's own transaction on PostgreSQL."""

from support.case import ApiCase
from support.pg import psql


class Enqueue(ApiCase):
    only = ("postgres",)

    def sql(self, text):
        return psql(self.server.database_url, text)

    def call(self, **more):
        me = self.me.get("/api/v2/me").json()["id"]
        extra = "".join(f", {k} => {v}" for k, v in more.items())
        return f"""millrace_enqueue('bulk', '{{"action": "acknowledge", "filter": "state:failed"}}', '{me}'{extra})"""

    def test_the_job_runs_after_the_commit_and_counts(self):
        [[job]] = self.sql(f"SELECT {self.call(priority=3)}")
        ended = self.me.wait_job(job)
        self.assert_job(ended)
        self.assertEqual((ended["state"], ended["priority"], ended["queue"]), ("completed", 3, "default"))
        [[negative]] = self.sql("SELECT count(*) FROM (SELECT sum(number) AS n FROM job_count GROUP BY state) s WHERE n < 0")
        self.assertEqual(int(negative), 0)

    def test_what_is_rolled_back_was_never_there(self):
        before = len(self.me.get("/api/v2/jobs").json()["items"])
        self.sql(f"BEGIN; SELECT {self.call()}; ROLLBACK")
        self.assertEqual(len(self.me.get("/api/v2/jobs").json()["items"]), before)

    def test_a_time_in_the_future_schedules_it(self):
        [[job]] = self.sql(f"SELECT {self.call(run_at=chr(39) + '2100-01-01' + chr(39), queue=chr(39) + 'nights' + chr(39))}")
        seen = self.me.job(job)
        self.assertEqual((seen["state"], seen["queue"], seen["run_at"]), ("scheduled", "nights", "2100-01-01T00:00:00.000Z"))
        self.report(job, "cancel")

    def test_an_unknown_user_is_refused(self):
        with self.assertRaises(Exception):
            self.sql("SELECT millrace_enqueue('bulk', '{}', '00000000-0000-0000-0000-000000000001')")


class Retention(ApiCase):
    settings = {"MILLRACE_JOBS_RETENTION": "2s"}

    def test_what_ended_long_ago_is_removed_and_what_runs_stays(self):
        running, ended = self.external(), self.external()
        self.report(ended, "complete")
        self.eventually(lambda: self.me.get(f"/api/v2/jobs/{ended}").status == 404, timeout=20, what="the old job is gone")
        self.assertEqual(self.me.get(f"/api/v2/jobs/{running}").status, 200)


class RetentionBySize(ApiCase):
    settings = {"MILLRACE_JOBS_RETENTION_BYTES": "1KiB", "MILLRACE_JOBS_ACTIVE_COMPLETED": "2s"}

    def test_above_the_size_what_has_ended_is_removed_and_what_runs_stays(self):
        running, ended = self.external(), self.external()
        self.report(ended, "complete")
        self.eventually(lambda: self.me.get(f"/api/v2/jobs/{ended}").status == 404, timeout=20, what="the ended job is gone")
        self.assertEqual(self.me.get(f"/api/v2/jobs/{running}").status, 200)
