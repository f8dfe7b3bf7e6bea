"""The windows of /active as they are by default: 5 minutes for completed jobs, 1 hour for failed and cancelled ones.

Nobody waits for an hour: the server is stopped, the times in its database are moved into the past, and it is started.
"""

from support import db
from support.case import ApiCase, csv


class DefaultWindows(ApiCase):
    own_server = True

    def test_five_minutes_and_one_hour(self):
        server = self.start()
        me = server.client()
        done = self.completed_import(me)["job_id"]
        failed = self.failed_import(me)
        cancelled, running = self.external(me), self.external(me)
        self.report(cancelled, "cancel", client=me)
        self.report(running, "start", client=me)

        def after(seconds):
            """What /active shows when everything happened this much earlier."""
            server.stop()
            db.move_jobs(server, seconds)
            server.start()
            return {j["id"] for j in me.active()}

        self.assertEqual(after(4 * 60), {done, failed, cancelled, running})
        self.assertEqual(after(2 * 60), {failed, cancelled, running})      # 6 minutes
        self.assertEqual(after(50 * 60), {failed, cancelled, running})     # 56 minutes
        self.assertEqual(after(6 * 60), {running})                         # 62 minutes
        self.assertEqual(after(24 * 3600), {running})                      # an import may take longer than an hour
