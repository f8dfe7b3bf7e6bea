"""Deaths and stops: kill -9, SIGTERM, leases, several servers and workers on one database."""

import concurrent.futures
import http.client
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import uuid

from support.case import ApiCase, csv
from support.client import Client
from support.server import Server, postgres

SHORT = {"MILLRACE_JOBS_HEARTBEAT": "200ms", "MILLRACE_JOBS_LEASE": "1s"}


class Killed(ApiCase):
    own_server = True

    def test_what_was_answered_survives_a_kill(self):
        server = self.start()
        me = server.client()
        made = [self.completed_import(me) for _ in range(5)]
        job = self.external(me)
        server.restart(kill=True)
        for dataset in made:
            self.assertEqual(me.job(dataset["job_id"])["state"], "completed")
            self.assertEqual(me.get("/api/v2/datasets/" + dataset["id"]).status, 200)
        self.assertEqual(me.job(job)["state"], "queued")
        self.assertEqual(len(me.active()), 6)

    def test_a_key_is_remembered_across_a_kill(self):
        server = self.start()
        me, content, key = server.client(), csv(), {"Idempotency-Key": uuid.uuid4().hex}
        first = me.upload(content, headers=key)
        self.assertEqual(first.status, 201)
        server.restart(kill=True)
        again = me.upload(content, headers=key)
        self.assertEqual((again.status, again.json()["job_id"]), (201, first.json()["job_id"]), again)
        self.assert_problem(me.upload(csv(), headers=key), 422, "idempotency_mismatch")
        self.assertEqual(len(me.active()), 1)

    def test_a_key_of_an_upload_that_died_names_one_job(self):
        """Killed at every point of an upload: the repeat with the same key ends as one dataset and one job."""
        for point in ("intake.begin", "intake.received", "intake.accept", "blob.written", "blob.renamed", "import.stored",
                      "import.finish"):
            with self.subTest(point):
                server = self.start({**SHORT, "MILLRACE_FAILPOINT": f"{point}:kill@1"})
                me, content, key = server.client(), csv(), {"Idempotency-Key": "k"}
                try:
                    answer = me.upload(content, headers=key, timeout=10)
                except (OSError, Exception) as e:  # the connection breaks in one of many ways
                    answer = None
                server.wait(10)
                server.env.pop("MILLRACE_FAILPOINT")
                server.start()
                again = self.eventually(lambda: (a := me.upload(content, headers=key)).status in (201, 409) and a, what="the repeat ends")
                self.assertEqual(again.status, 201, again)
                if answer is not None:
                    self.assertEqual(answer.json()["job_id"], again.json()["job_id"])
                done = [j for j in me.get("/api/v2/jobs").json()["items"] if j["state"] == "completed"]
                self.assertEqual([j["id"] for j in done], [again.json()["job_id"]])
                unfinished = [j for j in me.active() if j["status"] == "running"]
                self.assertEqual(unfinished, [])
                server.remove()

    def test_an_accepted_job_is_finished_after_the_restart(self):
        env, holder = self.holds(["import.parsed"])
        server = self.start({**env, **SHORT})
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.parsed")
        server.kill()
        server.env.pop("MILLRACE_FAILPOINT")
        started = time.monotonic()
        server.start()
        job = me.wait_job(job_id, timeout=20)
        self.assert_job(job)
        self.assertEqual(job["state"], "completed")
        self.assertLess(time.monotonic() - started, 15)
        self.assertGreaterEqual(job["attempt"], 1)

    def test_progress_does_not_fall_when_a_job_runs_again(self):
        env, holder = self.holds(["import.written"])
        server = self.start({**env, **SHORT})
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.written")
        self.assertEqual(me.job(job_id)["progress"], 90)
        server.kill()
        env2, second = self.holds(["import.format_check"])
        server.env.update(env2)
        server.start()
        second.wait_held("import.format_check")
        self.assertEqual(me.job(job_id)["progress"], 90, "a retry shows the larger of old and new")
        second.release_all()
        self.assertEqual(me.wait_job(job_id)["progress"], 100)

    def test_an_upload_whose_bytes_were_arriving_fails_visibly(self):
        server = self.start(SHORT)
        me = server.client()
        raw = self.raw(server)
        raw.send(f"POST /api/v2/imports/files/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {me.token}\r\n"
                 "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
                 "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cut.csv\"\r\n\r\na,b\r\n1,2\r\n")
        [job] = self.eventually(me.active, what="the job of the upload")
        server.restart(kill=True)
        ended = me.wait_job(job["id"], timeout=30)
        self.assertEqual((ended["state"], ended["error_code"]), ("failed", "upload_aborted"))


