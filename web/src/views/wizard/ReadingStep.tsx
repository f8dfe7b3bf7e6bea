import { Button, Group, NativeSelect } from "@mantine/core";
import { useRef, useState } from "react";

import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { Found, Overrides, Rows, type Sniffed } from "../upload/Sniff.tsx";
import { useChoices, useSniff } from "./parts.ts";

/** Sheet and dialect, with the first rows as they are then. */
export function ReadingStep() {
  const { t } = useWords();
  const [search, choose] = useChoices();
  const found = useSniff(search);
  // Settings that are refused leave the form as it is, to be put right.
  const last = useRef<Sniffed | undefined>(undefined);
  last.current = found.data ?? last.current;
  const sniffed = last.current;
  const [resets, setResets] = useState(0);
  const reset = () => {
    choose({ dialect: undefined }, true);
    setResets(resets + 1);
  };
  const tables = sniffed?.tables ?? [];
  return (
    <>
      {tables.length > 1 && (
        <NativeSelect
          label={t("wizard.table")}
          value={String(search.table ?? 1)}
          data={tables.map(({ table, name }) => ({ value: String(table), label: name || String(table) }))}
          onChange={(event) => choose({ table: Number(event.target.value) > 1 ? Number(event.target.value) : undefined }, true)}
        />
      )}
      {sniffed && <Found sniffed={sniffed} />}
      {sniffed?.format === "csv" && <Overrides key={`${search.table ?? 1} ${resets}`} sniffed={sniffed} dialect={search.dialect ?? {}} onTry={(dialect) => choose({ dialect }, true)} />}
      {found.error && <ErrorBox error={found.error} />}
      {found.isLoading && <Loading />}
      {sniffed && !found.error && <Rows sniffed={sniffed} />}
      <Group justify="flex-end" mt="md">
        {search.dialect && (
          <Button variant="default" onClick={reset}>
            {t("wizard.asFound")}
          </Button>
        )}
        <Button disabled={!found.data || !!found.error} onClick={() => choose({ step: "target" })}>
          {t("wizard.next")}
        </Button>
      </Group>
    </>
  );
}
