// The built packages in plain node: plain.mjs URL TOKEN.
import assert from "node:assert/strict";

import { createClient } from "../../clients/typescript/dist/index.js";
import { ActiveJobs } from "../../clients/typescript/dist/live.js";
import "../../clients/typescript/dist/element.js";

const [url, token] = process.argv.slice(2);
const client = createClient({ url, token });
const upload = await client.uploads.put(new File(["a,b\n1,2\n"], "plain.csv"));
const job = await client.jobs.wait(upload.jobId);
assert.equal(job.state, "completed");

const feed = new ActiveJobs({ url, token });
const stop = feed.subscribe(() => undefined);
while (feed.getState().jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
stop();
assert.equal(feed.getState().jobs[0].id, job.id);
