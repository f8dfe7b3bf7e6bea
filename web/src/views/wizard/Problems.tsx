import { Checkbox, Group, NativeSelect } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { useLines } from "./lines.ts";
import type { Transformed } from "./RulesStep.tsx";

interface Problem {
  row: number;
  column?: string;
  rule?: string;
  code: string;
  severity: string;
  value?: string | null;
  message: string;
  fix?: { value?: string };
}

const ahead = 40; // lines beyond those in view

/** The cells that were found wanting, however many: read as the list is scrolled. */
export function Problems({ result, file }: { result: Transformed; file: string }) {
  const { t, number } = useWords();
  const [onlyErrors, setOnlyErrors] = useState(true);
  const [kind, setKind] = useState("");
  const { lines, ended, error, more } = useLines<Problem>(`/api/v2/files/${file}/content`);
  const shown = lines.filter((one) => (!onlyErrors || one.severity === "error") && (!kind || kindOf(one) === kind));
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => frame.current, estimateSize: () => 36, overscan: 10 });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!ended && last >= shown.length - ahead) void more();
  }, [ended, last, shown.length, lines.length, more]);

  const kinds = Object.entries(result.report.problems).sort(([, a], [, b]) => b - a);
  const all = kinds.reduce((sum, [, count]) => sum + count, 0);
  const names = [t("wizard.row"), t("datasets.column"), t("wizard.value"), t("wizard.problem")];
  return (
    <>
      <Group align="flex-end" my="sm">
        <NativeSelect label={t("wizard.kind")} value={kind} data={[{ value: "", label: t("wizard.allKinds", { n: all }) }, ...kinds.map(([name, count]) => ({ value: name, label: `${name} (${number(count)})` }))]} onChange={(event) => setKind(event.target.value)} />
        <Checkbox mb={9} label={t("wizard.onlyErrors")} checked={onlyErrors} onChange={(event) => setOnlyErrors(event.target.checked)} />
      </Group>
      {all > result.problems_stored && <p className="quiet">{t("wizard.problemsStored", { stored: result.problems_stored, n: all })}</p>}
      {error && <ErrorBox error={error} />}
      {ended && shown.length === 0 && <p className="quiet">{t("app.empty")}</p>}
      <div ref={frame} className="virtual problems" role="region" aria-label={t("wizard.problems")} tabIndex={0} hidden={shown.length === 0}>
        <div role="table" aria-label={t("wizard.problems")} aria-rowcount={ended ? shown.length + 1 : -1}>
          <div role="rowgroup">
            <div role="row" className="problem-row virtual-head">
              {names.map((name) => (
                <span role="columnheader" key={name}>
                  {name}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" className="virtual-body" style={{ height: rows.getTotalSize() }}>
            {items.map(({ index, start, key }) => (
              <Row key={key} problem={shown[index]!} index={index} top={start} />
            ))}
          </div>
        </div>
      </div>
    </>
  );
}

function Row({ problem, index, top }: { problem: Problem; index: number; top: number }) {
  const { t, number } = useWords();
  const fix = problem.fix?.value;
  return (
    <div role="row" aria-rowindex={index + 2} className="problem-row grid-item" style={{ transform: `translateY(${top}px)` }}>
      <span role="cell">{problem.row > 0 ? number(problem.row) : t("wizard.table")}</span>
      <span role="cell" className="cut">
        {problem.column ?? ""}
      </span>
      <span role="cell" className="cut">
        {problem.value === undefined || problem.value === null ? <span className="quiet">∅</span> : <code>{problem.value}</code>}
      </span>
      <span role="cell" className={problem.severity === "error" ? "cut error-text" : "cut"}>
        {problem.code}: {problem.message} {fix !== undefined && <span className="quiet">→ {fix}</span>}
      </span>
    </div>
  );
}

/** As the report counts them. */
function kindOf(problem: Problem): string {
  return `${problem.rule ?? problem.column ?? ""} ${problem.code}`;
}
