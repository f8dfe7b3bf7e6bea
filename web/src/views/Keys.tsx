import type { Answer } from "@millrace/client";
import { Button, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";

import { useChange, useList } from "../app/data.ts";
import { useIsAdmin } from "../app/session.tsx";
import { useWords } from "../i18n/index.tsx";
import { Copy } from "../ui/Copy.tsx";
import { Dialog, Sure } from "../ui/Dialog.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Time } from "../ui/Time.tsx";

type ApiKey = Answer<"listApiKeys", 200>["items"][number];
const path = "/api/v2/api-keys";

export function Keys() {
  const { t } = useWords();
  const list = useList<ApiKey>(path, { limit: undefined });
  const change = useChange([path]);
  return (
    <>
      <PageTitle title={t("nav.keys")}>
        <NewKey />
      </PageTitle>
      <Listing
        label={t("nav.keys")}
        items={list.items}
        list={list}
        keyOf={(key) => key.id}
        columns={[
          { name: t("app.name"), cell: (k) => k.name },
          { name: t("keys.role"), cell: (k) => k.role },
          { name: t("app.created"), cell: (k) => <Time at={k.created_at} /> },
          { name: t("keys.used"), cell: (k) => (k.last_used_at ? <Time at={k.last_used_at} /> : t("app.never")) },
          { name: t("keys.expires"), cell: (k) => (k.expires_at ? <Time at={k.expires_at} /> : t("app.never")) },
          {
            name: t("app.actions"),
            cell: (k) => (k.revoked_at ? t("keys.revoked") : <Sure label={t("keys.revoke")} question={`${t("keys.revokeSure")} ${k.name}`} onYes={() => change.mutate({ method: "DELETE", path: `${path}/${k.id}` })} />),
          },
        ]}
      />
    </>
  );
}

function NewKey() {
  const { t } = useWords();
  const admin = useIsAdmin();
  const [opened, setOpened] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const create = useChange<ApiKey>([path], (key) => setMade(key.key));
  const close = () => {
    setOpened(false);
    setMade(null);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name, role, expires } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    create.mutate({ path, body: { name, role: role ?? "user", ...(expires && { expires_at: new Date(expires).toISOString() }) } });
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>{t("keys.new")}</Button>
      <Dialog title={t("keys.new")} opened={opened} onClose={close}>
        {made ? (
          <Stack>
            <p role="status">{t("keys.once")}</p>
            <code data-testid="key">{made}</code>
            <Copy text={made} />
          </Stack>
        ) : (
          <form onSubmit={submit}>
            <Stack>
              <TextInput name="name" label={t("app.name")} required data-autofocus />
              <NativeSelect name="role" label={t("keys.role")} data={admin ? ["user", "admin"] : ["user"]} />
              <TextInput name="expires" type="date" label={t("keys.expires")} />
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
