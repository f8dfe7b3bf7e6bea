import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { useOne } from "../app/data.ts";
import { useLive } from "../app/live.tsx";
import { useIsAdmin, useMe } from "../app/session.tsx";
import { useWords } from "../i18n/index.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Section } from "./Overview.tsx";
import { WorkerList } from "./Workers.tsx";

export function Status() {
  const { t } = useWords();
  const me = useMe();
  const admin = useIsAdmin();
  const ready = useOne<{ status: string }>("/readyz", {}, { refetchInterval: 5000 });
  const version = useOne<{ info: { version: string } }>("/openapi.json");
  const live = useLive();
  const facts: [string, ReactNode][] = [
    [t("status.version"), version.data?.info.version],
    [t("status.ready"), ready.data?.status ?? ready.error?.message],
    [t("status.you"), `${me.subject} (${me.role})`],
    [t("status.method"), me.method],
    [t("app.live"), t(live.state === "live" ? "app.yes" : "app.no")],
  ];
  return (
    <>
      <PageTitle title={t("nav.status")} />
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {admin && (
        <Section title={t("nav.workers")}>
          <WorkerList />
        </Section>
      )}
      <Section title={t("status.metrics")}>
        <Metrics />
      </Section>
    </>
  );
}

function Metrics() {
  const { t } = useWords();
  const metrics = useQuery({ queryKey: ["metrics"], queryFn: async () => (await client.requester.open("/metrics")).text(), refetchInterval: 10_000 });
  return (
    <pre className="scroll metrics" tabIndex={0} role="region" aria-label={t("status.metrics")}>
      {metrics.data ?? metrics.error?.message}
    </pre>
  );
}
