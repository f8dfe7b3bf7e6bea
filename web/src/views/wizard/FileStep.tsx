import type { StoredFile } from "@millrace/client";
import { Button, FileButton, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";

import { useList } from "../../app/data.ts";
import { store } from "../../app/storing.ts";
import { useWords } from "../../i18n/index.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { bytes } from "../../ui/format.ts";
import { Listing } from "../../ui/Listing.tsx";
import { Time } from "../../ui/Time.tsx";
import { DropZone } from "../upload/DropZone.tsx";
import { Choose } from "./Choose.tsx";
import { useChoices } from "./parts.ts";

export function FileStep() {
  const { t } = useWords();
  const [, choose] = useChoices();
  const [sending, setSending] = useState<{ name: string; size: number; sent: number } | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => void (here.current = false);
  }, []);
  const take = async (file: File | undefined | null) => {
    if (!file || sending) return;
    setError(null);
    setSending({ name: file.name, size: file.size, sent: 0 });
    try {
      const stored = await store(file, file.name, (sent) => setSending({ name: file.name, size: file.size, sent }));
      if (here.current) choose({ file: stored.id, step: "reading" }); // who has left is not brought back
    } catch (refused) {
      setError(refused as Error);
      setSending(null);
    }
  };
  return (
    <>
      <DropZone onFiles={(files) => void take(files[0]?.file)}>
        <p>{t("wizard.drop")}</p>
        <FileButton onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} loading={sending !== null}>
              {t("wizard.chooseFile")}
            </Button>
          )}
        </FileButton>
      </DropZone>
      {sending && (
        <p role="status">
          {sending.name} <progress max={sending.size || 1} value={sending.sent} aria-label={`${sending.name}: ${t("upload.sending")}`} /> {bytes(sending.sent)}
        </p>
      )}
      {error && <ErrorBox error={error} />}
      <h3>{t("wizard.storedFiles")}</h3>
      <StoredFiles onChoose={(file) => choose({ file: file.id, step: "reading" })} />
    </>
  );
}

function StoredFiles({ onChoose }: { onChoose: (file: StoredFile) => void }) {
  const { t } = useWords();
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState("");
  const list = useList<StoredFile>("/api/v2/files", { limit: 20, filter: wanted && `filename:~${JSON.stringify(wanted)}` });
  return (
    <>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setWanted(text.trim());
        }}
      >
        <TextInput label={t("wizard.findFile")} value={text} onChange={(event) => setText(event.target.value)} spellCheck={false} />
      </form>
      <Listing
        label={t("wizard.storedFiles")}
        items={list.items.filter((file) => file.state === "stored")}
        list={list}
        keyOf={(file) => file.id}
        columns={[
          { name: t("app.name"), cell: (f) => f.filename },
          { name: t("datasets.size"), cell: (f) => bytes(f.size), number: true },
          { name: t("app.created"), cell: (f) => <Time at={f.created_at} /> },
          { name: t("app.actions"), cell: (f) => <Choose name={f.filename} onClick={() => onChoose(f)} /> },
        ]}
      />
    </>
  );
}
