// check.mjs MILLRACE DIRECTORY: the same table in workbooks of exceljs and SheetJS, read back by `millrace convert`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const Excel = require('exceljs');
const SheetJS = require('xlsx');

const [program, directory] = process.argv.slice(2);
const names = ['id', 'name', 'day', 'moment', 'paid', 'amount', 'note'];
const texts = ['plain', 'a "quoted", text', 'caf\u00e9 \u8ab2 \u{1f600}', 'two\nlines', ' spaces ', '=1+1', '00123', 'x'.repeat(200)];
const table = Array.from({ length: 3000 }, (_, i) => ({
  id: i + 1,
  name: texts[i % texts.length],
  day: new Date(Date.UTC(1990 + (i % 60), i % 12, 1 + (i % 28))),
  moment: new Date(Date.UTC(2024, 0, 1, i % 24, i % 60, (i * 7) % 60)),
  paid: i % 3 === 0,
  amount: Math.round((i * 1.1 + 0.1 + 0.2) * 100) / 100,
  note: i % 5 === 0 ? null : `note ${i % 40}`,
}));
const serial = (date) => date.getTime() / 86400000 + 25569;

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const iso = (date) => date.toISOString();
const line = (row) => [String(row.id), row.name, iso(row.day).slice(0, 10), iso(row.moment).slice(0, 19), row.paid ? 'TRUE' : 'FALSE',
  String(row.amount), row.note ?? ''].map(quoted).join(',') + '\r\n';
const want = names.join(',') + '\r\n' + table.map(line).join('');

async function exceljs(file, options) {
  const book = options.streamed ? new Excel.stream.xlsx.WorkbookWriter({ filename: file, ...options }) : new Excel.Workbook();
  const hidden = book.addWorksheet('hidden', { state: 'hidden' });
  hidden.addRow(['not this one']);
  const sheet = book.addWorksheet('data');
  if (options.streamed) hidden.commit();
  sheet.columns = names.map((name) => ({ style: name === 'day' ? { numFmt: 'dd-mm-yyyy' } : name === 'moment' ? { numFmt: 'd mmm yyyy h:mm:ss' } : {} }));
  const commit = (row) => options.streamed && row.commit();
  commit(sheet.addRow(names));
  for (const row of table) commit(sheet.addRow(names.map((name) => row[name])));
  if (options.streamed) { sheet.commit(); await book.commit(); } else await book.xlsx.writeFile(file);
}

function sheetjs(file, options) {
  const cells = [names, ...table.map((row) => names.map((name) => row[name] instanceof Date ? { t: 'n', v: serial(row[name]), z: name === 'day' ? 'yyyy-mm-dd' : 'yyyy-mm-dd hh:mm:ss' } : row[name]))];
  const book = SheetJS.utils.book_new();
  SheetJS.utils.book_append_sheet(book, SheetJS.utils.aoa_to_sheet(cells), 'data');
  SheetJS.writeFile(book, file, options);
}

const cases = [
  ['exceljs', 'a.xlsx', (file) => exceljs(file, {})],
  ['exceljs, streamed with shared strings', 'b.xlsx', (file) => exceljs(file, { streamed: true, useSharedStrings: true, useStyles: true })],
  ['exceljs, streamed with inline strings', 'c.xlsx', (file) => exceljs(file, { streamed: true, useSharedStrings: false, useStyles: true })],
  ['SheetJS xlsx', 'd.xlsx', (file) => sheetjs(file, { bookType: 'xlsx', bookSST: true })],
  ['SheetJS xlsx by another name', 'd.csv', (file) => sheetjs(file, { bookType: 'xlsx', compression: true })],
  ['SheetJS xls', 'e.xls', (file) => sheetjs(file, { bookType: 'biff8', bookSST: true })],
  ['SheetJS xls without shared strings', 'f.xls', (file) => sheetjs(file, { bookType: 'biff8' })],
];
let passed = 0;
let failed = 0;
for (const [name, file, write] of cases) {
  await write(`${directory}/${file}`);
  execFileSync(program, ['convert', `${directory}/${file}`, `${directory}/out.csv`]);
  const got = readFileSync(`${directory}/out.csv`, 'utf8');
  if (got === want) { passed += 1; continue; }
  failed += 1;
  let at = 0;
  while (at < want.length && got[at] === want[at]) at += 1;
  console.log(`FAIL ${name}: at ${at}: ${JSON.stringify(got.slice(at - 40, at + 60))}, not ${JSON.stringify(want.slice(at - 40, at + 60))}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
