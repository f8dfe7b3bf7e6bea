"""Commands that talk to a running server."""

import json
import os
import re
import subprocess
import time
import unittest
import uuid

from cli_case import BINARY, SANITIZED, CliCase, Terminal, environment
from support import tokens
from support.case import csv
from support.server import ROOT


class Remote(CliCase):
    def setUp(self):
        super().setUp()
        self.srv = self.server()
        self.user_id = str(uuid.uuid4())
        self.env = {"MILLRACE_URL": f"http://127.0.0.1:{self.srv.port}", "MILLRACE_TOKEN": tokens.token(self.user_id)}

    def lines(self, done):
        return [json.loads(line) for line in done.out.splitlines()]

    def import_one(self, name="a.csv", content=None, *options, status=0):
        self.file(name, content if content is not None else csv())
        return self.lines(self.expect(status, "import", "--json", *options, name, env=self.env))[0]


class Export(Remote):
    def test_a_dataset_becomes_a_file_by_a_job_that_is_shown(self):
        made = self.import_one("orders.csv", "code;prijs\n007;1.50\n0012;\n")
        done = self.expect(0, "export", made["dataset_id"], "-o", "out.json", env=self.env)
        self.assertEqual(json.loads(self.read("out.json")), [{"code": "007", "prijs": 1.5}, {"code": "0012", "prijs": None}])
        self.assertIn("out.json: 2 rows", done.err)
        self.assertIn("100%", done.err)
        self.assertEqual(done.out, "")
        done = self.expect(0, "export", made["dataset_id"], "--format", "csv", "-o", "-", "--progress", "none", env=self.env)
        self.assertEqual(done.out, "code,prijs\r\n007,1.50\r\n0012,\r\n")
        self.expect(0, "export", made["dataset_id"], "--to", "xlsx", env=self.env)
        self.assertTrue(self.read("orders.xlsx").startswith(b"PK"))
        done = self.expect(0, "export", made["dataset_id"], "-o", "p.ndjson.gz", "-O", "split_rows=1", "--json", env=self.env)
        self.assertEqual([p["rows"] for p in json.loads(done.out)["parts"]], [1, 1])
        self.assertTrue(self.read("p-0001.ndjson.gz") and self.read("p-0002.ndjson.gz"))

    def test_what_cannot_be_exported_has_a_status_of_its_own(self):
        made = self.import_one()
        self.expect(2, "export", made["dataset_id"], env=self.env)
        self.expect(2, "export", made["dataset_id"], "--to", "exe", env=self.env)
        self.expect(5, "export", str(uuid.uuid4()), "--to", "csv", env=self.env)
        self.expect(5, "export", made["dataset_id"], "--to", "csv", env={**self.env, "MILLRACE_TOKEN": tokens.token(str(uuid.uuid4()))})
        self.assertEqual(os.listdir(self.dir), ["a.csv"])


class Datasets(Remote):
    def test_versions_rows_and_queries_of_a_dataset(self):
        made = self.import_one("orders.csv", "sku,price\na,1.50\nb,2.00\n")
        second = self.import_one("more.csv", "sku,price\nb,9.00\nc,3.00\n", "--version-of", made["dataset_id"], "--mode", "upsert", "--key", "sku")
        listed = self.lines(self.expect(0, "datasets", "versions", "--json", made["dataset_id"], env=self.env))
        self.assertEqual([(d["id"], d["version"], d["row_count"]) for d in listed], [(second["dataset_id"], 2, 3), (made["dataset_id"], 1, 2)])
        rows = self.lines(self.expect(0, "datasets", "rows", "--json", "--filter", "price:>=2", "--sort", "-price", second["dataset_id"], env=self.env))
        self.assertEqual(rows, [{"sku": "b", "price": 9}, {"sku": "c", "price": 3}])
        lineage = json.loads(self.expect(0, "datasets", "lineage", second["dataset_id"], env=self.env).out)
        self.assertEqual([p["dataset_id"] for p in lineage["parents"]], [made["dataset_id"]])
        self.assertEqual(len(self.lines(self.expect(0, "datasets", "ls", "--json", env=self.env))), 2)
        done = self.expect(0, "query", f'SELECT sum(price) AS total FROM "{second["dataset_id"]}"', "--json", env=self.env)
        self.assertEqual(self.lines(done), [{"total": 13.5}])
        self.assertIn("no such table", self.expect(2, "query", "SELECT * FROM nothere", env=self.env).err)
        self.expect(0, "datasets", "rm", made["dataset_id"], env=self.env)
        self.expect(5, "datasets", "get", made["dataset_id"], env=self.env)


