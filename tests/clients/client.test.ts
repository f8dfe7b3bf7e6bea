import { createHash, randomUUID } from "node:crypto";

import { createClient, JobFailed, MillraceError, type Client, type Job } from "@millrace/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { csv, relay, Server, token } from "./server.ts";

let server: Server;
let client: Client;

beforeAll(async () => {
  server = await new Server().start();
  client = createClient({ url: server.url, token: token() });
});
afterAll(() => server.remove());

const file = (text: string, name = "products.csv") => new File([text], name, { type: "text/csv" });
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function imported(rows: number): Promise<Job> {
  const upload = await client.uploads.put(file(csv(rows, randomUUID())));
  return client.jobs.wait(upload.jobId);
}

describe("uploads", () => {
  test("a file is sent with progress and becomes a dataset", async () => {
    const text = csv(20_000, "progress");
    const seen: number[] = [];

    const upload = await client.uploads.put(file(text), { onProgress: (sent) => seen.push(sent), chunkSize: 200_000, supplierId: "acme" });
    const job = await client.jobs.wait(upload.jobId);

    expect(job).toMatchObject({ state: "completed", type: "import", filename: "products.csv", supplier_id: "acme" });
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(text.length);
    expect((await client.datasets.get(job.related_dataset_id!)).sha256).toBe(sha256(text));
  });

  test("it goes on after the server was killed", async () => {
    const own = await new Server().start();
    onTestFinished(() => own.remove());
    const text = csv(50_000, "killed");
    const mine = createClient({ url: own.url, token: token() });
    let killed = 0;

    const upload = await mine.uploads.put(file(text), {
      chunkSize: 300_000,
      onProgress: (sent, total) => {
        if (sent > total / 2 && !killed++) void own.kill().then(() => own.start());
      },
    });

    expect(killed).toBeGreaterThan(0);
    const job = await mine.jobs.wait(upload.jobId);
    expect((await mine.datasets.get(job.related_dataset_id!)).sha256).toBe(sha256(text));
  });

  test("it goes on in another session", async () => {
    const text = csv(1000, "session");
    const content = file(text);
    const stop = new AbortController();
    let begun: Parameters<NonNullable<Parameters<Client["uploads"]["put"]>[1]>["onCreated"] & object>[0] | undefined;
    await expect(
      client.uploads.put(content, {
        chunkSize: 10_000,
        signal: stop.signal,
        onCreated: (upload) => (begun = upload),
        onProgress: (sent) => sent > 0 && stop.abort(),
      }),
    ).rejects.toThrow();

    const upload = await client.uploads.put(content, { resume: begun! });

    const job = await client.jobs.wait(upload.jobId);
    expect((await client.datasets.get(job.related_dataset_id!)).row_count).toBe(1000);
  });
});

describe("jobs", () => {
  test("waiting ends with the job and says how it ended", async () => {
    const job = await client.jobs.create({ type: "export" });
    const waiting = expect(client.jobs.wait(job.id)).rejects.toThrow(JobFailed);
    await client.jobs.act(job.id, "complete", { error: "out of paper" });

    await waiting;
    expect((await client.jobs.wait(job.id, { anyEnd: true })).state).toBe("failed");
  });

  test("the same idempotency key makes one job", async () => {
    const first = await client.jobs.create({ type: "export" }, "once");
    const again = await client.jobs.create({ type: "export" }, "once");

    expect(again.id).toBe(first.id);
  });

  test("a list is walked to its end", async () => {
    const mine = createClient({ url: server.url, token: token() });
    for (let i = 0; i < 7; ++i) await mine.jobs.create({ type: "export" });

    const ids = new Set<string>();
    for await (const job of mine.jobs.list({ limit: 3 })) ids.add(job.id);

    expect(ids.size).toBe(7);
  });

  test("a job is followed to its end", async () => {
    const { id } = await client.jobs.create({ type: "export" });
    const states: string[] = [];
    for await (const job of client.jobs.follow(id)) {
      states.push(`${job.state} ${job.progress}`);
      if (job.state === "queued") await client.jobs.act(id, "start");
      if (job.state === "running" && job.progress === 0) await client.jobs.act(id, "progress", { progress: 40 });
      if (job.progress === 40) await client.jobs.act(id, "complete");
    }

    expect(states.at(-1)).toBe("completed 100");
    expect(states).toContain("running 40");
  });

  test("every route is there, typed", async () => {
    const { data, error } = await client.api.GET("/api/v2/me");

    expect(error).toBeUndefined();
    expect(data).toMatchObject({ role: "user", method: "jwt" });
  });
});

describe("streams", () => {
  test("nothing is lost or doubled across a killed server", async () => {
    const own = await new Server().start();
    onTestFinished(() => own.remove());
    const subject = randomUUID();
    const reader = createClient({ url: own.url, token: token(subject) });
    const writer = createClient({ url: own.url, token: token(subject) });
    const stop = new AbortController();
    const events = reader.jobs.stream({ signal: stop.signal });
    expect((await events.next()).value!.type).toBe("snapshot");

    const made: string[] = [];
    const seen: string[] = [];
    const five = async () => {
      for (let i = 0; i < 5; ++i) made.push((await writer.jobs.create({ type: "export" })).id);
      for (let i = 0; i < 5; ++i) seen.push(((await events.next()).value!.data as Job).id);
    };
    await five();
    await own.kill();
    await own.start();
    await five();
    stop.abort();

    expect(seen).toEqual(made);
  });
});

describe("datasets", () => {
  test("rows come page by page, and an export as a stream", async () => {
    const job = await imported(2500);

    let rows = 0;
    for await (const row of client.datasets.rows(job.related_dataset_id!)) rows += row.name === `Product ${rows}` ? 1 : 0;
    const exported = await new Response(await client.datasets.export(job.related_dataset_id!, "csv")).text();

    expect(rows).toBe(2500);
    expect(exported.trimEnd().split("\r\n")).toHaveLength(2501);
  });
});

describe("errors", () => {
  test.each([
    ["an unknown job", () => client.jobs.get("0199aaaa-0000-7000-8000-000000000000"), 404, "not_found"],
    ["an unknown field", () => client.jobs.create({ type: "export", colour: "red" } as never), 422, "invalid_fields"],
    ["a wrong token", () => createClient({ url: server.url, token: "wrong" }).jobs.active(), 401, "unauthorized"],
  ])("%s carries the problem", async (_, call, status, code) => {
    const error = await call().then(
      () => null,
      (e: unknown) => e,
    );

    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({ status, code });
  });

  test("what is answered 503 is asked again, when that is safe", async () => {
    const line = await relay(server);
    onTestFinished(line.close);
    let refusals = 2;
    line.refuse(() => refusals-- > 0);

    await createClient({ url: line.url, token: token() }).jobs.active();

    expect(line.asked("/api/v2/jobs/active")).toHaveLength(3);
  });
});
