import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";

import { client } from "../app/client.ts";
import { useWords } from "../i18n/index.tsx";
import { save } from "./save.ts";

const rowsMax = 100_000; // what a page may hold in memory

type Item = Record<string, unknown>;

/** All that a list finds, not only what is shown, as a CSV file. */
export function CsvExport({ path, query, columns, name }: { path: string; query: object; columns: string[]; name: string }) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const lines = [columns];
      for await (const item of client.pages<Item>(path, { ...query, limit: 1000 })) {
        if (lines.length > rowsMax) {
          notifications.show({ color: "yellow", title: t("app.csv"), message: t("app.csvCut", { n: rowsMax }), role: "alert" });
          break;
        }
        lines.push(columns.map((column) => text(item[column])));
      }
      save(`${name}.csv`, lines.map((line) => line.map(cell).join(",") + "\r\n").join(""), "text/csv");
    } catch (error) {
      notifications.show({ color: "red", title: t("app.failed"), message: (error as Error).message, role: "alert" });
    }
    setBusy(false);
  };
  return (
    <Button variant="default" loading={busy} onClick={() => void run()}>
      {t("app.csv")}
    </Button>
  );
}

function text(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return inert(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value as number | boolean);
}

/** Names of files come from others: a spreadsheet must not take one for a formula. */
function inert(value: string): string {
  return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}

function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
