/** Sends requests: credentials, errors as exceptions, and trying again when that is safe. */

export interface Options {
  /** Where the server is, e.g. "https://jobs.example.com" or "" for the origin of the page; may end with a path. */
  url?: string;
  /** A JWT or an API key, or how to get one; not needed with a session cookie. */
  token?: string | (() => string | Promise<string>);
  /** Value of X-CSRF-Token for sessions by cookie. */
  csrf?: () => string | null;
  /** Further tries of one request. */
  retries?: number;
  fetch?: typeof globalThis.fetch;
  /** Asked for texts of errors, e.g. "nl". */
  language?: string;
}

export interface Issue {
  pointer: string;
  code: string;
  detail: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: Issue[];
  job_id?: string;
  existing_dataset_id?: string;
}

/** An answer of 400 or above. */
export class MillraceError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;

  constructor(problem: Problem) {
    const issues = (problem.errors ?? []).map((issue) => `${issue.pointer}: ${issue.detail}`).join("; ");
    super(problem.detail + (issues ? ` (${issues})` : ""));
    this.name = "MillraceError";
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
  }
}

const repeatable = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
const passing = new Set([429, 502, 503, 504]);

export class Requester {
  readonly url: string;
  private readonly options: Options;
  private readonly retries: number;

  constructor(options: Options) {
    this.options = options;
    this.url = (options.url ?? "").replace(/\/+$/, "");
    this.retries = options.retries ?? 5;
  }

  /** fetch, with credentials and further tries. The answer may be an error. */
  readonly fetch = async (input: Request): Promise<Response> => {
    await this.addCredentials(input.headers, input.method);
    const safe = repeatable.has(input.method) || input.headers.has("Idempotency-Key");
    for (let attempt = 0; ; ++attempt) {
      const last = attempt >= this.retries;
      let answer: Response;
      try {
        answer = await this.send(last ? input : input.clone());
      } catch (error) {
        if (!safe || last || input.signal.aborted) throw error;
        await pause(backoff(attempt), input.signal);
        continue;
      }
      const again = answer.status === 429 || (safe && passing.has(answer.status));
      if (!again || last) return answer;
      await answer.body?.cancel();
      await pause(retryAfter(answer) ?? backoff(attempt), input.signal);
    }
  };

  /** The answer when it is good; throws MillraceError otherwise. */
  async open(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await this.fetch(new Request(this.absolute(path), init));
    if (!answer.ok) throw await errorOf(answer);
    return answer;
  }

  /** One try, for those who try again themselves. */
  async once(path: string, init: RequestInit): Promise<Response> {
    const request = new Request(this.absolute(path), init);
    await this.addCredentials(request.headers, request.method);
    return this.send(request);
  }

  absolute(path: string): string {
    return path.startsWith("http") ? path : new URL(this.url + path, globalThis.location?.href ?? "http://localhost").href;
  }

  async addCredentials(headers: Headers, method: string): Promise<void> {
    const { token, csrf, language } = this.options;
    const value = typeof token === "function" ? await token() : token;
    if (value) headers.set("Authorization", `Bearer ${value}`);
    const secret = csrf?.();
    if (secret && method !== "GET" && method !== "HEAD") headers.set("X-CSRF-Token", secret);
    if (language) headers.set("Accept-Language", language);
    if (method === "POST" && !headers.has("Idempotency-Key") && !headers.has("Tus-Resumable")) {
      headers.set("Idempotency-Key", crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
    }
  }

  private send(request: Request): Promise<Response> {
    return (this.options.fetch ?? globalThis.fetch)(request);
  }
}

export async function errorOf(answer: Response): Promise<MillraceError> {
  const text = await answer.text().catch(() => "");
  try {
    return new MillraceError(JSON.parse(text) as Problem);
  } catch {
    const detail = text.slice(0, 300) || answer.statusText || `status ${answer.status}`;
    return new MillraceError({ type: "about:blank", title: answer.statusText, status: answer.status, detail, code: "" });
  }
}

function retryAfter(answer: Response): number | null {
  const seconds = Number(answer.headers.get("Retry-After") ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** Milliseconds before a further try: random, so that clients that failed together do not return together. */
export function backoff(attempt: number): number {
  return 50 + Math.random() * Math.min(30_000, 250 * 2 ** attempt);
}

/** Resolves after so long; rejects as soon as the signal says so. */
export function pause(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
