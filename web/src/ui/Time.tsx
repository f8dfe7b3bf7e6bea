import { useWords } from "../i18n/index.tsx";

/** "3 min ago", with the moment itself on hover and for machines. */
export function Time({ at }: { at: string | null | undefined }) {
  const words = useWords();
  if (!at) return null;
  return (
    <time dateTime={at} title={`${words.time(at)} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`}>
      {words.ago(at)}
    </time>
  );
}
