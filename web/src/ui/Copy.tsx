import { Button } from "@mantine/core";
import { useState } from "react";

import { useWords } from "../i18n/index.tsx";

/** Copies also over plain HTTP, where the clipboard interface is missing. */
export function Copy({ text }: { text: string }) {
  const { t } = useWords();
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
    else copyBySelection(text);
    setDone(true);
  };
  return (
    <Button size="xs" variant="default" onClick={() => void copy()}>
      {t(done ? "app.copied" : "app.copy")}
    </Button>
  );
}

function copyBySelection(text: string) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
