import { type Answer, type Job } from "@millrace/client";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useChange, useList, useOne } from "../app/data.ts";
import { useChanges, useScope } from "../app/live.tsx";
import { useIsAdmin } from "../app/session.tsx";
import { useWords } from "../i18n/index.tsx";
import { duration } from "../ui/format.ts";
import { PageTitle } from "../ui/PageTitle.tsx";
import { State } from "../ui/State.tsx";
import { Time } from "../ui/Time.tsx";

export function Overview() {
  const { t } = useWords();
  const admin = useIsAdmin();
  return (
    <>
      <PageTitle title={t("nav.overview")} />
      <Attention />
      <Running />
      {admin && <Figures />}
    </>
  );
}

/** Failed jobs stay here until somebody says that they were seen. */
function Attention() {
  const { t } = useWords();
  const scope = useScope();
  const failed = useList<Job>("/api/v2/jobs", { filter: "state:failed", limit: 50, scope });
  useChanges(["job"], () => void failed.refetch());
  const acknowledge = useChange(["/api/v2/jobs"]);
  const open = failed.items.filter((job) => !job.acknowledged_at);
  return (
    <Section title={t("overview.attention")}>
      {open.length === 0 && !failed.isLoading && <p className="quiet">{t("overview.attentionNone")}</p>}
      <ul className="cards">
        {open.slice(0, 12).map((job) => (
          <li key={job.id} className="card">
            <JobLink job={job} /> <State state={job.state} />
            <p className="error-text">{job.error_message}</p>
            <p className="quiet">
              <Time at={job.completed_at} />
            </p>
            <Button size="xs" variant="default" onClick={() => acknowledge.mutate({ path: `/api/v2/jobs/${job.id}/acknowledge`, query: { scope } })}>
              {t("job.acknowledge")}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Running() {
  const { t } = useWords();
  const scope = useScope();
  const active = useOne<Job[]>("/api/v2/jobs/active", { scope });
  useChanges(["job"], () => void active.refetch(), 500);
  const running = active.data?.filter((job) => job.status === "running") ?? [];
  return (
    <Section title={t("overview.running")}>
      {active.data && running.length === 0 && <p className="quiet">{t("overview.runningNone")}</p>}
      <ul className="cards">
        {running.slice(0, 24).map((job) => (
          <li key={job.id} className="card">
            <JobLink job={job} /> <State state={job.state} />
            <progress max={100} value={job.progress} aria-label={`${job.filename || job.kind}: ${job.progress} %`} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Stats = Answer<"getStats", 200>;

function Figures() {
  const words = useWords();
  const { t } = words;
  const stats = useOne<Stats>("/api/v2/stats", { range: "1h", step: "1m" }, { refetchInterval: 15_000 });
  if (!stats.data) return null;
  const figures = figuresOf(stats.data);
  return (
    <Section title={t("overview.lastHour")}>
      <dl className="figures">
        <Figure name={t("overview.unfinished")} value={words.number(figures.unfinished)} />
        <Figure name={t("state.completed")} value={words.number(figures.completed)} />
        <Figure name={t("state.failed")} value={words.number(figures.failed)} />
        <Figure name={t("overview.throughput")} value={words.number(figures.perMinute)} />
        <Figure name={t("overview.wait")} value={duration(figures.wait)} />
        <Figure name={t("overview.run")} value={duration(figures.run)} />
        <Figure name={t("overview.backlog")} value={figures.unfinished ? duration((figures.unfinished / figures.perMinute) * 60_000) : "0"} />
      </dl>
      <Throughput counts={figures.counts} label={t("overview.throughput")} />
    </Section>
  );
}

/** One bar a minute. */
function Throughput({ counts, label }: { counts: number[]; label: string }) {
  const most = Math.max(1, ...counts);
  return (
    <svg className="bars" viewBox={`0 0 ${counts.length * 4} 40`} role="img" aria-label={label} preserveAspectRatio="none">
      {counts.map((count, i) => (
        <rect key={i} x={i * 4} width={3} y={40 - (count / most) * 40} height={(count / most) * 40} />
      ))}
    </svg>
  );
}

function figuresOf(stats: Stats) {
  const ended = stats.items.filter((item) => item.outcome === "completed" || item.outcome === "failed");
  const sum = (items: Stats["items"], of: (item: Stats["items"][number]) => number) => items.reduce((total, item) => total + of(item), 0);
  const count = sum(ended, (item) => item.number);
  const now = Math.floor(Date.now() / 60_000);
  const counts = Array.from({ length: 60 }, (_, i) =>
    sum(ended.filter((item) => Math.floor(Date.parse(item.at) / 60_000) === now - 59 + i), (item) => item.number),
  );
  return {
    completed: sum(ended.filter((item) => item.outcome === "completed"), (item) => item.number),
    failed: sum(ended.filter((item) => item.outcome === "failed"), (item) => item.number),
    perMinute: count / 60,
    wait: count ? sum(ended, (item) => item.wait_ms * item.number) / count : 0,
    run: count ? sum(ended, (item) => item.run_ms * item.number) / count : 0,
    unfinished: Object.values(stats.unfinished as Record<string, number>).reduce((total, number) => total + number, 0),
    counts,
  };
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="card">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="section">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function JobLink({ job }: { job: { id: string; filename: string; kind: string } }) {
  return (
    <Link to="/jobs/$id" params={{ id: job.id }}>
      {job.filename || job.kind}
    </Link>
  );
}
