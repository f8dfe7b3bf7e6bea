import type { Answer } from "@millrace/client";
import { Button, Group, Stack, Switch, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { useChange, useList } from "../app/data.ts";
import { useScope } from "../app/live.tsx";
import { useWords } from "../i18n/index.tsx";
import { Copy } from "../ui/Copy.tsx";
import { Dialog, Sure } from "../ui/Dialog.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Time } from "../ui/Time.tsx";

type Webhook = Answer<"listWebhooks", 200>["items"][number];
const path = "/api/v2/webhooks";

export function Webhooks() {
  const { t } = useWords();
  const scope = useScope();
  const list = useList<Webhook>(path, { scope });
  const change = useChange([path]);
  return (
    <>
      <PageTitle title={t("nav.webhooks")}>
        <NewWebhook />
      </PageTitle>
      <Listing
        label={t("nav.webhooks")}
        items={list.items}
        list={list}
        keyOf={(webhook) => webhook.id}
        columns={[
          { name: t("webhooks.url"), cell: (w) => <Link to="/webhooks/$id" params={{ id: w.id }}>{w.url}</Link> },
          { name: t("webhooks.event"), cell: (w) => w.types.join(", ") },
          {
            name: t("webhooks.enabled"),
            cell: (w) => <Switch checked={w.enabled} aria-label={`${t("webhooks.enabled")}: ${w.url}`} onChange={(event) => change.mutate({ method: "PATCH", path: `${path}/${w.id}`, query: { scope }, body: { enabled: event.target.checked } })} />,
          },
          { name: t("app.created"), cell: (w) => <Time at={w.created_at} /> },
          {
            name: t("app.actions"),
            cell: (w) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" onClick={() => change.mutate({ path: `${path}/${w.id}/test`, query: { scope } })}>
                  {t("webhooks.test")}
                </Button>
                <Sure label={t("app.delete")} question={`${t("webhooks.deleteSure")} ${w.url}`} onYes={() => change.mutate({ method: "DELETE", path: `${path}/${w.id}`, query: { scope } })} />
              </Group>
            ),
          },
        ]}
      />
    </>
  );
}

function NewWebhook() {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const create = useChange<{ secret: string }>([path], (made) => setSecret(made.secret));
  const close = () => {
    setOpened(false);
    setSecret(null);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const types = (given.get("types") as string).split(",").map((type) => type.trim()).filter(Boolean);
    create.mutate({ path, body: { url: given.get("url"), types: types.length ? types : ["*"] } });
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t("webhooks.new")}</Button>
      <Dialog title={t("webhooks.new")} opened={opened} onClose={close}>
        {secret ? (
          <Stack>
            <p>{t("webhooks.secret")}</p>
            <code>{secret}</code>
            <Copy text={secret} />
          </Stack>
        ) : (
          <form onSubmit={submit}>
            <Stack>
              <TextInput name="url" type="url" label={t("webhooks.url")} required data-autofocus placeholder="https://" />
              <TextInput name="types" label={t("webhooks.types")} defaultValue="job.completed, job.failed" />
              <Button type="submit" loading={create.isPending}>
                {t("app.create")}
              </Button>
            </Stack>
          </form>
        )}
      </Dialog>
    </>
  );
}
