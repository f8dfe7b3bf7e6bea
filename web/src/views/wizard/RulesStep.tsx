import { Button, Group } from "@mantine/core";

import { useWords } from "../../i18n/index.tsx";
import { useJob } from "../../app/job.ts";
import { useChange, useOne } from "../../app/data.ts";
import { apiAddress } from "../../app/client.ts";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Stages } from "../../ui/Stages.tsx";
import { State } from "../../ui/State.tsx";
import { useChoices, useParts } from "./parts.ts";
import { Problems } from "./Problems.tsx";
import { Rules } from "./Rules.tsx";
import { fieldOf, specOf } from "./spec.ts";

export interface Transformed {
  file_id: string | null;
  rejects_file_id: string | null;
  problems_file_id: string | null;
  problems_stored: number;
  report: { rows_in: number; rows_out: number; rows_rejected: number; problems: Record<string, number> };
}

/** Rules, and what becomes of all rows under them: the server tries it, the page only shows what it found. */
export function RulesStep() {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const { parts, error } = useParts(search);
  const check = useChange<{ id: string }>(["/api/v2/jobs"], ({ id }) => choose({ check: id }, true));
  if (error) return <ErrorBox error={error} />;
  if (!parts) return <Loading />;
  const columns = parts.fields.filter((field) => fieldOf(field, search.choices?.[field.name], parts)).map((field) => field.name);
  const start = () => check.mutate({ path: "/api/v2/jobs", body: { kind: "transform", input: { input_file_id: search.file, spec: specOf(search, parts) } } });
  return (
    <>
      <Rules columns={columns} rules={search.rules ?? []} onChange={(rules) => choose({ rules: rules.length > 0 ? rules : undefined }, true)} />
      <Group mt="md">
        <Button variant={search.check ? "default" : "filled"} loading={check.isPending} onClick={start}>
          {t("wizard.checkAll")}
        </Button>
      </Group>
      {search.check && <Check id={search.check} />}
      <Group justify="flex-end" mt="md">
        <Button disabled={!search.check} onClick={() => choose({ step: "summary" })}>
          {t("wizard.next")}
        </Button>
      </Group>
    </>
  );
}

function Check({ id }: { id: string }) {
  const { t } = useWords();
  const job = useJob(id);
  if (job.error) return <ErrorBox error={job.error} />;
  if (!job.data) return <Loading />;
  return (
    <section aria-label={t("wizard.checked")}>
      <p className="line">
        <State state={job.data.state} />
      </p>
      {job.data.state !== "completed" && <Stages job={job.data} />}
      {job.data.error_message && <p className="error-text">{job.data.error_message}</p>}
      {job.data.state === "completed" && <Checked id={id} />}
    </section>
  );
}

function Checked({ id }: { id: string }) {
  const { t } = useWords();
  const result = useTransformed(id);
  if (result.error) return <ErrorBox error={result.error} />;
  if (!result.data) return <Loading />;
  return (
    <>
      <Account of={result.data} />
      {result.data.problems_file_id ? <Problems result={result.data} file={result.data.problems_file_id} /> : <p>{t("wizard.noProblems")}</p>}
    </>
  );
}

export function useTransformed(job: string | undefined, enabled = true) {
  return useOne<Transformed>(`/api/v2/jobs/${job}/result`, {}, { enabled: !!job && enabled, staleTime: Infinity });
}

export function Account({ of }: { of: Transformed }) {
  const { t, number } = useWords();
  const { rows_in, rows_out, rows_rejected } = of.report;
  return (
    <>
      <dl className="figures" aria-label={t("wizard.account")}>
        {[[t("wizard.rowsIn"), rows_in] as const, [t("wizard.rowsGood"), rows_out] as const, [t("datasets.rejected"), rows_rejected] as const].map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(value)}</dd>
          </div>
        ))}
      </dl>
      {of.rejects_file_id && (
        <a href={apiAddress(`/api/v2/files/${of.rejects_file_id}/content`)} download>
          {t("datasets.rejectsDownload")}
        </a>
      )}
    </>
  );
}
