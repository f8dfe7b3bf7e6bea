import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./style.css";

import { MillraceError } from "@millrace/client";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";

import { LiveEvents, ScopeChoice } from "./app/live.tsx";
import { router } from "./app/router.tsx";
import { Session, useIsAdmin } from "./app/session.tsx";
import { Language } from "./i18n/index.tsx";

// The client tries again by itself where that is safe.
const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, staleTime: 2000 } },
});

// A session that ended brings back the sign-in.
queries.getQueryCache().config.onError = (error, query) => {
  if (error instanceof MillraceError && error.status === 401 && query.queryKey[0] !== "me") void queries.resetQueries({ queryKey: ["me"] });
};

function App() {
  return (
    <ScopeChoice admin={useIsAdmin()}>
      <LiveEvents>
        <RouterProvider router={router} />
      </LiveEvents>
    </ScopeChoice>
  );
}

// Variables and classes come from the style sheets: elements made by script would need an exception from the policy.
createRoot(document.getElementById("root")!).render(
  <MantineProvider defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
    <QueryClientProvider client={queries}>
      <Language>
        <Notifications />
        <Session>
          <App />
        </Session>
      </Language>
    </QueryClientProvider>
  </MantineProvider>,
);
