/** Server-sent events over fetch: with an Authorization header, which EventSource cannot send, and with resume. */

import { backoff, errorOf, pause, type Requester } from "./request.ts";

export interface ServerEvent<T = unknown> {
  type: string;
  data: T;
  /** Absent for events that are not kept, such as percent ticks. */
  id?: string;
}

export interface StreamOptions {
  lastEventId?: string;
  signal?: AbortSignal;
  /** Told whenever the connection is there or lost. */
  onConnection?: (live: boolean) => void;
  /** Errors of the server that are thrown instead of tried again; by default all but 429 and 5xx. */
  isFatal?: (status: number) => boolean;
}

/** The server sends a comment every 15 s: silence for three times as long is a dead line. */
const silenceMax = 45_000;

/** Events for ever: a lost connection is opened again and goes on after the last event that came. */
export async function* stream<T>(requester: Requester, path: string, options: StreamOptions = {}): AsyncGenerator<ServerEvent<T>> {
  const { signal, onConnection } = options;
  const isFatal = options.isFatal ?? ((status: number) => status !== 429 && status < 500);
  let lastId = options.lastEventId;
  let attempt = 0;
  while (!signal?.aborted) {
    const connection = new AbortController();
    const stop = () => connection.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId !== undefined) headers["Last-Event-ID"] = lastId;
      const answer = await requester.once(path, { headers, signal: connection.signal, cache: "no-store" });
      if (!answer.ok) {
        const error = await errorOf(answer);
        if (isFatal(answer.status)) throw Object.assign(error, { fatal: true });
      } else if (answer.body) {
        onConnection?.(true);
        for await (const event of parse(answer.body, () => connection.abort(new Error("silent for too long")))) {
          attempt = 0;
          if (event.id !== undefined) lastId = event.id;
          if (event.type === "bye") break;
          yield event as ServerEvent<T>;
        }
      }
    } catch (error) {
      if (signal?.aborted) return;
      if ((error as { fatal?: boolean }).fatal) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      connection.abort();
    }
    onConnection?.(false);
    try {
      await pause(attempt === 0 ? 200 + Math.random() * 800 : backoff(attempt + 1), signal);
    } catch {
      return;
    }
    ++attempt;
  }
}

/** The events of a body in text/event-stream. */
export async function* parse(body: ReadableStream<Uint8Array>, onSilence?: () => void): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let pending = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      clearTimeout(timer);
      if (onSilence) timer = setTimeout(onSilence, silenceMax);
      const { done, value } = await reader.read();
      if (done) return;
      pending += decoder.decode(value, { stream: true });
      for (let end = pending.indexOf("\n\n"); end >= 0; end = pending.indexOf("\n\n")) {
        const event = eventOf(pending.slice(0, end));
        pending = pending.slice(end + 2);
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}

function eventOf(block: string): ServerEvent | null {
  const event: { type?: string; id?: string; data: string[] } = { data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    const name = line.slice(0, colon);
    if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
    else if (name === "data") event.data.push(value);
  }
  if (!event.type && event.data.length === 0) return null;
  const data: unknown = event.data.length ? JSON.parse(event.data.join("\n")) : null;
  return { type: event.type ?? "message", data, ...(event.id !== undefined && { id: event.id }) };
}
