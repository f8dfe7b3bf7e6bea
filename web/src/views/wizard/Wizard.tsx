import { useEffect, useRef } from "react";
import { Link } from "@tanstack/react-router";

import { useOne } from "../../app/data.ts";
import { useWords, type Key } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { FileStep } from "./FileStep.tsx";
import { MappingStep } from "./MappingStep.tsx";
import { useChoices } from "./parts.ts";
import { ReadingStep } from "./ReadingStep.tsx";
import { RulesStep } from "./RulesStep.tsx";
import { reachable, steps, type Step, type WizardSearch } from "./search.ts";
import { SummaryStep } from "./SummaryStep.tsx";
import { TargetStep } from "./TargetStep.tsx";

const views: Record<Step, () => React.ReactNode> = { file: FileStep, reading: ReadingStep, target: TargetStep, mapping: MappingStep, rules: RulesStep, summary: SummaryStep };

/** From a file as somebody sent it to rows as they are needed, a step at a time. */
export function Wizard() {
  const { t } = useWords();
  const [search] = useChoices();
  const wanted = steps.indexOf(search.step ?? "file");
  const file = useOne<{ filename: string }>(`/api/v2/files/${search.file}`, {}, { enabled: !!search.file });
  // Without its file a link leads back to the choice of one.
  const step = steps[file.error ? 0 : Math.min(wanted, reachable(search))]!;
  const View = views[step];
  return (
    <>
      <PageTitle title={t("nav.import")}>{search.file && file.data && <span className="quiet">{file.data.filename}</span>}</PageTitle>
      {file.error && <ErrorBox error={file.error} />}
      <Steps now={step} search={search} />
      <Heading step={step} />
      <View />
    </>
  );
}

function Steps({ now, search }: { now: Step; search: WizardSearch }) {
  const { t } = useWords();
  const last = reachable(search);
  return (
    <nav aria-label={t("wizard.steps")}>
      <ol className="wizard-steps">
        {steps.map((step, i) => (
          <li key={step} data-now={step === now || undefined}>
            {i <= last ? (
              <Link to="/import" search={{ ...search, step }} aria-current={step === now ? "step" : undefined}>
                {t(`wizard.step.${step}` as Key)}
              </Link>
            ) : (
              <span className="quiet">{t(`wizard.step.${step}` as Key)}</span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Takes the focus when the step changes, so that keyboard and screen reader go on there. */
function Heading({ step }: { step: Step }) {
  const { t } = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) heading.current?.focus();
    before.current = step;
  }, [step]);
  return (
    <h2 ref={heading} tabIndex={-1}>
      {t(`wizard.step.${step}` as Key)}
    </h2>
  );
}
