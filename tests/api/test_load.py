"""Many at once, and one that is large: every answer right, nothing mixed up."""

import concurrent.futures
import hashlib
import threading
import uuid

from support.case import ApiCase, csv


class Many(ApiCase):
    def test_forty_clients_at_once(self):
        users = [self.user() for _ in range(8)]

        def one(i):
            user, content = users[i % 8], csv(1 + i)
            answer = user.upload(content, f"f{i}.csv")
            self.assertEqual(answer.status, 201, answer)
            return user.user, answer.json(), hashlib.sha256(content).hexdigest(), 1 + i

        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            results = list(pool.map(one, range(160)))
        for owner, dataset, sha, rows in results:
            self.assertEqual((dataset["sha256"], dataset["row_count"], dataset["created_by"]), (sha, rows, owner))
        self.assertEqual(len({d["id"] for _, d, _, _ in results}), 160)
        for user in users:
            self.assertEqual(len(user.active()), 20)

    def test_pollers_and_streams_agree_while_jobs_run(self):
        stop, problems, last = threading.Event(), [], {}

        def poll():
            while not stop.is_set():
                for job in self.me.active():
                    before = last.get(job["id"], -1)
                    if job["progress"] < before:
                        problems.append(f"{job['id']}: {before} then {job['progress']}")
                    last[job["id"]] = max(before, job["progress"])

        reader = self.stream(self.me)
        reader.next()
        poller = threading.Thread(target=poll)
        poller.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                made = [a.json() for a in pool.map(lambda i: self.me.upload(csv(2000), f"{i}.csv"), range(30))]
            shown, done = {}, set()
            while len(done) < 30:
                event = reader.next(timeout=20)
                if event.type != "job":
                    continue
                job = event.json()
                if job["progress"] < shown.get(job["id"], 0):
                    problems.append(f"stream: {job['id']} fell to {job['progress']}")
                shown[job["id"]] = job["progress"]
                if job["state"] == "completed":
                    done.add(job["id"])
        finally:
            stop.set()
            poller.join()
        self.assertEqual(problems, [])
        self.assertEqual(done, {m["job_id"] for m in made})
        self.assertEqual(set(shown.values()), {100})


class Large(ApiCase):
    def test_a_large_file_is_imported_whole(self):
        rows = 400_000
        tag = uuid.uuid4().hex[:8]
        content = b"id,name,price,when\r\n" + b"".join(
            b"%s%d,\"Product, %d\",%d.25,2024-01-%02d\r\n" % (tag.encode(), i, i, i % 1000, i % 28 + 1) for i in range(rows))
        answer = self.me.upload(content, "large.csv", headers={"Prefer": "wait=60"}, timeout=120)
        self.assertEqual(answer.status, 201, answer)
        made = answer.json()
        self.assertEqual((made["row_count"], made["sha256"], made["column_count"]),
                         (rows, hashlib.sha256(content).hexdigest(), 4))
