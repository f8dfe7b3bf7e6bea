import { Button, Group, NativeSelect, Stack } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { apiAddress } from "../../app/client.ts";
import { useChange } from "../../app/data.ts";
import { useWords } from "../../i18n/index.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import type { Full } from "./DatasetView.tsx";

export const formats = ["csv", "tsv", "json", "ndjson", "xlsx", "xml", "parquet", "sql", "sqlite", "markdown"];
const byJobOnly = new Set(["xlsx", "sqlite"]);

export function Export({ dataset, scope }: { dataset: Full; scope: string }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const [format, setFormat] = useState("csv");
  const navigate = useNavigate();
  const make = useChange<{ job_id: string }>(["/api/v2/jobs"], ({ job_id }) => void navigate({ to: "/jobs/$id", params: { id: job_id } }));
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t("datasets.export")}</Button>
      <Dialog title={t("datasets.export")} opened={opened} onClose={() => setOpened(false)}>
        <Stack>
          <NativeSelect label={t("datasets.exportFormat")} value={format} data={formats} onChange={(event) => setFormat(event.target.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => make.mutate({ path: `/api/v2/datasets/${dataset.id}/exports`, body: { format } })} loading={make.isPending}>
              {t("datasets.exportJob")}
            </Button>
            {!byJobOnly.has(format) && (
              <Button component="a" href={apiAddress(`/api/v2/datasets/${dataset.id}/export?format=${format}&scope=${scope}`)} download>
                {t("datasets.exportDownload")}
              </Button>
            )}
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
