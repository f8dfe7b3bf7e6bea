/**
 * A client for millrace.
 *
 *     const client = createClient({ url: "http://127.0.0.1:8000", token: "mr_..." });
 *     const upload = await client.uploads.put(file, { onProgress: (sent, total) => show(sent / total) });
 *     const job = await client.jobs.wait(upload.jobId);
 *     for await (const row of client.datasets.rows(job.related_dataset_id!)) console.log(row);
 *
 * Every route of the API is at `client.api`, typed by the OpenAPI document.
 */

import createFetch, { type Client as Api } from "openapi-fetch";

import { Requester, errorOf, type Options } from "./request.ts";
import type { paths } from "./schema.ts";
import { stream, type ServerEvent, type StreamOptions } from "./sse.ts";
import { isEnded, type Dataset, type Job, type JobQuery, type NewJob, type Row } from "./types.ts";
import { Uploads } from "./uploads.ts";

export { MillraceError, type Issue, type Options, type Problem } from "./request.ts";
export type { ServerEvent, StreamOptions } from "./sse.ts";
export type { PutOptions, Upload } from "./uploads.ts";
export * from "./types.ts";
export type { paths, operations } from "./schema.ts";

/** A job that ended `failed` or `cancelled`. */
export class JobFailed extends Error {
  readonly job: Job;

  constructor(job: Job) {
    super(`job ${job.id} ${job.state}: ${job.error_message ?? ""}`);
    this.name = "JobFailed";
    this.job = job;
  }
}

export interface WaitOptions {
  signal?: AbortSignal;
  /** Resolve also when it failed or was cancelled. */
  anyEnd?: boolean;
}

export type JobsEvent = ServerEvent<Job | { jobs: Job[] } | { reason: string }>;

export class Client {
  readonly requester: Requester;
  /** Every route, typed: `client.api.GET("/api/v2/jobs/{id}", { params: { path: { id } } })`. */
  readonly api: Api<paths>;
  readonly jobs: Jobs;
  readonly uploads: Uploads;
  readonly datasets: Datasets;

  constructor(options: Options = {}) {
    this.requester = new Requester(options);
    this.api = createFetch<paths>({ baseUrl: this.requester.absolute("/").replace(/\/$/, ""), fetch: this.requester.fetch });
    this.jobs = new Jobs(this);
    this.uploads = new Uploads(this.requester);
    this.datasets = new Datasets(this);
  }

  /** The JSON of any address; throws MillraceError. */
  async json<T>(path: string, init: Omit<RequestInit, "body"> & { body?: unknown; query?: object } = {}): Promise<T> {
    const { body, query, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const answer = await this.requester.open(path + search(query), { ...rest, headers, body: body === undefined ? null : JSON.stringify(body) });
    const text = await answer.text();
    return (text ? JSON.parse(text) : null) as T;
  }

  /** All items of a list, fetched page by page as they are taken. */
  async *pages<T>(path: string, query: { limit?: number; [name: string]: unknown } = {}): AsyncGenerator<T> {
    let cursor: string | null | undefined;
    do {
      const page: { items: T[]; next_cursor: string | null } = await this.json(path, { query: { ...query, cursor } });
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** Everything that happens to your objects, named by type. */
  events(options: StreamOptions & { topics?: string; types?: string; scope?: string } = {}): AsyncGenerator<ServerEvent> {
    const { topics, types, scope, ...rest } = options;
    return stream(this.requester, "/api/v2/events/stream" + search({ topics, types, scope }), rest);
  }
}

export function createClient(options: Options = {}): Client {
  return new Client(options);
}

/** "?a=1&b=2" of what is set. */
export function search(query: object = {}): string {
  const set = Object.entries(query as Record<string, unknown>).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return set.length ? "?" + new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString() : "";
}

class Jobs {
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  create(job: NewJob, idempotencyKey?: string): Promise<Job> {
    const headers: Record<string, string> = idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {};
    return this.client.json("/api/v2/jobs", { method: "POST", body: job, headers });
  }

  get(id: string, query: { scope?: string; wait?: number } = {}, signal?: AbortSignal): Promise<Job> {
    return this.client.json(`/api/v2/jobs/${id}`, { query, signal: signal ?? null });
  }

  list(query: JobQuery = {}): AsyncGenerator<Job> {
    return this.client.pages("/api/v2/jobs", query);
  }

  active(): Promise<Job[]> {
    return this.client.json("/api/v2/jobs/active");
  }

  /** start, progress, complete, cancel, retry, acknowledge. */
  act(id: string, action: "start" | "progress" | "complete" | "cancel" | "retry" | "acknowledge", body: object = {}, scope?: string): Promise<Job> {
    return this.client.json(`/api/v2/jobs/${id}/${action}`, { method: "POST", body, query: { scope } });
  }

  /** The job once it has ended; throws JobFailed unless it completed. */
  async wait(id: string, options: WaitOptions = {}): Promise<Job> {
    for (;;) {
      const job = await this.get(id, { wait: 30 }, options.signal);
      if (!isEnded(job)) continue;
      if (job.state !== "completed" && !options.anyEnd) throw new JobFailed(job);
      return job;
    }
  }

  /** Changes of your jobs: one `snapshot`, then `job` events; for ever, across lost connections. */
  stream(options: StreamOptions & { scope?: string } = {}): AsyncGenerator<JobsEvent> {
    const { scope, ...rest } = options;
    return stream(this.client.requester, "/api/v2/jobs/stream" + search({ scope }), rest);
  }

  /** Changes of one job, until it has ended. */
  async *follow(id: string, options: StreamOptions = {}): AsyncGenerator<Job> {
    for await (const event of stream<Job & { jobs: Job[] }>(this.client.requester, `/api/v2/jobs/${id}/stream`, options)) {
      const job = event.type === "snapshot" ? event.data.jobs[0] : event.type === "job" ? event.data : undefined;
      if (job) yield job;
      if (job && isEnded(job)) return;
    }
  }
}

class Datasets {
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  get(id: string): Promise<Dataset> {
    return this.client.json(`/api/v2/datasets/${id}`);
  }

  list(query: object = {}): AsyncGenerator<Dataset> {
    return this.client.pages("/api/v2/datasets", { ...query });
  }

  /** Every row, fetched a page at a time. */
  rows(id: string, limit = 1000): AsyncGenerator<Row> {
    return this.client.pages(`/api/v2/datasets/${id}/rows`, { limit });
  }

  /** The dataset as a stream of bytes in one of the formats that stream. */
  async export(id: string, format: string, options: object = {}): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.client.requester.open(`/api/v2/datasets/${id}/export` + search({ format, ...options }));
    if (!answer.body) throw await errorOf(answer);
    return answer.body;
  }
}
