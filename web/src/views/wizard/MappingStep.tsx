import { Button, Group, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { client } from "../../app/client.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { conversionOf, conversions, stepsText } from "./conversions.ts";
import { types } from "./Fields.tsx";
import { readingOf, useChoices, useParts } from "./parts.ts";
import type { Choice, WizardSearch } from "./search.ts";
import { fieldOf, proposedField, type Parts, type Proposal, type TargetField } from "./spec.ts";

export function MappingStep() {
  const [search] = useChoices();
  return search.proposal ? <Mapping /> : <Proposing search={search} />;
}

/** Asks for a proposal, once. */
function Proposing({ search }: { search: WizardSearch }) {
  const { t } = useWords();
  const [, choose] = useChoices();
  const propose = useMutation({ mutationFn: () => proposed(search) });
  const done = useRef((job: string) => choose({ proposal: job }, true));
  done.current = (job) => choose({ proposal: job }, true);
  const begun = useRef(false);
  const { mutate } = propose;
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    // Only while this is on the screen: who has left is not brought back.
    mutate(undefined, { onSuccess: (job) => done.current(job) });
  }, [mutate]);
  return propose.error ? <ErrorBox error={propose.error} onRetry={() => mutate(undefined, { onSuccess: (job) => done.current(job) })} /> : <p role="status">{t("wizard.proposing")}</p>;
}

/** A mapping job reads a file as it is found; one that is to be read otherwise is first written as it is then. */
async function proposed(search: WizardSearch): Promise<string> {
  const reading = readingOf(search);
  const input_file_id = Object.keys(reading).length > 0 ? await rewritten(search.file!, reading) : search.file;
  const { id } = await client.jobs.create({ kind: "mapping", input: { input_file_id, reference_file_id: search.schema } });
  await client.jobs.wait(id);
  return id;
}

async function rewritten(file_id: string, reading: object): Promise<string> {
  const { id } = await client.jobs.create({ kind: "convert", input: { file_id, format: "csv", ...reading } });
  await client.jobs.wait(id);
  return (await client.json<{ file_id: string }>(`/api/v2/jobs/${id}/result`)).file_id;
}

function Mapping() {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const { parts, proposal, error } = useParts(search);
  if (error) return <ErrorBox error={error} />;
  if (!parts || !proposal) return <Loading />;
  const choices = search.choices ?? {};
  const change = (name: string, next: Choice) => choose({ choices: { ...choices, [name]: { ...choices[name], ...next } } }, true);
  const used = new Set(parts.fields.flatMap((field) => fieldOf(field, choices[field.name], parts)?.from ?? []));
  const left = [...parts.columns.keys()].filter((name) => !used.has(name));
  const lacking = parts.fields.filter((field) => field.required && !fieldOf(field, choices[field.name], parts));
  return (
    <>
      <Listing
        label={t("wizard.step.mapping")}
        items={parts.fields}
        keyOf={(field) => field.name}
        columns={[
          { name: t("wizard.field"), cell: (field) => <FieldName field={field} /> },
          { name: t("datasets.column"), cell: (field) => <Source field={field} choice={choices[field.name]} parts={parts} proposal={proposal} onChange={(from) => change(field.name, { from, as: undefined })} /> },
          { name: t("sniff.confidence"), cell: (field) => <Why field={field} choice={choices[field.name]} parts={parts} proposal={proposal} /> },
          { name: t("wizard.samples"), cell: (field) => <Samples field={field} choice={choices[field.name]} parts={parts} /> },
          { name: t("wizard.readAs"), cell: (field) => <ReadAs field={field} choice={choices[field.name]} parts={parts} onChange={(as) => change(field.name, { as })} /> },
        ]}
      />
      {left.length > 0 && <p className="quiet">{t("wizard.unused", { names: left.join(", ") })}</p>}
      {lacking.length > 0 && (
        <p role="alert" className="error-text">
          {t("wizard.lacking", { names: lacking.map((field) => field.name).join(", ") })}
        </p>
      )}
      <Group justify="flex-end" mt="md">
        {search.choices && (
          <Button variant="default" onClick={() => choose({ choices: undefined }, true)}>
            {t("wizard.asProposed")}
          </Button>
        )}
        <Button disabled={used.size === 0} onClick={() => choose({ step: "rules" })}>
          {t("wizard.next")}
        </Button>
      </Group>
    </>
  );
}

