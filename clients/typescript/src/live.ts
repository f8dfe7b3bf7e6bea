/**
 * What `/api/v2/jobs/active` shows, kept up to date: by a live stream when it can be had, by a poll every 10 s when not.
 * No framework; the React hook and the web component both show this.
 */

import { errorOf, MillraceError, pause, Requester, type Options } from "./request.ts";
import { stream } from "./sse.ts";

export interface BackgroundJob {
  id: string;
  type: "import" | "export" | "validation" | "processing";
  status: "running" | "completed" | "failed";
  progress?: number; // 0-100
}

/** A job as millrace shows it has more than the contract asks. */
export interface ActiveJob extends BackgroundJob {
  kind?: string;
  state?: string;
  stage?: string;
  filename?: string;
  error_message?: string | null;
  created_at?: string;
  completed_at?: string | null;
}

export interface ActiveState {
  jobs: ActiveJob[];
  runningCount: number;
  failedCount: number;
  /** Running jobs of each type. */
  running: Record<BackgroundJob["type"], number>;
  /** Changes arrive as they happen; false: by polling. */
  isLive: boolean;
  isLoading: boolean;
  error: Error | null;
}

export interface ActiveOptions extends Options {
  /** Milliseconds between polls. */
  interval?: number;
  /** false: only poll. */
  live?: boolean;
  scope?: "own" | "org" | "all";
}

/** How long an ended job is shown, as /jobs/active does. */
const shownFor = { completed: 5 * 60_000, failed: 60 * 60_000 };
/** A stream that could not be had is asked for again after this time. */
const streamAgain = 60_000;

const nothing: ActiveState = {
  jobs: [],
  runningCount: 0,
  failedCount: 0,
  running: { import: 0, export: 0, validation: 0, processing: 0 },
  isLive: false,
  isLoading: true,
  error: null,
};

/** Works while somebody is subscribed. */
export class ActiveJobs {
  private readonly requester: Requester;
  private readonly options: ActiveOptions;
  private readonly query: string;
  private listeners = new Set<() => void>();
  private state = nothing;
  private etag: string | null = null;
  private lastEventId: string | undefined;
  private run: AbortController | null = null;
  private refused = false;

  constructor(options: ActiveOptions = {}) {
    this.options = options;
    this.requester = new Requester(options);
    this.query = `?scope=${options.scope ?? "own"}`;
  }

  readonly getState = (): ActiveState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.begin();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.end();
    };
  };

  /** Asks now; also begins again after a 401. */
  readonly refresh = async (): Promise<void> => {
    if (this.refused && this.listeners.size > 0) {
      this.stop();
      this.refused = false;
      this.start();
    } else {
      await this.poll();
    }
  };

  private begin() {
    globalThis.document?.addEventListener("visibilitychange", this.onVisibility);
    if (!isHidden()) this.start();
  }

  private end() {
    globalThis.document?.removeEventListener("visibilitychange", this.onVisibility);
    this.stop();
  }

  private readonly onVisibility = () => (isHidden() ? this.stop() : this.start());

  private start() {
    if (this.run || this.refused) return;
    this.run = new AbortController();
    const { signal } = this.run;
    void this.keepPolling(signal);
    if (this.options.live !== false) void this.keepStreaming(signal);
    void this.keepPruning(signal);
  }

  private stop() {
    this.run?.abort();
    this.run = null;
    if (this.state.isLive) this.set({ isLive: false });
  }

  private async keepPolling(signal: AbortSignal) {
    const interval = this.options.interval ?? 10_000;
    try {
      for (;;) {
        if (!this.state.isLive) await this.poll(signal);
        // A tenth of chance, so that many pages do not ask at the same moment.
        await pause(interval * (0.9 + 0.2 * Math.random()), signal);
      }
    } catch {
      // aborted
    }
  }

  private async keepStreaming(signal: AbortSignal) {
    try {
      while (!signal.aborted && !this.refused) {
        await this.stream(signal);
        await pause(streamAgain, signal);
      }
    } catch {
      // aborted
    }
  }

  private async keepPruning(signal: AbortSignal) {
    try {
      for (;;) {
        await pause(15_000, signal);
        const jobs = this.state.jobs.filter((job) => isShown(job, Date.now()));
        if (jobs.length < this.state.jobs.length) this.set({ jobs });
      }
    } catch {
      // aborted
    }
  }

  private async poll(signal?: AbortSignal) {
    try {
      const headers: Record<string, string> = { Accept: "application/json" };
      if (this.etag) headers["If-None-Match"] = this.etag;
      const answer = await this.requester.once(`/api/v2/jobs/active${this.query}`, { headers, signal: signal ?? null });
      if (answer.status === 304) return this.set({ error: null, isLoading: false });
      if (!answer.ok) throw await errorOf(answer);
      this.etag = answer.headers.get("ETag");
      this.set({ jobs: (await answer.json()) as ActiveJob[], error: null, isLoading: false });
    } catch (error) {
      if (!signal?.aborted) this.fail(error as Error);
    }
  }

  private async stream(signal: AbortSignal) {
    const options = { signal, lastEventId: this.lastEventId, onConnection: (isLive: boolean) => this.set({ isLive }) };
    try {
      // The stream of events and not that of jobs: it says which jobs were removed.
      for await (const event of stream<ActiveJob & { jobs: ActiveJob[] }>(this.requester, `/api/v2/events/stream${this.query}&topics=job`, options)) {
        if (event.id !== undefined) this.lastEventId = event.id;
        if (event.type === "snapshot") this.set({ jobs: event.data.jobs, error: null, isLoading: false });
        else if (event.type === "job.removed") this.drop(event.data.id);
        else if (event.type.startsWith("job.") && event.data.status) this.put(event.data);
        else if (event.type === "reset") await this.poll(signal);
      }
    } catch (error) {
      this.set({ isLive: false });
      if (error instanceof MillraceError && error.status === 401) this.fail(error);
    }
  }

  private put(job: ActiveJob) {
    const known = this.state.jobs.some((other) => other.id === job.id);
    this.set({ jobs: known ? this.state.jobs.map((other) => (other.id === job.id ? job : other)) : [job, ...this.state.jobs], error: null });
  }

  private drop(id: string) {
    this.set({ jobs: this.state.jobs.filter((job) => job.id !== id) });
  }

  private fail(error: Error) {
    this.set({ error, isLoading: false });
    if (!(error instanceof MillraceError) || error.status !== 401) return;
    // Asking again with the same credential would be answered the same.
    this.refused = true;
    this.stop();
  }

  private set(change: Partial<ActiveState>) {
    this.etag = change.isLive ? null : this.etag;
    const state = { ...this.state, ...change };
    if (change.jobs) Object.assign(state, counts(change.jobs));
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }
}

function counts(jobs: ActiveJob[]): Pick<ActiveState, "runningCount" | "failedCount" | "running"> {
  const running = { import: 0, export: 0, validation: 0, processing: 0 };
  for (const job of jobs) if (job.status === "running") ++running[job.type];
  const of = (status: string) => jobs.filter((job) => job.status === status).length;
  return { runningCount: of("running"), failedCount: of("failed"), running };
}

function isShown(job: ActiveJob, now: number): boolean {
  if (job.status === "running" || !job.completed_at) return true;
  return now - Date.parse(job.completed_at) < shownFor[job.status];
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}
