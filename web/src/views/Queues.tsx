import type { Answer } from "@millrace/client";
import { Button, Group, NumberInput, Stack } from "@mantine/core";
import { useState } from "react";

import { useChange, useList } from "../app/data.ts";
import { useWords } from "../i18n/index.tsx";
import { AdminsOnly } from "../ui/AdminsOnly.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";

type Queue = Answer<"listQueues", 200>["items"][number] & { running_max: number | null; rate_count: number | null; rate_period_ms: number | null };
const path = "/api/v2/queues";

export function Queues() {
  const { t } = useWords();
  return (
    <>
      <PageTitle title={t("nav.queues")} />
      <AdminsOnly>
        <List />
      </AdminsOnly>
    </>
  );
}

function List() {
  const { t, number } = useWords();
  const list = useList<Queue>(path, { limit: undefined }, { refetchInterval: 5000 });
  const change = useChange([path]);
  const count = (queue: Queue, state: string) => number((queue.counts as Record<string, number>)[state] ?? 0);
  return (
    <Listing
      label={t("nav.queues")}
      items={list.items}
      list={list}
      keyOf={(queue) => queue.name}
      columns={[
        { name: t("job.queue"), cell: (q) => q.name },
        { name: t("app.state"), cell: (q) => t(q.paused ? "queues.paused" : "queues.open") },
        { name: t("queues.queued"), cell: (q) => count(q, "queued"), number: true },
        { name: t("queues.running"), cell: (q) => count(q, "running"), number: true },
        { name: t("queues.runningMax"), cell: (q) => q.running_max ?? t("queues.unlimited"), number: true },
        { name: t("queues.rate"), cell: (q) => (q.rate_count ? `${number(q.rate_count)} / ${number(q.rate_period_ms ?? 0)} ms` : t("queues.unlimited")), number: true },
        {
          name: t("app.actions"),
          cell: (q) => (
            <Group gap="xs" wrap="nowrap">
              <Button size="xs" variant="default" onClick={() => change.mutate({ path: `${path}/${encodeURIComponent(q.name)}/${q.paused ? "resume" : "pause"}` })}>
                {t(q.paused ? "queues.resume" : "queues.pause")}
              </Button>
              <Limits queue={q} />
            </Group>
          ),
        },
      ]}
    />
  );
}

function Limits({ queue }: { queue: Queue }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const change = useChange([path], () => setOpened(false));
  const [running, setRunning] = useState<number | string>(queue.running_max ?? "");
  const [count, setCount] = useState<number | string>(queue.rate_count ?? "");
  const [period, setPeriod] = useState<number | string>(queue.rate_period_ms ?? 60_000);
  const limits = { running_max: running === "" ? null : Number(running), rate_count: count === "" ? null : Number(count), rate_period_ms: count === "" ? null : Number(period) };
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpened(true)}>
        {t("queues.limits")}
      </Button>
      <Dialog title={`${t("queues.limits")}: ${queue.name}`} opened={opened} onClose={() => setOpened(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ method: "PUT", path: `${path}/${encodeURIComponent(queue.name)}`, body: limits });
          }}
        >
          <Stack>
            <NumberInput label={t("queues.runningMax")} value={running} onChange={setRunning} min={1} placeholder={t("queues.unlimited")} hideControls />
            <NumberInput label={t("queues.rateCount")} value={count} onChange={setCount} min={1} placeholder={t("queues.unlimited")} hideControls />
            <NumberInput label={t("queues.ratePeriod")} value={period} onChange={setPeriod} min={1} hideControls />
            <Button type="submit" loading={change.isPending}>
              {t("app.save")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
