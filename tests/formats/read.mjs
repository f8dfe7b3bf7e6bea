// read.mjs DIR: the xlsx and parquet files of DIR as JSON beside them, as exceljs, DuckDB and hyparquet see them.
import fs from 'node:fs';
import path from 'node:path';
import ExcelJS from 'exceljs';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const dir = process.argv[2];
const save = (name, value) => fs.writeFileSync(path.join(dir, name), JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
const plain = value => (value instanceof Date ? value.toISOString() : value);

for (const name of fs.readdirSync(dir)) {
    const file = path.join(dir, name);
    if (name.endsWith('.xlsx')) {
        const book = new ExcelJS.Workbook();
        await book.xlsx.readFile(file);
        save(name + '.json', book.worksheets.map(sheet => {
            const rows = [];
            sheet.eachRow({ includeEmpty: true }, row => {
                const cells = [];
                for (let i = 1; i <= sheet.columnCount; ++i) {
                    const cell = row.getCell(i);
                    if (cell.type === ExcelJS.ValueType.Formula) throw new Error(`a formula in ${name}`);
                    cells.push(plain(cell.value));
                }
                rows.push(cells);
            });
            return { name: sheet.name, rows };
        }));
    }
    if (name.endsWith('.parquet')) {
        const connection = await (await DuckDBInstance.create(':memory:')).connect();
        await connection.run(`set timezone = 'UTC'`);
        const columns = (await connection.runAndReadAll(`describe select * from '${file}'`)).getRowObjectsJson().map(c => `"${c.column_name.replaceAll('"', '""')}"::varchar`);
        save(name + '.duckdb.json', (await connection.runAndReadAll(`select ${columns.join(', ')} from '${file}'`)).getRowsJson());
        const bytes = fs.readFileSync(file);
        const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
        save(name + '.hyparquet.json', (await parquetReadObjects({ file: buffer, compressors, utf8: true })).map(row => Object.values(row).map(plain)));
    }
}
