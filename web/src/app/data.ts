/** Reading and changing through the query cache. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseQueryOptions } from "@tanstack/react-query";
import { notifications } from "@mantine/notifications";
import { useMemo } from "react";

import { useWords } from "../i18n/index.tsx";
import { client } from "./client.ts";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A list, page by page. Its key begins with the path, so that `invalidate(path)` finds it. */
export function useList<T>(path: string, query: object = {}, options: { enabled?: boolean; refetchInterval?: number } = {}) {
  const found = useInfiniteQuery({
    queryKey: [path, query],
    queryFn: ({ pageParam, signal }) => client.json<Page<T>>(path, { query: { limit: 100, ...query, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    ...options,
  });
  const items = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  return { ...found, items };
}

export function useOne<T>(path: string, query: object = {}, options: Partial<UseQueryOptions<T>> = {}) {
  return useQuery<T>({ queryKey: [path, query], queryFn: ({ signal }) => client.json<T>(path, { query, signal }), ...options });
}

export interface Change {
  path: string;
  method?: "POST" | "PUT" | "PATCH" | "DELETE";
  body?: object;
  query?: object;
  headers?: Record<string, string>;
}

/** Sends a change, says when it was refused unless the view itself `shows` it, and reads anew what begins with `touches`. */
export function useChange<T = unknown>(touches: string[], onDone?: (answer: T) => void, { shows = false } = {}) {
  const queries = useQueryClient();
  const { t } = useWords();
  return useMutation<T, Error, Change>({
    mutationFn: ({ path, method = "POST", body, query, headers }) =>
      client.json<T>(path, { method, query: query ?? {}, headers: headers ?? {}, ...(method !== "DELETE" && { body: body ?? {} }) }),
    onSuccess: async (answer) => {
      onDone?.(answer);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => touches.some((path) => String(queryKey[0]).startsWith(path)) });
    },
    onError: (error) => void (shows || notifications.show({ color: "red", title: t("app.failed"), message: error.message, role: "alert" })),
  });
}
