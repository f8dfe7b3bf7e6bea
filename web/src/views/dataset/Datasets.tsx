import type { Dataset } from "@millrace/client";
import { TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";

import { useList } from "../../app/data.ts";
import { useChanges, useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { useWords } from "../../i18n/index.tsx";
import { CsvExport } from "../../ui/CsvExport.tsx";
import { bytes } from "../../ui/format.ts";
import { Listing } from "../../ui/Listing.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { Time } from "../../ui/Time.tsx";

const exported = ["id", "name", "row_count", "column_count", "rows_rejected", "format", "version", "size_bytes", "created_at", "filename", "sha256"];

export function Datasets() {
  const { t, number } = useWords();
  const [{ filter = "" }, setSearch] = useViewSearch();
  const scope = useScope();
  const list = useList<Dataset>("/api/v2/datasets", { filter, scope });
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => input.current?.focus()]]);
  useChanges(["dataset"], () => void list.refetch());
  return (
    <>
      <PageTitle title={t("nav.datasets")}>
        <CsvExport path="/api/v2/datasets" query={{ filter, scope }} columns={exported} name="datasets" />
      </PageTitle>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setSearch({ filter: input.current?.value.trim() || undefined });
        }}
      >
        <TextInput key={filter} ref={input} label={t("app.filter")} defaultValue={filter} placeholder="name:~products row_count:>1000" spellCheck={false} />
      </form>
      <Listing
        label={t("nav.datasets")}
        items={list.items}
        list={list}
        keyOf={(dataset) => dataset.id}
        columns={[
          { name: t("app.name"), cell: (d) => <Link to="/datasets/$id" params={{ id: d.id }}>{d.name}</Link> },
          { name: t("datasets.rows"), cell: (d) => number(d.row_count), number: true },
          { name: t("datasets.columns"), cell: (d) => number(d.column_count), number: true },
          { name: t("datasets.rejected"), cell: (d) => number(d.rows_rejected), number: true },
          { name: t("datasets.format"), cell: (d) => d.format },
          { name: t("datasets.version"), cell: (d) => d.version, number: true },
          { name: t("datasets.size"), cell: (d) => bytes(d.size_bytes), number: true },
          { name: t("app.created"), cell: (d) => <Time at={d.created_at} /> },
        ]}
      />
    </>
  );
}
