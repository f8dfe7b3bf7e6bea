import type { Dataset } from "@millrace/client";
import { Tabs } from "@mantine/core";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";

import { useChange, useOne } from "../../app/data.ts";
import { useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { useWords } from "../../i18n/index.tsx";
import { Sure } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Json } from "../../ui/Json.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { Export } from "./Export.tsx";
import { Grid } from "./Grid.tsx";
import { Profile, type ColumnProfile } from "./Profile.tsx";
import { Rejects } from "./Rejects.tsx";

const route = getRouteApi("/datasets/$id");

export type Full = Omit<Dataset, "columns" | "report"> & {
  columns: { name: string; original_name: string; type: string; notation: string }[];
  report: { warnings?: unknown[]; profile?: { columns: ColumnProfile[] } } & Record<string, unknown>;
};

export function DatasetView() {
  const { id } = route.useParams();
  const scope = useScope();
  const dataset = useOne<Full>(`/api/v2/datasets/${id}`, { scope });
  if (dataset.error) return <ErrorBox error={dataset.error} onRetry={() => void dataset.refetch()} />;
  return dataset.data ? <Details dataset={dataset.data} scope={scope} /> : <Loading />;
}

function Details({ dataset, scope }: { dataset: Full; scope: string }) {
  const { t } = useWords();
  const [{ tab = "rows" }, setSearch] = useViewSearch();
  const leave = useNavigate();
  const change = useChange(["/api/v2/datasets"], () => void leave({ to: "/datasets" }));
  const { profile, ...report } = dataset.report;
  return (
    <>
      <PageTitle title={dataset.name}>
        <Export dataset={dataset} scope={scope} />
        <Sure label={t("app.delete")} question={t("datasets.deleteSure")} onYes={() => change.mutate({ method: "DELETE", path: `/api/v2/datasets/${dataset.id}`, query: { scope } })} />
      </PageTitle>
      <p className="line">
        <span>{t("datasets.account", { in: dataset.rows_in, out: dataset.row_count, rejected: dataset.rows_rejected, reported: dataset.rows_reported })}</span>
        <Link to="/jobs/$id" params={{ id: dataset.job_id }}>
          {t("job.job")}
        </Link>
      </p>
      <Tabs value={tab} onChange={(next) => setSearch({ tab: next ?? undefined }, true)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="rows">{t("datasets.preview")}</Tabs.Tab>
          <Tabs.Tab value="profile">{t("datasets.schema")}</Tabs.Tab>
          <Tabs.Tab value="rejects">{t("datasets.rejects")}</Tabs.Tab>
          <Tabs.Tab value="report">{t("datasets.report")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="rows" pt="sm">
          <Grid dataset={dataset} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="profile" pt="sm">
          <Profile columns={dataset.columns} profile={profile?.columns ?? []} rows={dataset.row_count} />
        </Tabs.Panel>
        <Tabs.Panel value="rejects" pt="sm">
          <Rejects dataset={dataset} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="report" pt="sm">
          <Json value={report} label={t("datasets.report")} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
