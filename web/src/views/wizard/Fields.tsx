import { Button, Checkbox, Group, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";

import { useWords } from "../../i18n/index.tsx";
import type { TargetField } from "./spec.ts";

export const types = ["string", "integer", "number", "date", "datetime", "boolean"] as const;
const none: TargetField = { name: "", title: "", type: "string" };

/** Fields as they are typed; a row is always there to go on with. */
export function Fields({ before, names, busy, onDone }: { before: TargetField[]; names: string[]; busy: boolean; onDone: (fields: TargetField[]) => void }) {
  const { t } = useWords();
  const [fields, setFields] = useState<TargetField[]>(before.length > 0 ? before : [none]);
  const change = (at: number, next: Partial<TargetField>) => setFields(fields.map((field, i) => (i === at ? { ...field, ...next } : field)));
  const filled = fields.filter((field) => field.name.trim() !== "");
  const twice = filled.find((field, i) => filled.some((other, k) => k < i && other.name === field.name));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!twice && filled.length > 0) onDone(filled.map(({ title, ...field }) => ({ ...field, ...(title && { title }) })));
      }}
    >
      <ol className="rows">
        {fields.map((field, i) => (
          <li key={i} aria-label={field.name || t("wizard.field")}>
            <Group align="flex-end" gap="xs">
              <TextInput label={t("app.name")} value={field.name} onChange={(event) => change(i, { name: event.target.value })} maxLength={255} />
              <TextInput label={t("wizard.fieldTitle")} value={field.title ?? ""} onChange={(event) => change(i, { title: event.target.value })} />
              <NativeSelect label={t("datasets.dataType")} value={field.type ?? "string"} data={types.map((value) => ({ value, label: t(`wizard.as.${value}`) }))} onChange={(event) => change(i, { type: event.target.value })} />
              <Checkbox mb={9} label={t("wizard.required")} checked={field.required ?? false} onChange={(event) => change(i, { required: event.target.checked })} />
              <Button variant="default" size="xs" mb={3} aria-label={`${t("wizard.removeField")}: ${field.name}`} onClick={() => setFields(fields.filter((_, k) => k !== i))}>
                {t("wizard.removeField")}
              </Button>
            </Group>
          </li>
        ))}
      </ol>
      {twice && (
        <p role="alert" className="error-text">
          {t("wizard.twice", { name: twice.name })}
        </p>
      )}
      <Group justify="space-between" mt="md">
        <Group>
          <Button variant="default" onClick={() => setFields([...fields, none])}>
            {t("wizard.addField")}
          </Button>
          <Button variant="default" onClick={() => setFields(names.map((name) => ({ name, type: "string" })))}>
            {t("wizard.fieldsOfFile")}
          </Button>
        </Group>
        <Button type="submit" loading={busy} disabled={filled.length === 0 || !!twice}>
          {t("wizard.next")}
        </Button>
      </Group>
    </form>
  );
}