interface Cell {
  field: TargetField;
  choice: Choice | undefined;
  parts: Parts;
}

function FieldName({ field }: { field: TargetField }) {
  const { t } = useWords();
  const type = types.find((one) => one === field.type);
  return (
    <div className="wizard-field">
      <strong>{field.name}</strong> {field.required && <span className="quiet">({t("wizard.required")})</span>}
      <br />
      <span className="quiet">{[field.title, type ? t(`wizard.as.${type}`) : field.type].filter(Boolean).join(", ")}</span>
    </div>
  );
}

function Source({ field, choice, parts, proposal, onChange }: Cell & { proposal: Proposal; onChange: (from: string | null) => void }) {
  const { t } = useWords();
  const spec = fieldOf(field, choice, parts);
  const score = (name: string) => proposal.candidates.find((one) => one.source === name && one.target === field.name)?.confidence ?? 0;
  const names = [...parts.columns.keys()].sort((a, b) => score(b) - score(a));
  // A value of several columns, or of an expression, is taken as it is or replaced by one column.
  const whole = spec && spec.from?.length !== 1 ? (spec.expr ?? (spec.from ?? []).join(" + ")) : null;
  const data = [
    { value: "", label: t("wizard.notMapped") },
    ...(whole === null ? [] : [{ value: "\n", label: whole }]),
    ...names.map((name) => ({ value: name, label: score(name) >= 0.01 ? `${name} (${percent(score(name))})` : name })),
  ];
  return <NativeSelect size="xs" className="wizard-choice" aria-label={`${t("datasets.column")}: ${field.name}`} value={whole === null ? (spec?.from?.[0] ?? "") : "\n"} data={data} onChange={(event) => onChange(event.target.value || null)} />;
}

function Why({ field, choice, parts, proposal }: Cell & { proposal: Proposal }) {
  const { t } = useWords();
  const spec = fieldOf(field, choice, parts);
  if (!spec) return <span className="quiet">{t("wizard.notMapped")}</span>;
  if (parts.kept && spec === parts.kept.fields.find((one) => one.target === field.name)) return t("wizard.fromTemplate");
  const known = proposal.candidates.find((one) => one.source === spec.from?.[0] && one.target === field.name);
  const byHand = spec !== proposedField(field.name, parts);
  return (
    <div className="wizard-why" data-sure={(known?.confidence ?? 0) >= 0.9 || undefined} data-unsure={(known?.confidence ?? 1) < 0.5 || undefined}>
      {byHand && <strong>{t("wizard.byHand")} </strong>}
      {known && <strong>{percent(known.confidence)}</strong>} {known && <span className="quiet">{known.reason}</span>}
    </div>
  );
}

function Samples({ field, choice, parts }: Cell) {
  const from = fieldOf(field, choice, parts)?.from ?? [];
  return <span className="cut short">{from.map((name) => (parts.columns.get(name) ?? []).slice(0, 3).join(" · ")).join(" + ")}</span>;
}

function ReadAs({ field, choice, parts, onChange }: Cell & { onChange: (as: string | undefined) => void }) {
  const { t } = useWords();
  const spec = fieldOf(field, choice, parts);
  if (!spec || spec.from?.length !== 1) return null;
  const proposed = proposedField(field.name, parts);
  const mine = proposed?.from?.length === 1 && proposed.from[0] === spec.from[0];
  const chosen = conversions.find((one) => one.name === choice?.as) ?? (mine ? undefined : conversions.find((one) => one.steps === spec.steps));
  const data = [
    ...(mine ? [{ value: "", label: `${t("wizard.proposed")}: ${conversionOf(proposed.steps ?? [])?.example ?? stepsText(proposed.steps ?? [])}` }] : []),
    ...conversions.map((one) => ({ value: one.name, label: `${t(`wizard.as.${one.types[0]!}` as "wizard.as.string")}: ${one.example}` })),
  ];
  return <NativeSelect size="xs" className="wizard-choice" aria-label={`${t("wizard.readAs")}: ${field.name}`} value={chosen?.name ?? ""} data={data} onChange={(event) => onChange(event.target.value || undefined)} />;
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
