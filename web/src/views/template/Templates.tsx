import type { Answer } from "@millrace/client";
import { Button, FileButton, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";

import { useChange, useList } from "../../app/data.ts";
import { useScope } from "../../app/live.tsx";
import { useWords } from "../../i18n/index.tsx";
import { CsvExport } from "../../ui/CsvExport.tsx";
import { Sure } from "../../ui/Dialog.tsx";
import { Listing } from "../../ui/Listing.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { save } from "../../ui/save.ts";
import { Time } from "../../ui/Time.tsx";

export type Template = Omit<Answer<"getTemplate", 200>, "spec"> & { spec: { fields: { target: string }[]; [member: string]: unknown } };
export const path = "/api/v2/templates";
const exported = ["id", "name", "description", "version", "fingerprint", "sha256", "created_at", "updated_at"];

export function Templates() {
  const { t, number } = useWords();
  const scope = useScope();
  const list = useList<Template>(path, { scope, sort: "-updated_at" });
  const change = useChange([path]);
  return (
    <>
      <PageTitle title={t("nav.templates")}>
        <CsvExport path={path} query={{ scope, sort: "-updated_at" }} columns={exported} name="templates" />
        <ImportTemplate />
      </PageTitle>
      <Listing
        label={t("nav.templates")}
        items={list.items}
        list={list}
        keyOf={(one) => one.id}
        columns={[
          { name: t("app.name"), cell: (one) => <Link to="/templates/$id" params={{ id: one.id }}>{one.name}</Link> },
          { name: t("datasets.version"), cell: (one) => number(one.version), number: true },
          { name: t("wizard.fields"), cell: (one) => <span className="cut short">{one.spec.fields.map((field) => field.target).join(", ")}</span> },
          { name: t("templates.changed"), cell: (one) => <Time at={one.updated_at} /> },
          {
            name: t("app.actions"),
            cell: (one) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" aria-label={`${t("templates.export")}: ${one.name}`} onClick={() => exportTemplate(one)}>
                  {t("templates.export")}
                </Button>
                <Sure label={t("app.delete")} question={`${t("templates.deleteSure")} ${one.name}`} onYes={() => change.mutate({ method: "DELETE", path: `${path}/${one.id}`, query: { scope } })} />
              </Group>
            ),
          },
        ]}
      />
    </>
  );
}

/** What an import takes again, here or elsewhere. */
export function exportTemplate({ name, description, spec }: Template) {
  save(`${name}.template.json`, JSON.stringify({ name, description, spec }, null, 2));
}

/** A template that was exported, or a bare spec. */
function ImportTemplate() {
  const { t } = useWords();
  const create = useChange([path]);
  const read = async (file: File | null) => {
    if (!file) return;
    try {
      const given = JSON.parse(await file.text()) as { name?: string; description?: string; spec?: unknown };
      const whole = typeof given.spec === "object" ? { name: given.name, description: given.description, spec: given.spec } : { spec: given };
      create.mutate({ path, body: { ...whole, name: whole.name || file.name.replace(/(\.template)?\.json$/, "") } });
    } catch {
      notifications.show({ color: "red", title: t("app.failed"), message: t("templates.noJson", { name: file.name }), role: "alert" });
    }
  };
  return (
    <FileButton accept="application/json,.json" onChange={(file) => void read(file)}>
      {(props) => (
        <Button {...props} loading={create.isPending}>
          {t("templates.import")}
        </Button>
      )}
    </FileButton>
  );
}