class Import(Remote):
    def test_files_become_datasets_with_an_account_of_their_rows(self):
        self.file("a.csv", csv(5))
        self.file("b é.csv", csv(7))
        done = self.expect(0, "import", "--json", "a.csv", "b é.csv", env=self.env)
        first, second = self.lines(done)
        self.assertEqual((first["file"], first["outcome"], first["rows_out"]), ("a.csv", "imported", 5))
        self.assertEqual((second["file"], second["rows_out"]), ("b é.csv", 7))
        dataset = self.srv.client(self.user_id).get("/api/v2/datasets/" + second["dataset_id"]).json()
        self.assertEqual(dataset["filename"], "b é.csv")

    def test_without_a_terminal_each_stage_is_a_line(self):
        self.file("a.csv", csv())
        done = self.expect(0, "import", "a.csv", env=self.env)
        stages = [line.split(": ", 1)[1] for line in done.err.splitlines() if line.startswith("a.csv: ")]
        percents = [int(s.split("%")[0]) for s in stages if "%" in s]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual(percents[-1], 100)
        for mark in (10, 20, 40, 70, 90):
            self.assertIn(mark, percents)
        self.assertNotIn("\x1b", done.err + done.out)
        self.assertIn("rows_out\t", done.out)

    def test_a_file_is_read_as_the_options_say(self):
        content = f"{uuid.uuid4().hex};x,y\n1;2,3\n"
        for more in ([], ["--supplier-id", "s"]):
            made = self.import_one("a.txt", content, "--delimiter", ",", "--no-header", "--on-duplicate", "version", *more)
            dataset = self.srv.client(self.user_id).get("/api/v2/datasets/" + made["dataset_id"]).json()
            self.assertEqual(([c["name"] for c in dataset["columns"]], dataset["row_count"]), (["column_1", "column_2"], 2))
        two = '{"a": [{"x": "%s"}, {"x": 2}], "b": [{"y": 3}]}' % uuid.uuid4().hex
        self.assertEqual(self.import_one("two.json", two, "--table", "2")["rows_out"], 1)
        self.assertEqual(self.import_one("two.json", two, "--table", "3", status=2)["error_code"], "invalid_parameter")

    def test_a_duplicate_is_status_6_unless_it_may_be_reused(self):
        content = csv()
        first = self.import_one("a.csv", content)
        again = self.import_one("b.csv", content, status=6)
        self.assertEqual((again["outcome"], again["dataset_id"]), ("duplicate", first["dataset_id"]))
        reused = self.import_one("c.csv", content, "--on-duplicate", "reuse")
        self.assertEqual(reused["dataset_id"], first["dataset_id"])

    def test_a_file_that_cannot_be_used_is_status_1_and_some_of_several_3(self):
        self.assertEqual(self.import_one("empty.csv", b"", status=1)["error_code"], "empty_file")
        self.file("good.csv", csv())
        done = self.expect(3, "import", "--json", "good.csv", "empty.csv", env=self.env)
        self.assertEqual([r["outcome"] for r in self.lines(done)], ["imported", "failed"])
        self.expect(5, "import", "missing.csv", env=self.env)

    def test_a_wrong_token_is_status_4_and_further_files_are_not_tried(self):
        for name in "abc":
            self.file(name, csv())
        done = self.expect(4, "import", "--json", "--parallel", "1", "a", "b", "c", env={**self.env, "MILLRACE_TOKEN": "wrong"})
        self.assertEqual([r["outcome"] for r in self.lines(done)], ["failed", "skipped", "skipped"])

    def test_a_supplier_is_kept_and_a_pipe_is_read(self):
        named = self.import_one("a.csv", None, "--supplier-id", "S-7")
        client = self.srv.client(self.user_id)
        self.assertEqual(client.get("/api/v2/datasets/" + named["dataset_id"]).json()["supplier_id"], "S-7")
        done = self.expect(0, "import", "--json", "-", env=self.env, input=csv(4))
        self.assertEqual(self.lines(done)[0]["rows_out"], 4)

    def test_a_large_file_is_not_held_in_memory(self):
        row = ("x" * 60 + ",1\n").encode()
        with open(self.path("big.csv"), "wb") as f:
            f.write(b"name,number\n")
            for _ in range(40):
                f.write(row * (1 << 14))
        process = subprocess.Popen([BINARY, "import", "--no-wait", "big.csv"], cwd=self.dir, env=environment(self.env, self.dir),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss, (400 if SANITIZED else 40) * 1024, "KiB")

    def test_the_server_of_a_data_directory_is_found_by_its_lock_file(self):
        self.file("a.csv", csv())
        env = {"MILLRACE_TOKEN": self.env["MILLRACE_TOKEN"]}
        done = self.expect(0, "import", "--json", "--data-dir", self.srv.data_dir, "a.csv", env=env)
        self.assertEqual(self.lines(done)[0]["outcome"], "imported")


