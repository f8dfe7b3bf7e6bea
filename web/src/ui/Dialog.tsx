import { Button, Group, Modal, Stack } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { useWords } from "../i18n/index.tsx";

/** A window over the page. It does not lock scrolling: that would need a style element, which the policy refuses. */
export function Dialog({ title, opened, onClose, children, wide }: { title: string; opened: boolean; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const { t } = useWords();
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={wide ? "xl" : "md"} lockScroll={false} closeButtonProps={{ "aria-label": t("app.close") }} transitionProps={{ duration: 0 }}>
      {children}
    </Modal>
  );
}

/** A button that asks first. */
export function Sure({ label, question, onYes }: { label: string; question: string; onYes: () => void }) {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const yes = () => {
    setAsking(false);
    onYes();
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        {label}
      </Button>
      <Dialog title={label} opened={asking} onClose={() => setAsking(false)}>
        <Stack>
          <p>{question}</p>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t("app.cancel")}
            </Button>
            <Button color="red" onClick={yes}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
