/** One job as it is now: read once, kept up by the events of the page. */
import type { Job } from "@millrace/client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { useOne } from "./data.ts";
import { useJobEvents } from "./live.tsx";

export function useJob(id: string, query: object = {}) {
  const path = `/api/v2/jobs/${id}`;
  const queries = useQueryClient();
  const job = useOne<Job>(path, query);
  const { isFetching, refetch } = job;
  const overtaken = useRef(false);
  useJobEvents((news) => {
    if (news.id !== id) return;
    queries.setQueryData([path, query], (old: Job | undefined) => old && { ...old, ...news });
    overtaken.current ||= queries.isFetching({ queryKey: [path, query] }) > 0;
  });
  // An answer that was under way while news came may be older than the news.
  useEffect(() => {
    if (isFetching || !overtaken.current) return;
    overtaken.current = false;
    void refetch();
  }, [isFetching, refetch]);
  return job;
}
