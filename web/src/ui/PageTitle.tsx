import { useEffect, type ReactNode } from "react";

/** The heading of a view, also the title of the tab. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => void (document.title = `${title} · millrace`), [title]);
  return (
    <div className="page-title">
      <h1>{title}</h1>
      <div className="page-actions">{children}</div>
    </div>
  );
}
