import { readFileSync } from "node:fs";

import { createClient } from "@millrace/client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Server } from "../clients/server.ts";
import { launch, visit, type Visitor } from "./browser.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await new Server().start();
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

const rows = 100_000;
const clientOf = (visitor: Visitor) => createClient({ url: server.url, token: visitor.token });

/** As a supplier sends it: titles above, Windows-1252, German numbers and dates, cells that are no numbers. */
function supplierFile(count: number): Buffer {
  const lines = ["Preisliste Müller GmbH;;;;;", "Stand: 01.03.2026;;;;;", ";;;;;", "Art.-Nr.;Bezeichnung;EK netto;Bestand;gültig ab;Bemerkung"];
  for (let i = 0; i < count; ++i) {
    const price = i % 1000 === 7 ? "auf Anfrage" : `${1 + (i % 9)}.${100 + (i % 900)},${10 + (i % 90)} €`;
    const stock = i % 500 === 3 ? "-5" : String(i % 200);
    lines.push(`A-${String(i).padStart(6, "0")};Schraube Größe ${i};${price};${stock};${String((i % 28) + 1).padStart(2, "0")}.03.2026;`);
  }
  return Buffer.from(lines.join("\r\n").replaceAll("€", "\x80"), "latin1");
}

async function typeFields(page: Page, fields: [string, string][]) {
  await page.getByRole("tab", { name: "Type the fields" }).click();
  for (const [i, [name, type]] of fields.entries()) {
    if (i > 0) await page.getByRole("button", { name: "Add a field" }).click();
    const row = page.locator("ol.rows > li").nth(i);
    await row.getByLabel("Name").fill(name);
    await row.getByLabel("Type").selectOption(type);
  }
  await page.getByRole("button", { name: "Next" }).click();
}

