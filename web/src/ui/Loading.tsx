import { useWords } from "../i18n/index.tsx";

export function Loading() {
  const { t } = useWords();
  return (
    <p className="quiet" role="status">
      {t("app.loading")}
    </p>
  );
}
