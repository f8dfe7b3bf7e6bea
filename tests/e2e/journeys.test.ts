import { createServer } from "node:http";

import { createClient, type Client } from "@millrace/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { below, csv, Server, token, until } from "../clients/server.ts";
import { launch, signIn, visit, type Visitor } from "./browser.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await new Server({ MILLRACE_WEBHOOKS_ALLOW_PRIVATE: "127.0.0.0/8", MILLRACE_WEBHOOKS_POLL: "100ms" }).start();
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

const clientOf = (visitor: Visitor): Client => createClient({ url: server.url, token: visitor.token });
const file = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

async function imported(client: Client, text: string, name = "products.csv") {
  const upload = await client.uploads.put(new File([text], name));
  return client.jobs.wait(upload.jobId, { anyEnd: true });
}

describe("signing in", () => {
  test("a wrong token is refused, a good one becomes a session that lasts, signing out ends it", async () => {
    const { page, go, token: good } = await visit(browser, server, { signedIn: false });
    await go("");
    await page.fill("input[name=token]", "wrong");
    await page.click("button[type=submit]");
    await page.getByRole("alert").waitFor();

    await signIn(page, good);
    await page.reload();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();

    await page.getByRole("heading", { name: "Sign in to millrace" }).waitFor();
  });

  test("by a password", async () => {
    const admin = createClient({ url: server.url, token: token("root", { role: "admin" }) });
    await admin.json("/api/v2/users", { method: "POST", body: { email: "robin@example.com", password: "a long enough password" } });
    const { page, go } = await visit(browser, server, { signedIn: false });
    await go("");
    await page.getByRole("tab", { name: "With a password" }).click();
    await page.getByLabel("Email").fill("robin@example.com");
    await page.getByRole("textbox", { name: "Password" }).fill("a long enough password");
    await page.click("button[type=submit]");

    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  test("a deep link is shown after it", async () => {
    const { page, go, token: good } = await visit(browser, server, { signedIn: false });
    await go("jobs?filter=state%3Afailed");
    await signIn(page, good);

    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    expect(await page.getByRole("combobox", { name: "Filter" }).or(page.getByLabel("Filter")).first().inputValue()).toBe("state:failed");
  });
});

describe("uploads", () => {
  test("a file goes up, its stages reach 100, its dataset is there", async () => {
    const { page, go } = await visit(browser, server);
    await go("upload");
    await page.locator("input[type=file]").first().setInputFiles([file("one.csv", csv(5000, "one")), file("two.csv", csv(10, "two"))]);

    const one = page.getByRole("listitem", { name: "one.csv" });
    await one.getByText("100 %").waitFor();
    await page.getByRole("listitem", { name: "two.csv" }).getByText("100 %").waitFor();
    await one.getByRole("link", { name: "Dataset" }).click();

    await page.getByRole("heading", { name: "one.csv" }).waitFor();
    await page.getByText("Product 3", { exact: true }).waitFor();
  });

  test("how it was read is shown, and read otherwise at a click", async () => {
    const { page, go } = await visit(browser, server);
    await go("upload");
    await page.locator("input[type=file]").first().setInputFiles(file("odd.csv", "a;b\n1,5;2\n3,5;4\n"));
    const row = page.getByRole("listitem", { name: "odd.csv" });
    await row.getByText("100 %").waitFor();
    await row.getByRole("button", { name: "How is it read?" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("columnheader", { name: "b", exact: true }).waitFor();

    await dialog.getByLabel("Delimiter").fill(",");
    await dialog.getByRole("button", { name: "Try" }).click();
    await dialog.getByRole("cell", { name: "5;2" }).waitFor();
    await dialog.getByRole("button", { name: "Import again like this" }).click();

    await page.waitForURL(/\/ui\/jobs\//);
    await page.getByText("100 %", { exact: true }).waitFor();
  });
});

describe("jobs", () => {
  test("a failed import is explained on the overview, acknowledged, and retried", async () => {
    const me = await visit(browser, server);
    const job = await imported(clientOf(me), "", "empty.csv");
    expect(job.state).toBe("failed");
    const { page } = me;
    await me.go("");
    const card = page.getByRole("listitem").filter({ hasText: "empty.csv" });
    await card.getByText("The file is empty").waitFor();
    await card.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("No failed jobs that nobody has seen.").waitFor();

    await me.go(`jobs/${job.id}`);
    await page.getByRole("alert").getByText("empty_file").waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("tab", { name: "Attempts" }).click();

    await until(async () => (await page.getByRole("row").count()) >= 3);
  });

  test("a running job shows its progress live, and is cancelled", async () => {
    const me = await visit(browser, server);
    const client = clientOf(me);
    const { id } = await client.jobs.create({ type: "export", filename: "report.csv" });
    await client.jobs.act(id, "start");
    const { page } = me;
    await me.go(`jobs/${id}`);
    await page.getByRole("button", { name: "Live" }).waitFor();
    await client.jobs.act(id, "progress", { progress: 42, message: "rows 42 of 100" });
    await page.getByText("42 %").waitFor();
    await page.getByText("rows 42 of 100").waitFor();

    await page.getByRole("button", { name: "Cancel job" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel job" }).click();

    await page.locator(".line .state[data-state=cancelled]").waitFor();
  });

  test("all that a filter finds is retried, after saying how many", async () => {
    const me = await visit(browser, server);
    const client = clientOf(me);
    for (let i = 0; i < 12; ++i) {
      const { id } = await client.jobs.create({ type: "validation", tags: ["nightly"] });
      await client.jobs.act(id, "complete", { error: "no" });
    }
    const { page } = me;
    await me.go("jobs?filter=state%3Afailed%20tags%3A~nightly");
    await page.getByRole("button", { name: "All that match" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("12 jobs match").waitFor();
    await dialog.getByRole("button", { name: "Do it" }).click();
    await dialog.getByRole("link", { name: "Job" }).click();

    await page.locator(".line .state[data-state=completed]").waitFor();
    await until(async () => (await client.json<{ items: unknown[] }>("/api/v2/jobs", { query: { filter: "state:failed" } })).items.length === 0);
  });

  test("the list is live, a pause holds it, a saved view and its link bring the filter back", async () => {
    const me = await visit(browser, server);
    const client = clientOf(me);
    const { page } = me;
    await me.go("jobs");
    await page.getByRole("button", { name: "Live" }).waitFor();
    await client.jobs.create({ type: "export", filename: "first.csv" });
    await page.getByRole("link", { name: "first.csv" }).waitFor();

    await page.getByRole("button", { name: "Live" }).click();
    await client.jobs.create({ type: "export", filename: "second.csv" });
    await page.waitForTimeout(1500);
    expect(await page.getByRole("link", { name: "second.csv" }).count()).toBe(0);
    await page.getByRole("button", { name: "Paused" }).click();
    await page.getByRole("link", { name: "second.csv" }).waitFor();

    await page.getByLabel("Filter").first().fill("filename:~first");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "second.csv" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Save this view" }).click();
    await page.getByLabel("Name of the view").fill("Mine");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByRole("link", { name: "second.csv" }).waitFor();
    await page.getByRole("button", { name: "Mine" }).click();

    await page.waitForURL(/filter=filename/);
  });

  test("thousands are walked by scrolling, with a few rows in the page", async () => {
    const me = await visit(browser, server);
    const client = clientOf(me);
    for (let i = 0; i < 3; ++i) {
      const jobs = Array.from({ length: 500 }, (_, n) => ({ type: "export", filename: `bulk-${i * 500 + n}.csv` }));
      await client.json("/api/v2/jobs/bulk", { method: "POST", body: { action: "create", jobs } });
    }
    const { page } = me;
    await me.go("jobs?sort=created_at");
    await page.getByRole("link", { name: "bulk-0.csv" }).waitFor();
    await until(async () => {
      await page.locator(".virtual").evaluate((frame) => (frame.scrollTop = frame.scrollHeight));
      return (await page.getByRole("link", { name: "bulk-1499.csv" }).count()) === 1;
    }, 40_000);

    expect(await page.getByRole("row").count()).toBeLessThan(80);
  });

  test("log lines come as they are written", async () => {
    const admin = createClient({ url: server.url, token: token("worker", { role: "admin" }) });
    const worker = await admin.json<{ worker_id: string }>("/api/v2/workers", { method: "POST", body: { name: "w", kinds: [{ name: "thumbnail", type: "processing" }], slots: 1 } });
    const me = await visit(browser, server);
    const job = await clientOf(me).jobs.create({ kind: "thumbnail" });
    const base = `/api/v2/workers/${worker.worker_id}`;
    const claim = await admin.json<{ jobs: { attempt: number; lease_token: string }[] }>(`${base}/claim`, { method: "POST", body: { wait: 10 } });
    const lease = { job_id: job.id, attempt: claim.jobs[0]!.attempt, lease_token: claim.jobs[0]!.lease_token };
    const { page } = me;
    await me.go(`jobs/${job.id}`);
    await page.getByRole("button", { name: "Live" }).waitFor();
    await admin.json(`${base}/heartbeat`, { method: "POST", body: { running: [job.id], progress: [{ ...lease, progress: 30, log: ["halfway there"] }] } });
    await page.getByRole("log").getByText("halfway there").waitFor();
    await admin.json(`${base}/complete`, { method: "POST", body: { results: [{ ...lease, outcome: "completed", result: { width: 320 } }] } });
    await page.getByRole("tab", { name: "Result" }).click();

    await page.getByText('"width": 320').waitFor();
  });
});

describe("the stream", () => {
  test("a page recovers by itself when the server was killed", async () => {
    const own = await new Server().start();
    onTestFinished(() => own.remove());
    const me = await visit(browser, own);
    const client = createClient({ url: own.url, token: me.token });
    const { id } = await client.jobs.create({ type: "export", filename: "before.csv" });
    await me.go("jobs");
    await me.page.getByRole("link", { name: "before.csv" }).waitFor();

    await own.kill();
    await me.page.getByRole("button", { name: "Connecting" }).waitFor();
    await own.start();
    await client.jobs.act(id, "complete");

    await me.page.locator(".virtual .state[data-state=completed]").waitFor();
    await me.page.getByRole("button", { name: "Live" }).waitFor();
  });

  test("each step of progress comes to the screen", async () => {
    const me = await visit(browser, server);
    const client = clientOf(me);
    const { id } = await client.jobs.create({ type: "export" });
    await client.jobs.act(id, "start");
    await me.go(`jobs/${id}`);
    await me.page.getByRole("button", { name: "Live" }).waitFor();
    const times: number[] = [];
    for (let progress = 1; progress <= 40; ++progress) {
      const shown = me.page.getByText(`${progress} %`, { exact: true }).waitFor();
      await client.jobs.act(id, "progress", { progress });
      const committed = performance.now();
      await shown;
      times.push(performance.now() - committed);
    }
    times.sort((a, b) => a - b);
    console.log(`commit to pixels: median ${times[20]!.toFixed(0)} ms, p95 ${times[38]!.toFixed(0)} ms`);

    expect(times).toHaveLength(40);
  });
});

describe("datasets", () => {
  test("any row of many is a jump away; schema, rejects and export are there", async () => {
    const me = await visit(browser, server);
    const job = await imported(clientOf(me), csv(200_000, "grid") + "one,two,three,four,five\r\n", "grid.csv");
    const { page } = me;
    await me.go(`datasets/${job.related_dataset_id}`);
    await page.getByText("Product 0", { exact: true }).waitFor();
    await page.getByLabel("Go to row").fill("150001");
    await page.getByText("Product 150000", { exact: true }).waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(80);

    await page.getByRole("tab", { name: "Schema" }).click();
    await page.getByRole("row", { name: /price/ }).waitFor();
    await page.getByRole("tab", { name: "Rejects" }).click();
    await page.getByRole("cell", { name: "too_many_fields" }).waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("dialog").getByLabel("Format").selectOption("ndjson");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download", exact: true }).click()]);
    expect(download.suggestedFilename()).toMatch(/\.ndjson$/);

    await page.getByRole("dialog").getByLabel("Format").selectOption("xlsx");
    await page.getByRole("button", { name: "Make a file by a job" }).click();
    await page.getByRole("link", { name: /\.xlsx$/ }).waitFor({ timeout: 60_000 });
  });
});

describe("operations", () => {
  test("an API key is made, shown once, works, and is revoked", async () => {
    const me = await visit(browser, server);
    const { page } = me;
    await me.go("keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("nightly");
    await page.getByRole("button", { name: "Create" }).click();
    const key = (await page.getByTestId("key").textContent())!;
    const program = createClient({ url: server.url, token: key });
    expect(await program.json("/api/v2/me")).toMatchObject({ method: "api_key" });
    await page.keyboard.press("Escape");

    await page.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();

    await page.getByRole("cell", { name: "revoked" }).waitFor();
    await expect(program.json("/api/v2/me")).rejects.toMatchObject({ status: 401 });
  });

  test("a webhook is made, its deliveries are seen, one is sent again", async () => {
    const bodies: string[] = [];
    const receiver = createServer((asked, answer) => {
      asked.on("data", (data: Buffer) => bodies.push(data.toString()));
      asked.on("end", () => answer.writeHead(204).end());
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void receiver.close());
    const { port } = receiver.address() as { port: number };
    const me = await visit(browser, server);
    const { page } = me;
    await me.go("webhooks");
    await page.getByRole("button", { name: "New webhook" }).click();
    await page.getByRole("dialog").getByLabel("URL").fill(`http://127.0.0.1:${port}/hook`);
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("Secret (shown once)").waitFor();
    await page.keyboard.press("Escape");
    const { id } = await clientOf(me).jobs.create({ type: "export" });
    await clientOf(me).jobs.act(id, "complete");

    await page.getByRole("link", { name: /127\.0\.0\.1/ }).click();
    await page.locator(".state[data-state=delivered]").waitFor();
    const before = bodies.length;
    await page.getByRole("button", { name: "Send again" }).first().click();

    await until(() => bodies.length > before);
  });

  test("a schedule is made with its next times in sight, and run", async () => {
    const me = await visit(browser, server);
    const { page } = me;
    await me.go("schedules");
    await page.getByRole("button", { name: "New schedule" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("nightly check");
    await dialog.getByLabel("Cron").fill("61 * * * *");
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Cron").fill("30 2 * * mon-fri");
    await dialog.getByRole("alert").waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByRole("cell", { name: "nightly check", exact: true }).waitFor();
    await page.getByRole("button", { name: "Run now" }).click();

    await page.waitForURL(/\/ui\/jobs\//);
  });

  test("an administrator pauses a queue and limits it; others are told that it is not theirs", async () => {
    const admin = await visit(browser, server, { role: "admin" });
    const { page } = admin;
    await admin.go("queues");
    const row = page.getByRole("row", { name: /default/ });
    await row.getByRole("button", { name: "Limits" }).click();
    await page.getByLabel("At once, at most").fill("7");
    await page.getByRole("button", { name: "Save" }).click();
    await row.getByRole("cell", { name: "7", exact: true }).waitFor();
    await row.getByRole("button", { name: "Pause" }).click();
    await row.getByRole("cell", { name: "paused" }).waitFor();
    await row.getByRole("button", { name: "Resume" }).click();
    await row.getByRole("cell", { name: "open" }).waitFor();

    const other = await visit(browser, server);
    await other.go("queues");
    await other.page.getByText("Only administrators see this.").waitFor();
  });
});

describe("everywhere", () => {
  test("by keyboard alone", async () => {
    const me = await visit(browser, server);
    const { page } = me;
    await clientOf(me).jobs.create({ type: "export", filename: "keys.csv" });
    await me.go("");
    await page.keyboard.press("g");
    await page.keyboard.press("j");
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    await page.getByRole("link", { name: "keys.csv" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("filename:~keys");
    await page.keyboard.press("Enter");
    await page.waitForURL(/filter=/);
    await page.getByRole("link", { name: "keys.csv" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/jobs\/[0-9a-f-]+/);
    await page.keyboard.press("Control+k");
    await page.locator("[role=dialog] input:focus").waitFor();
    await page.keyboard.type("webh");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Webhooks" }).waitFor();
    await page.keyboard.press("Shift+?");

    await page.getByRole("dialog").getByText("Go to Jobs").waitFor();
  });

  test("below a path of a proxy, deep links too", async () => {
    const proxy = await below(server, "/tools/millrace");
    onTestFinished(proxy.close);
    const me = await visit(browser, server, { url: proxy.url });
    const { id } = await clientOf(me).jobs.create({ type: "export", filename: "proxied.csv" });
    await me.go(`jobs/${id}`);
    await me.page.getByRole("heading", { name: "proxied.csv" }).waitFor();
    await me.page.getByRole("link", { name: "Jobs", exact: true }).click();
    await me.page.waitForURL(`${proxy.url}/ui/jobs`);
    await me.page.goto(proxy.url + "/");

    await me.page.waitForURL(`${proxy.url}/ui/`);
  });

  test("the widget stands in a frame of another site, with a token", async () => {
    const host = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(`<iframe title="jobs" src="${server.url}/ui/widget#language=nl&token=${mine}"></iframe>`));
    const mine = token();
    await new Promise<void>((resolve) => host.listen(0, "localhost", resolve));
    onTestFinished(() => void host.close());
    await createClient({ url: server.url, token: mine }).jobs.create({ type: "import" });
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`http://localhost:${(host.address() as { port: number }).port}/`);

    await page.frameLocator("iframe").getByText("1 lopende taak (1 import)").waitFor();
  });
});
