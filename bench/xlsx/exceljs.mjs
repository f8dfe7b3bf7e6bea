// exceljs.mjs IN OUT: the first sheet as CSV with the streaming reader of exceljs.
import { createRequire } from 'node:module';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
const Excel = createRequire(process.env.NPM + '/x.js')('exceljs');

const out = createWriteStream(process.argv[3]);
const text = (value) => {
  if (value === null || value === undefined) return '';
  const plain = value instanceof Date ? value.toISOString() : typeof value === 'object' ? String(value.text ?? value.result ?? value.error ?? '') : String(value);
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
const reader = new Excel.stream.xlsx.WorkbookReader(process.argv[2], { sharedStrings: 'cache', styles: 'cache', worksheets: 'emit', hyperlinks: 'ignore' });
for await (const sheet of reader) {
  for await (const row of sheet) {
    if (!out.write(row.values.slice(1).map(text).join(',') + '\r\n')) await once(out, 'drain');
  }
  break;
}
out.end();
await once(out, 'finish');
process.exit(0);
