/** How the texts of a column become values of a field: what a person chooses among, each with the texts that it fits. */

export interface Conversion {
  name: string;
  /** What it reads, as a person would write it. */
  example: string;
  fits: RegExp;
  types: string[];
  steps: object[];
}

const money = { op: "parse_decimal", scale: 6, loose: true };
const numbers = ["number", "decimal", "float"];
const dates = ["date"];

export const conversions: Conversion[] = [
  { name: "text", example: "abc", fits: /^/, types: ["string", "text", ""], steps: [] },
  { name: "int", example: "1234", fits: /^[+-]?\d+$/, types: ["integer", "int"], steps: [{ op: "parse_int", loose: true }] },
  { name: "int.", example: "1.234", fits: /^[+-]?\d{1,3}(\.\d{3})*$/, types: ["integer", "int"], steps: [{ op: "parse_int", group: ".", loose: true }] },
  { name: "int,", example: "1,234", fits: /^[+-]?\d{1,3}(,\d{3})*$/, types: ["integer", "int"], steps: [{ op: "parse_int", group: ",", loose: true }] },
  { name: "1.234,56", example: "1.234,56", fits: /^\D*[\d.]+(,\d+)?\D*$/, types: numbers, steps: [{ ...money, point: ",", group: "." }] },
  { name: "1,234.56", example: "1,234.56", fits: /^\D*[\d,]+(\.\d+)?\D*$/, types: numbers, steps: [{ ...money, point: ".", group: "," }] },
  { name: "1 234,56", example: "1 234,56", fits: /^\D*[\d\s]+(,\d+)?\D*$/, types: numbers, steps: [{ ...money, point: ",", group: " " }] },
  { name: "ymd", example: "2026-12-31", fits: /^\d{4}\D\d{1,2}\D\d{1,2}$/, types: dates, steps: [{ op: "parse_date", order: "ymd" }] },
  { name: "dmy", example: "31-12-2026", fits: /^\d{1,2}\D\d{1,2}\D\d{2,4}$/, types: dates, steps: [{ op: "parse_date", order: "dmy" }] },
  { name: "mdy", example: "12/31/2026", fits: /^\d{1,2}\D\d{1,2}\D\d{2,4}$/, types: dates, steps: [{ op: "parse_date", order: "mdy" }] },
  { name: "bool", example: "true", fits: /^/, types: ["boolean", "bool"], steps: [{ op: "parse_bool" }] },
];

/** The conversion that these steps amount to, if it is one of those above. */
export function conversionOf(steps: object[]): Conversion | undefined {
  const notation = (step: object | undefined) => {
    const { op, point, group, order } = (step ?? {}) as Record<string, unknown>;
    return JSON.stringify([op, point, group, order]);
  };
  return steps.length > 1 ? undefined : conversions.find((one) => notation(one.steps[0]) === notation(steps[0]));
}

/** The conversion that reads most of these texts as the type of a field. */
export function guessed(type: string, samples: string[]): Conversion {
  const possible = conversions.filter((conversion) => conversion.types.includes(type));
  const score = (conversion: Conversion) => samples.filter((sample) => conversion.fits.test(sample.trim())).length;
  return possible.reduce<Conversion | undefined>((best, one) => (best && score(best) >= score(one) ? best : one), undefined) ?? conversions[0]!;
}

/** Steps that no conversion stands for, as they are written. */
export function stepsText(steps: object[]): string {
  return steps.map((step) => Object.entries(step).map(([name, value]) => (name === "op" ? String(value) : typeof value === "string" ? `${name} "${value}"` : "")).filter(Boolean).join(" ")).join(", ");
}
