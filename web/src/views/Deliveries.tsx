import type { Answer } from "@millrace/client";
import { Button, Group } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { useChange, useList, useOne } from "../app/data.ts";
import { useScope } from "../app/live.tsx";
import { useWords } from "../i18n/index.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Json } from "../ui/Json.tsx";
import { Listing } from "../ui/Listing.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { State } from "../ui/State.tsx";
import { Time } from "../ui/Time.tsx";

type Delivery = Answer<"listWebhookDeliveries", 200>["items"][number];
const route = getRouteApi("/webhooks/$id");

/** What was sent to one webhook, and how it went. */
export function Deliveries() {
  const { t } = useWords();
  const { id } = route.useParams();
  const scope = useScope();
  const path = `/api/v2/webhooks/${id}/deliveries`;
  const list = useList<Delivery>(path, { scope }, { refetchInterval: 3000 });
  const webhook = useOne<{ url: string }>(`/api/v2/webhooks/${id}`, { scope });
  const change = useChange([path]);
  const [open, setOpen] = useState<string | null>(null);
  return (
    <>
      <PageTitle title={t("webhooks.deliveries")}>
        <Button variant="default" onClick={() => change.mutate({ path: `/api/v2/webhooks/${id}/test`, query: { scope } })}>
          {t("webhooks.test")}
        </Button>
      </PageTitle>
      <p>
        <code>{webhook.data?.url}</code>
      </p>
      <Listing
        label={t("webhooks.deliveries")}
        items={list.items}
        list={list}
        keyOf={(delivery) => delivery.id}
        columns={[
          { name: t("webhooks.event"), cell: (d) => d.type },
          { name: t("app.state"), cell: (d) => <State state={d.state} /> },
          { name: t("webhooks.tries"), cell: (d) => d.attempts, number: true },
          { name: t("webhooks.status"), cell: (d) => String(d.last_status ?? d.last_error ?? "") },
          { name: t("app.created"), cell: (d) => <Time at={d.created_at} /> },
          {
            name: t("app.actions"),
            cell: (d) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" onClick={() => setOpen(d.id)}>
                  {t("app.details")}
                </Button>
                <Button size="xs" variant="default" onClick={() => change.mutate({ path: `${path}/${d.id}/redeliver`, query: { scope } })}>
                  {t("webhooks.redeliver")}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      <Dialog title={t("app.details")} opened={open !== null} onClose={() => setOpen(null)} wide>
        {open && <One path={`${path}/${open}`} scope={scope} />}
      </Dialog>
    </>
  );
}

function One({ path, scope }: { path: string; scope: string }) {
  const { t } = useWords();
  const delivery = useOne<object>(path, { scope });
  return delivery.data ? <Json value={delivery.data} label={t("app.details")} /> : null;
}
