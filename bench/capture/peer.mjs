// Captures URL COUNT times as one would with Playwright; a line of JSON for each.
import { chromium } from "playwright-core";

const [url, count] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
for (let i = 0; i < Number(count); i++) {
  const begin = performance.now();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "networkidle" });
  const html = await page.content();
  const text = await page.innerText("body");
  const picture = await page.screenshot({ fullPage: true });
  const session = await context.newCDPSession(page);
  const { data } = await session.send("Page.captureSnapshot", { format: "mhtml" });
  const pdf = await page.pdf({ printBackground: true });
  await context.close();
  const bytes = [html.length, text.length, picture.length, data.length, pdf.length];
  console.log(JSON.stringify({ ms: performance.now() - begin, bytes }));
}
await browser.close();
