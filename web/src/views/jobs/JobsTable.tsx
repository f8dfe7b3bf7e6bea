import type { Job } from "@millrace/client";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import type { useList } from "../../app/data.ts";
import { useWords } from "../../i18n/index.tsx";
import { between } from "../../ui/format.ts";
import { StageName } from "../../ui/Stages.tsx";
import { State } from "../../ui/State.tsx";
import { Time } from "../../ui/Time.tsx";

/** Only the rows in view exist; further pages are fetched as the end comes near. */
export function JobsTable({ list, empty }: { list: ReturnType<typeof useList<Job>>; empty: string }) {
  const { t } = useWords();
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: items.length, getScrollElement: () => frame.current, estimateSize: () => 45, overscan: 12 });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= items.length - 30) void fetchNextPage();
  }, [last, items.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (items.length === 0) return <p className="quiet">{empty}</p>;
  const names = [t("job.job"), t("app.state"), t("job.progress"), t("job.stage"), t("job.queue"), t("app.created"), t("job.took")];
  return (
    <div ref={frame} className="virtual" role="region" aria-label={t("nav.jobs")} tabIndex={0}>
      <div role="table" aria-label={t("nav.jobs")} aria-rowcount={hasNextPage ? -1 : items.length + 1}>
        <div role="rowgroup">
          <div role="row" className="virtual-row virtual-head">
            {names.map((name) => (
              <span role="columnheader" key={name}>
                {name}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="virtual-body" style={{ height: rows.getTotalSize() }}>
          {shown.map((row) => (
            <Row key={items[row.index]!.id} job={items[row.index]!} index={row.index} top={row.start} />
          ))}
        </div>
      </div>
    </div>
  );
}

function Row({ job, index, top }: { job: Job; index: number; top: number }) {
  return (
    <div role="row" aria-rowindex={index + 2} className="virtual-row" style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" className="cut">
        <Link to="/jobs/$id" params={{ id: job.id }}>
          {job.filename || job.kind}
        </Link>
      </span>
      <span role="cell">
        <State state={job.state} />
      </span>
      <span role="cell">
        <progress max={100} value={job.progress} aria-label={`${job.filename || job.kind}: ${job.progress} %`} data-state={job.state} />
      </span>
      <span role="cell" className="cut">
        <StageName stage={job.stage} />
      </span>
      <span role="cell" className="cut">
        {job.queue}
      </span>
      <span role="cell">
        <Time at={job.created_at} />
      </span>
      <span role="cell">{between(job.started_at, job.completed_at)}</span>
    </div>
  );
}
