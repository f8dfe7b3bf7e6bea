import { Button, FileButton, Group, NativeSelect } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { useChange } from "../../app/data.ts";
import { store } from "../../app/storing.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { formats } from "../dataset/Export.tsx";
import type { Template } from "./Templates.tsx";

interface Sent {
  of: number;
  done: number;
}

/** The template on one file, a step at a time, or on many at once: each becomes a job. */
export function Use({ template }: { template: Template }) {
  const { t } = useWords();
  const [format, setFormat] = useState("csv");
  const [sent, setSent] = useState<Sent | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const open = useNavigate();
  const start = useChange<{ job_id: string }>(["/api/v2/jobs"], ({ job_id }) => void open({ to: "/jobs/$id", params: { id: job_id }, search: { tab: "children" } }));
  const send = async (files: File[]) => {
    if (files.length === 0) return;
    setError(null);
    try {
      const file_ids: string[] = [];
      for (const file of files) {
        setSent({ of: files.length, done: file_ids.length });
        file_ids.push((await store(file, file.name)).id);
      }
      start.mutate({ path: "/api/v1/jobs/batch", body: { operation: "transform", file_ids, options: { template_id: template.id, output_format: format } } });
    } catch (refused) {
      setError(refused as Error);
    }
    setSent(null);
  };
  return (
    <>
      <p>
        <Link to="/import" search={{ template: template.id }}>
          {t("templates.inWizard")}
        </Link>
      </p>
      <h2>{t("templates.onMany")}</h2>
      <Group align="flex-end">
        <NativeSelect label={t("datasets.exportFormat")} value={format} data={formats} onChange={(event) => setFormat(event.target.value)} />
        <FileButton multiple onChange={(files) => void send(files)}>
          {(props) => (
            <Button {...props} loading={sent !== null || start.isPending}>
              {t("upload.choose")}
            </Button>
          )}
        </FileButton>
      </Group>
      {sent && (
        <p role="status">
          <progress max={sent.of} value={sent.done} aria-label={t("upload.sending")} /> {sent.done} / {sent.of}
        </p>
      )}
      {error && <ErrorBox error={error} />}
    </>
  );
}
