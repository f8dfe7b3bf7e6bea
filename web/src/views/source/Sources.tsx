import type { Answer } from "@millrace/client";
import { Button, NativeSelect, Stack, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { useChange, useList } from "../../app/data.ts";
import { useScope } from "../../app/live.tsx";
import { useWords, type Key } from "../../i18n/index.tsx";
import { Dialog, Sure } from "../../ui/Dialog.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { Time } from "../../ui/Time.tsx";

export type Source = Answer<"getDataSource", 200>;
export const path = "/api/v1/data-sources";
const types = ["file_upload", "website"] as const;

export function Sources() {
  const { t } = useWords();
  const scope = useScope();
  const list = useList<Source>(path, { scope });
  const change = useChange([path]);
  return (
    <>
      <PageTitle title={t("nav.sources")}>
        <NewSource />
      </PageTitle>
      <Listing
        label={t("nav.sources")}
        items={list.items}
        list={list}
        keyOf={(source) => source.id}
        columns={[
          { name: t("app.name"), cell: (one) => <Link to="/sources/$id" params={{ id: one.id }}>{one.name}</Link> },
          { name: t("job.type"), cell: (one) => t(`sources.type.${one.source_type}` as Key) },
          { name: t("templates.description"), cell: (one) => one.description },
          { name: t("app.created"), cell: (one) => (one.builtin ? t("sources.builtin") : <Time at={one.created_at} />) },
          {
            name: t("app.actions"),
            cell: (one) => !one.builtin && <Sure label={t("app.delete")} question={`${t("sources.deleteSure")} ${one.name}`} onYes={() => change.mutate({ method: "DELETE", path: `${path}/${one.id}`, query: { scope } })} />,
          },
        ]}
      />
    </>
  );
}

function NewSource() {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const create = useChange<Source>([path], () => setOpened(false));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name, source_type, description } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    create.mutate({ path, body: { name, source_type, description } });
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t("sources.new")}</Button>
      <Dialog title={t("sources.new")} opened={opened} onClose={() => setOpened(false)}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput name="name" label={t("app.name")} required maxLength={255} data-autofocus />
            <NativeSelect name="source_type" label={t("job.type")} data={types.map((value) => ({ value, label: t(`sources.type.${value}`) }))} />
            <TextInput name="description" label={t("templates.description")} />
            <Button type="submit" loading={create.isPending}>
              {t("app.create")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
