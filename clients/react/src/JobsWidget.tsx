import type { ActiveJob, ActiveOptions } from "@millrace/client/live";
import { headline, widgetText } from "@millrace/client/widget";
import type { ReactNode } from "react";

import { useBackgroundJobs } from "./useBackgroundJobs.ts";

export interface JobsWidgetProps extends ActiveOptions {
  className?: string;
  /** In place of the name of a job, e.g. a link. */
  renderName?: (job: ActiveJob) => ReactNode;
  /** At most so many jobs are listed. */
  limit?: number;
}

/** "1 running job", with the progress of each. No style of its own beside the class names `millrace-jobs`, `-job`, `-name`, `-state`. */
export function JobsWidget({ className, renderName, limit = 10, ...options }: JobsWidgetProps) {
  const state = useBackgroundJobs(options);
  const language = options.language ?? "en";
  return (
    <section className={className ?? "millrace-jobs"} lang={language}>
      <div role="status" aria-live="polite">
        {headline(state, language)}
      </div>
      <ul>
        {state.jobs.slice(0, limit).map((job) => (
          <Item key={job.id} job={job} language={language} name={renderName?.(job)} />
        ))}
      </ul>
    </section>
  );
}

function Item({ job, language, name }: { job: ActiveJob; language: string; name: ReactNode }) {
  const words = widgetText(language);
  const title = job.filename || words[job.type];
  return (
    <li className="millrace-job" data-status={job.status}>
      <span className="millrace-name">{name ?? title}</span> <span className="millrace-state">{words[job.status]}</span>
      {job.status === "running" && <progress max={100} value={job.progress ?? 0} aria-label={`${title}: ${job.progress ?? 0} %`} />}
      {job.status === "failed" && job.error_message && <span className="millrace-error">{job.error_message}</span>}
    </li>
  );
}