class KilledEmbedded(ApiCase):
    """A SQLite directory has one owner: whoever starts on it knows that the one before is gone."""

    only = ("sqlite",)
    own_server = True

    def test_jobs_of_the_only_server_run_at_once_after_its_restart(self):
        env, holder = self.holds(["import.parsed"])
        server = self.start(env)  # the default lease of 20 s
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.parsed")
        server.kill()
        server.env.pop("MILLRACE_FAILPOINT")
        server.start()
        started = time.monotonic()
        self.assertEqual(me.wait_job(job_id, timeout=15)["state"], "completed")
        self.assertLess(time.monotonic() - started, 8, "no lease is waited for")

    def test_five_deaths_of_the_server_do_not_poison_a_job(self):
        """A restart of the server itself never counts as a crash of the job."""
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        job_id = me.upload_async(csv())
        for _ in range(6):
            holder.wait_held("import.stored")
            server.kill()
            os.remove(holder.path("import.stored") + ".held")
            server.start()
        holder.release_all()
        self.assertEqual(me.wait_job(job_id)["state"], "completed")


class Stopped(ApiCase):
    own_server = True

    def test_sigterm_ends_with_0_and_quickly(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            server.client().upload(csv())
            started = time.monotonic()
            server.process.send_signal(sig)
            self.assertIn(server.wait(15), (0, 130))
            self.assertLess(time.monotonic() - started, 8)

    def test_a_running_job_is_handed_back_without_counting_an_attempt(self):
        env, holder = self.holds(["import.stored"])
        server = self.start({**env, "MILLRACE_SHUTDOWN_GRACE": "500ms"})
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.stored")
        self.assertEqual(me.job(job_id)["attempt"], 1)
        server.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: not self.answers(server), what="the port is closed")
        holder.release_all()
        server.wait(20)
        server.env.pop("MILLRACE_FAILPOINT")
        server.start()
        job = me.wait_job(job_id, timeout=10)
        self.assertEqual((job["state"], job["attempt"]), ("completed", 1), "the attempt that was handed back does not count")

    def answers(self, server):
        try:
            return server.anonymous().get("/healthz", timeout=2).status == 200
        except OSError:
            return False

    def test_a_job_may_finish_within_the_grace(self):
        env, holder = self.holds(["import.stored"])
        server = self.start({**env, "MILLRACE_SHUTDOWN_GRACE": "10s"})
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.stored")
        server.process.send_signal(signal.SIGTERM)
        holder.release_all()
        self.assertEqual(server.wait(20), 0)
        server.env.pop("MILLRACE_FAILPOINT")
        server.start()
        job = me.wait_job(job_id)
        self.assertEqual((job["state"], job["attempt"]), ("completed", 1))

    def test_a_second_signal_ends_at_once(self):
        env, holder = self.holds(["import.stored"])
        server = self.start({**env, "MILLRACE_SHUTDOWN_GRACE": "60s"})
        job_id = server.client().upload_async(csv())
        holder.wait_held("import.stored")
        server.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: not self.answers(server), what="the first signal is seen")
        server.process.send_signal(signal.SIGTERM)
        server.wait(10)

    def test_a_request_on_its_way_is_answered(self):
        env, holder = self.holds(["import.stored"])
        server = self.start(env)
        me = server.client()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(me.upload, csv())
            holder.wait_held("import.stored")
            server.process.send_signal(signal.SIGTERM)
            holder.release_all()
            answer = waiting.result(20)
        self.assertIn(answer.status, (201, 202), answer)
        self.assertEqual(server.wait(20), 0)

    def test_sighup_ends_in_order_like_sigterm(self):
        server = self.start()
        made = self.completed_import(me := server.client())
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.wait(15), 0)
        server.start()
        self.assertEqual(me.job(made["job_id"])["state"], "completed")


