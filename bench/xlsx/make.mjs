// make.mjs ROWS FILE: a workbook of ROWS rows and 12 columns (text, dates, whole numbers, fractions, booleans), with shared
// strings, written by exceljs. NPM says where that is.
import { createRequire } from 'node:module';
const Excel = createRequire(process.env.NPM + '/x.js')('exceljs');

const [rows, file] = [Number(process.argv[2]), process.argv[3]];
const book = new Excel.stream.xlsx.WorkbookWriter({ filename: file, useSharedStrings: true, useStyles: true });
const sheet = book.addWorksheet('orders');
const names = ['id', 'customer', 'city', 'ordered', 'shipped', 'quantity', 'price', 'discount', 'paid', 'comment', 'code', 'weight'];
const formats = { ordered: 'yyyy-mm-dd', shipped: 'yyyy-mm-dd hh:mm:ss' };
sheet.columns = names.map((name) => (formats[name] ? { style: { numFmt: formats[name] } } : {}));
sheet.addRow(names).commit();
let seed = 42;
const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
const cities = ['Amsterdam', 'Utrecht', 'Rotterdam', 'Groningen', 'Den Haag', 'Eindhoven'];
for (let i = 1; i < rows; i++) {
  const day = 1 + (i % 366);
  sheet.addRow([
    i, `customer ${Math.floor(random() * 75000)}`, cities[i % 6], new Date(Date.UTC(2024, 0, day)),
    new Date(Date.UTC(2024, 0, day, i % 24, i % 60, i % 60)), Math.floor(random() * 100), Math.round(random() * 100000) / 100,
    random(), i % 3 === 0, `note ${i} on order`, `AB-${1000 + (i % 9000)}`, Math.round(random() * 1e6) / 1000,
  ]).commit();
}
sheet.commit();
await book.commit();
