import { Button, PasswordInput, Stack, Tabs, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";

import { signIn, type Credentials } from "../app/session.tsx";
import { useWords } from "../i18n/index.tsx";
import { LanguageChoice } from "../app/Choices.tsx";

export function SignIn({ onDone }: { onDone: () => void }) {
  const { t } = useWords();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget)) as Credentials;
    setBusy(true);
    setError(null);
    try {
      await signIn(given);
      onDone();
    } catch (refused) {
      setError(`${t("signIn.refused")} ${(refused as Error).message}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <h1>{t("signIn.title")}</h1>
      <Tabs defaultValue="token" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="token">{t("signIn.withToken")}</Tabs.Tab>
          <Tabs.Tab value="password">{t("signIn.withPassword")}</Tabs.Tab>
        </Tabs.List>
        <form onSubmit={(event) => void submit(event)}>
          <Tabs.Panel value="token" pt="md">
            <PasswordInput name="token" label={t("signIn.token")} description={t("signIn.tokenHelp")} autoComplete="off" required autoFocus visibilityToggleButtonProps={{ "aria-label": t("app.details") }} />
          </Tabs.Panel>
          <Tabs.Panel value="password" pt="md">
            <Stack>
              <TextInput name="email" type="email" label={t("signIn.email")} autoComplete="username" required />
              <TextInput name="password" type="password" label={t("signIn.password")} autoComplete="current-password" required />
            </Stack>
          </Tabs.Panel>
          {error && (
            <p role="alert" className="error-text">
              {error}
            </p>
          )}
          <Button type="submit" mt="md" fullWidth loading={busy}>
            {t("signIn.submit")}
          </Button>
        </form>
      </Tabs>
      <LanguageChoice />
    </main>
  );
}
