import { Button, Group, NativeSelect, TextInput } from "@mantine/core";

import { useWords, type Key } from "../../i18n/index.tsx";
import type { Rule } from "./search.ts";

/** The members of a rule that a person fills in. */
const members: Record<string, { name: string; label: Key; number?: boolean; list?: boolean; options?: string[] }[]> = {
  required: [],
  unique: [],
  range: [{ name: "min", label: "wizard.member.min" }, { name: "max", label: "wizard.member.max" }],
  length: [{ name: "min_length", label: "wizard.member.min", number: true }, { name: "max_length", label: "wizard.member.max", number: true }],
  pattern: [{ name: "pattern", label: "wizard.member.pattern" }],
  enum: [{ name: "values", label: "wizard.member.values", list: true }],
  format: [{ name: "format", label: "wizard.member.format", options: ["bic", "country", "currency", "ean", "email", "iban", "ip", "isbn", "luhn", "phone", "url", "uuid", "vat"] }],
  text: [],
};
const kinds = Object.keys(members);
const severities = ["error", "warning", "info"] as const;

export function Rules({ columns, rules, onChange }: { columns: string[]; rules: Rule[]; onChange: (rules: Rule[]) => void }) {
  const { t } = useWords();
  const change = (at: number, rule: Rule) => onChange(rules.map((old, i) => (i === at ? rule : old)));
  return (
    <>
      <h3>{t("wizard.rules")}</h3>
      {rules.length === 0 && <p className="quiet">{t("wizard.noRules")}</p>}
      <ol className="rows">
        {rules.map((rule, i) => (
          <li key={i} aria-label={nameOf(rule)}>
            <Group align="flex-end" gap="xs">
              <NativeSelect label={t("wizard.rule")} value={rule.rule} data={[...(kinds.includes(rule.rule) ? [] : [rule.rule]), ...kinds.map((value) => ({ value, label: t(`wizard.rule.${value}` as Key) }))]} onChange={(event) => change(i, begun(event.target.value, rule.column ?? columns[0]!))} />
              {rule.column !== undefined && (
                <NativeSelect label={t("wizard.field")} value={rule.column} data={columns.includes(rule.column) ? columns : [rule.column, ...columns]} onChange={(event) => change(i, { ...rule, column: event.target.value })} />
              )}
              {(members[rule.rule] ?? []).map((member) => (
                <Member key={member.name} rule={rule} member={member} onChange={(value) => change(i, { ...rule, [member.name]: value })} />
              ))}
              <NativeSelect label={t("wizard.severity")} value={rule.severity ?? "error"} data={severities.map((value) => ({ value, label: t(`wizard.severity.${value}`) }))} onChange={(event) => change(i, { ...rule, severity: event.target.value })} />
              <Button size="xs" variant="default" mb={3} aria-label={`${t("wizard.removeRule")}: ${nameOf(rule)}`} onClick={() => onChange(rules.filter((_, k) => k !== i))}>
                {t("wizard.removeRule")}
              </Button>
            </Group>
          </li>
        ))}
      </ol>
      <Button variant="default" size="xs" mt="xs" disabled={columns.length === 0} onClick={() => onChange([...rules, begun("required", columns[0]!)])}>
        {t("wizard.addRule")}
      </Button>
    </>
  );
}

function nameOf({ rule, column }: Rule): string {
  return column === undefined ? rule : `${rule} ${column}`;
}

function begun(rule: string, column: string): Rule {
  const first = members[rule]?.find((member) => member.options);
  return { rule, column, ...(first && { [first.name]: first.options![0] }) };
}

function Member({ rule, member, onChange }: { rule: Rule; member: (typeof members)[string][number]; onChange: (value: unknown) => void }) {
  const { t } = useWords();
  const { name, label, options, list } = member;
  const value = rule[name];
  if (options) return <NativeSelect label={t(label)} value={String(value ?? "")} data={options} onChange={(event) => onChange(event.target.value)} />;
  // Kept when it is left: each letter would be a page of the history of the address.
  return <TextInput label={t(label)} defaultValue={Array.isArray(value) ? value.join(", ") : String(value ?? "")} placeholder={list ? "a, b, c" : ""} onBlur={(event) => onChange(read(event.target.value.trim(), member))} />;
}

function read(text: string, { list, number, name }: (typeof members)[string][number]): unknown {
  if (text === "") return undefined;
  if (list) return text.split(",").map((part) => part.trim()).filter(Boolean);
  const numeric = number || ((name === "min" || name === "max") && Number.isFinite(Number(text)));
  return numeric ? Number(text) : text;
}
