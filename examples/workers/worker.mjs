#!/usr/bin/env node
// A worker for millrace in JavaScript (node >= 18, no dependency). Copy it, put your own handlers at the end, run it:
//     MILLRACE_URL=http://127.0.0.1:8000 MILLRACE_TOKEN=mr_... node worker.mjs
// Ctrl-C: takes no more jobs, finishes those it has, says goodbye. Once more: hands them back at once.

/** @typedef {(job: Job) => Promise<unknown>} Handler what it returns is the result of the job */
/** @typedef {{progress?: number, stage?: string, message?: string, checkpoint?: unknown}} News */

const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

class Job {
  constructor(/** @type {any} */ claimed) {
    this.lease = { job_id: claimed.job.id, attempt: claimed.attempt, lease_token: claimed.lease_token };
    Object.assign(this, { id: claimed.job.id, kind: claimed.job.kind, input: claimed.input, checkpoint: claimed.checkpoint });
    this.stop = new AbortController(); // give `job.stop.signal` to fetch and the like
    this.news = /** @type {News} */ ({});
  }

  /** Shown with the next beat. Throws when it is of no use to go on. */
  progress(/** @type {News} */ news) {
    this.news = { ...this.news, ...news };
    this.stop.signal.throwIfAborted();
  }
}

class Worker {
  /** @param {{url: string, token: string, name: string, kinds: Record<string, Handler>, slots: number, queues: string[]}} _ */
  constructor({ url, token, name, kinds, slots, queues }) {
    Object.assign(this, { url: url.replace(/\/$/, "") + "/api/v2/workers", token, kinds, slots });
    this.offer = { name, slots, queues, kinds: Object.keys(kinds).map((kind) => ({ name: kind, type: "processing" })) };
    this.jobs = /** @type {Map<string, Job>} */ (new Map());
    this.draining = this.leaving = false;
    this.freed = () => {};
  }

  /** The answer, with more tries while the server is away; null when it does not know this worker (any more). */
  async call(method, path, body = {}) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    let why;
    for (const pause of [100, 300, 1000, 3000, 10000, 30000, 60000, 0]) {
      try {
        const answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
        const text = await answer.text();
        if (answer.ok) return JSON.parse(text || "{}");
        if (answer.status === 410) return null;
        why = `${answer.status} ${text}`;
        if (answer.status < 500 && answer.status !== 429) break;
      } catch (error) {
        why = error;
      }
      await sleep(pause);
    }
    console.log(`${method} ${path}: ${why}`);
    process.exit(1);
  }

  async register() {
    const answer = await this.call("POST", "", this.offer);
    Object.assign(this, { id: answer.worker_id, heartbeat: answer.heartbeat_seconds * 1000 });
    console.log(`worker ${this.id} ready`);
  }

  async beat() {
    for (; !this.leaving; await sleep(this.heartbeat)) {
      const jobs = [...this.jobs.values()];
      const progress = jobs.filter((job) => "progress" in job.news).map((job) => ({ ...job.lease, ...job.news }));
      const answer = await this.call("POST", `/${this.id}/heartbeat`, { running: jobs.map((job) => job.id), progress });
      for (const job of jobs) if (!answer || [...answer.cancel, ...answer.lost].includes(job.id)) job.stop.abort();
    }
  }

  async run(/** @type {Job} */ job) {
    this.jobs.set(job.id, job);
    const ending = await this.kinds[job.kind](job).then(
      (result) => ({ outcome: "completed", result }),
      (error) => ({ outcome: "failed", error: { code: "worker_error", message: String(error) } })); // and tried again
    const answer = await this.call("POST", `/${this.id}/complete`, { results: [{ ...job.lease, ...ending }] });
    console.log(`job ${job.id} ${ending.outcome}: ${answer.results[0].status}`);
    this.jobs.delete(job.id); // not before: what a beat does not name is handed back
    this.freed();
  }

  async work() {
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => this.interrupted());
    await this.register();
    this.beat();
    while (!this.draining) {
      const freed = new Promise((done) => (this.freed = () => done(undefined)));
      const limit = this.slots - this.jobs.size;
      const answer = limit > 0 ? await this.call("POST", `/${this.id}/claim`, { limit, wait: 20 }) : await freed;
      if (answer === null) await this.register();
      for (const claimed of answer?.jobs ?? []) this.run(new Job(claimed));
      this.draining ||= answer?.drain ?? false;
    }
    while (this.jobs.size && !this.leaving) await sleep(50);
    await this.call("DELETE", `/${this.id}`);
    process.exit(0);
  }

  interrupted() {
    this.leaving = this.draining;
    this.draining = true;
    this.freed(); // and a claim that waits is answered as soon as the server knows:
    this.call("POST", `/${this.id}/drain`, { drain: true });
  }
}

/** Counts to input.to, a step each input.pause seconds; goes on where the attempt before has stopped. */
async function count(/** @type {any} */ job) {
  const { to = 10, pause = 0, failures = 0 } = job.input, start = job.checkpoint ?? 0;
  for (let n = start; n < to; ++n) {
    job.progress({ progress: Math.floor((100 * n) / to), stage: "counting", message: `${n} of ${to}`, checkpoint: n });
    await sleep(pause * 1000);
    if (job.lease.attempt <= failures) throw new Error(`attempt ${job.lease.attempt} is to fail`);
  }
  return { from: start, to, attempt: job.lease.attempt };
}

const env = { MILLRACE_URL: "http://127.0.0.1:8000", WORKER_NAME: "example", WORKER_SLOTS: "4", ...process.env };
const queues = env.WORKER_QUEUES?.split(",") ?? [], kinds = { "example.count": count };
new Worker({ url: env.MILLRACE_URL, token: env.MILLRACE_TOKEN ?? "", name: env.WORKER_NAME, kinds, slots: +env.WORKER_SLOTS, queues }).work();
