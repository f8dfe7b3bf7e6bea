/** Which lines two texts share: the longest common subsequence between what is the same at both ends. */

export interface Line {
  sign: " " | "-" | "+";
  text: string;
}

const cellsMax = 4_000_000;

export function diff(before: string, after: string): Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
  const same = (lines: string[]): Line[] => lines.map((text) => ({ sign: " ", text }));
  return [...same(a.slice(0, head)), ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...same(a.slice(a.length - tail))];
}

function middle(a: string[], b: string[]): Line[] {
  const removed = (text: string): Line => ({ sign: "-", text });
  const added = (text: string): Line => ({ sign: "+", text });
  if (a.length * b.length > cellsMax) return [...a.map(removed), ...b.map(added)];
  // longest[i][k]: how many lines a[i..] and b[k..] share.
  const longest = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; --i) {
    for (let k = b.length - 1; k >= 0; --k) {
      longest[i]![k] = a[i] === b[k] ? longest[i + 1]![k + 1]! + 1 : Math.max(longest[i + 1]![k]!, longest[i]![k + 1]!);
    }
  }
  const lines: Line[] = [];
  let [i, k] = [0, 0];
  while (i < a.length && k < b.length) {
    if (a[i] === b[k]) {
      lines.push({ sign: " ", text: a[i]! });
      ++i;
      ++k;
    } else if (longest[i + 1]![k]! >= longest[i]![k + 1]!) lines.push(removed(a[i++]!));
    else lines.push(added(b[k++]!));
  }
  return [...lines, ...a.slice(i).map(removed), ...b.slice(k).map(added)];
}
