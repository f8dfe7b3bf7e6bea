import { isEnded, type Attempt, type Dataset, type Job, type JobEvent } from "@millrace/client";
import { Button, Tabs } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { apiAddress } from "../../app/client.ts";
import { useChange, useList, useOne } from "../../app/data.ts";
import { useJob } from "../../app/job.ts";
import { useChanges, useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { between, duration } from "../../ui/format.ts";
import { Json } from "../../ui/Json.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { Dialog, Sure } from "../../ui/Dialog.tsx";
import { StageName, Stages } from "../../ui/Stages.tsx";
import { State } from "../../ui/State.tsx";
import { Time } from "../../ui/Time.tsx";
import { JobLink } from "../Overview.tsx";
import { Sniff } from "../upload/Sniff.tsx";
import { Log } from "./Log.tsx";

const route = getRouteApi("/jobs/$id");

export function JobView() {
  const { id } = route.useParams();
  const scope = useScope();
  const job = useJob(id, { scope });
  if (job.error) return <ErrorBox error={job.error} onRetry={() => void job.refetch()} />;
  return job.data ? <Details key={id} job={job.data} scope={scope} /> : <Loading />;
}

function Details({ job, scope }: { job: Job; scope: string }) {
  const { t } = useWords();
  const [{ tab = "log" }, setSearch] = useViewSearch();
  const hasChildren = job.children !== null;
  return (
    <>
      <PageTitle title={job.filename || job.kind}>
        <Actions job={job} scope={scope} />
      </PageTitle>
      <p className="line">
        <State state={job.state} /> <StageName stage={job.stage} /> {job.message} <Eta job={job} />
      </p>
      <Stages job={job} />
      {job.error_message && (
        <div role="alert" className="error-box">
          <strong>{job.error_code}</strong>
          <p>{job.error_message}</p>
        </div>
      )}
      <Facts job={job} />
      <Tabs value={tab} onChange={(next) => setSearch({ tab: next ?? undefined }, true)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="log">{t("job.log")}</Tabs.Tab>
          <Tabs.Tab value="attempts">{t("job.attempts")}</Tabs.Tab>
          <Tabs.Tab value="events">{t("job.events")}</Tabs.Tab>
          {hasChildren && <Tabs.Tab value="children">{t("job.children")}</Tabs.Tab>}
          {job.state === "completed" && <Tabs.Tab value="result">{t("job.result")}</Tabs.Tab>}
          <Tabs.Tab value="raw">{t("job.raw")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="log" pt="sm">
          <Log job={job} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="attempts" pt="sm">
          <Attempts id={job.id} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="sm">
          <Events id={job.id} scope={scope} />
        </Tabs.Panel>
        {hasChildren && (
          <Tabs.Panel value="children" pt="sm">
            <Children id={job.id} scope={scope} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="result" pt="sm">
          <Result id={job.id} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="raw" pt="sm">
          <Json value={job} label={t("job.raw")} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Actions({ job, scope }: { job: Job; scope: string }) {
  const { t } = useWords();
  const act = useChange(["/api/v2/jobs"]);
  const post = (action: string) => act.mutate({ path: `/api/v2/jobs/${job.id}/${action}`, query: { scope } });
  return (
    <>
      {(job.state === "failed" || job.state === "cancelled") && <Button onClick={() => post("retry")}>{t("job.retry")}</Button>}
      {job.state === "failed" && !job.acknowledged_at && (
        <Button variant="default" onClick={() => post("acknowledge")}>
          {t("job.acknowledge")}
        </Button>
      )}
      {isEnded(job) && job.kind === "import" && <Otherwise job={job} />}
      {!isEnded(job) && job.state !== "cancelling" && <Sure label={t("job.cancel")} question={`${t("job.cancel")}: ${job.filename || job.kind}?`} onYes={() => post("cancel")} />}
    </>
  );
}

/** The same file again, with other settings or through the wizard. */
function Otherwise({ job }: { job: Job }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        {t("job.otherwise")}
      </Button>
      <Dialog title={t("sniff.title")} opened={opened} onClose={() => setOpened(false)} wide>
        <Sniff job={job} />
      </Dialog>
    </>
  );
}

/** From how far it has come in its time; only while that says something. */
function Eta({ job }: { job: Job }) {
  const { t } = useWords();
  if (job.state !== "running" || !job.started_at || job.progress < 5) return null;
  const spent = Date.now() - Date.parse(job.started_at);
  return <span className="quiet">{t("job.eta", { time: duration((spent / job.progress) * (100 - job.progress)) })}</span>;
}

function Facts({ job }: { job: Job }) {
  const { t } = useWords();
  const facts: [string, ReactNode][] = [
    [t("job.type"), job.type],
    [t("job.kind"), job.kind],
    [t("job.queue"), job.queue],
    [t("job.priority"), job.priority],
    [t("job.attempt"), `${job.attempt} / ${job.attempts_max}`],
    [t("app.created"), <Time at={job.created_at} />],
    [t("job.started"), job.started_at && <Time at={job.started_at} />],
    [t("job.ended"), job.completed_at && <Time at={job.completed_at} />],
    [t("job.took"), between(job.started_at, job.completed_at)],
    [t("job.tags"), job.tags.join(", ")],
    [t("job.acknowledged"), job.acknowledged_at && <Time at={job.acknowledged_at} />],
    [t("job.parent"), job.parent_id && <Link to="/jobs/$id" params={{ id: job.parent_id }}>{job.parent_id}</Link>],
    [t("job.dataset"), job.related_dataset_id && <Link to="/datasets/$id" params={{ id: job.related_dataset_id }}>{job.related_dataset_id}</Link>],
    [t("job.files"), hasFiles(job) && <Files job={job} />],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) =>
        value === null || value === false || value === "" || value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

const makers = ["export", "transform", "convert"];

function hasFiles(job: Job): boolean {
  return job.kind === "import" ? job.related_dataset_id !== null : job.state === "completed" && makers.includes(job.kind);
}

interface Made {
  files?: { file_id: string }[];
  file_id?: string | null;
  rejects_file_id?: string | null;
  problems_file_id?: string | null;
}

/** The file that was imported, or those that the job has made. */
function Files({ job }: { job: Job }) {
  const imported = job.kind === "import";
  const dataset = useOne<Dataset>(`/api/v2/datasets/${job.related_dataset_id ?? ""}`, {}, { enabled: imported });
  const result = useOne<Made | null>(`/api/v2/jobs/${job.id}/result`, {}, { enabled: !imported });
  const made = result.data ?? {};
  const ids = imported ? [dataset.data?.file_id] : [...(made.files ?? []).map((file) => file.file_id), made.file_id, made.rejects_file_id, made.problems_file_id];
  return ids.map((id) => id && <FileLink key={id} id={id} />);
}

function FileLink({ id }: { id: string }) {
  const file = useOne<{ filename: string }>(`/api/v2/files/${id}`, {}, { staleTime: Infinity });
  return (
    <div>
      <a href={apiAddress(`/api/v2/files/${id}/content`)} download>
        {file.data?.filename ?? id}
      </a>
    </div>
  );
}

function Result({ id, scope }: { id: string; scope: string }) {
  const { t } = useWords();
  const result = useOne<object>(`/api/v2/jobs/${id}/result`, { scope });
  return result.isLoading ? <Loading /> : <Json value={result.data ?? null} label={t("job.result")} />;
}

function Attempts({ id, scope }: { id: string; scope: string }) {
  const { t } = useWords();
  const list = useList<Attempt>(`/api/v2/jobs/${id}/attempts`, { scope, limit: undefined });
  useChanges(["job"], () => void list.refetch());
  return (
    <Listing
      label={t("job.attempts")}
      items={list.items}
      list={list}
      keyOf={(attempt) => String(attempt.attempt)}
      columns={[
        { name: t("job.attempt"), cell: (a) => a.attempt, number: true },
        { name: t("job.worker"), cell: (a) => a.worker },
        { name: t("job.started"), cell: (a) => <Time at={a.started_at} /> },
        { name: t("job.took"), cell: (a) => between(a.started_at, a.ended_at) },
        { name: t("job.outcome"), cell: (a) => a.outcome },
        { name: t("job.error"), cell: (a) => [a.error_code, a.error_message].filter(Boolean).join(": ") },
      ]}
    />
  );
}

function Events({ id, scope }: { id: string; scope: string }) {
  const { t } = useWords();
  const list = useList<JobEvent>(`/api/v2/jobs/${id}/events`, { scope });
  useChanges(["job"], () => void list.refetch());
  return (
    <Listing
      label={t("job.events")}
      items={list.items}
      list={list}
      keyOf={(event) => String(event.id)}
      columns={[
        { name: t("webhooks.event"), cell: (event) => event.type },
        { name: t("app.created"), cell: (event) => <Time at={event.at} /> },
        { name: t("job.stage"), cell: (event) => <StageName stage={String(event.data.stage ?? "")} /> },
        { name: t("job.progress"), cell: (event) => `${String(event.data.progress ?? "")} %`, number: true },
      ]}
    />
  );
}

function Children({ id, scope }: { id: string; scope: string }) {
  const { t } = useWords();
  const list = useList<Job>("/api/v2/jobs", { filter: `parent_id:${id}`, scope });
  return (
    <Listing
      label={t("job.children")}
      items={list.items}
      list={list}
      keyOf={(job) => job.id}
      columns={[
        { name: t("job.job"), cell: (job) => <JobLink job={job} /> },
        { name: t("app.state"), cell: (job) => <State state={job.state} /> },
        { name: t("job.progress"), cell: (job) => `${job.progress} %`, number: true },
      ]}
    />
  );
}
