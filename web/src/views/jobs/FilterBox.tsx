import { Autocomplete } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";

import { useWords } from "../../i18n/index.tsx";

const words: Record<string, string[]> = {
  state: ["scheduled", "blocked", "queued", "running", "retry_wait", "cancelling", "completed", "failed", "cancelled"],
  type: ["import", "export", "validation", "processing"],
  kind: ["import", "export", "bulk"],
  queue: ["default"],
  filename: ["~"],
  error_code: [],
  error_message: ["~"],
  supplier_id: [],
  tags: ["~"],
  priority: [">"],
  progress: [">"],
  stage: [],
  parent_id: [],
  schedule_id: [],
  created_at: [">", "<"],
  started_at: [">", "<"],
  completed_at: [">", "<"],
};

/** What the last word of the filter may become. */
export function completions(text: string): string[] {
  const start = text.lastIndexOf(" ") + 1;
  const [before, word] = [text.slice(0, start), text.slice(start)];
  const colon = word.indexOf(":");
  const options = colon < 0 ? Object.keys(words).map((name) => `${name}:`) : (words[word.slice(0, colon)] ?? []).map((value) => word.slice(0, colon + 1) + value);
  return options.filter((option) => option.startsWith(word) && option !== word).map((option) => before + option);
}

/** The filter as the API takes it, with completion. "/" leads here. */
export function FilterBox({ filter, onChange }: { filter: string; onChange: (filter: string) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(filter);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(filter), [filter]);
  useHotkeys([["/", () => input.current?.focus()]]);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <Autocomplete
        ref={input}
        label={t("app.filter")}
        placeholder={t("jobs.filterHelp")}
        value={text}
        onChange={setText}
        onBlur={() => text.trim() !== filter && onChange(text.trim())}
        data={completions(text)}
        filter={({ options }) => options}
        spellCheck={false}
        autoComplete="off"
        comboboxProps={{ withinPortal: false }}
      />
    </form>
  );
}
