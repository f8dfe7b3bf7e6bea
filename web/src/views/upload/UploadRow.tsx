import { Button, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useJob } from "../../app/job.ts";
import { useWords } from "../../i18n/index.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { bytes, duration } from "../../ui/format.ts";
import { Stages } from "../../ui/Stages.tsx";
import { State } from "../../ui/State.tsx";
import { Sniff } from "./Sniff.tsx";
import type { Sending } from "./uploads.ts";

export function UploadRow({ upload, onPause, onResume }: { upload: Sending; onPause: () => void; onResume: () => void }) {
  const { t } = useWords();
  return (
    <li className="card" aria-label={upload.name}>
      <Group justify="space-between">
        <strong className="cut">{upload.name}</strong>
        <span className="quiet">{bytes(upload.size)}</span>
      </Group>
      {upload.state !== "sent" && <SendingBar upload={upload} />}
      {upload.state === "sending" && (
        <Button size="xs" variant="default" onClick={onPause}>
          {t("upload.pause")}
        </Button>
      )}
      {(upload.state === "stopped" || upload.state === "failed") && (
        <Button size="xs" onClick={onResume}>
          {t("upload.resume")}
        </Button>
      )}
      {upload.error && (
        <p role="alert" className="error-text">
          {upload.error}
        </p>
      )}
      {upload.jobId && upload.state === "sent" && <Import id={upload.jobId} />}
    </li>
  );
}

function SendingBar({ upload }: { upload: Sending }) {
  const { t } = useWords();
  const left = upload.rate > 0 ? ((upload.size - upload.sent) / upload.rate) * 1000 : NaN;
  return (
    <>
      <progress max={upload.size || 1} value={upload.sent} aria-label={`${upload.name}: ${t("upload.sending")}`} />
      <span className="quiet">
        {bytes(upload.sent)} {upload.state === "sending" && Number.isFinite(left) && `· ${t("upload.rate", { rate: bytes(upload.rate), time: duration(left) })}`}
      </span>
    </>
  );
}

/** The job that the upload has become. */
function Import({ id }: { id: string }) {
  const { t } = useWords();
  const [sniffing, setSniffing] = useState(false);
  const job = useJob(id);
  if (!job.data) return null;
  return (
    <>
      <p className="line">
        <State state={job.data.state} />
        <Link to="/jobs/$id" params={{ id }}>
          {t("upload.openJob")}
        </Link>
        {job.data.related_dataset_id && (
          <Link to="/datasets/$id" params={{ id: job.data.related_dataset_id }}>
            {t("upload.openDataset")}
          </Link>
        )}
        <Button size="xs" variant="default" onClick={() => setSniffing(true)}>
          {t("upload.preview")}
        </Button>
      </p>
      <Stages job={job.data} />
      {job.data.error_message && <p className="error-text">{job.data.error_message}</p>}
      <Dialog title={t("sniff.title")} opened={sniffing} onClose={() => setSniffing(false)} wide>
        <Sniff job={job.data} />
      </Dialog>
    </>
  );
}
