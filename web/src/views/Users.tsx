import type { Answer } from "@millrace/client";
import { Button, Group, NativeSelect, PasswordInput, Stack, Switch, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";

import { useChange, useList } from "../app/data.ts";
import { useWords } from "../i18n/index.tsx";
import { AdminsOnly } from "../ui/AdminsOnly.tsx";
import { CsvExport } from "../ui/CsvExport.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { Time } from "../ui/Time.tsx";

type User = Answer<"listUsers", 200>["items"][number];
const path = "/api/v2/users";
const exported = ["id", "email", "subject", "name", "role", "disabled", "created_at"];
const roles = ["user", "admin"];

export function Users() {
  const { t } = useWords();
  return (
    <>
      <PageTitle title={t("nav.users")} />
      <AdminsOnly>
        <List />
      </AdminsOnly>
    </>
  );
}

function List() {
  const { t } = useWords();
  const list = useList<User>(path);
  const change = useChange([path]);
  const set = (user: User, body: object) => change.mutate({ method: "PATCH", path: `${path}/${user.id}`, body });
  const nameOf = (user: User) => user.email || user.subject || user.id;
  return (
    <>
      <Group mb="sm">
        <NewUser />
        <CsvExport path={path} query={{}} columns={exported} name="users" />
      </Group>
      <Listing
        label={t("nav.users")}
        items={list.items}
        list={list}
        keyOf={(user) => user.id}
        columns={[
          { name: t("users.who"), cell: nameOf },
          { name: t("app.name"), cell: (user) => user.name },
          // Who comes with a token has the role that the token says.
          { name: t("keys.role"), cell: (user) => (user.email ? <NativeSelect size="xs" className="role" aria-label={`${t("keys.role")}: ${nameOf(user)}`} value={user.role} data={roles} onChange={(event) => set(user, { role: event.target.value })} /> : user.role) },
          { name: t("users.allowed"), cell: (user) => <Switch checked={!user.disabled} aria-label={`${t("users.allowed")}: ${nameOf(user)}`} onChange={(event) => set(user, { disabled: !event.target.checked })} /> },
          { name: t("app.created"), cell: (user) => <Time at={user.created_at} /> },
          { name: t("app.actions"), cell: (user) => user.email && <Password user={user} name={nameOf(user)} /> },
        ]}
      />
    </>
  );
}

function NewUser() {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const create = useChange<User>([path], () => setOpened(false));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { email, name, role, password } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    create.mutate({ path, body: { email, password, role, ...(name && { name }) } });
  };
  return (
    <>
      <Button onClick={() => setOpened(true)}>
        {t("users.new")}
      </Button>
      <Dialog title={t("users.new")} opened={opened} onClose={() => setOpened(false)}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput name="email" type="email" label={t("signIn.email")} required data-autofocus />
            <TextInput name="name" label={t("app.name")} />
            <NativeSelect name="role" label={t("keys.role")} data={roles} />
            <PasswordInput name="password" label={t("signIn.password")} required autoComplete="new-password" visibilityToggleButtonProps={{ "aria-label": t("users.showPassword") }} />
            <Button type="submit" loading={create.isPending}>
              {t("app.create")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}

function Password({ user, name }: { user: User; name: string }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  const change = useChange([path], () => setOpened(false));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    change.mutate({ method: "PUT", path: `${path}/${user.id}/password`, body: { password: new FormData(event.currentTarget).get("password") } });
  };
  return (
    <>
      <Button size="xs" variant="default" aria-label={`${t("users.newPassword")}: ${name}`} onClick={() => setOpened(true)}>
        {t("users.newPassword")}
      </Button>
      <Dialog title={t("users.newPassword")} opened={opened} onClose={() => setOpened(false)}>
        <form onSubmit={submit}>
          <Stack>
            <p>{t("users.passwordEnds", { name })}</p>
            <PasswordInput name="password" label={t("signIn.password")} required autoComplete="new-password" data-autofocus visibilityToggleButtonProps={{ "aria-label": t("users.showPassword") }} />
            <Button type="submit" loading={change.isPending}>
              {t("app.save")}
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
