/** Sizes and durations for people. */

export function bytes(size: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(size) / 10));
  const value = size / 1024 ** step;
  return `${value.toFixed(step && value < 100 ? 1 : 0)} ${units[step]}`;
}

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "∞";
  const span = Math.max(0, ms); // clocks of two machines may differ
  if (span < 1000) return `${Math.round(span)} ms`;
  const seconds = span / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

export function between(from: string | null, to: string | null): string {
  if (!from) return "";
  return duration((to ? Date.parse(to) : Date.now()) - Date.parse(from));
}

export function shortId(id: string): string {
  return id.slice(-8);
}
