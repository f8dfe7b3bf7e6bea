"""Health, metrics, the document of the API, settings, the command line, one owner of a data directory."""

import json
import os
import re
import signal
import subprocess

from support.case import ApiCase, csv
from support.server import BINARY, Server, run_binary


class Health(ApiCase):
    def test_health_and_readiness_are_open(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.server.anonymous().get(path).status, 200, path)

    def test_metrics_and_openapi_need_a_token_but_no_role(self):
        for path in ("/metrics", "/openapi.json"):
            self.assert_unauthorized(self.server.anonymous().get(path))
            self.assertEqual(self.me.get(path).status, 200, path)


class Reading:
    LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="[^"]*",?)+\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)$')

    def read(self):
        answer = self.me.get("/metrics")
        self.assertTrue(answer.header("Content-Type").startswith("text/plain"), answer.header("Content-Type"))
        values, types = {}, {}
        for line in answer.text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                types[name] = kind
            elif line and not line.startswith("#"):
                match = self.LINE.match(line)
                self.assertTrue(match, line)
                values.setdefault(match[1], {})[match[2] or ""] = float(match[3])
        return values, types


class Metrics(Reading, ApiCase):
    def test_the_seeds_names_are_there(self):
        self.me.get("/api/v2/jobs/active")
        values, types = self.read()
        self.assertEqual(types.get("jobs_active_count"), "gauge")
        self.assertEqual(types.get("jobs_active_endpoint_latency"), "histogram")
        self.assertIn("jobs_active_count", values)
        self.assertGreater(sum(values["jobs_active_endpoint_latency_count"].values()), 0)
        self.assertIn('{le="+Inf"}', values["jobs_active_endpoint_latency_bucket"])

    def test_names_and_labels_are_bounded(self):
        self.me.get("/nowhere/" + "x" * 50)
        self.me.upload(csv(), "canary-name.csv")
        text = self.me.get("/metrics").text
        for canary in ("canary-name", "nowhere", self.me.user, self.me.token):
            self.assertNotIn(canary, text)
        names = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        own = {n for n in names if not n.startswith(("millrace_", "process_", "jobs_active_"))}
        self.assertEqual(own, set())

    def test_requests_are_counted(self):
        self.me.get("/api/v2/jobs/active")
        values, _ = self.read()
        self.assertTrue([n for n in values if n.startswith("millrace_http")], sorted(values)[:40])


class ActiveGauge(Reading, ApiCase):
    own_server = True

    def test_the_gauge_follows_the_jobs(self):
        self.server = self.start()  # its own, so that the number is exact
        self.me = self.server.client()

        def active():
            return sum(self.read()[0]["jobs_active_count"].values())

        self.completed_import()
        jobs = [self.external() for _ in range(3)]
        self.eventually(lambda: active() == 3, what="three jobs")
        for job in jobs:
            self.report(job, "cancel")
        self.eventually(lambda: active() == 0, what="none")


class MetricsOpen(ApiCase):
    own_server = True

    def test_they_can_be_opened(self):
        server = self.start(args=["--metrics-open"])
        for path in ("/metrics", "/openapi.json"):
            self.assertEqual(server.anonymous().get(path).status, 200)
        self.assert_unauthorized(server.anonymous().get("/api/v2/jobs/active"))


class Settings(ApiCase):
    own_server = True

    def refused(self, status=None, **options):
        server = Server(self.store, **options)
        self.servers.append(server)
        server.spawn()
        code = server.wait(20)
        self.assertNotEqual(code, 0, server.log())
        if status is not None:
            self.assertEqual(code, status, server.log())
        return server.log()

    def test_a_setting_that_makes_no_sense_is_refused_by_its_name(self):
        for key, value in (("MILLRACE_JOBS_LEASE", "soon"), ("MILLRACE_JOBS_LEASE", "-1s"), ("MILLRACE_UPLOAD_MAX_BYTES", "many"),
                           ("MILLRACE_HTTP_HEAD_TIMEOUT", "1 fortnight"), ("MILLRACE_FAILPOINT", "no.such.point:kill"),
                           ("MILLRACE_FAILPOINT", "import.stored:explode")):
            with self.subTest(f"{key}={value}"):
                log = self.refused(env={key: value})
                name = key.removeprefix("MILLRACE_").lower()
                self.assertTrue(key in log or name.replace("_", ".", 1) in log, log)

    def test_an_unknown_flag_is_a_usage_error(self):
        self.refused(status=2, args=["--http-colour", "red"])

    def test_an_unknown_setting_in_the_environment_is_named(self):
        server = Server(self.store, env={"MILLRACE_HTTP_HEAD_TIMEOUTT": "5s"})
        self.servers.append(server)
        server.spawn()
        import time
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and "HEAD_TIMEOUTT" not in server.log():
            time.sleep(0.02)
        self.assertIn("HEAD_TIMEOUTT", server.log(), "a typo is not ignored in silence")

    def test_flags_win_over_the_environment(self):
        server = self.start({"MILLRACE_UPLOAD_MAX_BYTES": "1000000"}, args=["--upload-max-bytes", "50"])
        self.assert_problem(server.client().upload(csv()), 413, "payload_too_large")

    def test_the_port_file_is_written_and_loopback_is_the_default(self):
        server = self.start()
        with open(server.port_file) as f:
            self.assertEqual(int(f.read().strip().rsplit(":", 1)[-1]), server.port)

    def test_a_port_that_is_taken_is_refused_clearly(self):
        server = self.start()
        log = self.refused(listen=f"127.0.0.1:{server.port}")
        self.assertIn(str(server.port), log)


