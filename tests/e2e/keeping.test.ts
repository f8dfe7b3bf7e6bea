import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { createClient } from "@millrace/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { Server, until } from "../clients/server.ts";
import { launch, visit, type Visitor } from "./browser.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await new Server({ MILLRACE_IMPORT_ALLOW_PRIVATE: "127.0.0.0/8" }).start();
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

const clientOf = (visitor: Visitor) => createClient({ url: server.url, token: visitor.token });

test("a template is imported, edited, compared with what it was, exported and removed", async () => {
  const me = await visit(browser, server);
  const { page } = me;
  await me.go("templates");
  const spec = { spec: 1, fields: [{ target: "sku", from: ["Art.-Nr."] }] };
  await page.locator("input[type=file]").setInputFiles({ name: "Prices.template.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(spec)) });
  await page.getByRole("link", { name: "Prices" }).click();
  const text = page.getByLabel("Mapping (JSON)");
  await text.fill("{");
  await page.getByText("Mapping (JSON) is not a JSON object.").waitFor();
  await text.fill(JSON.stringify({ ...spec, fields: [{ target: "sku", from: ["Art.-Nr."], steps: [{ op: "trimm" }] }] }));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("main").getByText(/trimm/).last().waitFor();
  await text.fill(JSON.stringify({ ...spec, fields: [{ target: "sku", from: ["Art.-Nr."], steps: [{ op: "trim" }] }] }));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("tab", { name: "Versions" }).click();
  const difference = page.getByRole("region", { name: "Difference" });
  await difference.locator('[data-sign="+"]', { hasText: '"op": "trim"' }).waitFor();
  await page.getByRole("button", { name: "Restore: 1" }).click();
  await page.getByRole("cell", { name: "3", exact: true }).waitFor();

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
  expect(download.suggestedFilename()).toBe("Prices.template.json");
  expect(JSON.parse(readFileSync(await download.path(), "utf8"))).toEqual({ name: "Prices", description: "", spec });
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();

  await page.getByText("Nothing here yet.").waitFor();
});

test("a template is used on many files at once, and in the wizard", async () => {
  const me = await visit(browser, server);
  const { page } = me;
  const spec = { spec: 1, fields: [{ target: "item", from: ["sku"], steps: [{ op: "upper" }] }] };
  const { id } = await clientOf(me).json<{ id: string }>("/api/v2/templates", { method: "POST", body: { name: "Items", spec } });
  const files = ["one", "two", "three"].map((name) => ({ name: `${name}.csv`, mimeType: "text/csv", buffer: Buffer.from(`sku;n\n${name};1\n${name};2\n`) }));
  await me.go(`templates/${id}?tab=use`);
  await page.locator("input[type=file]").setInputFiles(files);
  await page.getByRole("tab", { name: "Children" }).waitFor();
  await page.getByRole("link", { name: "two.csv" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("dl.facts").getByRole("link", { name: "two.csv" }).click()]);
  expect(readFileSync(await download.path(), "utf8")).toBe("item\r\nTWO\r\nTWO\r\n");

  await me.go(`templates/${id}?tab=use`);
  await page.getByRole("link", { name: "In the import wizard, a step at a time" }).click();
  await page.getByRole("button", { name: "Choose: one.csv" }).last().click();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("With the fields and rules of Items.").waitFor();
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("row", { name: /^item/ }).getByText("as in the template").waitFor();
});

test("an edit that somebody else overtook is refused, and stays on the screen", async () => {
  const me = await visit(browser, server);
  const client = clientOf(me);
  const spec = { spec: 1, fields: [{ target: "sku", from: ["a"] }] };
  const { id } = await client.json<{ id: string }>("/api/v2/templates", { method: "POST", body: { name: "Shared", spec } });
  await me.go(`templates/${id}`);
  await client.json(`/api/v2/templates/${id}`, { method: "PATCH", body: { description: "theirs" } });
  await me.page.getByLabel("Description").fill("mine");
  await me.page.getByRole("button", { name: "Save" }).click();
  await me.page.getByRole("main").getByRole("alert").waitFor();

  expect(await me.page.getByLabel("Description").inputValue()).toBe("mine");
});

test("a source takes files and pages, shows its jobs live, and runs a failed one again", async () => {
  const site = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<title>News</title><p>Something happened.</p>"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void site.close());
  const { port } = site.address() as { port: number };
  const me = await visit(browser, server);
  const { page } = me;
  await me.go("sources");
  await page.getByRole("cell", { name: "built in" }).waitFor();
  await page.getByRole("button", { name: "New source" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("News");
  await page.getByRole("dialog").getByLabel("Type").selectOption("website");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("link", { name: "News" }).click();
  await page.locator("input[type=file]").setInputFiles([
    { name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("hello") },
    { name: "broken.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7\n\x00") },
  ]);
  await page.getByLabel("Page (URL)").fill(`http://127.0.0.1:${port}/`);
  await page.getByRole("button", { name: "Fetch it" }).click();
  const note = page.getByRole("row", { name: /note\.txt/ });
  await note.locator(".state[data-state=completed]").waitFor();
  await page.getByRole("row", { name: new RegExp(`:${port}`) }).locator(".state[data-state=completed]").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), note.getByRole("link", { name: "Text" }).click()]);
  expect(readFileSync(await download.path(), "utf8").trim()).toBe("hello");

  await page.getByLabel("State").selectOption("failed");
  await page.waitForURL(/filter=failed/);
  await note.waitFor({ state: "detached" });
  const broken = page.getByRole("row", { name: /broken\.pdf/ });
  await broken.getByRole("link").click();
  const before = page.url();
  await page.goBack();
  await page.getByRole("button", { name: "Restart: broken.pdf" }).click();

  const id = before.split("/").pop()!;
  await until(async () => (await clientOf(me).json<{ items: unknown[] }>(`/api/v2/jobs/${id}/attempts`)).items.length > 1);
});

