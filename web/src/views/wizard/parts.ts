/** What the later steps read: the file as it is read, the fields, the proposal. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { client } from "../../app/client.ts";
import { useOne } from "../../app/data.ts";
import type { Sniffed } from "../upload/Sniff.tsx";
import { changed, wizardSearch, type WizardSearch } from "./search.ts";
import type { Columns, Parts, Proposal, Spec, TargetField } from "./spec.ts";

export type SetChoices = (next: WizardSearch, replace?: boolean) => void;

export function useChoices(): [WizardSearch, SetChoices] {
  const search = wizardSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  return [search, (next, replace = false) => void navigate({ to: "/import", search: changed(search, next), replace })];
}

/** How the file is read, as an import takes it: only what differs from what is found out. */
export function readingOf({ table, dialect }: WizardSearch): object {
  return { ...(table && { table }), ...(dialect && { dialect }) };
}

export function useSniff(search: WizardSearch) {
  const reading = readingOf(search);
  return useQuery({
    queryKey: ["sniff", search.file, reading],
    queryFn: () => client.json<Sniffed>(`/api/v2/files/${search.file}/sniff`, { method: "POST", body: reading }),
    enabled: !!search.file,
    staleTime: Infinity,
    placeholderData: (before) => before,
  });
}

export function columnsOf(sniffed: Sniffed): Columns {
  const values = (i: number) => [...new Set(sniffed.rows.flatMap((row) => row[i] ?? []))];
  return new Map(sniffed.names.map((name, i) => [name, values(i)]));
}

/** A schema is a stored file like any other; it never changes. */
export function useSchema(id: string | undefined) {
  return useOne<{ fields: TargetField[] }>(`/api/v2/files/${id}/content`, {}, { enabled: !!id, staleTime: Infinity });
}

export function useTemplate(id: string | undefined) {
  return useOne<{ name: string; version: number; spec: Spec }>(`/api/v2/templates/${id}`, {}, { enabled: !!id });
}

export function useProposal(job: string | undefined) {
  return useOne<Proposal>(`/api/v2/jobs/${job}/result`, {}, { enabled: !!job, staleTime: Infinity });
}

/** All of it at once, for the steps that need all. */
export function useParts(search: WizardSearch) {
  const sniffed = useSniff(search);
  const schema = useSchema(search.schema);
  const proposal = useProposal(search.proposal);
  const first = useOne<{ spec: Spec }>(`/api/v2/templates/${proposal.data?.template_id}/versions/1`, {}, { enabled: !!proposal.data, staleTime: Infinity });
  const kept = useTemplate(search.template);
  const asked = [sniffed, schema, proposal, first, ...(search.template ? [kept] : [])];
  const error = asked.find((one) => one.error)?.error ?? null;
  const there = sniffed.data && schema.data && proposal.data && first.data && (!search.template || kept.data);
  const parts: Parts | undefined = there
    ? { columns: columnsOf(sniffed.data), fields: schema.data.fields, proposed: first.data.spec, kept: search.template ? kept.data?.spec : undefined }
    : undefined;
  return { parts, proposal: proposal.data, kept: search.template ? kept.data : undefined, error };
}