class Directory(ApiCase):
    own_server = True
    only = ("sqlite",)

    def test_a_second_process_on_the_directory_is_refused_and_says_why(self):
        server = self.start()
        for role in ("all", "serve", "worker"):
            second = Server("sqlite", role=role, data_dir=server.data_dir)
            self.servers.append(second)
            second.spawn()
            self.assertNotIn(second.wait(20), (0, None))
            self.assertIn(str(server.process.pid), second.log(), role)
        self.assertEqual(server.client().upload(csv()).status, 201)

    def test_the_directory_is_private(self):
        server = self.start()
        self.assertEqual(os.stat(server.data_dir).st_mode & 0o077, 0)

    def test_a_lock_of_a_dead_process_is_no_obstacle(self):
        server = self.start()
        server.restart(kill=True)
        self.assertEqual(server.client().upload(csv()).status, 201)

    def test_a_damaged_database_is_refused_clearly(self):
        from support import db
        server = self.start()
        server.client().upload(csv())
        server.stop()
        path = db.sqlite_path(server)
        with open(path, "r+b") as f:
            f.write(b"this is no database at all " * 10)
        server.spawn()
        self.assertNotEqual(server.wait(20), 0)
        self.assertTrue(server.log().strip())
        with open(path, "rb") as f:
            self.assertTrue(f.read(4) == b"this", "it is not written over")


class Schema(ApiCase):
    own_server = True

    def test_starting_again_changes_nothing(self):
        server = self.start()
        me = server.client()
        made = self.completed_import(me)
        for _ in range(3):
            server.restart()
        self.assertEqual(me.job(made["job_id"])["state"], "completed")

    def test_a_newer_schema_is_refused(self):
        import sqlite3
        from support import db
        from support.pg import psql
        server = self.start()
        server.stop()
        if self.store == "sqlite":
            connection = sqlite3.connect(db.sqlite_path(server))
            tables = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE '%schema%'")]
        else:
            tables = [r[0] for r in psql(server.database_url, "SELECT tablename FROM pg_tables WHERE tablename LIKE '%schema%' AND schemaname = current_schema()")]
        [table] = tables
        if self.store == "sqlite":
            columns = [r[1] for r in connection.execute(f"PRAGMA table_info({table})")]
            with connection:
                connection.execute(f"INSERT INTO {table} SELECT {', '.join('99999' if c == 'version' else c for c in columns)} FROM {table} ORDER BY version DESC LIMIT 1")
            connection.close()
        else:
            columns = [r[0] for r in psql(server.database_url, f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position")]
            psql(server.database_url, f"INSERT INTO {table} SELECT {', '.join('99999' if c == 'version' else c for c in columns)} FROM {table} ORDER BY version DESC LIMIT 1")
        server.spawn()
        self.assertNotEqual(server.wait(20), 0)
        self.assertIn("99999", server.log())


class CommandLine(ApiCase):
    only = ("sqlite",)
    own_server = True

    def test_help_and_version(self):
        for arguments in (["--help"], ["all", "--help"], ["serve", "--help"], ["worker", "--help"]):
            done = run_binary(*arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.strip())
        done = run_binary("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\d+\.\d+\.\d+")

    def test_usage_errors_are_2(self):
        for arguments in (["no-such-command"], ["serve", "--no-such-flag"], ["serve", "extra"]):
            done = run_binary(*arguments, env={"JWT_SECRET": "x" * 40}, timeout=20)
            self.assertEqual(done.returncode, 2, f"{arguments} {done.stdout} {done.stderr}")
            self.assertTrue(done.stderr.strip())


class ServeAndWorker(ApiCase):
    """Roles apart on PostgreSQL: serve takes uploads, worker runs them."""
    only = ("postgres",)
    own_server = True

    def test_serve_alone_accepts_and_a_worker_finishes(self):
        server = self.start(role="serve")
        me = server.client()
        job_id = me.upload_async(csv())
        self.assertEqual(me.job(job_id)["status"], "running")
        worker = Server("postgres", role="worker", database_url=server.database_url, data_dir=server.data_dir)
        self.servers.append(worker)
        worker.start()
        self.assertEqual(me.wait_job(job_id)["state"], "completed")
        self.assertEqual(worker.stop(), 0)
