import type { Answer } from "@millrace/client";
import { Button, FileButton, Group, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";

import { apiAddress } from "../../app/client.ts";
import { useChange, useList, useOne } from "../../app/data.ts";
import { useChanges, useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { storeAt } from "../../app/storing.ts";
import { useWords } from "../../i18n/index.tsx";
import { CsvExport } from "../../ui/CsvExport.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { State } from "../../ui/State.tsx";
import { Time } from "../../ui/Time.tsx";
import { path, type Source } from "./Sources.tsx";

type SourceJob = Answer<"listDataSourceJobs", 200>["items"][number];
const statuses = ["queued", "processing", "completed", "failed"] as const;
const exported = ["id", "resource_type", "status", "progress", "filename", "url", "error_message", "result_file_id", "created_at", "updated_at"];
const route = getRouteApi("/sources/$id");

export function SourceView() {
  const { id } = route.useParams();
  const scope = useScope();
  const source = useOne<Source>(`${path}/${id}`, { scope });
  if (source.error) return <ErrorBox error={source.error} onRetry={() => void source.refetch()} />;
  if (!source.data) return <Loading />;
  return (
    <>
      <PageTitle title={source.data.name} />
      {source.data.description && <p>{source.data.description}</p>}
      <Give source={source.data} scope={scope} />
      <Jobs base={`${path}/${id}`} scope={scope} />
    </>
  );
}

/** Files and pages for the source: each becomes a job. */
function Give({ source, scope }: { source: Source; scope: string }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const [url, setUrl] = useState("");
  const [sending, setSending] = useState(0);
  const base = `${path}/${source.id}`;
  const give = useChange([base], () => setUrl(""));
  const send = async (files: File[]) => {
    setSending(files.length);
    for (const file of files) {
      await storeAt(`${base}/files?scope=${scope}`, file, file.name).catch((error: Error) => notifications.show({ color: "red", title: t("app.failed"), message: `${file.name}: ${error.message}`, role: "alert" }));
      setSending((left) => left - 1);
    }
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith(base) });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        give.mutate({ path: `${base}/urls`, query: { scope }, body: { url } });
      }}
    >
      <Group align="flex-end" mb="md">
        <FileButton multiple onChange={(files) => void send(files)}>
          {(props) => (
            <Button {...props} loading={sending > 0}>
              {t("upload.choose")}
            </Button>
          )}
        </FileButton>
        <TextInput type="url" label={t("sources.page")} placeholder="https://" value={url} onChange={(event) => setUrl(event.target.value)} required />
        <Button type="submit" variant="default" loading={give.isPending}>
          {t("sources.fetch")}
        </Button>
      </Group>
    </form>
  );
}

function Jobs({ base, scope }: { base: string; scope: string }) {
  const { t } = useWords();
  const [{ filter: status }, setSearch] = useViewSearch();
  const list = useList<SourceJob>(`${base}/jobs`, { status, scope });
  const restart = useChange([base]);
  useChanges(["job"], () => void list.refetch(), 500);
  const choices = [{ value: "", label: t("jobs.view.all") }, ...statuses.map((value) => ({ value, label: t(`sources.status.${value}`) }))];
  return (
    <>
      <Group align="flex-end" justify="space-between" mb="sm">
        <NativeSelect label={t("app.state")} value={status ?? ""} data={choices} onChange={(event) => setSearch({ filter: event.target.value || undefined })} w={200} />
        <CsvExport path={`${base}/jobs`} query={{ status, scope }} columns={exported} name="jobs" />
      </Group>
      <Listing
        label={t("nav.jobs")}
        items={list.items}
        list={list}
        keyOf={(job) => job.id}
        columns={[
          { name: t("job.job"), cell: (job) => <Link to="/jobs/$id" params={{ id: job.id }} className="cut short" title={job.url ?? job.filename}>{job.url ?? job.filename}</Link> },
          { name: t("app.state"), cell: (job) => <State state={stateOf(job.status)} /> },
          { name: t("job.progress"), cell: (job) => `${job.progress} %`, number: true },
          { name: t("app.details"), cell: (job) => <div className={job.status === "failed" ? "details error-text" : "details"}>{job.error_message ?? job.progress_message}</div> },
          { name: t("app.created"), cell: (job) => <Time at={job.created_at} /> },
          { name: t("job.result"), cell: (job) => job.result_file_id && <a href={apiAddress(`/api/v2/files/${job.result_file_id}/content`)} download>{t("sources.text")}</a> },
          {
            name: t("app.actions"),
            cell: (job) =>
              job.status === "failed" && (
                <Button size="xs" variant="default" aria-label={`${t("sources.restart")}: ${job.url ?? job.filename}`} onClick={() => restart.mutate({ path: `${path}/jobs/${job.id}/restart`, query: { scope } })}>
                  {t("sources.restart")}
                </Button>
              ),
          },
        ]}
      />
    </>
  );
}

/** The statuses of sources have words of their own; signs and colours are those of jobs. */
function stateOf(status: string): string {
  return status === "processing" ? "running" : status;
}
