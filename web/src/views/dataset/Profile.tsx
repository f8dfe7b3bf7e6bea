import { useWords } from "../../i18n/index.tsx";
import { Listing } from "../../ui/Listing.tsx";
import type { Full } from "./DatasetView.tsx";

export interface ColumnProfile {
  name: string;
  count: number;
  nulls: number;
  distinct: number;
  min: unknown;
  max: unknown;
  mean: number | null;
  top: { value: unknown; count: number }[];
}

/** Each column: its type, how much of it is empty, and what is most often in it. */
export function Profile({ columns, profile, rows }: { columns: Full["columns"]; profile: ColumnProfile[]; rows: number }) {
  const { t, number } = useWords();
  const of = new Map(profile.map((column) => [column.name, column]));
  return (
    <Listing
      label={t("datasets.schema")}
      items={columns}
      keyOf={(column) => column.name}
      columns={[
        { name: t("datasets.column"), cell: (c) => <strong title={c.original_name}>{c.name}</strong> },
        { name: t("datasets.dataType"), cell: (c) => <code>{c.type}</code> },
        { name: t("datasets.nulls"), cell: (c) => number(of.get(c.name)?.nulls ?? 0), number: true },
        { name: t("datasets.distinct"), cell: (c) => number(of.get(c.name)?.distinct ?? 0), number: true },
        { name: t("datasets.range"), cell: (c) => <Range column={of.get(c.name)} /> },
        { name: t("datasets.top"), cell: (c) => <Top column={of.get(c.name)} rows={rows} /> },
      ]}
    />
  );
}

function Range({ column }: { column: ColumnProfile | undefined }) {
  if (!column || column.min === null) return null;
  return <span className="cut short">{`${String(column.min)} – ${String(column.max)}`}</span>;
}

function Top({ column, rows }: { column: ColumnProfile | undefined; rows: number }) {
  const { number } = useWords();
  return (
    <ul className="top">
      {column?.top.slice(0, 4).map((entry) => (
        <li key={String(entry.value)}>
          <span className="cut short">{String(entry.value)}</span>
          <meter min={0} max={rows} value={entry.count} aria-label={`${String(entry.value)}: ${entry.count}`} />
          <span className="quiet">{number(entry.count)}</span>
        </li>
      ))}
    </ul>
  );
}
