import type { Job, LogLine } from "@millrace/client";
import { isEnded } from "@millrace/client";
import { Group, Switch, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { client } from "../../app/client.ts";
import { useEvents } from "../../app/live.tsx";
import { useWords } from "../../i18n/index.tsx";

interface Lines {
  items: LogLine[];
  last: number;
}

/** The lines of all attempts, with what comes while it is open. */
export function Log({ job, scope }: { job: Job; scope: string }) {
  const { t, time } = useWords();
  const lines = useLines(job, scope);
  const [search, setSearch] = useState("");
  const [follow, setFollow] = useState(true);
  const end = useRef<HTMLDivElement>(null);
  const found = search ? lines.filter((line) => line.message.toLowerCase().includes(search.toLowerCase())) : lines;
  useEffect(() => {
    if (follow && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [follow, found.length]);

  return (
    <>
      <Group align="flex-end">
        <TextInput size="xs" label={t("job.logSearch")} value={search} onChange={(event) => setSearch(event.target.value)} />
        {!isEnded(job) && <Switch label={t("job.logFollow")} checked={follow} onChange={(event) => setFollow(event.target.checked)} />}
      </Group>
      {found.length === 0 ? (
        <p className="quiet">{t("job.logNone")}</p>
      ) : (
        <div ref={end} className="log scroll" role="log" aria-label={t("job.log")} tabIndex={0}>
          {found.map((line) => (
            <div key={`${line.attempt}-${line.seq}`} data-level={line.level}>
              <time dateTime={line.at}>{time(line.at)}</time> <b>{line.level}</b> {line.message}
            </div>
          ))}
        </div>
      )}
    </>
  );
}

function useLines(job: Job, scope: string): LogLine[] {
  const [lines, setLines] = useState<LogLine[]>([]);
  const last = useRef(0);
  const busy = useRef(false);
  const more = async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      for (let page: Lines | null = null; !page || page.items.length === 1000; ) {
        page = await client.json<Lines>(`/api/v2/jobs/${job.id}/logs`, { query: { after: last.current, limit: 1000, scope } });
        const { items } = page;
        last.current = Math.max(last.current, ...items.map((line) => line.seq));
        if (items.length > 0) setLines((before) => [...before, ...items]);
      }
    } finally {
      busy.current = false;
    }
  };
  useEffect(() => void more(), [job.id, job.updated_at]);
  useEvents((event) => {
    const subject = (event.data as { id?: string } | null)?.id;
    if (event.type.startsWith("job.") && subject === job.id) void more();
  });
  return lines;
}
