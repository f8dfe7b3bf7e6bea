#!/usr/bin/env python3
"""A worker for millrace, with nothing but the standard library. Copy it, put your own handlers at the end, run it:

    MILLRACE_URL=http://127.0.0.1:8000 MILLRACE_TOKEN=mr_... python3 worker.py

Ctrl-C: takes no more jobs, finishes those it has, says goodbye. Once more: hands them back at once.
"""
import json, os, signal, threading, time, urllib.request


class Job:
    def __init__(self, claimed):
        self.lease = {"job_id": claimed["job"]["id"], "attempt": claimed["attempt"], "lease_token": claimed["lease_token"]}
        self.id, self.kind, self.attempt = self.lease["job_id"], claimed["job"]["kind"], claimed["attempt"]
        self.input, self.checkpoint, self.stop, self.news = claimed["input"], claimed["checkpoint"], threading.Event(), {}

    def progress(self, percent, **more):
        """Shown with the next beat; `more`: stage, message, checkpoint. Throws when it is of no use to go on."""
        self.news = {**self.news, "progress": percent, **more}
        if self.stop.is_set():
            raise InterruptedError("the job was cancelled, or somebody else runs it now")


class Worker:
    def __init__(self, url, token, name, kinds, slots=4, queues=()):
        self.url, self.token, self.kinds, self.slots = url.rstrip("/") + "/api/v2/workers", token, kinds, slots
        self.offer = {"name": name, "slots": slots, "queues": list(queues),
                      "kinds": [{"name": kind, "type": "processing"} for kind in kinds]}
        self.jobs, self.freed, self.draining, self.leaving = {}, threading.Event(), threading.Event(), threading.Event()

    def call(self, method, path, body=None):
        """The answer, with more tries while the server is away. None when it does not know this worker (any more)."""
        head = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        for pause in (0.1, 0.3, 1, 3, 10, 30, 60, 0):
            request = urllib.request.Request(self.url + path, json.dumps(body or {}).encode(), head, method=method)
            try:
                with urllib.request.urlopen(request, timeout=90) as answer:
                    return json.loads(answer.read() or "{}")
            except OSError as error:
                status, why = getattr(error, "code", 503), f"{error} {error.read().decode() if hasattr(error, 'read') else ''}"
                if status == 410:
                    return None
                if status < 500 and status != 429:
                    break
            time.sleep(pause)
        print(f"{method} {path}: {why}", flush=True)
        os._exit(1)

    def register(self):
        answer = self.call("POST", "", self.offer)
        self.id, self.heartbeat = answer["worker_id"], answer["heartbeat_seconds"]
        print(f"worker {self.id} ready", flush=True)

    def beat(self):
        while not self.leaving.wait(self.heartbeat):
            jobs = list(self.jobs.values())
            news = [{**job.lease, **job.news} for job in jobs if job.news]
            answer = self.call("POST", f"/{self.id}/heartbeat", {"running": [job.id for job in jobs], "progress": news})
            for job in jobs:
                if answer is None or job.id in answer["cancel"] + answer["lost"]:
                    job.stop.set()

    def run(self, job):
        try:
            ending = {"outcome": "completed", "result": self.kinds[job.kind](job)}
        except Exception as error:  # tried again, as the retry policy of the kind says
            ending = {"outcome": "failed", "error": {"code": "worker_error", "message": f"{type(error).__name__}: {error}"}}
        answer = self.call("POST", f"/{self.id}/complete", {"results": [{**job.lease, **ending}]})
        print(f"job {job.id} {ending['outcome']}: {answer['results'][0]['status']}", flush=True)
        del self.jobs[job.id]  # not before: what a beat does not name is handed back
        self.freed.set()

    def work(self):
        self.register()
        # Signals wait for a thread of their own: a handler would run in the midst of whatever the main thread does.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        threading.Thread(target=self.interruptions, daemon=True).start()
        threading.Thread(target=self.beat, daemon=True).start()
        while not self.draining.is_set():
            self.freed.clear()
            free = self.slots - len(self.jobs)
            if free == 0:
                self.freed.wait()
                continue
            answer = self.call("POST", f"/{self.id}/claim", {"limit": free, "wait": 20})
            if answer is None:
                self.register()
                continue
            for claimed in answer["jobs"]:
                job = self.jobs[claimed["job"]["id"]] = Job(claimed)
                threading.Thread(target=self.run, args=(job,), daemon=True).start()
            if answer["drain"]:
                self.draining.set()
        while self.jobs and not self.leaving.wait(0.1):
            pass
        self.call("DELETE", f"/{self.id}")

    def interruptions(self):
        signal.sigwait((signal.SIGINT, signal.SIGTERM))
        self.draining.set()
        self.freed.set()  # and a claim that waits is answered as soon as the server knows:
        threading.Thread(target=self.call, args=("POST", f"/{self.id}/drain", {"drain": True}), daemon=True).start()
        signal.sigwait((signal.SIGINT, signal.SIGTERM))
        self.leaving.set()
        self.freed.set()


def count(job):
    """Counts to input.to, a step each input.pause seconds; goes on where the attempt before has stopped."""
    start, to = job.checkpoint or 0, job.input.get("to", 10)
    for n in range(start, to):
        job.progress(100 * n // to, stage="counting", message=f"{n} of {to}", checkpoint=n)
        time.sleep(job.input.get("pause", 0))
        if job.attempt <= job.input.get("failures", 0):
            raise ValueError(f"attempt {job.attempt} is to fail")
    return {"from": start, "to": to, "attempt": job.attempt}


if __name__ == "__main__":
    Worker(os.environ.get("MILLRACE_URL", "http://127.0.0.1:8000"), os.environ["MILLRACE_TOKEN"],
           os.environ.get("WORKER_NAME", "example"), {"example.count": count}, int(os.environ.get("WORKER_SLOTS", "4")),
           os.environ["WORKER_QUEUES"].split(",") if "WORKER_QUEUES" in os.environ else ()).work()
