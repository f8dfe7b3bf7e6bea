import type { Answer, Job } from "@millrace/client";
import { Button, Group, NativeSelect, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { client } from "../app/client.ts";
import { useChange, useList } from "../app/data.ts";
import { useChanges, useScope } from "../app/live.tsx";
import { useWords } from "../i18n/index.tsx";
import { Dialog, Sure } from "../ui/Dialog.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Time } from "../ui/Time.tsx";

type Schedule = Answer<"listSchedules", 200>["items"][number];
const path = "/api/v2/schedules";

export function Schedules() {
  const { t } = useWords();
  const scope = useScope();
  const list = useList<Schedule>(path, { scope });
  useChanges(["schedule"], () => void list.refetch());
  const change = useChange([path]);
  const navigate = useNavigate();
  const run = useChange<Job>(["/api/v2/jobs"], (job) => void navigate({ to: "/jobs/$id", params: { id: job.id } }));
  return (
    <>
      <PageTitle title={t("nav.schedules")}>
        <NewSchedule />
      </PageTitle>
      <Listing
        label={t("nav.schedules")}
        items={list.items}
        list={list}
        keyOf={(schedule) => schedule.id}
        columns={[
          { name: t("app.name"), cell: (s) => s.name },
          { name: t("schedules.cron"), cell: (s) => <code>{s.cron}</code> },
          { name: t("schedules.zone"), cell: (s) => s.zone },
          { name: t("schedules.next"), cell: (s) => <Time at={s.next_at as string | null} /> },
          { name: t("schedules.last"), cell: (s) => (s.last_at ? <Time at={s.last_at as string} /> : t("app.never")) },
          {
            name: t("schedules.enabled"),
            cell: (s) => <Switch checked={s.enabled} aria-label={`${t("schedules.enabled")}: ${s.name}`} onChange={(event) => change.mutate({ method: "PATCH", path: `${path}/${s.id}`, query: { scope }, body: { enabled: event.target.checked } })} />,
          },
          {
            name: t("app.actions"),
            cell: (s) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" onClick={() => run.mutate({ path: `${path}/${s.id}/run`, query: { scope } })}>
                  {t("schedules.run")}
                </Button>
                <Sure label={t("app.delete")} question={`${t("schedules.deleteSure")} ${s.name}`} onYes={() => change.mutate({ method: "DELETE", path: `${path}/${s.id}`, query: { scope } })} />
              </Group>
            ),
          },
        ]}
      />
    </>
  );
}

function NewSchedule() {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const [cron, setCron] = useState("0 6 * * mon-fri");
  const [zone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
  const [jobError, setJobError] = useState<string | null>(null);
  const create = useChange([path], () => setOpened(false));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    try {
      const job = JSON.parse(given.get("job") as string) as object;
      setJobError(null);
      create.mutate({ path, body: { name: given.get("name"), cron, zone, catch_up: given.get("catch_up"), job } });
    } catch (error) {
      setJobError((error as Error).message);
    }
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t("schedules.new")}</Button>
      <Dialog title={t("schedules.new")} opened={opened} onClose={() => setOpened(false)}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput name="name" label={t("app.name")} required data-autofocus />
            <TextInput label={t("schedules.cron")} value={cron} onChange={(event) => setCron(event.target.value)} required />
            <TextInput label={t("schedules.zone")} value={zone} onChange={(event) => setZone(event.target.value)} required />
            <NextTimes cron={cron} zone={zone} />
            <NativeSelect name="catch_up" label={t("schedules.catchUp")} data={["last", "none", "all"]} />
            <Textarea name="job" label={t("schedules.job")} error={jobError} defaultValue={'{"type": "validation", "tags": ["nightly"]}'} rows={4} required />
            <Button type="submit" loading={create.isPending}>
              {t("app.create")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

function NextTimes({ cron, zone }: { cron: string; zone: string }) {
  const { time } = useWords();
  const next = useQuery({
    queryKey: ["preview", cron, zone],
    queryFn: () => client.json<{ items: { at: string }[] }>(`${path}/preview`, { method: "POST", body: { cron, zone, count: 3 } }),
    retry: false,
  });
  if (next.error) return <p className="error-text" role="alert">{next.error.message}</p>;
  return (
    <ul className="quiet">
      {next.data?.items.map(({ at }) => (
        <li key={at}>{time(at)}</li>
      ))}
    </ul>
  );
}
