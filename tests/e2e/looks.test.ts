import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { createClient, type Client } from "@millrace/client";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { csv, Server, token } from "../clients/server.ts";
import { axe, launch, visit } from "./browser.ts";

let server: Server;
let browser: Browser;
let paths: string[];

const subject = "looks";

beforeAll(async () => {
  server = await new Server().start();
  browser = await launch();
  const client = createClient({ url: server.url, token: token(subject, { role: "admin" }) });
  const upload = await client.uploads.put(new File([csv(300, "looks")], "products.csv"));
  const job = await client.jobs.wait(upload.jobId);
  const failed = await client.uploads.put(new File([""], "empty.csv"));
  await client.jobs.wait(failed.jobId, { anyEnd: true });
  const { id } = await client.jobs.create({ type: "export", filename: "running.csv" });
  await client.jobs.act(id, "start");
  await client.jobs.act(id, "progress", { progress: 40 });
  await client.json("/api/v2/schedules", { method: "POST", body: { name: "nightly", cron: "0 3 * * *", zone: "UTC", job: { type: "validation" } } });
  await client.json("/api/v2/webhooks", { method: "POST", body: { url: "https://example.com/hook", types: ["job.completed"], enabled: false } });
  await client.json("/api/v2/api-keys", { method: "POST", body: { name: "nightly" } });
  const dataset = `datasets/${job.related_dataset_id}`;
  const spec = { spec: 1, fields: [{ target: "sku", from: ["sku"] }] };
  const template = await client.json<{ id: string }>("/api/v2/templates", { method: "POST", body: { name: "Prices", spec } });
  await client.json(`/api/v2/templates/${template.id}`, { method: "PATCH", body: { spec: { ...spec, fields: [{ target: "sku", from: ["sku"], steps: [{ op: "trim" }] }] } } });
  const source = await client.json<{ id: string }>("/api/v1/data-sources", { method: "POST", body: { name: "News", source_type: "website" } });
  await client.json(`/api/v1/data-sources/${source.id}/urls`, { method: "POST", body: { url: "http://127.0.0.1:1/" } });
  paths = ["", "jobs", `jobs/${job.id}`, `jobs/${failed.jobId}`, `jobs/${job.id}?tab=attempts`, `jobs/${job.id}?tab=raw`, "upload", "datasets", dataset, `${dataset}?tab=profile`,
    `${dataset}?tab=rejects`, "queues", "schedules", "workers", "webhooks", "keys", "status", "nothing/here",
    "templates", `templates/${template.id}`, `templates/${template.id}?tab=versions`, `templates/${template.id}?tab=use`, "sources", `sources/${source.id}`, "users", ...(await wizardPaths(client))];
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

/** Each step of the import wizard, with something to show. */
async function wizardPaths(client: Client): Promise<string[]> {
  const store = async (name: string, text: string) => {
    const form = new FormData();
    form.append("file", new File([text], name));
    return ((await (await client.requester.open("/api/v2/files", { method: "POST", body: form })).json()) as { id: string }).id;
  };
  const run = async (kind: string, input: object) => {
    const { id } = await client.jobs.create({ kind, input: input as Record<string, never> });
    await client.jobs.wait(id);
    return id;
  };
  const file = await store("prices.csv", "Art.-Nr.;Preis\nA-1;1,50\nA-2;auf Anfrage\n");
  const schema = await store("fields.json", JSON.stringify({ fields: [{ name: "sku", type: "string", required: true }, { name: "price", type: "number" }, { name: "stock", type: "integer", required: true }] }));
  const proposal = await run("mapping", { input_file_id: file, reference_file_id: schema });
  const spec = { spec: 1, fields: [{ target: "price", from: ["Preis"], steps: [{ op: "parse_decimal", point: "," }] }] };
  const check = await run("transform", { input_file_id: file, spec });
  const rules = encodeURIComponent(JSON.stringify([{ rule: "range", column: "price", min: 0 }, { rule: "format", column: "sku", format: "ean", severity: "warning" }]));
  const chosen = `file=${file}&schema=${schema}&proposal=${proposal}&rules=${rules}&check=${check}&run=${check}`;
  return ["import", ...["reading", "target", "mapping", "rules", "summary"].map((step) => `import?step=${step}&${chosen}`)];
}

describe("axe finds nothing wrong", () => {
  test.each([
    ["light", "en", 1280],
    ["dark", "nl", 1280],
    ["light", "de", 390],
    ["dark", "en", 390],
  ])("%s, %s, %i px", async (scheme, language, width) => {
    const me = await visit(browser, server, { dark: scheme === "dark", language, width, role: "admin", subject });
    const found: string[] = [];
    for (const path of paths) {
      await me.go(path);
      await me.page.waitForLoadState("networkidle", { timeout: 700 }).catch(() => undefined); // the stream never ends
      expect(await me.page.evaluate(() => document.documentElement.lang)).toBe(language);
      found.push(...(await axe(me.page)).map((problem) => `${path}: ${problem}`));
      const wide = await me.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${path}: ${wide} px wider than the window`);
    }

    expect(found).toEqual([]);
  }, 180_000);

  test("at the sign-in, in a dialog, in the palette", async () => {
    const me = await visit(browser, server, { signedIn: false });
    await me.go("");
    expect(await axe(me.page)).toEqual([]);
    const inside = await visit(browser, server, { role: "admin", subject });
    await inside.go("keys");
    await inside.page.getByRole("button", { name: "New key" }).click();
    await inside.page.getByRole("dialog").waitFor();
    expect(await axe(inside.page)).toEqual([]);
    await inside.page.keyboard.press("Escape");
    await inside.page.keyboard.press("Control+k");
    await inside.page.getByRole("dialog").waitFor();
    expect(await axe(inside.page)).toEqual([]);
  });
});

describe("what is sent", () => {
  test("the first view needs at most 300 KiB of script, any other view 80 KiB more, the widget 5", async () => {
    const sizes = async (path: string) => {
      const me = await visit(browser, server, { role: "admin", subject });
      const got = new Map<string, number>();
      me.page.on("response", (answer) => {
        if (!answer.url().endsWith(".js")) return;
        void answer.body().then((body) => got.set(answer.url(), gzipSync(body).length), () => undefined);
      });
      await me.page.goto(`${server.url}/ui/${path}`);
      await me.page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => undefined);
      return [...got.values()].reduce((sum, size) => sum + size, 0) / 1024;
    };
    const first = await sizes("");
    const jobs = await sizes("jobs");
    const widget = await sizes("widget");
    console.log(`script, gzip: overview ${first.toFixed(0)} KiB, jobs ${jobs.toFixed(0)} KiB, widget ${widget.toFixed(1)} KiB`);

    expect(first).toBeGreaterThan(50);
    expect(first).toBeLessThanOrEqual(300);
    expect(jobs - first).toBeLessThanOrEqual(80);
    expect(widget).toBeGreaterThan(1);
    expect(widget).toBeLessThanOrEqual(5.5);
  });

  test("pages have a strict policy, files are packed and kept, unknown addresses of the API are no pages", async () => {
    const page = await fetch(`${server.url}/ui/jobs/1`);
    const html = await page.text();
    expect(page.headers.get("content-security-policy")).toMatch(/script-src 'self'; style-src 'self';/);
    expect(page.headers.get("content-security-policy")).not.toMatch(/unsafe|\*/);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(html).toContain('<base href="../">');

    const name = /assets\/index-[\w-]+\.js/.exec(html)![0];
    const script = await fetch(`${server.url}/ui/${name}`);
    expect(Object.fromEntries(script.headers)).toMatchObject({ "content-encoding": "gzip", "content-type": "text/javascript; charset=utf-8", "cache-control": expect.stringContaining("immutable") as string });
    expect((await fetch(`${server.url}/ui/${name}`, { headers: { "Accept-Encoding": "identity" } })).headers.get("content-encoding")).toBeNull();

    for (const path of ["/api/v2/nothing", "/api/nothing", "/nothing", "/ui/assets/nothing.js"]) {
      const answer = await fetch(server.url + path);
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 404, "application/problem+json"]);
    }
  });

  test("no file that is built in has an address of another host", () => {
    const folder = new URL("../../build/release/src/ui/", import.meta.url).pathname;
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(html|css)$/.test(name));
    for (const name of names) expect(readFileSync(folder + name, "utf8")).not.toMatch(/(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/\//);
  });
});