class Interrupted(CliCase):
    def test_ctrl_c_leaves_the_job_running_and_says_how_to_follow_it(self):
        hold = os.path.join(self.dir, "gate")
        server = self.server(env={"MILLRACE_FAILPOINT": f"import.parsed:hold:{hold}"})
        user = str(uuid.uuid4())
        env = {"MILLRACE_URL": f"http://127.0.0.1:{server.port}", "MILLRACE_TOKEN": tokens.token(user)}
        self.file("a.csv", csv())
        terminal = Terminal(["import", "a.csv"], self.dir, env).until("stored")
        deadline = time.monotonic() + 20
        while not os.path.exists(hold + ".held") and time.monotonic() < deadline:
            time.sleep(0.01)
        terminal.send(b"\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertIn("millrace jobs wait ", terminal.text)
        job = terminal.text.split("millrace jobs wait ")[1].split()[0]
        self.assertEqual(self.expect(8, "jobs", "wait", job, "--timeout", "300ms", env=env).returncode, 8)
        open(hold, "w").close()
        self.expect(0, "jobs", "wait", job, "--timeout", "20s", env=env)
        self.expect(0, "jobs", "wait", job, env=env)  # it has finished before


class Restart(CliCase):
    def test_waiting_goes_on_across_a_crash_of_the_server(self):
        hold = os.path.join(self.dir, "gate")
        server = self.server(env={"MILLRACE_FAILPOINT": f"import.parsed:hold:{hold}"})
        client = server.client()
        job = client.upload_async(csv())
        deadline = time.monotonic() + 20
        while not os.path.exists(hold + ".held") and time.monotonic() < deadline:
            time.sleep(0.01)
        env = {"MILLRACE_URL": f"http://127.0.0.1:{server.port}", "MILLRACE_TOKEN": client.token}
        waiting = subprocess.Popen([BINARY, "jobs", "wait", job], cwd=self.dir, env=environment(env, self.dir), stderr=subprocess.PIPE, text=True)
        line = waiting.stderr.readline()  # of the snapshot: the stream is open
        server.listen, server.env = f"127.0.0.1:{server.port}", {}
        server.restart(kill=True)
        rest = waiting.communicate(timeout=60)[1]
        self.assertEqual(waiting.returncode, 0, line + rest)
        self.assertIn("completed " + job, rest)


class Jobs(Remote):
    def test_jobs_are_listed_filtered_and_shown(self):
        good = self.import_one("good.csv")
        self.import_one("bad.csv", b"", status=1)
        rows = self.lines(self.expect(0, "jobs", "ls", "--json", env=self.env))
        self.assertEqual([r["filename"] for r in rows], ["bad.csv", "good.csv"])
        failed = self.lines(self.expect(0, "jobs", "ls", "--json", "--state", "failed", env=self.env))
        self.assertEqual([r["filename"] for r in failed], ["bad.csv"])
        both = self.lines(self.expect(0, "jobs", "ls", "--json", "--state", "failed,completed", "--filter", "filename:good.csv", env=self.env))
        self.assertEqual([r["filename"] for r in both], ["good.csv"])
        table = self.expect(0, "jobs", "ls", "--fields", "filename,state", env=self.env).out
        self.assertEqual(table, "filename\tstate\nbad.csv\tfailed\ngood.csv\tcompleted\n")
        self.assertIn(good["job_id"], self.expect(0, "jobs", "ls", "-q", env=self.env).out.split())
        shown = self.lines(self.expect(0, "jobs", "get", "--json", good["job_id"], env=self.env))[0]
        self.assertEqual(shown["progress"], 100)
        self.expect(5, "jobs", "get", str(uuid.uuid4()), env=self.env)
        self.assertEqual(self.expect(2, "jobs", "ls", "--filter", "nonsense:1", env=self.env).out, "")

    def test_waiting_for_a_failed_job_is_status_1(self):
        bad = self.import_one("bad.csv", b"", status=1)
        self.expect(1, "jobs", "wait", bad["job_id"], env=self.env)

    def test_jobs_are_cancelled_and_what_is_over_is_a_conflict(self):
        job = self.srv.client(self.user_id).post("/api/v2/jobs", json={"type": "export"}).json()
        cancelled = self.lines(self.expect(0, "jobs", "cancel", "--json", job["id"], env=self.env))[0]
        self.assertEqual(cancelled["state"], "cancelled")
        done = self.import_one()
        self.expect(6, "jobs", "cancel", done["job_id"], env=self.env)
        self.expect(6, "jobs", "retry", done["job_id"], env=self.env)


class Accounts(Remote):
    def setUp(self):
        super().setUp()
        self.env["MILLRACE_TOKEN"] = tokens.token(self.user_id, role="admin")

    def test_users_are_added_listed_and_locked_out(self):
        self.file("password", "correct horse battery staple\n")
        added = self.lines(self.expect(0, "user", "add", "--email", "Ann@example.org", "--name", "Ann", "--password-file", "password",
                                       "--json", env=self.env))[0]
        self.assertEqual((added["email"], added["role"]), ("ann@example.org", "user"))
        emails = [u["email"] for u in self.lines(self.expect(0, "user", "ls", "--json", env=self.env))]
        self.assertIn("ann@example.org", emails)
        self.expect(0, "user", "password", "ann@example.org", "--password-file", "-", env=self.env, input="another long password\n")
        locked = self.lines(self.expect(0, "user", "disable", "ANN@example.org", "--json", env=self.env))[0]
        self.assertTrue(locked["disabled"])
        self.expect(5, "user", "disable", "nobody@example.org", env=self.env)
        self.expect(2, "user", "add", "--email", "x@example.org", env=self.env)
        self.expect(4, "user", "ls", env={**self.env, "MILLRACE_TOKEN": tokens.token()})

    def test_a_key_is_made_works_and_is_revoked(self):
        done = self.expect(0, "key", "create", "--name", "nightly", "--expires", "90d", env=self.env)
        key = done.out.strip()
        self.assertTrue(key.startswith("mr_"))
        by_key = {**self.env, "MILLRACE_TOKEN": key}
        self.expect(0, "jobs", "ls", env=by_key)
        listed = self.lines(self.expect(0, "key", "ls", "--json", env=self.env))
        self.assertEqual(listed[0]["name"], "nightly")
        self.expect(0, "key", "revoke", listed[0]["id"], env=self.env)
        self.expect(4, "jobs", "ls", env=by_key)

    def test_the_signed_token_is_accepted(self):
        token = self.expect(0, "token", "--subject", "alice", env={"JWT_SECRET": tokens.SECRET}).out.strip()
        self.expect(0, "jobs", "ls", env={**self.env, "MILLRACE_TOKEN": token})


class Schedules(Remote):
    def create(self, *options, status=0):
        return self.expect(status, "schedules", "create", "--json", "--name", "stock", *options, env=self.env)

    def test_a_schedule_is_made_listed_run_and_deleted(self):
        made = self.lines(self.create("--cron", "30 2 * * mon-fri", "--zone", "Europe/Amsterdam", "--type", "export", "--queue", "night",
                                      "--priority", "4", "--tag", "a,b", "--input", '{"depth": 2}', "--catch-up", "all"))[0]
        self.assertEqual((made["cron"], made["zone"], made["catch_up"], made["enabled"]),
                         ("30 2 * * mon-fri", "Europe/Amsterdam", "all", True))
        job = {k: made["job"][k] for k in ("type", "queue", "priority", "tags", "input")}
        self.assertEqual(job, {"type": "export", "queue": "night", "priority": 4, "tags": ["a", "b"], "input": {"depth": 2}})
        listed = self.expect(0, "schedules", "ls", env=self.env).out
        self.assertIn(f"{made['id']}\tstock\t30 2 * * mon-fri\tEurope/Amsterdam\ttrue\t{made['next_at']}", listed)
        off = self.lines(self.expect(0, "schedules", "disable", "--json", made["id"], env=self.env))[0]
        self.assertEqual((off["enabled"], off["next_at"]), (False, None))
        self.assertEqual(self.lines(self.expect(0, "schedules", "enable", "--json", made["id"], env=self.env))[0]["next_at"], made["next_at"])
        run = self.lines(self.expect(0, "schedules", "run", "--json", made["id"], env=self.env))[0]
        self.assertEqual((run["type"], run["queue"], run["state"]), ("export", "night", "queued"))
        unknown = str(uuid.uuid4())
        done = self.expect(3, "schedules", "rm", unknown, made["id"], env=self.env)
        self.assertIn(unknown, done.err)
        self.assertEqual(self.expect(0, "schedules", "ls", "-q", env=self.env).out, "")
        self.expect(5, "schedules", "rm", made["id"], env=self.env)

    def test_next_times_are_shown_of_a_schedule_and_of_an_expression(self):
        made = self.lines(self.create("--cron", "0 12 * * *", "--zone", "Asia/Kathmandu", "--type", "export"))[0]
        slots = self.lines(self.expect(0, "schedules", "next", "--json", made["id"], env=self.env))
        self.assertEqual((len(slots), slots[0]["at"]), (5, made["next_at"]))
        again = self.lines(self.expect(0, "schedules", "next", "--json", "-n", "5", "--cron", "0 12 * * *", "--zone", "Asia/Kathmandu", env=self.env))
        self.assertEqual(again, slots)
        self.expect(2, "schedules", "next", env=self.env)
        self.expect(2, "schedules", "next", made["id"], "--cron", "@daily", env=self.env)

    def test_what_the_guide_shows_runs_as_it_stands(self):
        with open(os.path.join(ROOT, "docs/guide/schedules.md")) as f:
            script = re.search(r"```sh\n(.*?)```", f.read(), re.S).group(1)
        path = {"PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]}
        done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, timeout=60, cwd=self.dir,
                              env=environment({**self.env, **path}, self.dir))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("external\tqueued", done.stdout)

    def test_what_is_wrong_is_said_with_its_place(self):
        done = self.create("--cron", "0 25 * * *", "--zone", "Europe/Amsterdm", "--type", "export", status=2)
        self.assertIn("hour, position 3: 25 is out of range", done.err)
        self.assertIn('did you mean "Europe/Amsterdam"?', done.err)
        self.assertEqual(done.out, "")
        self.create("--cron", "@daily", "--kind", "import", "--input", "{", status=1)


class Servers(CliCase):
    def test_sigterm_ends_a_server_well_and_a_second_server_is_refused(self):
        server = self.server()
        done = self.expect(6, "all", "--listen", "127.0.0.1:0", "--data-dir", server.data_dir, env={"JWT_SECRET": tokens.SECRET})
        self.assertIn(str(server.process.pid), done.err)
        self.assertIn(f"http://127.0.0.1:{server.port}", server.log())
        self.assertEqual(server.stop(), 0)

    def test_on_a_terminal_the_start_is_said_in_plain_words(self):
        terminal = Terminal(["all", "--dev", "--listen", "127.0.0.1:0", "--data-dir", "data"], self.dir).until("is ready")
        terminal.until("http://127.0.0.1:")
        self.assertNotIn('{"at"', terminal.text)
        terminal.send(b"\x03")
        self.assertEqual(terminal.wait(), 0)

    def test_a_wrong_setting_stops_the_start(self):
        done = self.expect(2, "all", "--listen", "127.0.0.1:0", "--http-head-timeout", "soon")
        self.assertIn("http.head_timeout", done.err)


if __name__ == "__main__":
    unittest.main()
