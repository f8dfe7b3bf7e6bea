/** One stream of events for the whole page. Views listen to what they show. */
import { type Job, type ServerEvent } from "@millrace/client";
import { useHotkeys } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { client } from "./client.ts";

export type LiveState = "live" | "paused" | "offline";
type Listener = (event: ServerEvent) => void;

interface Live {
  state: LiveState;
  toggle: () => void;
  listen: (listener: Listener) => () => void;
}

const Context = createContext<Live | null>(null);

export function LiveEvents({ children }: { children: ReactNode }) {
  const listeners = useRef(new Set<Listener>());
  const lastId = useRef<string | undefined>(undefined);
  const [connected, setConnected] = useState(false);
  const [paused, setPaused] = useState(false);
  const scope = useScope();
  const queries = useQueryClient();
  useHotkeys([["p", () => setPaused((was) => !was)]]);

  useEffect(() => {
    if (paused) return;
    const stop = new AbortController();
    void (async () => {
      const options = { signal: stop.signal, scope, onConnection: setConnected, ...(lastId.current && { lastEventId: lastId.current }) };
      const readJobsAnew = () => queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith("/api/v2/jobs") });
      try {
        for await (const event of client.events(options)) {
          // What changed between the reading of a view and here was told to nobody.
          if (event.type === "reset" || (event.type === "snapshot" && lastId.current === undefined)) void readJobsAnew();
          if (event.id !== undefined) lastId.current = event.id;
          for (const listener of [...listeners.current]) listener(event);
        }
      } catch {
        setConnected(false); // refused: views still read when they are opened
      }
    })();
    return () => stop.abort();
  }, [paused, scope, queries]);

  const live = useMemo<Live>(
    () => ({
      state: paused ? "paused" : connected ? "live" : "offline",
      toggle: () => setPaused((was) => !was),
      listen: (listener) => {
        listeners.current.add(listener);
        return () => void listeners.current.delete(listener);
      },
    }),
    [connected, paused],
  );
  return <Context value={live}>{children}</Context>;
}

export function useLive(): Live {
  return useContext(Context)!;
}

export function useEvents(listener: Listener) {
  const { listen } = useLive();
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => listen((event) => latest.current(event)), [listen]);
}

/** Changes of jobs, as the jobs are then. */
export function useJobEvents(listener: (job: Job, type: string) => void) {
  useEvents((event) => {
    if (event.type.startsWith("job.") && (event.data as Job).state) listener(event.data as Job, event.type);
  });
}

/** Calls back at most once per `ms` while events of these topics come. */
export function useChanges(topics: string[], onChange: () => void, ms = 1500) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => void (timer.current && clearTimeout(timer.current)), []);
  useEvents((event) => {
    const topic = event.type.split(".")[0]!;
    if (!topics.includes(topic) && event.type !== "reset") return;
    timer.current ??= setTimeout(() => {
      timer.current = null;
      onChange();
    }, ms);
  });
}

// Whose objects are shown: kept for the browser, since it belongs to the person and not to one list.

type Scope = "own" | "all";
const ScopeContext = createContext<{ scope: Scope; setScope: (scope: Scope) => void } | null>(null);

export function ScopeChoice({ admin, children }: { admin: boolean; children: ReactNode }) {
  const [scope, set] = useState<Scope>(() => (admin && localStorage.getItem("millrace.scope") === "all" ? "all" : "own"));
  const value = useMemo(
    () => ({
      scope,
      setScope: (chosen: Scope) => {
        localStorage.setItem("millrace.scope", chosen);
        set(chosen);
      },
    }),
    [scope],
  );
  return <ScopeContext value={value}>{children}</ScopeContext>;
}

export function useScopeChoice() {
  return useContext(ScopeContext)!;
}

export function useScope(): Scope {
  return useScopeChoice().scope;
}
