/** The types of the API, as its OpenAPI document says. */

import type { operations } from "./schema.ts";

/** Answers are complete: OpenAPI lists their members without saying that all of them are always there. */
export type Complete<T> = T extends (infer U)[] ? Complete<U>[] : T extends object ? { [K in keyof T]-?: Complete<T[K]> } : T;

type Content<T> = T extends { content: { "application/json": infer C } } ? C : never;
/** The body of the answer with this status of an operation, e.g. `Answer<"getJob", 200>`. */
export type Answer<O extends keyof operations, S extends keyof operations[O]["responses"]> = Complete<Content<operations[O]["responses"][S]>>;
/** The body that an operation takes. */
export type Body<O extends keyof operations> = operations[O] extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
type Query<O extends keyof operations> = NonNullable<operations[O]["parameters"]["query"]>;

export type JobType = "import" | "export" | "validation" | "processing";
export type JobStatus = "running" | "completed" | "failed";
type JobView = Answer<"getJob", 200>;
export type JobState = JobView["state"];
export type Job = Omit<JobView, "type" | "status" | "job_metadata" | "links"> & {
  type: JobType;
  status: JobStatus;
  job_metadata: Record<string, unknown>;
  links: Record<string, string>;
};
export type NewJob = Body<"createJob">;
export type JobQuery = Query<"listJobs">;
export type Attempt = Answer<"listJobAttempts", 200>["items"][number];
export type LogLine = Answer<"listJobLogs", 200>["items"][number];
export type JobEvent = Omit<Answer<"listJobEvents", 200>["items"][number], "data"> & { data: Record<string, unknown> };
export type Dataset = Answer<"getDataset", 200>;
export type StoredFile = Answer<"getFile", 200>;
export type Row = Record<string, unknown>;

export function isEnded(job: { state: string }): boolean {
  return job.state === "completed" || job.state === "failed" || job.state === "cancelled";
}
