/** The words of the jobs widget, shared by the React component and the web component. */

import type { ActiveState, BackgroundJob } from "./live.ts";

export type WidgetText = Record<BackgroundJob["type"] | BackgroundJob["status"], string> & {
  runningJobs: (count: number) => string;
  failedJobs: (count: number) => string;
  none: string;
  loading: string;
  signIn: string;
  unreachable: string;
};

const texts: Record<string, WidgetText> = {
  en: {
    import: "import", export: "export", validation: "validation", processing: "processing",
    running: "running", completed: "completed", failed: "failed",
    runningJobs: (count) => (count === 1 ? "1 running job" : `${count} running jobs`),
    failedJobs: (count) => `${count} failed`,
    none: "0 running jobs", loading: "Loading jobs…", signIn: "Not signed in", unreachable: "The server cannot be reached",
  },
  nl: {
    import: "import", export: "export", validation: "validatie", processing: "verwerking",
    running: "bezig", completed: "voltooid", failed: "mislukt",
    runningJobs: (count) => (count === 1 ? "1 lopende taak" : `${count} lopende taken`),
    failedJobs: (count) => `${count} mislukt`,
    none: "0 lopende taken", loading: "Taken laden…", signIn: "Niet aangemeld", unreachable: "De server is niet bereikbaar",
  },
  de: {
    import: "Import", export: "Export", validation: "Prüfung", processing: "Verarbeitung",
    running: "läuft", completed: "fertig", failed: "fehlgeschlagen",
    runningJobs: (count) => (count === 1 ? "1 laufender Auftrag" : `${count} laufende Aufträge`),
    failedJobs: (count) => `${count} fehlgeschlagen`,
    none: "0 laufende Aufträge", loading: "Aufträge werden geladen…", signIn: "Nicht angemeldet", unreachable: "Der Server ist nicht erreichbar",
  },
};

export function widgetText(language: string): WidgetText {
  return texts[language.slice(0, 2)] ?? texts.en!;
}

/** "2 running jobs (1 import, 1 export) · 1 failed" */
export function headline(state: ActiveState, language: string): string {
  const words = widgetText(language);
  if (state.error && "status" in state.error && state.error.status === 401) return words.signIn;
  if (state.error) return words.unreachable;
  if (state.isLoading) return words.loading;
  const failed = state.failedCount ? ` · ${words.failedJobs(state.failedCount)}` : "";
  if (state.runningCount === 0) return words.none + failed;
  const types = (Object.entries(state.running) as [BackgroundJob["type"], number][]).filter(([, count]) => count > 0);
  return `${words.runningJobs(state.runningCount)} (${types.map(([type, count]) => `${count} ${words[type]}`).join(", ")})${failed}`;
}
