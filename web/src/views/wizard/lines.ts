/** A stored file of JSON lines, a piece at a time: no connection stays open between them. */
import { useCallback, useEffect, useRef, useState } from "react";

import { client } from "../../app/client.ts";

const pieceBytes = 256 << 10;
const newline = 10;

interface Lines<T> {
  lines: T[];
  ended: boolean;
  error: Error | null;
}

interface Place {
  offset: number;
  busy: boolean;
}

export function useLines<T>(path: string) {
  const [state, setState] = useState<Lines<T>>({ lines: [], ended: false, error: null });
  const place = useRef<Place>({ offset: 0, busy: false });
  useEffect(() => {
    place.current = { offset: 0, busy: false };
    setState({ lines: [], ended: false, error: null });
  }, [path]);

  const more = useCallback(async () => {
    const mine = place.current;
    if (mine.busy) return;
    mine.busy = true;
    try {
      const { lines, bytes, ended } = await piece<T>(path, mine.offset);
      if (mine !== place.current) return;
      mine.offset += bytes;
      mine.busy = false;
      setState((before) => ({ lines: [...before.lines, ...lines], ended, error: null }));
    } catch (error) {
      if (mine === place.current) setState((before) => ({ ...before, ended: true, error: error as Error }));
    }
  }, [path]);
  return { ...state, more };
}

/** The whole lines from this byte on. */
async function piece<T>(path: string, from: number): Promise<{ lines: T[]; bytes: number; ended: boolean }> {
  const answer = await client.requester.open(path, { headers: { Range: `bytes=${from}-${from + pieceBytes - 1}` } });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const total = Number(answer.headers.get("Content-Range")?.split("/")[1] ?? from + bytes.length);
  const ended = from + bytes.length >= total;
  const end = ended ? bytes.length : bytes.lastIndexOf(newline) + 1;
  if (end === 0 && !ended) throw new Error(`a line of ${path} is longer than ${pieceBytes} bytes`);
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").filter(Boolean);
  return { lines: lines.map((line) => JSON.parse(line) as T), bytes: end, ended };
}
