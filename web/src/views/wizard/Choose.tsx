import { Button } from "@mantine/core";

import { useWords } from "../../i18n/index.tsx";

/** Takes one row of a list. */
export function Choose({ name, onClick }: { name: string; onClick: () => void }) {
  const { t } = useWords();
  return (
    <Button size="xs" variant="default" aria-label={`${t("wizard.choose")}: ${name}`} onClick={onClick}>
      {t("wizard.choose")}
    </Button>
  );
}
