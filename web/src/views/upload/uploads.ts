/** Uploads of this page: two at a time, each can be stopped and goes on where it was. They go on while other views are shown. */
import type { Upload } from "@millrace/client";
import { useSyncExternalStore } from "react";

import { client } from "../../app/client.ts";
import type { Dropped } from "./DropZone.tsx";

export type Duplicates = "error" | "reuse" | "version";
interface Options {
  supplierId: string | undefined;
  onDuplicate: Duplicates;
}

export interface Sending {
  key: number;
  name: string;
  size: number;
  sent: number;
  /** Bytes per second since it last began. */
  rate: number;
  state: "waiting" | "sending" | "stopped" | "sent" | "failed";
  error?: string;
  jobId?: string;
}

interface Item extends Sending {
  file: File;
  options: Options;
  upload?: Upload;
  stop?: AbortController;
}

const atOnce = 2;
let items: Item[] = [];
let nextKey = 1;
const listeners = new Set<() => void>();

function change(key: number, next: Partial<Item>) {
  items = items.map((item) => (item.key === key ? { ...item, ...next } : item));
  for (const listener of listeners) listener();
}

function begin() {
  const free = atOnce - items.filter((item) => item.state === "sending").length;
  for (const item of items.filter((one) => one.state === "waiting").slice(0, free)) void send(item);
}

async function send(item: Item) {
  const stop = new AbortController();
  change(item.key, { state: "sending", stop, error: undefined });
  const began = { at: performance.now(), sent: item.sent };
  try {
    await client.uploads.put(item.file, {
      filename: item.name,
      ...item.options,
      signal: stop.signal,
      ...(item.upload && { resume: item.upload }),
      onCreated: (upload) => change(item.key, { upload, jobId: upload.jobId }),
      onProgress: (sent) => change(item.key, { sent, rate: Math.max(0, sent - began.sent) / Math.max(0.1, (performance.now() - began.at) / 1000) }),
    });
    change(item.key, { state: "sent" });
  } catch (error) {
    change(item.key, stop.signal.aborted ? { state: "stopped" } : { state: "failed", error: (error as Error).message });
  }
  begin();
}

function add(files: Dropped[], options: Options) {
  const added = files.map(({ file, name }): Item => ({ key: nextKey++, name, file, options, size: file.size, sent: 0, rate: 0, state: "waiting" }));
  items = [...added, ...items];
  for (const listener of listeners) listener();
  begin();
}

function pause(key: number) {
  items.find((item) => item.key === key)?.stop?.abort(new Error("stopped"));
}

function resume(key: number) {
  change(key, { state: "waiting" });
  begin();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export function useUploads() {
  const uploads: Sending[] = useSyncExternalStore(subscribe, () => items);
  return { uploads, add, pause, resume };
}

globalThis.addEventListener("beforeunload", (event) => {
  if (items.some((item) => item.state === "sending")) event.preventDefault();
});