test("an ended import is made again from its job, with other settings or in the wizard", async () => {
  const me = await visit(browser, server);
  const client = clientOf(me);
  const { jobId } = await client.uploads.put(new File(["sku;price\n1,5;2\n3,5;4\n"], "again.csv"));
  await client.jobs.wait(jobId);
  const { page } = me;
  await me.go(`jobs/${jobId}`);
  await page.getByRole("button", { name: "Import it otherwise" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Delimiter").fill(",");
  await dialog.getByRole("button", { name: "Try" }).click();
  await dialog.getByRole("cell", { name: "5;2" }).waitFor();
  await dialog.getByRole("button", { name: "Import again like this" }).click();
  await page.waitForURL((url) => !url.pathname.endsWith(jobId));
  await page.getByRole("main").locator(".state[data-state=completed]").first().waitFor();
  await dialog.waitFor({ state: "detached" });
  await me.go(`jobs/${jobId}`);
  await page.getByRole("button", { name: "Import it otherwise" }).click();
  await dialog.getByRole("link", { name: "On to the import wizard" }).click();

  await page.getByRole("heading", { name: "How it is read" }).waitFor();
  await page.getByRole("columnheader", { name: "price" }).waitFor();
});

test("users are made, get another role and password, and are shut out", async () => {
  const me = await visit(browser, server, { role: "admin" });
  const { page } = me;
  await me.go("users");
  await page.getByRole("button", { name: "New user" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Email").fill("kim@example.com");
  await dialog.getByRole("textbox", { name: "Password" }).fill("a long enough password");
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByLabel("Role: kim@example.com").selectOption("admin");
  await until(async () => (await clientOf(me).json<{ items: { email: string; role: string }[] }>("/api/v2/users")).items.some((user) => user.email === "kim@example.com" && user.role === "admin"));
  await page.getByRole("button", { name: "New password: kim@example.com" }).click();
  await dialog.getByRole("textbox", { name: "Password" }).fill("another long password");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  const signIn = (password: string) => createClient({ url: server.url }).json("/api/v2/session", { method: "POST", body: { email: "kim@example.com", password } });
  await signIn("another long password");
  await page.getByLabel("May sign in: kim@example.com").click();

  await until(async () => signIn("another long password").then(() => false, () => true));
});

test("a list is exported as CSV: all that its filter finds, and no formula", async () => {
  const me = await visit(browser, server);
  const client = clientOf(me);
  const jobs = Array.from({ length: 1200 }, (_, i) => ({ type: "export", filename: `many-${i}.csv` }));
  for (let i = 0; i < jobs.length; i += 400) await client.json("/api/v2/jobs/bulk", { method: "POST", body: { action: "create", jobs: jobs.slice(i, i + 400) } });
  await client.jobs.create({ type: "export", filename: '=many("x")' });
  await me.go("jobs?filter=filename%3A~many");
  await me.page.getByRole("link", { name: /many/ }).first().waitFor();
  const [download] = await Promise.all([me.page.waitForEvent("download"), me.page.getByRole("button", { name: "Export as CSV" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");

  expect(lines[0]).toMatch(/^id,kind,state,/);
  expect(lines).toHaveLength(1202);
  expect(lines.some((line) => line.includes(`"'=many(""x"")"`))).toBe(true);
});
