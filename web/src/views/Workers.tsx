import type { Answer } from "@millrace/client";
import { Button } from "@mantine/core";

import { useChange, useList } from "../app/data.ts";
import { useWords } from "../i18n/index.tsx";
import { AdminsOnly } from "../ui/AdminsOnly.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Time } from "../ui/Time.tsx";

type Worker = Answer<"listWorkers", 200>["items"][number];
const path = "/api/v2/workers";

export function Workers() {
  const { t } = useWords();
  return (
    <>
      <PageTitle title={t("nav.workers")} />
      <AdminsOnly>
        <WorkerList />
      </AdminsOnly>
    </>
  );
}

export function WorkerList() {
  const { t } = useWords();
  const list = useList<Worker>(path, { limit: undefined }, { refetchInterval: 5000 });
  const change = useChange([path]);
  return (
    <Listing
      label={t("nav.workers")}
      items={list.items}
      list={list}
      keyOf={(worker) => worker.id}
      columns={[
        { name: t("workers.host"), cell: (w) => `${w.host}${w.pid ? ` / ${w.pid}` : ""}` },
        { name: t("workers.role"), cell: (w) => w.role },
        { name: t("workers.kinds"), cell: (w) => w.kinds.join(", ") },
        { name: t("workers.slots"), cell: (w) => `${w.running} / ${w.slots}`, number: true },
        { name: t("job.started"), cell: (w) => <Time at={w.started_at} /> },
        { name: t("workers.seen"), cell: (w) => <Time at={w.seen_at} /> },
        { name: t("app.state"), cell: (w) => (w.draining ? t("workers.draining") : "") },
        {
          name: t("app.actions"),
          cell: (w) => (
            <Button size="xs" variant="default" onClick={() => change.mutate({ path: `${path}/${w.id}/drain`, body: { drain: !w.draining } })}>
              {t(w.draining ? "workers.undrain" : "workers.drain")}
            </Button>
          ),
        },
      ]}
    />
  );
}
