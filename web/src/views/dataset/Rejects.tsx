import { useQuery } from "@tanstack/react-query";

import { apiAddress, client } from "../../app/client.ts";
import { useWords } from "../../i18n/index.tsx";
import { Listing } from "../../ui/Listing.tsx";
import type { Full } from "./DatasetView.tsx";

interface Reject {
  line: number;
  code: string;
  reason: string;
  raw: string;
  [more: string]: unknown;
}

const shownMax = 200;

export function Rejects({ dataset, scope }: { dataset: Full; scope: string }) {
  const { t } = useWords();
  const path = `/api/v2/datasets/${dataset.id}/rejects?scope=${scope}`;
  const rejects = useQuery({ queryKey: [path], queryFn: () => firstLines(path), enabled: dataset.rows_rejected > 0 });
  if (dataset.rows_rejected === 0) return <p className="quiet">{t("datasets.rejectsNone")}</p>;
  return (
    <>
      <p>
        <a href={apiAddress(path)} download>
          {t("datasets.rejectsDownload")}
        </a>
      </p>
      <Listing
        label={t("datasets.rejects")}
        items={rejects.data ?? []}
        list={rejects}
        keyOf={(reject) => JSON.stringify(reject)}
        columns={[
          { name: t("datasets.line"), cell: (r) => r.line, number: true },
          { name: t("datasets.code"), cell: (r) => <code>{r.code}</code> },
          { name: t("datasets.reason"), cell: (r) => r.reason },
          { name: t("datasets.text"), cell: (r) => <code className="cut short">{r.raw}</code> },
        ]}
      />
    </>
  );
}

/** The file of rejects may be long: reading stops after the first lines. */
async function firstLines(path: string): Promise<Reject[]> {
  const answer = await client.requester.open(path);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += value ?? "";
    const lines = text.split("\n");
    if (!done && lines.length <= shownMax) continue;
    void reader.cancel();
    return lines
      .slice(0, shownMax)
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Reject);
  }
}
