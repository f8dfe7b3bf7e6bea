import type { Row } from "@millrace/client";
import { NumberInput } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";

import { client } from "../../app/client.ts";
import { useWords } from "../../i18n/index.tsx";
import type { Full } from "./DatasetView.tsx";

const blockRows = 100;
const rowHeight = 30;
/** A browser draws elements of at most some ten million pixels: beyond, the scrollbar covers more rows per pixel. */
const rowsDrawnMax = 300_000;

/** All rows of the dataset, however many: those in view are asked of the server, a block at a time. */
export function Grid({ dataset, scope }: { dataset: Full; scope: string }) {
  const { t, number } = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const total = dataset.row_count;
  const drawn = Math.min(total, rowsDrawnMax);
  const rows = useVirtualizer({ count: drawn, getScrollElement: () => frame.current, estimateSize: () => rowHeight, overscan: 10 });
  const shown = rows.getVirtualItems();
  // Which row stands at the top of what is shown; below it they follow one by one.
  const first = shown[0]?.index ?? 0;
  const start = total <= rowsDrawnMax ? first : Math.round((first / Math.max(1, drawn - shown.length)) * (total - shown.length));
  const rowOf = (index: number) => Math.min(total - 1, Math.max(0, start) + (index - first));
  const row = useRows(dataset.id, scope, Math.max(0, start), shown.length, total);
  const goTo = (wanted: number) => rows.scrollToIndex(Math.round((wanted / Math.max(1, total)) * drawn), { align: "start" });
  const names = dataset.columns.map((column) => column.name);
  const columns = { gridTemplateColumns: `90px repeat(${names.length}, minmax(140px, 1fr))` };
  return (
    <>
      <NumberInput size="xs" w={160} label={t("datasets.goTo")} min={1} max={total} onChange={(value) => goTo(Number(value) - 1)} hideControls />
      <div ref={frame} className="virtual grid" role="region" aria-label={t("datasets.preview")} tabIndex={0}>
        <div role="table" aria-label={dataset.name} aria-rowcount={total + 1} aria-colcount={names.length + 1} className="grid-table">
          <div role="rowgroup" className="grid-head">
            <div role="row" className="grid-row" style={columns}>
              <span role="columnheader">#</span>
              {dataset.columns.map((column) => (
                <span role="columnheader" key={column.name} title={column.type}>
                  {column.name}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" className="virtual-body" style={{ height: rows.getTotalSize() }}>
            {shown.map((item) => {
              const index = rowOf(item.index);
              return (
                <div role="row" key={item.key} aria-rowindex={index + 2} className="grid-row grid-item" style={{ ...columns, transform: `translateY(${item.start}px)` }}>
                  <span role="rowheader" className="quiet">
                    {number(index + 1)}
                  </span>
                  {names.map((name) => (
                    <span role="cell" key={name} className="cut">
                      <Cell value={row(index)?.[name]} />
                    </span>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </>
  );
}

function Cell({ value }: { value: unknown }) {
  if (value === undefined) return "…";
  if (value === null) return <span className="quiet">∅</span>;
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** The rows by their number; undefined while they are on their way. */
function useRows(id: string, scope: string, start: number, count: number, total: number): (index: number) => Row | undefined {
  const from = Math.floor(start / blockRows);
  const to = Math.floor(Math.min(total - 1, start + count) / blockRows);
  const blocks = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  const pages = useQueries({
    queries: blocks.map((block) => ({
      queryKey: ["rows", id, scope, block],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        client.json<{ items: Row[] }>(`/api/v2/datasets/${id}/rows`, { query: { offset: block * blockRows, limit: blockRows, scope }, signal }),
      staleTime: Infinity,
    })),
  });
  return (index) => pages[Math.floor(index / blockRows) - from]?.data?.items[index % blockRows];
}
