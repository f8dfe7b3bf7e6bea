/** What the address of the wizard holds: its step, and all that was chosen. A link to it brings all of that back. */

export const steps = ["file", "reading", "target", "mapping", "rules", "summary"] as const;
export type Step = (typeof steps)[number];

export interface Dialect {
  delimiter?: string;
  quote?: string;
  encoding?: string;
  header?: boolean;
  skip_rows?: number;
}

/** What a person has decided about one field: its column (null: none) and how its values are read. */
export interface Choice {
  from?: string | null;
  as?: string;
}

export interface Rule {
  rule: string;
  column?: string | undefined;
  severity?: string;
  [member: string]: unknown;
}

export interface WizardSearch {
  step?: Step | undefined;
  file?: string | undefined;
  table?: number | undefined;
  dialect?: Dialect | undefined;
  /** The stored file with the fields to come to. */
  schema?: string | undefined;
  /** The template that the fields came from. */
  template?: string | undefined;
  /** The job that proposed a mapping. */
  proposal?: string | undefined;
  choices?: Record<string, Choice> | undefined;
  rules?: Rule[] | undefined;
  /** The job that tried it on all rows. */
  check?: string | undefined;
  /** The template that all this was kept as. */
  saved?: string | undefined;
  run?: string | undefined;
  /** The job that makes a dataset of the result. */
  dataset?: string | undefined;
}

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : undefined);
const object = <T>(value: unknown) => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as T) : undefined);

export function wizardSearch(search: Record<string, unknown>): WizardSearch {
  const table = Number(search.table);
  const rules = Array.isArray(search.rules) ? (search.rules as unknown[]).filter((rule) => typeof object<Rule>(rule)?.rule === "string") : [];
  return {
    step: steps.find((step) => step === search.step),
    file: text(search.file),
    table: Number.isInteger(table) && table > 1 ? table : undefined,
    dialect: object<Dialect>(search.dialect),
    schema: text(search.schema),
    template: text(search.template),
    proposal: text(search.proposal),
    choices: object<Record<string, Choice>>(search.choices),
    rules: rules.length > 0 ? (rules as Rule[]) : undefined,
    check: text(search.check),
    saved: text(search.saved),
    run: text(search.run),
    dataset: text(search.dataset),
  };
}

const outcomes = ["check", "saved", "run", "dataset"] as const;
const mapped = ["proposal", "choices", ...outcomes] as const;
/** What another choice leaves without a ground: a mapping of another reading is no mapping of this one. */
const lost: Partial<Record<keyof WizardSearch, readonly (keyof WizardSearch)[]>> = {
  file: ["table", "dialect", ...mapped], table: ["dialect", ...mapped], dialect: mapped, schema: ["template", "rules", ...mapped], choices: outcomes, rules: outcomes,
};

export function changed(search: WizardSearch, next: WizardSearch): WizardSearch {
  const gone = (Object.keys(next) as (keyof WizardSearch)[]).flatMap((key) => lost[key] ?? []);
  return { ...search, ...Object.fromEntries(gone.map((key) => [key, undefined])), ...next };
}

/** The last step that can be shown: each needs what those before it have chosen. */
export function reachable(search: WizardSearch): number {
  if (!search.file) return 0;
  if (!search.schema) return 2;
  if (!search.proposal) return 3;
  return 5;
}
