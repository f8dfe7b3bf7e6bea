import type { Dataset } from "@millrace/client";
import { Button, Group, Tabs } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "../../app/client.ts";
import { useList } from "../../app/data.ts";
import { storeSchema } from "../../app/storing.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Time } from "../../ui/Time.tsx";
import { Choose } from "./Choose.tsx";
import { Fields } from "./Fields.tsx";
import { columnsOf, useChoices, useSchema, useSniff, useTemplate } from "./parts.ts";
import type { Rule } from "./search.ts";
import type { Spec, TargetField } from "./spec.ts";

interface Target {
  name: string;
  fields: TargetField[];
  template?: string;
  rules?: Rule[] | undefined;
}

/** The fields to come to: those of a template, of a dataset, or typed. */
export function TargetStep() {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const [tab, setTab] = useState<string | null>(search.schema && !search.template ? "fields" : "template");
  const keep = useMutation<{ id: string }, Error, Target>({
    mutationFn: ({ fields, name }) => storeSchema(fields, name),
    onSuccess: ({ id }, { template, rules }) => choose({ schema: id, template, rules, step: "mapping" }),
  });
  return (
    <>
      {search.schema && (
        <Group justify="space-between" mb="sm">
          <p>{t("wizard.targetChosen")}</p>
          <Button onClick={() => choose({ step: "mapping" })}>{t("wizard.next")}</Button>
        </Group>
      )}
      {search.template && !search.schema && <Preset id={search.template} busy={keep.isPending} onChoose={keep.mutate} />}
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="template">{t("wizard.target.template")}</Tabs.Tab>
          <Tabs.Tab value="dataset">{t("wizard.target.dataset")}</Tabs.Tab>
          <Tabs.Tab value="fields">{t("wizard.target.fields")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="template" pt="sm">
          <Templates onChoose={keep.mutate} />
        </Tabs.Panel>
        <Tabs.Panel value="dataset" pt="sm">
          <Datasets onChoose={keep.mutate} />
        </Tabs.Panel>
        <Tabs.Panel value="fields" pt="sm">
          <Typed busy={keep.isPending} onChoose={keep.mutate} />
        </Tabs.Panel>
      </Tabs>
      {keep.error && <ErrorBox error={keep.error} />}
    </>
  );
}

interface Template {
  id: string;
  name: string;
  version: number;
  spec: Spec;
  updated_at: string;
}

function Templates({ onChoose }: { onChoose: (target: Target) => void }) {
  const { t } = useWords();
  const list = useList<Template>("/api/v2/templates", { limit: 20, sort: "-updated_at" });
  return (
    <Listing
      label={t("wizard.target.template")}
      items={list.items}
      list={list}
      keyOf={(template) => template.id}
      columns={[
        { name: t("app.name"), cell: (one) => one.name },
        { name: t("datasets.version"), cell: (one) => one.version, number: true },
        { name: t("wizard.fields"), cell: (one) => <span className="cut short">{one.spec.fields.map((field) => field.target).join(", ")}</span> },
        { name: t("templates.changed"), cell: (one) => <Time at={one.updated_at} /> },
        { name: t("app.actions"), cell: (one) => <Choose name={one.name} onClick={() => onChoose(targetOf(one.id, one))} /> },
      ]}
    />
  );
}

function targetOf(id: string, { name, spec }: { name: string; spec: Spec }): Target {
  return { name, template: id, fields: fieldsOf(spec), rules: spec.validation?.rules };
}

/** The template that a link has named. */
function Preset({ id, busy, onChoose }: { id: string; busy: boolean; onChoose: (target: Target) => void }) {
  const { t } = useWords();
  const template = useTemplate(id);
  if (template.error) return <ErrorBox error={template.error} />;
  if (!template.data) return <Loading />;
  const { data } = template;
  return (
    <Group justify="space-between" mb="sm">
      <p>{t("wizard.withTemplate", { name: data.name })}</p>
      <Button loading={busy} onClick={() => onChoose(targetOf(id, data))}>
        {t("wizard.next")}
      </Button>
    </Group>
  );
}

function fieldsOf(spec: Spec): TargetField[] {
  return spec.fields.map(({ target, type, steps }) => ({ name: target, type: typeOf(type, steps) }));
}

/** The type that a field of a spec has, as schemas name it. */
function typeOf(type: string | undefined, steps: object[] = []): string {
  const last = (steps.at(-1) as { op?: string } | undefined)?.op ?? "";
  const word = /^[a-z]+/.exec(type ?? last.replace(/^parse_/, ""))?.[0] ?? "";
  return { int: "integer", decimal: "number", float: "number", date: "date", bool: "boolean", time: "time", timestamp: "datetime" }[word] ?? "string";
}

function Datasets({ onChoose }: { onChoose: (target: Target) => void }) {
  const { t, number } = useWords();
  const list = useList<Dataset>("/api/v2/datasets", { limit: 20 });
  const read = useMutation({
    mutationFn: (id: string) => client.json<{ name: string; columns: { name: string; type: string }[] }>(`/api/v2/datasets/${id}`),
    onSuccess: ({ name, columns }) => onChoose({ name, fields: columns.map((column) => ({ name: column.name, type: typeOf(column.type) })) }),
  });
  return (
    <>
      {read.error && <ErrorBox error={read.error} />}
      <Listing
        label={t("nav.datasets")}
        items={list.items}
        list={list}
        keyOf={(dataset) => dataset.id}
        columns={[
          { name: t("app.name"), cell: (d) => d.name },
          { name: t("datasets.columns"), cell: (d) => number(d.column_count), number: true },
          { name: t("app.created"), cell: (d) => <Time at={d.created_at} /> },
          { name: t("app.actions"), cell: (d) => <Choose name={d.name} onClick={() => read.mutate(d.id)} /> },
        ]}
      />
    </>
  );
}

function Typed({ busy, onChoose }: { busy: boolean; onChoose: (target: Target) => void }) {
  const [search] = useChoices();
  const before = useSchema(search.schema);
  const sniffed = useSniff(search);
  if (before.isLoading || !sniffed.data) return <Loading />;
  const names = [...columnsOf(sniffed.data).keys()];
  return <Fields key={search.schema ?? ""} before={before.data?.fields ?? []} names={names} busy={busy} onDone={(fields) => onChoose({ name: "fields", fields })} />;
}
