import { Button, Table } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "../i18n/index.tsx";
import { ErrorBox } from "./ErrorBox.tsx";
import { Loading } from "./Loading.tsx";

export interface Column<T> {
  name: string;
  cell: (item: T) => ReactNode;
  number?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  items: T[];
  keyOf: (item: T) => string;
  list?: { isLoading: boolean; error: Error | null; hasNextPage?: boolean; isFetchingNextPage?: boolean; fetchNextPage?: () => unknown; refetch: () => unknown };
  empty?: ReactNode;
}

/** A table of a list, with what stands for it while it loads, is empty or could not be read. */
export function Listing<T>({ label, columns, items, keyOf, list, empty }: Props<T>) {
  const { t } = useWords();
  if (list?.error) return <ErrorBox error={list.error} onRetry={() => void list.refetch()} />;
  if (list?.isLoading) return <Loading />;
  if (items.length === 0) return <p className="quiet">{empty ?? t("app.empty")}</p>;
  return (
    <>
      <div className="scroll" role="region" aria-label={label} tabIndex={0}>
        <Table striped highlightOnHover aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.name} scope="col" className={column.number ? "number" : undefined}>
                  {column.name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((item) => (
              <Table.Tr key={keyOf(item)}>
                {columns.map((column) => (
                  <Table.Td key={column.name} className={column.number ? "number" : undefined}>
                    {column.cell(item)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {list?.hasNextPage && (
        <Button variant="default" mt="sm" loading={list.isFetchingNextPage ?? false} onClick={() => void list.fetchNextPage?.()}>
          {t("app.loadMore")}
        </Button>
      )}
    </>
  );
}
