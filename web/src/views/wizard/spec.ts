/** The mapping spec that the choices of the wizard amount to. */
import { conversions, guessed } from "./conversions.ts";
import type { Choice, Rule, WizardSearch } from "./search.ts";

export interface TargetField {
  name: string;
  title?: string;
  type?: string;
  required?: boolean;
}

export interface SpecField {
  target: string;
  from?: string[];
  steps?: object[];
  expr?: string;
  type?: string;
  provenance?: string;
  confidence?: number;
  note?: string;
}

export interface Spec {
  spec: 1;
  fields: SpecField[];
  validation?: { rules: Rule[] };
  [member: string]: unknown;
}

export interface Entry {
  source: string;
  target: string;
  confidence: number;
  reason: string;
}

export interface Proposal {
  mapping: Entry[];
  candidates: Entry[];
  template_id: string;
}

/** The columns of the file, each with some of its values. */
export type Columns = Map<string, string[]>;

export interface Parts {
  fields: TargetField[];
  columns: Columns;
  proposed: Spec;
  /** Of the template that was chosen, if one was. */
  kept?: Spec | undefined;
}

/** What would be without a choice: as in the template where its columns are here, else as proposed. */
export function proposedField(target: string, { columns, proposed, kept }: Parts): SpecField | undefined {
  const before = kept?.fields.find((field) => field.target === target);
  if (before && (before.from ?? []).every((name) => columns.has(name))) return before;
  return proposed.fields.find((field) => field.target === target);
}

export function fieldOf(field: TargetField, choice: Choice | undefined, parts: Parts): SpecField | undefined {
  const before = proposedField(field.name, parts);
  if (!choice) return before;
  const from = choice.from === undefined ? before?.from?.[0] : choice.from;
  if (from === null || from === undefined) return undefined;
  const same = before?.from?.length === 1 && before.from[0] === from;
  if (same && !choice.as) return before;
  const how = conversions.find((one) => one.name === choice.as) ?? guessed(field.type ?? "", parts.columns.get(from) ?? []);
  return { target: field.name, from: [from], steps: how.steps, provenance: "person" };
}

export function specOf(search: WizardSearch, parts: Parts): Spec {
  const fields = parts.fields.flatMap((field) => fieldOf(field, search.choices?.[field.name], parts) ?? []);
  const { source: _, validation: __, ...more } = parts.kept ?? ({} as Partial<Spec>);
  const targets = new Set(fields.map((field) => field.target));
  const rules = search.rules?.filter(({ column }) => column === undefined || targets.has(column)) ?? [];
  const source = { ...(search.dialect && { dialect: search.dialect }), ...(search.table && { table: search.table }) };
  return {
    ...more,
    spec: 1,
    ...(Object.keys(source).length > 0 && { source }),
    fields,
    ...(rules.length > 0 && { validation: { rules } }),
  };
}
