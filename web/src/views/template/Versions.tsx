import type { Answer } from "@millrace/client";
import { Button, Group, NativeSelect } from "@mantine/core";
import { useState } from "react";

import { useChange, useList, useOne } from "../../app/data.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Time } from "../../ui/Time.tsx";
import { diff } from "./diff.ts";
import { etag } from "./TemplateView.tsx";
import { path, type Template } from "./Templates.tsx";

type Version = Answer<"listTemplateVersions", 200>["items"][number];

export function Versions({ template, scope }: { template: Template; scope: string }) {
  const { t, number } = useWords();
  const base = `${path}/${template.id}`;
  const list = useList<Version>(`${base}/versions`, { scope, limit: undefined });
  const [pair, setPair] = useState<[number, number]>([Math.max(1, template.version - 1), template.version]);
  const choices = list.items.map(({ version }) => ({ value: String(version), label: number(version) }));
  return (
    <>
      <Listing
        label={t("templates.versions")}
        items={list.items}
        list={list}
        keyOf={(one) => String(one.version)}
        columns={[
          { name: t("datasets.version"), cell: (one) => number(one.version) },
          { name: t("app.created"), cell: (one) => <Time at={one.created_at} /> },
          { name: t("app.actions"), cell: (one) => one.version !== template.version && <Restore template={template} scope={scope} version={one.version} /> },
        ]}
      />
      {list.items.length > 1 && (
        <>
          <Group mt="md">
            <NativeSelect label={t("templates.from")} value={String(pair[0])} data={choices} onChange={(event) => setPair([Number(event.target.value), pair[1]])} />
            <NativeSelect label={t("templates.to")} value={String(pair[1])} data={choices} onChange={(event) => setPair([pair[0], Number(event.target.value)])} />
          </Group>
          <Difference base={base} scope={scope} from={pair[0]} to={pair[1]} />
        </>
      )}
    </>
  );
}

function useSpec(base: string, scope: string, version: number) {
  return useOne<{ spec: object }>(`${base}/versions/${version}`, { scope }, { staleTime: Infinity });
}

function Difference({ base, scope, from, to }: { base: string; scope: string; from: number; to: number }) {
  const { t } = useWords();
  const before = useSpec(base, scope, from);
  const after = useSpec(base, scope, to);
  const error = before.error ?? after.error;
  if (error) return <ErrorBox error={error} />;
  if (!before.data || !after.data) return <Loading />;
  const lines = diff(JSON.stringify(before.data.spec, null, 2), JSON.stringify(after.data.spec, null, 2));
  return (
    <pre className="scroll diff" tabIndex={0} role="region" aria-label={t("templates.difference")}>
      {lines.map(({ sign, text }, i) => (
        <span key={i} data-sign={sign}>
          {sign} {text}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

/** An earlier version again, as a new one. */
function Restore({ template, scope, version }: { template: Template; scope: string; version: number }) {
  const { t } = useWords();
  const base = `${path}/${template.id}`;
  const spec = useSpec(base, scope, version);
  const change = useChange([path]);
  return (
    <Button size="xs" variant="default" aria-label={`${t("templates.restore")}: ${version}`} disabled={!spec.data} loading={change.isPending} onClick={() => change.mutate({ method: "PATCH", path: base, query: { scope }, headers: { "If-Match": etag(template) }, body: { spec: spec.data!.spec } })}>
      {t("templates.restore")}
    </Button>
  );
}
