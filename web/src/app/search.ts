import { useNavigate, useSearch } from "@tanstack/react-router";

export interface Search {
  filter?: string;
  sort?: string;
  tab?: string;
}

/** What the address says beside the path, and how to change it: links hold what a view shows. */
export function useViewSearch(): [Search, (next: Search, replace?: boolean) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  return [search, (next, replace = false) => void navigate({ to: ".", search: { ...search, ...next }, replace })];
}
