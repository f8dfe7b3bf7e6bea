export { useBackgroundJobs, type BackgroundJobs } from "./useBackgroundJobs.ts";
export { JobsWidget, type JobsWidgetProps } from "./JobsWidget.tsx";
export type { ActiveJob, ActiveOptions, BackgroundJob } from "@millrace/client/live";
