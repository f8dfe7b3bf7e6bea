import type { Job } from "@millrace/client";

import { useWords, type Key } from "../i18n/index.tsx";

const stages = [
  ["format_check", 10],
  ["duplicate_check", 20],
  ["stored", 40],
  ["parsed", 70],
  ["written", 90],
  ["completed", 100],
] as const;

/** The bar of an import with its marks; of other jobs only the bar. */
export function Stages({ job }: { job: Job }) {
  const { t } = useWords();
  return (
    <div className="stages">
      <progress max={100} value={job.progress} aria-label={t("job.progress")} data-state={job.state} />
      <strong>{job.progress} %</strong>
      {job.kind === "import" && (
        <ol>
          {stages.map(([name, mark]) => (
            <li key={name} data-done={job.progress >= mark || undefined} aria-current={job.stage === name ? "step" : undefined}>
              <span>{mark}</span> {t(`stage.${name}` as Key)}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** Stage names of other kinds are their own words. */
export function StageName({ stage }: { stage: string }) {
  const { t } = useWords();
  const known = stage === "receiving" || stages.some(([name]) => name === stage);
  return <>{known ? t(`stage.${stage}` as Key) : stage}</>;
}
