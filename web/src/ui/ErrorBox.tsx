import { Button } from "@mantine/core";

import { useWords } from "../i18n/index.tsx";

export function ErrorBox({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const { t } = useWords();
  return (
    <div role="alert" className="error-box">
      <strong>{t("app.failed")}</strong>
      <p>{error.message}</p>
      {onRetry && (
        <Button variant="default" size="xs" onClick={onRetry}>
          {t("app.retry")}
        </Button>
      )}
    </div>
  );
}
