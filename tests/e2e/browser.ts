/** A real browser with the dashboard in it. What no page may do is watched on every page. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

import { token, type Server } from "../clients/server.ts";

const executablePath = process.env.MILLRACE_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export interface Visit {
  language?: string;
  dark?: boolean;
  width?: number;
  role?: string;
  subject?: string;
  url?: string;
  /** false: at the sign-in. */
  signedIn?: boolean;
}

export interface Visitor {
  page: Page;
  context: BrowserContext;
  url: string;
  token: string;
  go: (path: string) => Promise<void>;
}

/** Somebody with a browser of their own. The test fails when a page broke its policy, threw, or left its origin. */
export async function visit(browser: Browser, server: Server, options: Visit = {}): Promise<Visitor> {
  const url = options.url ?? server.url;
  const context = await browser.newContext({
    locale: options.language ?? "en",
    colorScheme: options.dark ? "dark" : "light",
    viewport: { width: options.width ?? 1280, height: 800 },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) faults.push(text);
  });
  page.on("request", (asked) => {
    if (!asked.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(asked.url())) faults.push(`left the origin: ${asked.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });
  const credential = token(options.subject, { role: options.role ?? "user" });
  const go = async (path: string) => {
    await page.goto(`${url}/ui/${path}`);
    await page.waitForSelector("h1");
  };
  if (options.signedIn !== false) {
    await go("");
    await signIn(page, credential);
  }
  return { page, context, url, token: credential, go };
}

export async function signIn(page: Page, credential: string) {
  await page.fill("input[name=token]", credential);
  await page.click("button[type=submit]");
  await page.waitForSelector("nav#navigation", { state: "attached" });
}

/** What axe finds wrong with the page as it stands. */
export async function axe(page: Page): Promise<string[]> {
  // By the debugger's own evaluation: the policy of the page refuses scripts of others.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (d: Document, o: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe.run;
    // A window of the library has a <header>, which is the banner of the window and not a second one of the page.
    const rules = { "landmark-no-duplicate-banner": { enabled: false }, "landmark-unique": { enabled: false } };
    const { violations } = await run(document, { rules, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`));
  });
}
