import type { Job } from "@millrace/client";
import { Button, Group, NativeSelect, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { client } from "../../app/client.ts";
import { useChange } from "../../app/data.ts";
import { useScope } from "../../app/live.tsx";
import { useWords } from "../../i18n/index.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

const actions = ["retry", "cancel", "acknowledge", "remove"] as const;

/** One action on everything that the filter finds, however much that is; how much is counted first. */
export function Bulk({ filter }: { filter: string }) {
  const { t } = useWords();
  const scope = useScope();
  const [opened, setOpened] = useState(false);
  const [action, setAction] = useState<string>("retry");
  const [started, setStarted] = useState<Job | null>(null);
  const path = "/api/v2/jobs/bulk";
  const count = useQuery({
    queryKey: [path, filter, action, scope],
    queryFn: () => client.json<{ matched: number; more: boolean }>(path, { method: "POST", query: { scope }, body: { action, filter, dry_run: true } }),
    enabled: opened && filter !== "" && !started,
  });
  const act = useChange<Job>(["/api/v2/jobs"], setStarted);
  const open = () => {
    setStarted(null);
    setOpened(true);
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        {t("jobs.bulk")}
      </Button>
      <Dialog title={t("jobs.bulkTitle")} opened={opened} onClose={() => setOpened(false)}>
        {filter === "" ? (
          <p>{t("jobs.bulkNeedsFilter")}</p>
        ) : (
          <Stack>
            <code>{filter}</code>
            <NativeSelect label={t("jobs.bulkAction")} value={action} data={actions.map((value) => ({ value, label: t(`job.${value}`) }))} onChange={(event) => setAction(event.target.value)} />
            <p role="status">{count.error ? count.error.message : count.data ? t(count.data.more ? "jobs.bulkMore" : "jobs.bulkCount", { n: count.data.matched }) : t("app.loading")}</p>
            {started ? (
              <p role="status">
                {t("jobs.bulkStarted")}{" "}
                <Link to="/jobs/$id" params={{ id: started.id }}>
                  {t("job.job")}
                </Link>
              </p>
            ) : (
              <Group justify="flex-end">
                <Button disabled={!count.data?.matched} loading={act.isPending} onClick={() => act.mutate({ path, query: { scope }, body: { action, filter } })}>
                  {t("jobs.bulkGo")}
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Dialog>
    </>
  );
}
