import { useWords, type Key } from "../i18n/index.tsx";

const signs: Record<string, string> = {
  completed: "✓", delivered: "✓", failed: "✕", cancelled: "⊘", running: "▶", cancelling: "▶", queued: "…", scheduled: "◷", blocked: "‖",
  retry_wait: "↻", pending: "…",
};

/** The state of a job or delivery: a sign and a word, so that it does not hang on colour alone. */
export function State({ state }: { state: string }) {
  const { t } = useWords();
  const word = state in signs ? t(`state.${state}` as Key) : state;
  return (
    <span className="state" data-state={state}>
      <span aria-hidden>{signs[state] ?? "•"}</span> {word}
    </span>
  );
}
