import type { Job } from "@millrace/client";
import { Button } from "@mantine/core";
import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useState } from "react";

import { useList, type Page } from "../../app/data.ts";
import { useChanges, useJobEvents, useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { useWords } from "../../i18n/index.tsx";
import { CsvExport } from "../../ui/CsvExport.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { Bulk } from "./Bulk.tsx";
import { FilterBox } from "./FilterBox.tsx";
import { JobsTable } from "./JobsTable.tsx";
import { Views } from "./Views.tsx";

const path = "/api/v2/jobs";
const exported = ["id", "kind", "state", "progress", "stage", "filename", "queue", "created_at", "started_at", "completed_at", "attempt", "error_code", "error_message", "related_dataset_id"];

export function Jobs() {
  const { t } = useWords();
  const [{ filter = "", sort = "-created_at" }, setSearch] = useViewSearch();
  const scope = useScope();
  const query = { filter, sort, scope };
  const list = useList<Job>(path, query);
  const fresh = useFresh(query, list);
  const setFilter = (next: string) => setSearch({ filter: next || undefined });

  return (
    <>
      <PageTitle title={t("nav.jobs")}>
        <CsvExport path={path} query={query} columns={exported} name="jobs" />
        <Bulk filter={filter} />
      </PageTitle>
      <Views filter={filter} onChoose={setFilter} />
      <FilterBox filter={filter} onChange={setFilter} />
      {fresh.waiting && (
        <Button size="xs" variant="default" onClick={fresh.show}>
          {t("jobs.fresh")}
        </Button>
      )}
      {list.error ? <ErrorBox error={list.error} onRetry={() => void list.refetch()} /> : list.isLoading ? <Loading /> : <JobsTable list={list} empty={t("jobs.none")} />}
    </>
  );
}

/**
 * Rows that are shown change as it happens; which jobs belong to the list only the server knows. A short list is read anew by
 * itself, under a long one new jobs would move the rows away: there it waits for the person.
 */
function useFresh(query: object, list: ReturnType<typeof useList<Job>>) {
  const queries = useQueryClient();
  const [waiting, setWaiting] = useState(false);
  const pages = list.data?.pages.length ?? 0;
  useJobEvents((job) => {
    queries.setQueryData<InfiniteData<Page<Job>>>([path, query], (data) => data && patched(data, job));
  });
  useChanges(["job"], () => (pages <= 1 ? void list.refetch() : setWaiting(true)), 1000);
  return {
    waiting,
    show: () => {
      setWaiting(false);
      void queries.resetQueries({ queryKey: [path, query] });
    },
  };
}

function patched(data: InfiniteData<Page<Job>>, job: Job): InfiniteData<Page<Job>> {
  if (!data.pages.some((page) => page.items.some((other) => other.id === job.id))) return data;
  const pages = data.pages.map((page) => ({ ...page, items: page.items.map((other) => (other.id === job.id ? job : other)) }));
  return { ...data, pages };
}
