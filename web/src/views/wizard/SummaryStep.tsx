import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { apiAddress } from "../../app/client.ts";
import { useChange, useOne } from "../../app/data.ts";
import { useJob } from "../../app/job.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Stages } from "../../ui/Stages.tsx";
import { State } from "../../ui/State.tsx";
import { formats } from "../dataset/Export.tsx";
import { conversionOf, stepsText } from "./conversions.ts";
import { useChoices, useParts } from "./parts.ts";
import { Account, useTransformed } from "./RulesStep.tsx";
import { specOf, type Spec } from "./spec.ts";

/** What came of it, kept for the next file of this kind, and run. */
export function SummaryStep() {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const { parts, proposal, kept, error } = useParts(search);
  const check = useTransformed(search.check);
  if (error) return <ErrorBox error={error} />;
  if (!parts || !proposal) return <Loading />;
  const spec = specOf(search, parts);
  return (
    <>
      {check.data ? <Account of={check.data} /> : <p className="quiet">{t("wizard.notChecked")}</p>}
      <p>{t("wizard.fieldsMapped", { n: spec.fields.length, all: parts.fields.length })}</p>
      <Fields spec={spec} />
      <h3>{t("wizard.keep")}</h3>
      <Keep spec={spec} template={kept && search.template ? { id: search.template, name: kept.name } : undefined} made={proposal.template_id} saved={search.saved} onSaved={(id) => choose({ saved: id }, true)} />
      <h3>{t("wizard.run")}</h3>
      <Run file={search.file!} spec={spec} template={search.saved} onRun={(id) => choose({ run: id, dataset: undefined }, true)} />
      {search.run && <Running id={search.run} />}
    </>
  );
}

function Fields({ spec }: { spec: Spec }) {
  const { t } = useWords();
  return (
    <Listing
      label={t("wizard.fields")}
      items={spec.fields}
      keyOf={(field) => field.target}
      columns={[
        { name: t("wizard.field"), cell: (field) => <div className="wizard-field">{field.target}</div> },
        { name: t("datasets.column"), cell: (field) => field.expr ?? (field.from ?? []).join(" + ") },
        { name: t("wizard.readAs"), cell: (field) => conversionOf(field.steps ?? [])?.example ?? stepsText(field.steps ?? []) },
        { name: t("wizard.rules"), cell: (field) => (spec.validation?.rules ?? []).filter((rule) => rule.column === field.target).map((rule) => rule.rule).join(", ") },
      ]}
    />
  );
}

interface KeepProps {
  spec: Spec;
  /** The one that was chosen: under its name this is its next version. */
  template: { id: string; name: string } | undefined;
  /** The one that the proposal was kept as. */
  made: string;
  saved: string | undefined;
  onSaved: (id: string) => void;
}

function Keep({ spec, template, made, saved, onSaved }: KeepProps) {
  const { t } = useWords();
  const [name, setName] = useState(template?.name ?? "");
  const save = useChange<{ id: string }>(["/api/v2/templates"], ({ id }) => onSaved(id));
  const target = template?.name === name.trim() ? template.id : made;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ method: "PATCH", path: `/api/v2/templates/${target}`, body: { name: name.trim(), spec } });
      }}
    >
      <Group align="flex-end">
        <TextInput label={t("app.name")} value={name} onChange={(event) => setName(event.target.value)} required maxLength={200} />
        <Button type="submit" variant="default" loading={save.isPending}>
          {t("wizard.saveTemplate")}
        </Button>
        {saved && <p role="status">{t("wizard.saved")}</p>}
      </Group>
    </form>
  );
}

function Run({ file, spec, template, onRun }: { file: string; spec: Spec; template: string | undefined; onRun: (id: string) => void }) {
  const { t } = useWords();
  const [format, setFormat] = useState("csv");
  const run = useChange<{ id: string }>(["/api/v2/jobs"], ({ id }) => onRun(id));
  const how = template ? { template_id: template } : { spec };
  return (
    <Group align="flex-end">
      <NativeSelect label={t("datasets.exportFormat")} value={format} data={formats} onChange={(event) => setFormat(event.target.value)} />
      <Button loading={run.isPending} onClick={() => run.mutate({ path: "/api/v2/jobs", body: { kind: "transform", input: { input_file_id: file, ...how, output: { format } } } })}>
        {t("wizard.runNow")}
      </Button>
    </Group>
  );
}

function Running({ id }: { id: string }) {
  const { t } = useWords();
  const job = useJob(id);
  const done = job.data?.state === "completed";
  const result = useTransformed(id, done);
  const file = useOne<{ filename: string }>(`/api/v2/files/${result.data?.file_id}`, {}, { enabled: !!result.data?.file_id });
  if (job.error) return <ErrorBox error={job.error} />;
  if (!job.data) return <Loading />;
  return (
    <section aria-label={t("job.result")} className="card result">
      <p className="line">
        <State state={job.data.state} />
        <Link to="/jobs/$id" params={{ id }}>
          {t("job.job")}
        </Link>
        {file.data && result.data?.file_id && (
          <a href={apiAddress(`/api/v2/files/${result.data.file_id}/content`)} download>
            {file.data.filename}
          </a>
        )}
        {result.data?.rejects_file_id && (
          <a href={apiAddress(`/api/v2/files/${result.data.rejects_file_id}/content`)} download>
            {t("datasets.rejectsDownload")}
          </a>
        )}
      </p>
      <Stages job={job.data} />
      {job.data.error_message && <p className="error-text">{job.data.error_message}</p>}
      {result.data?.file_id && <Import file={result.data.file_id} />}
    </section>
  );
}

/** The result as a dataset, when that is wanted. */
function Import({ file }: { file: string }) {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const start = useChange<{ id: string }>(["/api/v2/jobs"], ({ id }) => choose({ dataset: id }, true));
  if (search.dataset) return <Imported id={search.dataset} />;
  return (
    <Button size="xs" variant="default" loading={start.isPending} onClick={() => start.mutate({ path: "/api/v2/jobs", body: { kind: "import", input: { file_id: file, on_duplicate: "reuse" } } })}>
      {t("wizard.makeDataset")}
    </Button>
  );
}

function Imported({ id }: { id: string }) {
  const { t } = useWords();
  const job = useJob(id);
  if (!job.data) return null;
  return (
    <p className="line">
      <State state={job.data.state} />
      {job.data.related_dataset_id && (
        <Link to="/datasets/$id" params={{ id: job.data.related_dataset_id }}>
          {t("job.dataset")}
        </Link>
      )}
      {job.data.error_message && <span className="error-text">{job.data.error_message}</span>}
    </p>
  );
}
