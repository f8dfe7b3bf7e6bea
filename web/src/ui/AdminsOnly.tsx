import type { ReactNode } from "react";

import { useIsAdmin } from "../app/session.tsx";
import { useWords } from "../i18n/index.tsx";

export function AdminsOnly({ children }: { children: ReactNode }) {
  const { t } = useWords();
  return useIsAdmin() ? children : <p className="quiet">{t("app.adminsOnly")}</p>;
}
