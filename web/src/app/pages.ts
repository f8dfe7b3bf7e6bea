/** The views that navigation, palette and shortcuts lead to. */
import type { Key } from "../i18n/index.tsx";

export const pages = [
  { to: "/", name: "nav.overview", key: "o" },
  { to: "/jobs", name: "nav.jobs", key: "j" },
  { to: "/upload", name: "nav.upload", key: "u" },
  { to: "/import", name: "nav.import", key: "i" },
  { to: "/datasets", name: "nav.datasets", key: "d" },
  { to: "/templates", name: "nav.templates", key: "m" },
  { to: "/sources", name: "nav.sources", key: "a" },
  { to: "/queues", name: "nav.queues", key: "q" },
  { to: "/schedules", name: "nav.schedules", key: "s" },
  { to: "/workers", name: "nav.workers", key: "w" },
  { to: "/webhooks", name: "nav.webhooks", key: "h" },
  { to: "/keys", name: "nav.keys", key: "k" },
  { to: "/users", name: "nav.users", key: "e" },
  { to: "/status", name: "nav.status", key: "t" },
] as const satisfies readonly { to: string; name: Key; key: string }[];