test("a messy supplier file of 100,000 rows is read, mapped, checked, kept as a template and run", async () => {
  const me = await visit(browser, server);
  const { page } = me;
  await me.go("import");
  await page.locator("input[type=file]").setInputFiles({ name: "preise.csv", mimeType: "text/csv", buffer: supplierFile(rows) });
  await page.getByRole("columnheader", { name: "EK netto" }).waitFor();
  await page.getByRole("cell", { name: "Schraube Größe 0", exact: true }).waitFor();
  await page.getByText("windows-1252").waitFor();
  await page.getByRole("button", { name: "Next" }).click();

  await typeFields(page, [["sku", "string"], ["name", "string"], ["price", "number"], ["stock", "integer"], ["valid_from", "date"]]);
  const price = page.getByRole("row", { name: /^price/ });
  await price.getByText(/^\d+ %$/).waitFor();
  expect(await page.getByLabel("Column: price").inputValue()).toBe("EK netto");
  expect(await page.getByLabel("Column: valid_from").inputValue()).toBe("gültig ab");
  await price.getByText("1.100,10 €").waitFor();
  await page.getByLabel("Column: name").selectOption("Art.-Nr.");
  await page.getByRole("row", { name: /^name/ }).getByText("by hand").waitFor();
  await page.getByLabel("Column: name").selectOption("Bezeichnung");
  await page.getByLabel("Read as: price").locator("option", { hasText: "proposed: 1.234,56" }).waitFor({ state: "attached" });
  await page.getByLabel("Read as: price").selectOption("1.234,56");
  await page.waitForURL(/choices=/);

  await page.reload();
  await page.getByRole("heading", { name: "Mapping" }).waitFor();
  await page.getByText("Columns that are not used: Bemerkung").waitFor();
  expect(await page.getByLabel("Read as: price").inputValue()).toBe("1.234,56");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Rule").selectOption("range");
  await page.getByLabel("Field", { exact: true }).selectOption("stock");
  await page.getByLabel("At least", { exact: true }).fill("0");
  await page.getByRole("button", { name: "Check all rows" }).click();
  const problems = page.getByRole("table", { name: "Problems" });
  await problems.getByText("auf Anfrage").first().waitFor({ timeout: 60_000 });
  const account = page.getByLabel("Rows", { exact: true });
  expect(await account.textContent()).toBe("In100,000Good99,700Rejected300");
  await page.getByLabel("Kind of problem").selectOption("range(stock) out_of_range");
  await problems.getByText("auf Anfrage").first().waitFor({ state: "detached" });
  await problems.getByRole("cell", { name: "-5" }).first().waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download rejects" }).click()]);
  expect(readFileSync(await download.path(), "utf8").trim().split("\n")).toHaveLength(301);
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByText("5 of 5 fields have a column.").waitFor();
  await page.getByLabel("Name").fill("Müller prices");
  await page.getByRole("button", { name: "Save as a template" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("100 %").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Make a dataset of it" }).click();
  await page.getByRole("link", { name: "Dataset", exact: true }).click({ timeout: 60_000 });

  await page.getByText(/99,700 out/).waitFor();
  const [first] = (await clientOf(me).json<{ items: object[] }>(`/api/v2/datasets/${page.url().split("/").pop()}/rows`, { query: { limit: 1 } })).items;
  expect(first).toEqual({ sku: "A-000000", name: "Schraube Größe 0", price: expect.anything() as unknown, stock: 0, valid_from: "2026-03-01" });
  expect(Number((first as { price: unknown }).price)).toBe(1100.1);
  const { items } = await clientOf(me).json<{ items: { name: string; spec: object }[] }>("/api/v2/templates");
  expect(items).toMatchObject([{ name: "Müller prices", spec: { validation: { rules: [{ rule: "range", column: "stock", min: 0 }] } } }]);
}, 240_000);

test("a stored file of several tables is mapped onto the fields of a template, by keyboard", async () => {
  const me = await visit(browser, server);
  const client = clientOf(me);
  const { page } = me;
  const spec = { spec: 1, fields: [{ target: "item", from: ["sku"], steps: [{ op: "upper" }] }, { target: "stock", from: ["count"], steps: [{ op: "parse_int" }] }], validation: { rules: [{ rule: "required", column: "item" }] } };
  await client.json("/api/v2/templates", { method: "POST", body: { name: "Stock", spec } });
  const form = new FormData();
  form.append("file", new File(['{"notes":[{"text":"hello"}],"stock":[{"sku":"a","count":1},{"sku":"b","count":2}]}'], "two.json"));
  await client.requester.open("/api/v2/files", { method: "POST", body: form });
  await me.go("");
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.getByRole("button", { name: "Choose: two.json" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "How it is read" }).waitFor();
  await page.getByLabel("Table").selectOption({ label: "stock" });
  await page.getByRole("columnheader", { name: "count" }).waitFor();
  await page.getByRole("button", { name: "Next" }).press("Enter");
  await page.getByRole("button", { name: "Choose: Stock" }).press("Enter");
  await page.getByRole("row", { name: /^item/ }).getByText("as in the template").waitFor();
  await page.getByRole("button", { name: "Next" }).press("Enter");
  expect(await page.getByLabel("Rule").inputValue()).toBe("required");
  await page.getByRole("button", { name: "Check all rows" }).press("Enter");
  await page.getByText("No problem was found.").waitFor();
  await page.getByRole("button", { name: "Next" }).press("Enter");
  await page.getByRole("button", { name: "Run", exact: true }).press("Enter");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "two.csv" }).click()]);

  expect(readFileSync(await download.path(), "utf8")).toBe("item,stock\r\nA,1\r\nB,2\r\n");
});

test("what was chosen at an earlier step takes what was built on it with it", async () => {
  const me = await visit(browser, server);
  const { page } = me;
  await me.go("import");
  await page.locator("input[type=file]").setInputFiles({ name: "odd.csv", mimeType: "text/csv", buffer: Buffer.from("price;stock\n1,5;2\n3,5;4\n") });
  await page.getByRole("button", { name: "Next" }).click();
  await typeFields(page, [["price", "string"], ["stock", "string"]]);
  await page.getByRole("row", { name: /^stock/ }).getByText(/^\d+ %$/).waitFor();
  await page.getByRole("link", { name: "How it is read" }).click();
  await page.getByLabel("Delimiter").fill(",");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByRole("cell", { name: "5;2" }).waitFor();
  await page.waitForURL((url) => !url.search.includes("proposal"));
  await page.getByLabel("Rows to skip").fill("1");
  await page.getByRole("button", { name: "Try" }).click();
  await page.waitForURL(/delimiter.*skip_rows/);
  await page.getByRole("button", { name: "As found out" }).click();
  await page.getByRole("columnheader", { name: "stock", exact: true }).waitFor();

  expect(page.url()).not.toMatch(/dialect|proposal/);
});
