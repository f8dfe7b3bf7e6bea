/** Resumable uploads (tus 1.0): go on after a broken line, a restarted server, or in another session. */

import { backoff, errorOf, MillraceError, pause, type Requester } from "./request.ts";

export interface PutOptions {
  filename?: string;
  supplierId?: string;
  onDuplicate?: "error" | "reuse" | "version";
  /** Bytes that have left, and all. What counts is asked again after each failure, so it may go back. */
  onProgress?: (sent: number, total: number) => void;
  /** As soon as the upload has an address: keep it to go on with it later. */
  onCreated?: (upload: Upload) => void;
  /** Goes on with an upload that was begun. */
  resume?: Upload;
  signal?: AbortSignal;
  /** Bytes of one request. */
  chunkSize?: number;
  /** How long it is tried without a byte that counts, in milliseconds. */
  patience?: number;
}

export interface Upload {
  /** Where it is: /api/v2/uploads/{id} */
  location: string;
  /** The import that it becomes; visible from the start. */
  jobId: string;
  size: number;
}

const version = { "Tus-Resumable": "1.0.0" };
const waits = new Set([409, 423, 429, 500, 502, 503, 504]);

export class Uploads {
  private readonly requester: Requester;

  constructor(requester: Requester) {
    this.requester = requester;
  }

  /** Sends the file and resolves when all its bytes are durable. The import goes on by itself: `jobs.wait(upload.jobId)`. */
  async put(file: Blob, options: PutOptions = {}): Promise<Upload> {
    const upload = options.resume ?? (await this.create(file, options));
    options.onCreated?.(upload);
    const chunkSize = options.chunkSize ?? 32 << 20;
    const patience = options.patience ?? 120_000;
    let offset = options.resume ? await this.offset(upload, options.signal) : 0;
    options.onProgress?.(offset, upload.size);
    let moved = Date.now();
    for (let attempt = 0; offset < upload.size; ) {
      const before = offset;
      try {
        offset = await this.patch(upload, file.slice(offset, offset + chunkSize), offset, options);
      } catch (error) {
        const passing = !(error instanceof MillraceError) || waits.has(error.status);
        if (options.signal?.aborted || !passing || Date.now() - moved > patience) throw error;
        await pause(backoff(attempt++), options.signal);
        offset = await this.offset(upload, options.signal);
      }
      if (offset > before) [moved, attempt] = [Date.now(), 0];
      options.onProgress?.(offset, upload.size);
    }
    return upload;
  }

  async create(file: Blob, options: PutOptions = {}): Promise<Upload> {
    const name = options.filename ?? (file as File).name ?? "upload.bin";
    const metadata = { filename: name, filetype: file.type, supplier_id: options.supplierId, on_duplicate: options.onDuplicate };
    const packed = Object.entries(metadata).flatMap(([key, value]) => (value ? [`${key} ${base64(value)}`] : []));
    const answer = await this.requester.open("/api/v2/uploads", {
      method: "POST",
      headers: { ...version, "Upload-Length": String(file.size), "Upload-Metadata": packed.join(",") },
      signal: options.signal ?? null,
    });
    return { location: answer.headers.get("Location")!, jobId: answer.headers.get("Upload-Job-Id")!, size: file.size };
  }

  /** How many bytes have arrived durably. */
  async offset(upload: Upload, signal?: AbortSignal): Promise<number> {
    const answer = await this.requester.open(upload.location, { method: "HEAD", headers: version, signal: signal ?? null });
    return Number(answer.headers.get("Upload-Offset"));
  }

  /** Gives up an upload; its job fails with `upload_aborted`. */
  async abort(upload: Upload): Promise<void> {
    await this.requester.open(upload.location, { method: "DELETE", headers: version });
  }

  private async patch(upload: Upload, piece: Blob, offset: number, options: PutOptions): Promise<number> {
    const headers = new Headers({ ...version, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" });
    const url = this.requester.absolute(this.requester.url + upload.location);
    await this.requester.addCredentials(headers, "PATCH");
    // Only XMLHttpRequest tells how much of a body has left.
    if (typeof XMLHttpRequest !== "undefined" && options.onProgress) {
      return patchByXhr(url, piece, headers, (sent) => options.onProgress?.(offset + sent, upload.size), options.signal);
    }
    const answer = await this.requester.once(upload.location, { method: "PATCH", headers, body: piece, signal: options.signal ?? null });
    if (!answer.ok) throw await errorOf(answer);
    return Number(answer.headers.get("Upload-Offset"));
  }
}

function patchByXhr(url: string, piece: Blob, headers: Headers, onSent: (sent: number) => void, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (act: () => void) => () => {
      signal?.removeEventListener("abort", stop);
      act();
    };
    request.open("PATCH", url);
    headers.forEach((value, name) => request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = end(() => {
      if (request.status < 400) return resolve(Number(request.getResponseHeader("Upload-Offset")));
      void errorOf(new Response(request.responseText, { status: request.status })).then(reject);
    });
    request.onerror = end(() => reject(new TypeError("the connection broke")));
    request.onabort = end(() => reject(signal?.reason ?? new DOMException("aborted", "AbortError")));
    signal?.addEventListener("abort", stop, { once: true });
    request.send(piece);
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
