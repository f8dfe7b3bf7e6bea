import { NativeSelect, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";

import { languages, useWords, type Key } from "../i18n/index.tsx";
import { useScopeChoice } from "./live.tsx";

export function LanguageChoice() {
  const { t, language, setLanguage } = useWords();
  const options = Object.entries(languages).map(([value, label]) => ({ value, label }));
  return <NativeSelect size="xs" aria-label={t("app.language")} value={language} data={options} onChange={(event) => setLanguage(event.target.value as typeof language)} />;
}

export function ThemeChoice() {
  const { t } = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const options = ["auto", "light", "dark"].map((value) => ({ value, label: t(`app.theme.${value}` as Key) }));
  return <NativeSelect size="xs" aria-label={t("app.theme")} value={colorScheme} data={options} onChange={(event) => setColorScheme(event.target.value as MantineColorScheme)} />;
}

export function ScopeSelect() {
  const { t } = useWords();
  const { scope, setScope } = useScopeChoice();
  const options = [
    { value: "own", label: t("app.scope.own") },
    { value: "all", label: t("app.scope.all") },
  ];
  return <NativeSelect size="xs" aria-label={t("app.scope")} value={scope} data={options} onChange={(event) => setScope(event.target.value as typeof scope)} />;
}
