import { Button, Group, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useState } from "react";

import { useWords } from "../../i18n/index.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

interface View {
  name: string;
  filter: string;
}

/** Filters by name: those that everybody needs, and one's own, kept in the browser. */
export function Views({ filter, onChoose }: { filter: string; onChoose: (filter: string) => void }) {
  const { t } = useWords();
  const [own, setOwn] = useLocalStorage<View[]>({ key: "millrace.views", defaultValue: [] });
  const [naming, setNaming] = useState(false);
  const given: View[] = [
    { name: t("jobs.view.all"), filter: "" },
    { name: t("jobs.view.running"), filter: "state:running" },
    { name: t("jobs.view.waiting"), filter: "state:scheduled,blocked,queued,retry_wait" },
    { name: t("jobs.view.failed"), filter: "state:failed" },
    { name: t("jobs.view.completed"), filter: "state:completed" },
  ];
  const isNew = filter !== "" && ![...given, ...own].some((view) => view.filter === filter);
  return (
    <nav aria-label={t("jobs.views")} className="views">
      {[...given, ...own].map((view) => (
        <Button key={view.name} size="xs" variant={view.filter === filter ? "filled" : "default"} aria-current={view.filter === filter || undefined} onClick={() => onChoose(view.filter)}>
          {view.name}
        </Button>
      ))}
      {own.some((view) => view.filter === filter) && (
        <Button size="xs" variant="subtle" onClick={() => setOwn(own.filter((view) => view.filter !== filter))}>
          {t("app.delete")}
        </Button>
      )}
      {isNew && (
        <Button size="xs" variant="subtle" onClick={() => setNaming(true)}>
          {t("jobs.saveView")}
        </Button>
      )}
      <Dialog title={t("jobs.saveView")} opened={naming} onClose={() => setNaming(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const name = new FormData(event.currentTarget).get("name") as string;
            setOwn([...own.filter((view) => view.name !== name), { name, filter }]);
            setNaming(false);
          }}
        >
          <TextInput name="name" label={t("jobs.viewName")} required maxLength={40} data-autofocus />
          <Group justify="flex-end" mt="md">
            <Button type="submit">{t("app.save")}</Button>
          </Group>
        </form>
      </Dialog>
    </nav>
  );
}