class Hangup(ApiCase):
    own_server = True

    def test_sighup_of_a_tls_server_reads_its_certificate_anew(self):
        directory = tempfile.mkdtemp(prefix="millrace-tls-")
        self.addCleanup(shutil.rmtree, directory)
        certificate, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")

        def make(name):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", f"/CN={name}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
            return ssl.PEM_cert_to_DER_cert(open(certificate).read())

        def served():
            return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((server.host, server.port)))

        first = make("first")
        server = self.start({"MILLRACE_HTTP_TLS_CERTIFICATE": certificate, "MILLRACE_HTTP_TLS_KEY": key})
        self.assertEqual(served(), first)
        second = make("second")
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: served() == second, what="the new certificate is served")
        with open(certificate, "w") as f:
            f.write("damaged")
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: "certificate kept" in server.log(), what="the damaged one is reported")
        self.assertEqual(served(), second)


class Several(ApiCase):
    """Two servers and a worker on one PostgreSQL."""
    only = ("postgres",)
    own_server = True

    def start_one(self, role, url, data_dir, env=None):
        server = Server("postgres", role=role, database_url=url, data_dir=data_dir, env={**SHORT, **(env or {})})
        self.servers.append(server)
        return server.start()

    def setUp(self):
        super().setUp()
        self.url = postgres().create_database()
        first = Server("postgres", database_url=self.url)  # makes the directory that all share
        self.servers.append(first)
        self.directory = first.data_dir

    def test_a_job_of_one_server_is_run_by_the_worker_and_seen_by_the_other(self):
        one, two = (self.start_one("serve", self.url, self.directory) for _ in range(2))
        self.start_one("worker", self.url, self.directory)
        me = one.client()
        there = Client(two, me.token)
        reader = there.stream()
        self.addCleanup(reader.close)
        self.assertEqual(reader.next().type, "snapshot")
        made = me.upload(csv())
        self.assertEqual(made.status, 201, made)
        self.assertEqual(there.job(made.json()["job_id"])["state"], "completed")
        reader.until(lambda e: e.json().get("state") == "completed" and e.json()["id"] == made.json()["job_id"])
        self.assertEqual([j["id"] for j in there.active()], [made.json()["job_id"]])

    def test_a_stream_moves_from_one_server_to_the_other(self):
        one, two = (self.start_one("serve", self.url, self.directory) for _ in range(2))
        me = one.client()
        there = Client(two, me.token)
        reader = me.stream()
        self.addCleanup(reader.close)
        start = reader.next().id
        jobs = [self.external(me if i % 2 else there) for i in range(10)]
        seen = [e for e in reader.until(lambda e: jobs[-1] in e.data) if e.id]
        again = there.stream(headers={"Last-Event-ID": start})
        self.addCleanup(again.close)
        got = [e for e in again.until(lambda e: jobs[-1] in e.data) if e.id]
        self.assertEqual([(e.id, e.data) for e in got], [(e.id, e.data) for e in seen])
        self.assertEqual([e.json()["id"] for e in got], jobs)

    def test_each_job_runs_once_though_all_compete(self):
        servers = [self.start_one("all", self.url, self.directory) for _ in range(3)]
        clients = [Client(servers[i % 3], servers[0].client("ann").token) for i in range(30)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = list(pool.map(lambda c: c.upload_async(csv()), clients))
        for job_id in jobs:
            job = clients[0].wait_job(job_id, timeout=30)
            self.assertEqual((job["state"], job["attempt"]), ("completed", 1), job)
        datasets = clients[0].get("/api/v2/datasets?limit=100").json()["items"]
        self.assertEqual(len(datasets), 30)

    def test_a_dead_worker_loses_its_job_to_another_after_the_lease(self):
        env, holder = self.holds(["import.parsed"])
        server = self.start_one("serve", self.url, self.directory)
        worker = self.start_one("worker", self.url, self.directory, env)
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.parsed")
        worker.kill()
        self.start_one("worker", self.url, self.directory)
        job = me.wait_job(job_id, timeout=20)
        self.assertEqual(job["state"], "completed")
        self.assertGreaterEqual(job["attempt"], 2)

    def test_a_worker_that_slept_too_long_changes_nothing(self):
        env, holder = self.holds(["import.parsed"])
        server = self.start_one("serve", self.url, self.directory)
        zombie = self.start_one("worker", self.url, self.directory, env)
        me = server.client()
        job_id = me.upload_async(csv())
        holder.wait_held("import.parsed")
        zombie.process.send_signal(signal.SIGSTOP)
        self.start_one("worker", self.url, self.directory)
        done = me.wait_job(job_id, timeout=20)
        self.assertEqual(done["state"], "completed")
        holder.release_all()
        zombie.process.send_signal(signal.SIGCONT)
        zombie.stop()
        after = me.job(job_id)
        self.assertEqual({**after, "links": None}, {**done, "links": None}, "completed is final")
        self.assertEqual(len(me.get("/api/v2/datasets").json()["items"]), 1)

    def test_five_lost_leases_end_a_job_as_worker_crashed(self):
        server = self.start_one("serve", self.url, self.directory)
        me = server.client()
        poison, deaths = me.upload_async(csv(), "poison.csv"), 0
        while me.job(poison)["state"] != "failed":
            worker = self.start_one("worker", self.url, self.directory, {"MILLRACE_FAILPOINT": "import.parsed:kill"})
            self.eventually(lambda: not worker.alive() or me.job(poison)["state"] == "failed", timeout=20, what="the worker died")
            deaths += not worker.alive()
            worker.kill()
            self.assertLessEqual(deaths, 6, "the job is tried for ever")
        job = me.job(poison)
        self.assert_job(job)
        self.assertEqual((job["error_code"], deaths), ("worker_crashed", 5))
        self.start_one("worker", self.url, self.directory)
        self.assertEqual(me.upload(csv()).status, 201, "others go on")
        self.report(poison, "retry", client=me)
        self.assertEqual(me.wait_job(poison, states=("completed",))["progress"], 100, "a person may ask again")

    def test_with_the_default_lease_a_job_is_claimable_within_30_seconds(self):
        none = {"MILLRACE_JOBS_HEARTBEAT": None, "MILLRACE_JOBS_LEASE": None}
        env, holder = self.holds(["import.parsed"])
        server = self.start_one("serve", self.url, self.directory, none)
        worker = self.start_one("worker", self.url, self.directory, {**env, **none})
        job_id = (me := server.client()).upload_async(csv())
        holder.wait_held("import.parsed")
        self.start_one("worker", self.url, self.directory, none)
        worker.kill()
        self.assertEqual(me.wait_job(job_id, timeout=32)["state"], "completed")

    def test_a_repeat_whose_first_server_died_is_not_dropped(self):
        """The first server took the key and died with the bytes; nobody knows that yet when the repeat brings them again."""
        for prefer in ("respond-async", "wait=20"):
            with self.subTest(prefer):
                long = {"MILLRACE_JOBS_LEASE": "8s"}
                url = postgres().create_database()
                dying = self.start_one("serve", url, self.directory, {**long, "MILLRACE_FAILPOINT": "intake.received:kill"})
                other = self.start_one("all", url, self.directory, long)
                me, content, key = dying.client(), csv(), {"Idempotency-Key": "k", "Prefer": prefer}
                try:
                    me.upload(content, headers=key)
                    self.fail("the first server should have died")
                except (OSError, http.client.HTTPException):
                    pass
                there = Client(other, me.token)
                answer = there.upload(content, headers=key, timeout=60)
                self.assertIn(answer.status, (201, 202), answer)
                job = there.wait_job(answer.json()["job_id"], timeout=30)
                self.assertEqual((job["state"], job["error_code"]), ("completed", None))
                self.assertEqual(len(there.get("/api/v2/datasets").json()["items"]), 1)

    def test_a_key_is_shared_between_servers(self):
        one, two = (self.start_one("all", self.url, self.directory) for _ in range(2))
        me = one.client()
        there, content, key = Client(two, me.token), csv(), {"Idempotency-Key": "k"}
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda c: c.upload(content, headers=key), [me, there] * 3))
        self.assertTrue({a.status for a in answers} <= {201, 202}, answers)
        self.assertEqual(len({a.json()["job_id"] for a in answers}), 1)

    def test_a_ticket_of_one_server_opens_one_stream_anywhere(self):
        one, two = (self.start_one("serve", self.url, self.directory) for _ in range(2))
        me = one.client()
        ticket = me.post("/api/v2/stream-tickets", {}).json()["ticket"]
        statuses = []
        for server in (two, one):
            reader = server.anonymous().stream("/api/v2/jobs/stream?ticket=" + ticket)
            self.addCleanup(reader.close)
            statuses.append(reader.status)
        self.assertEqual(statuses, [200, 401])


