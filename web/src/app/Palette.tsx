import { Button, Kbd } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { openSpotlight, Spotlight } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";

import { useWords } from "../i18n/index.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { useLive } from "./live.tsx";
import { pages } from "./pages.ts";

const leaderMs = 1200;

/** Ctrl+K, "g" and a letter, "?". */
export function Palette() {
  const { t } = useWords();
  const navigate = useNavigate();
  const { toggle, state } = useLive();
  const [help, setHelp] = useState(false);
  const leader = useRef(0);
  const go = (key: string) => {
    const page = pages.find((one) => one.key === key);
    if (!page || performance.now() - leader.current > leaderMs) return;
    leader.current = 0;
    void navigate({ to: page.to });
  };
  useHotkeys([
    ["g", () => void (leader.current = performance.now())],
    ...pages.map(({ key }) => [key, () => go(key), { preventDefault: false }] as [string, () => void, object]),
    ["shift+?", () => setHelp(true)],
  ]);
  const actions = [
    ...pages.map(({ to, name }) => ({ id: to, label: t(name), onClick: () => void navigate({ to }) })),
    { id: "pause", label: t(state === "paused" ? "app.resume" : "app.pause"), onClick: toggle },
    { id: "help", label: t("app.shortcuts"), onClick: () => setHelp(true) },
  ];
  return (
    <>
      <Button size="xs" variant="default" className="palette-button" onClick={openSpotlight}>
        {t("app.palette")}
      </Button>
      <Spotlight
        actions={actions}
        shortcut="mod + K"
        highlightQuery
        scrollable
        maxHeight={400}
        lockScroll={false}
        nothingFound={t("app.empty")}
        searchProps={{ placeholder: t("app.palette"), "aria-label": t("app.palette") }}
        attributes={{ content: { "aria-label": t("app.palette") } }}
        transitionProps={{ duration: 0 }}
      />
      <Dialog title={t("app.shortcuts")} opened={help} onClose={() => setHelp(false)}>
        <dl className="shortcuts">
          {pages.map(({ key, name }) => (
            <div key={key}>
              <dt>
                <Kbd>g</Kbd> <Kbd>{key}</Kbd>
              </dt>
              <dd>{t("shortcuts.go", { page: t(name) })}</dd>
            </div>
          ))}
          <Shortcut keys="Ctrl+K" text={t("shortcuts.search")} />
          <Shortcut keys="/" text={t("shortcuts.filter")} />
          <Shortcut keys="p" text={t("shortcuts.pause")} />
        </dl>
      </Dialog>
    </>
  );
}

function Shortcut({ keys, text }: { keys: string; text: string }) {
  return (
    <div>
      <dt>
        <Kbd>{keys}</Kbd>
      </dt>
      <dd>{text}</dd>
    </div>
  );
}
