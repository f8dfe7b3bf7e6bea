import { ActiveJobs, type ActiveOptions, type ActiveState } from "@millrace/client/live";
import { useMemo, useRef, useSyncExternalStore } from "react";

export interface BackgroundJobs extends ActiveState {
  /** Asks now; after a 401, with the credential of then. */
  refresh: () => Promise<void>;
}

/**
 * The jobs that run, and those that ended a moment ago: `GET /api/v2/jobs/active`, live when the server can, else polled
 * every 10 s. A hidden tab asks nothing; a 401 ends it until `refresh`.
 *
 *     const { jobs, runningCount } = useBackgroundJobs({ url, token });
 */
export function useBackgroundJobs(options: ActiveOptions = {}): BackgroundJobs {
  // Functions may be new at each rendering: the last one counts, and does not begin anew.
  const latest = useRef(options);
  latest.current = options;
  const { url, scope, interval, live, language } = options;
  const key = typeof options.token === "string" ? options.token : "";
  const feed = useMemo(
    () =>
      new ActiveJobs({
        url, scope, interval, live, language,
        token: () => {
          const { token } = latest.current;
          return typeof token === "function" ? token() : (token ?? "");
        },
        fetch: (...call) => (latest.current.fetch ?? globalThis.fetch)(...call),
      }),
    [url, scope, interval, live, language, key],
  );
  const state = useSyncExternalStore(feed.subscribe, feed.getState, feed.getState);
  return { ...state, refresh: feed.refresh };
}