class Database(ApiCase):
    """PostgreSQL stops and comes back under a running server."""
    only = ("postgres",)
    own_server = True

    def test_the_server_survives_a_restart_of_the_database(self):
        from support.pg import PgServer
        with PgServer() as pg:
            server = Server("postgres", database_url=pg.create_database(), env=SHORT)
            self.servers.append(server)
            server.start()
            me = server.client()
            made = me.upload(csv())
            self.assertEqual(made.status, 201)
            pg.stop("immediate")
            answer = me.get("/api/v2/jobs")
            self.assertEqual(answer.status, 503, answer)
            self.assertTrue(answer.header("Retry-After"))
            self.assertEqual(server.anonymous().get("/healthz").status, 200)
            self.assertEqual(server.anonymous().get("/readyz").status, 503)
            self.assertEqual(me.upload(csv()).status, 503, "refused, not half taken")
            pg.start()
            self.eventually(lambda: server.anonymous().get("/readyz").status == 200, what="ready again")
            self.eventually(lambda: me.get("/api/v2/jobs").status == 200, what="reads are served again")
            self.eventually(lambda: me.upload(csv()).status == 201, timeout=30, what="uploads are taken again")
            self.assertEqual(me.job(made.json()["job_id"])["state"], "completed")
            server.stop()

    def test_sessions_that_are_cut_every_moment_lose_nothing(self):
        server = self.start(SHORT)
        me = server.client()
        from support.pg import psql
        accepted = []
        for _ in range(20):
            psql(server.database_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                      "WHERE datname = current_database() AND pid <> pg_backend_pid()")
            answer = me.upload(csv())
            self.assertIn(answer.status, (201, 202, 503), answer)
            if answer.status != 503:
                accepted.append(answer.json()["job_id"])
        self.assertTrue(accepted)
        for job_id in accepted:
            self.eventually(lambda: me.get("/api/v2/jobs/" + job_id).status == 200, what="reads again")
            self.assertEqual(me.wait_job(job_id, timeout=30)["state"], "completed")
