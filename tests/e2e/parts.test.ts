/** The parts of the dashboard that decide without a page. */
import { describe, expect, test } from "vitest";

import { diff } from "../../web/src/views/template/diff.ts";
import { conversionOf, guessed } from "../../web/src/views/wizard/conversions.ts";
import { changed, reachable, wizardSearch } from "../../web/src/views/wizard/search.ts";
import { specOf, type Parts } from "../../web/src/views/wizard/spec.ts";

const parts: Parts = {
  fields: [{ name: "sku", type: "string" }, { name: "price", type: "number" }, { name: "stock", type: "integer" }],
  columns: new Map([["Nr", ["A-1"]], ["EK", ["1.100,50 €"]], ["Lager", ["7"]]]),
  proposed: { spec: 1, fields: [{ target: "sku", from: ["Nr"], steps: [{ op: "trim" }] }, { target: "price", from: ["EK"], steps: [{ op: "parse_decimal", point: "," }] }] },
};

describe("the spec of a wizard", () => {
  test.each([
    ["nothing chosen: as proposed", {}, [["sku", "Nr", "trim"], ["price", "EK", "parse_decimal"]]],
    ["a column chosen, read as its values look", { stock: { from: "Lager" } }, [["sku", "Nr", "trim"], ["price", "EK", "parse_decimal"], ["stock", "Lager", "parse_int"]]],
    ["a column taken away", { sku: { from: null } }, [["price", "EK", "parse_decimal"]]],
    ["only the reading chosen", { sku: { as: "text" } }, [["sku", "Nr", undefined], ["price", "EK", "parse_decimal"]]],
  ])("%s", (_, choices, expected) => {
    const { fields } = specOf({ choices }, parts);

    expect(fields.map(({ target, from, steps }) => [target, from?.[0], (steps?.[0] as { op: string } | undefined)?.op])).toEqual(expected);
  });

  test("a field of the template stays where its columns are there, and rules of fields without a column are left out", () => {
    const kept = { spec: 1 as const, fields: [{ target: "sku", from: ["Nr"], steps: [{ op: "upper" }] }, { target: "price", from: ["gone"] }] };
    const rules = [{ rule: "required", column: "sku" }, { rule: "range", column: "stock", min: 0 }];

    const spec = specOf({ rules, dialect: { delimiter: ";" } }, { ...parts, kept });

    expect(spec.fields[0]!.steps).toEqual([{ op: "upper" }]);
    expect(spec.fields[1]!.from).toEqual(["EK"]);
    expect(spec.validation).toEqual({ rules: [rules[0]] });
    expect(spec.source).toEqual({ dialect: { delimiter: ";" } });
  });
});

test.each([
  ["number", "1.100,50 €", "1.234,56"],
  ["number", "$1,100.50", "1,234.56"],
  ["number", "1 100,50", "1 234,56"],
  ["date", "31.12.2026", "dmy"],
  ["date", "2026-12-31", "ymd"],
  ["integer", "1.234.567", "int."],
  ["datetime", "whatever", "text"],
])("a %s like %s is read as %s, and known by its steps", (type, sample, name) => {
  const found = guessed(type, [sample]);

  expect(found.name).toBe(name);
  expect(conversionOf(found.steps)).toBe(found);
});

describe("the address of a wizard", () => {
  test("another file takes all but the target with it", () => {
    expect(changed({ file: "1", schema: "2", proposal: "3", choices: {}, check: "4", step: "rules" }, { file: "9" })).toMatchObject({ file: "9", schema: "2", step: "rules", proposal: undefined, choices: undefined, check: undefined });
  });

  test("what is no choice is passed over, and no step is shown before its ground is there", () => {
    const search = wizardSearch({ step: "nowhere", file: 7, table: "x", dialect: [], rules: [{ rule: 1 }, { rule: "unique" }] });

    expect(search).toMatchObject({ step: undefined, file: "7", table: undefined, dialect: undefined, rules: [{ rule: "unique" }] });
    expect([{}, { file: "1" }, { file: "1", schema: "2" }, { file: "1", schema: "2", proposal: "3" }].map(reachable)).toEqual([0, 2, 3, 5]);
  });
});

test.each([
  ["the same", "a\nb", "a\nb", "  a  b"],
  ["a line more", "a\nc", "a\nb\nc", "  a+ b  c"],
  ["a line less and another", "a\nb\nc", "a\nd\nc", "  a- b+ d  c"],
  ["all other", "a", "b", "- a+ b"],
])("the difference of texts: %s", (_, before, after, expected) => {
  expect(diff(before, after).map(({ sign, text }) => `${sign} ${text}`).join("")).toBe(expected);
});
