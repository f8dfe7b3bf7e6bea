import { Copy } from "./Copy.tsx";

export function Json({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? "";
  return (
    <div className="json">
      <Copy text={text} />
      <pre className="scroll" tabIndex={0} aria-label={label} role="region">
        {text}
      </pre>
    </div>
  );
}
