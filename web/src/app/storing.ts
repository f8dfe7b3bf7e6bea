/** Keeps a file without importing it. By XMLHttpRequest, which alone tells how much has left. */
import { MillraceError, type Problem, type StoredFile } from "@millrace/client";

import { apiAddress, client } from "./client.ts";

type Progress = (sent: number) => void;

export function store(file: Blob, name: string, onProgress?: Progress): Promise<StoredFile> {
  return storeAt("/api/v2/files", file, name, onProgress);
}

/** Sends a file as a form to any route that takes one. */
export async function storeAt<T>(path: string, file: Blob, name: string, onProgress: Progress = () => undefined): Promise<T> {
  const headers = new Headers();
  await client.requester.addCredentials(headers, "POST");
  const form = new FormData();
  form.append("file", file, name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiAddress(path));
    headers.forEach((value, header) => request.setRequestHeader(header, value));
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => (request.status === 201 ? resolve(JSON.parse(request.responseText) as T) : reject(refusal(request)));
    request.onerror = () => reject(refusal(request));
    request.send(form);
  });
}

/** The file with the fields of a target. */
export function storeSchema(fields: object[], name: string): Promise<StoredFile> {
  return store(new Blob([JSON.stringify({ fields })], { type: "application/json" }), `${name}.fields.json`);
}

function refusal(request: XMLHttpRequest): Error {
  try {
    return new MillraceError(JSON.parse(request.responseText) as Problem);
  } catch {
    return new MillraceError({ type: "about:blank", title: request.statusText, status: request.status, detail: request.statusText || "no connection", code: "" });
  }
}
