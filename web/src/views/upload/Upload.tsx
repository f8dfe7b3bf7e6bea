import { Button, FileButton, Group, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";

import { useWords } from "../../i18n/index.tsx";
import { PageTitle } from "../../ui/PageTitle.tsx";
import { DropZone, type Dropped } from "./DropZone.tsx";
import { UploadRow } from "./UploadRow.tsx";
import { useUploads, type Duplicates } from "./uploads.ts";

export function Upload() {
  const { t } = useWords();
  const [supplier, setSupplier] = useState("");
  const [duplicates, setDuplicates] = useState<Duplicates>("error");
  const { uploads, add, pause, resume } = useUploads();
  const take = (files: Dropped[]) => add(files, { supplierId: supplier.trim() || undefined, onDuplicate: duplicates });
  const choices = (["error", "reuse", "version"] as const).map((value) => ({ value, label: t(`upload.duplicates.${value}`) }));
  return (
    <>
      <PageTitle title={t("nav.upload")} />
      <DropZone onFiles={take}>
        <p>{t("upload.drop")}</p>
        <Group justify="center">
          <FileButton multiple onChange={(files) => take(files.map((file) => ({ file, name: file.name })))}>
            {(props) => <Button {...props}>{t("upload.choose")}</Button>}
          </FileButton>
          <FileButton multiple inputProps={{ webkitdirectory: "" } as object} onChange={(files) => take(files.map((file) => ({ file, name: file.webkitRelativePath || file.name })))}>
            {(props) => (
              <Button variant="default" {...props}>
                {t("upload.chooseFolder")}
              </Button>
            )}
          </FileButton>
        </Group>
      </DropZone>
      <Group mt="md" align="flex-end">
        <TextInput label={t("upload.supplier")} value={supplier} onChange={(event) => setSupplier(event.target.value)} maxLength={200} />
        <NativeSelect label={t("upload.duplicates")} value={duplicates} data={choices} onChange={(event) => setDuplicates(event.target.value as Duplicates)} />
      </Group>
      {uploads.length > 0 && <h2>{t("upload.files")}</h2>}
      <ul className="uploads">
        {uploads.map((upload) => (
          <UploadRow key={upload.key} upload={upload} onPause={() => pause(upload.key)} onResume={() => resume(upload.key)} />
        ))}
      </ul>
    </>
  );
}
