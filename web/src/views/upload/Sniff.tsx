import type { Job, StoredFile } from "@millrace/client";
import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { client } from "../../app/client.ts";
import { useChange, useList } from "../../app/data.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { Loading } from "../../ui/Loading.tsx";
import type { Dialect } from "../wizard/search.ts";

export interface Sniffed {
  format: string;
  tables?: { table: number; name: string }[];
  delimiter?: string;
  quote?: string;
  encoding?: string;
  header?: boolean;
  confidence?: number;
  reason?: string;
  names: string[];
  rows: (string | null)[][];
  rejects: unknown[];
}

/** The file behind an import: as it was read, and as it would be with other settings. */
export function Sniff({ job }: { job: Job }) {
  const { t } = useWords();
  const files = useList<StoredFile>("/api/v2/files", { limit: 200, filter: `filename:${JSON.stringify(job.filename)}` });
  const file = files.items.find((one) => one.job_id === job.id);
  if (files.error) return <ErrorBox error={files.error} />;
  if (files.isLoading) return <Loading />;
  return file ? <SniffFile id={file.id} /> : <p className="quiet">{t("sniff.gone")}</p>;
}

export function SniffFile({ id }: { id: string }) {
  const { t } = useWords();
  const [dialect, setDialect] = useState<Dialect>({});
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["sniff", id, dialect],
    queryFn: () => client.json<Sniffed>(`/api/v2/files/${id}/sniff`, { method: "POST", body: Object.keys(dialect).length ? { dialect } : {} }),
    retry: false,
    placeholderData: (before) => before,
  });
  const again = useChange<Job>(["/api/v2/jobs"], (job) => void navigate({ to: "/jobs/$id", params: { id: job.id } }));
  const startImport = () => again.mutate({ path: "/api/v2/jobs", body: { kind: "import", input: { file_id: id, dialect, on_duplicate: "version" } } });
  return (
    <Stack>
      {found.data && <Found sniffed={found.data} />}
      {found.data?.format === "csv" && <Overrides sniffed={found.data} dialect={dialect} onTry={setDialect} />}
      {found.error && <ErrorBox error={found.error} />}
      {found.isLoading && <Loading />}
      {found.data && <Rows sniffed={found.data} />}
      <Group justify="flex-end">
        <Link to="/import" search={{ file: id, step: "reading", ...(Object.keys(dialect).length > 0 && { dialect }) }}>
          {t("sniff.wizard")}
        </Link>
        <Button onClick={startImport} loading={again.isPending} disabled={!!found.error}>
          {t("sniff.import")}
        </Button>
      </Group>
    </Stack>
  );
}

export function Found({ sniffed }: { sniffed: Sniffed }) {
  const { t } = useWords();
  return (
    <p>
      {t("sniff.found")}: <strong>{sniffed.format}</strong>
      {sniffed.encoding && `, ${sniffed.encoding}`}
      {sniffed.confidence !== undefined && ` · ${t("sniff.confidence")} ${Math.round(sniffed.confidence * 100)} %`}
      {sniffed.reason && <span className="quiet"> · {sniffed.reason}</span>}
    </p>
  );
}

/** What is not changed here stays as it was found, or changed before. */
export function Overrides({ sniffed, dialect, onTry }: { sniffed: Sniffed; dialect: Dialect; onTry: (dialect: Dialect) => void }) {
  const { t } = useWords();
  const [delimiter, setDelimiter] = useState(shown(sniffed.delimiter));
  const [quote, setQuote] = useState(sniffed.quote ?? "");
  const [encoding, setEncoding] = useState(sniffed.encoding ?? "");
  const [header, setHeader] = useState(sniffed.header ?? true);
  const [skip, setSkip] = useState(dialect.skip_rows ?? 0);
  const { skip_rows: _, ...before } = dialect;
  const changed = (): Dialect => ({
    ...before,
    ...(delimiter !== shown(sniffed.delimiter) && { delimiter: delimiter === "\\t" ? "\t" : delimiter }),
    ...(quote !== (sniffed.quote ?? "") && { quote }),
    ...(encoding !== (sniffed.encoding ?? "") && { encoding }),
    ...(header !== sniffed.header && { header }),
    ...(skip > 0 && { skip_rows: skip }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onTry(changed());
      }}
    >
      <Group align="flex-end" mb="md">
        <TextInput label={t("sniff.delimiter")} value={delimiter} onChange={(event) => setDelimiter(event.target.value)} maxLength={2} w={110} />
        <TextInput label={t("sniff.quote")} value={quote} onChange={(event) => setQuote(event.target.value)} maxLength={1} w={110} />
        <TextInput label={t("sniff.encoding")} value={encoding} onChange={(event) => setEncoding(event.target.value)} w={140} />
        <NumberInput label={t("sniff.skip")} value={skip} onChange={(value) => setSkip(Number(value) || 0)} min={0} w={120} hideControls />
        <Checkbox mb={9} label={t("sniff.header")} checked={header} onChange={(event) => setHeader(event.target.checked)} />
        <Button type="submit" variant="default">
          {t("sniff.try")}
        </Button>
      </Group>
    </form>
  );
}

function shown(delimiter: string | undefined): string {
  return delimiter === "\t" ? "\\t" : (delimiter ?? "");
}

export function Rows({ sniffed }: { sniffed: Sniffed }) {
  const { t } = useWords();
  const columns = sniffed.names.map((name, i) => ({ name: name || String(i + 1), cell: (row: (string | null)[]) => row[i] ?? <span className="quiet">∅</span> }));
  const keys = new Map(sniffed.rows.map((row, i) => [row, String(i)]));
  return (
    <div className="preview">
      <Listing label={t("sniff.title")} columns={columns} items={sniffed.rows} keyOf={(row) => keys.get(row)!} />
      {sniffed.rejects.length > 0 && <p className="error-text">{t("sniff.rejected", { n: sniffed.rejects.length })}</p>}
    </div>
  );
}
