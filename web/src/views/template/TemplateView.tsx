import { Button, Group, Stack, Tabs, Textarea, TextInput } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { useChange, useOne } from "../../app/data.ts";
import { useScope } from "../../app/live.tsx";
import { useViewSearch } from "../../app/search.ts";
import { useWords } from "../../i18n/index.tsx";
import { Sure } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Loading } from "../../ui/Loading.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { exportTemplate, path, type Template } from "./Templates.tsx";
import { Use } from "./Use.tsx";
import { Versions } from "./Versions.tsx";

const route = getRouteApi("/templates/$id");

export function TemplateView() {
  const { id } = route.useParams();
  const scope = useScope();
  const template = useOne<Template>(`${path}/${id}`, { scope });
  if (template.error) return <ErrorBox error={template.error} onRetry={() => void template.refetch()} />;
  return template.data ? <Details template={template.data} scope={scope} /> : <Loading />;
}

function Details({ template, scope }: { template: Template; scope: string }) {
  const { t } = useWords();
  const [{ tab = "edit" }, setSearch] = useViewSearch();
  const leave = useNavigate();
  const remove = useChange([path], () => void leave({ to: "/templates" }));
  return (
    <>
      <PageTitle title={template.name}>
        <Button variant="default" size="xs" onClick={() => exportTemplate(template)}>
          {t("templates.export")}
        </Button>
        <Sure label={t("app.delete")} question={`${t("templates.deleteSure")} ${template.name}`} onYes={() => remove.mutate({ method: "DELETE", path: `${path}/${template.id}`, query: { scope } })} />
      </PageTitle>
      <Tabs value={tab} onChange={(next) => setSearch({ tab: next ?? undefined }, true)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="edit">{t("templates.edit")}</Tabs.Tab>
          <Tabs.Tab value="use">{t("templates.use")}</Tabs.Tab>
          <Tabs.Tab value="versions">{t("templates.versions")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="edit" pt="sm">
          <Edit key={template.version} template={template} scope={scope} />
        </Tabs.Panel>
        <Tabs.Panel value="use" pt="sm">
          <Use template={template} />
        </Tabs.Panel>
        <Tabs.Panel value="versions" pt="sm">
          <Versions template={template} scope={scope} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Edit({ template, scope }: { template: Template; scope: string }) {
  const { t } = useWords();
  const [name, setName] = useState(template.name);
  const [description, setDescription] = useState(template.description);
  const [text, setText] = useState(JSON.stringify(template.spec, null, 2));
  const change = useChange([path], undefined, { shows: true });
  const spec = parsed(text);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        // Somebody else may have changed it meanwhile: then this is refused, and nothing is lost.
        if (spec) change.mutate({ method: "PATCH", path: `${path}/${template.id}`, query: { scope }, headers: { "If-Match": etag(template) }, body: { name, description, spec } });
      }}
    >
      <Stack>
        <TextInput label={t("app.name")} value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} />
        <TextInput label={t("templates.description")} value={description} onChange={(event) => setDescription(event.target.value)} />
        <Textarea label={t("templates.spec")} value={text} onChange={(event) => setText(event.target.value)} rows={18} spellCheck={false} className="code" error={spec ? null : t("templates.noJson", { name: t("templates.spec") })} />
        {change.error && <ErrorBox error={change.error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={!spec} loading={change.isPending}>
            {t("app.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function etag({ version, sha256 }: Template): string {
  return `"${version}-${sha256.slice(0, 16)}"`;
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
