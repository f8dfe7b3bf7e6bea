import { Button } from "@mantine/core";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { useWords } from "../i18n/index.tsx";
import { PageTitle } from "../ui/PageTitle.tsx";
import { LanguageChoice, ScopeSelect, ThemeChoice } from "./Choices.tsx";
import { useLive } from "./live.tsx";
import { Palette } from "./Palette.tsx";
import { pages } from "./pages.ts";
import { useIsAdmin, useMe, useSignOut } from "./session.tsx";

/** Header, navigation and the view in them. */
export function Shell() {
  const { t } = useWords();
  const [menu, setMenu] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setMenu(false), [path]);
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={toContent}>
        {t("app.skip")}
      </a>
      <header>
        <Button className="menu-button" size="xs" variant="default" aria-expanded={menu} aria-controls="navigation" onClick={() => setMenu(!menu)}>
          {t("app.menu")}
        </Button>
        <Link to="/" className="brand">
          millrace
        </Link>
        <LiveSwitch />
        <Palette />
      </header>
      <nav id="navigation" aria-label={t("app.menu")} data-open={menu || undefined}>
        {pages.map(({ to, name }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === "/" }} activeProps={{ "aria-current": "page" }}>
            {t(name)}
          </Link>
        ))}
        <Choices />
      </nav>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

/** By script: with a <base>, "#content" would leave the view. */
function toContent(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function LiveSwitch() {
  const { t } = useWords();
  const { state, toggle } = useLive();
  const words = { live: t("app.live"), paused: t("app.paused"), offline: t("app.offline") };
  return (
    <Button size="xs" variant="default" className="live" data-live={state} onClick={toggle} title={t(state === "paused" ? "app.resume" : "app.pause")} aria-pressed={state === "paused"}>
      <i aria-hidden>●</i>
      {words[state]}
    </Button>
  );
}

function Choices() {
  const { t } = useWords();
  const me = useMe();
  const signOut = useSignOut();
  return (
    <div className="choices">
      {useIsAdmin() && <ScopeSelect />}
      <LanguageChoice />
      <ThemeChoice />
      <span className="quiet cut" title={me.id}>
        {me.subject || me.id}
      </span>
      {me.method === "session" && (
        <Button size="xs" variant="default" onClick={() => void signOut()}>
          {t("app.signOut")}
        </Button>
      )}
    </div>
  );
}

export function NotFound() {
  const { t } = useWords();
  return (
    <>
      <PageTitle title="404" />
      <p>{t("app.notFound")}</p>
    </>
  );
}
