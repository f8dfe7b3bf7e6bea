import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { ErrorBox } from "../ui/ErrorBox.tsx";
import { Overview } from "../views/Overview.tsx";
import { wizardSearch } from "../views/wizard/search.ts";
import { basePath } from "./client.ts";
import { type Search } from "./search.ts";
import { NotFound, Shell } from "./Shell.tsx";

type Searched = Record<string, unknown>;

// Deep links hold what a view shows.
const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : undefined);
const listSearch = (search: Searched): Search => ({ filter: text(search.filter), sort: text(search.sort) });
const tabSearch = (search: Searched): Search => ({ tab: text(search.tab) });

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: ({ error }) => <ErrorBox error={error as Error} /> });
const getParentRoute = () => root;

const routeTree = root.addChildren([
  createRoute({ getParentRoute, path: "/", component: Overview }),
  createRoute({ getParentRoute, path: "/jobs", validateSearch: listSearch, component: lazyRouteComponent(() => import("../views/jobs/Jobs.tsx"), "Jobs") }),
  createRoute({ getParentRoute, path: "/jobs/$id", validateSearch: tabSearch, component: lazyRouteComponent(() => import("../views/job/JobView.tsx"), "JobView") }),
  createRoute({ getParentRoute, path: "/upload", component: lazyRouteComponent(() => import("../views/upload/Upload.tsx"), "Upload") }),
  createRoute({ getParentRoute, path: "/import", validateSearch: wizardSearch, component: lazyRouteComponent(() => import("../views/wizard/Wizard.tsx"), "Wizard") }),
  createRoute({ getParentRoute, path: "/datasets", validateSearch: listSearch, component: lazyRouteComponent(() => import("../views/dataset/Datasets.tsx"), "Datasets") }),
  createRoute({ getParentRoute, path: "/datasets/$id", validateSearch: tabSearch, component: lazyRouteComponent(() => import("../views/dataset/DatasetView.tsx"), "DatasetView") }),
  createRoute({ getParentRoute, path: "/templates", component: lazyRouteComponent(() => import("../views/template/Templates.tsx"), "Templates") }),
  createRoute({ getParentRoute, path: "/templates/$id", validateSearch: tabSearch, component: lazyRouteComponent(() => import("../views/template/TemplateView.tsx"), "TemplateView") }),
  createRoute({ getParentRoute, path: "/sources", component: lazyRouteComponent(() => import("../views/source/Sources.tsx"), "Sources") }),
  createRoute({ getParentRoute, path: "/sources/$id", validateSearch: listSearch, component: lazyRouteComponent(() => import("../views/source/SourceView.tsx"), "SourceView") }),
  createRoute({ getParentRoute, path: "/queues", component: lazyRouteComponent(() => import("../views/Queues.tsx"), "Queues") }),
  createRoute({ getParentRoute, path: "/schedules", component: lazyRouteComponent(() => import("../views/Schedules.tsx"), "Schedules") }),
  createRoute({ getParentRoute, path: "/workers", component: lazyRouteComponent(() => import("../views/Workers.tsx"), "Workers") }),
  createRoute({ getParentRoute, path: "/webhooks", component: lazyRouteComponent(() => import("../views/Webhooks.tsx"), "Webhooks") }),
  createRoute({ getParentRoute, path: "/webhooks/$id", component: lazyRouteComponent(() => import("../views/Deliveries.tsx"), "Deliveries") }),
  createRoute({ getParentRoute, path: "/keys", component: lazyRouteComponent(() => import("../views/Keys.tsx"), "Keys") }),
  createRoute({ getParentRoute, path: "/users", component: lazyRouteComponent(() => import("../views/Users.tsx"), "Users") }),
  createRoute({ getParentRoute, path: "/status", component: lazyRouteComponent(() => import("../views/Status.tsx"), "Status") }),
]);

export const router = createRouter({ routeTree, basepath: basePath, defaultPreload: "intent" });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
