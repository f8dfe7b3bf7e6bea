// check.mjs DIR write|compare
// write: every DIR/*.parquet of ours is read by DuckDB and by hyparquet and held against DIR/*.ndjson, what our own
//        reader says; then DuckDB writes foreign files of its own (foreign-*.parquet, foreign-*.want.ndjson).
// compare: what we read from the foreign files (foreign-*.ndjson) is held against what DuckDB says is in them.
import fs from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const [dir, task] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run(`set timezone = 'UTC'`);
const rows = async sql => (await connection.runAndReadAll(sql)).getRowObjectsJson();
let passed = 0, failed = 0;
const verdict = (name, differences) => {
    if (differences.length === 0) { ++passed; return; }
    ++failed;
    console.log(`${name}: ${differences.length} differences, first: ${differences[0]}`);
};

// One spelling for values that readers hand out in different shapes.
function plain(value) {
    if (value === null || value === undefined) return null;
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Date) return value.toISOString().replace(/T00:00:00\.000Z$/, '').replace(/\.000Z$|Z$/, '');
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[ T]\d\d:/.test(value)) {
        return value.replace(' ', 'T').replace(/\+00(:00)?$|Z$/, '').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '').replace(/T00:00:00$/, '');
    }
    if (typeof value === 'string' && /^\d\d:\d\d:\d\d\.\d+$/.test(value)) return value.replace(/0+$/, '').replace(/\.$/, '');
    if (typeof value === 'number' || /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) return String(Number(Number(value).toPrecision(15)));
    return String(value);
}
function differences(got, want) {
    const out = [];
    if (got.length !== want.length) return [`${got.length} rows, not ${want.length}`];
    for (let i = 0; i < want.length && out.length < 5; ++i) {
        for (const key of Object.keys(want[i])) {
            const a = plain(got[i][key]), b = plain(want[i][key]);
            if (a !== b) out.push(`row ${i} ${key}: ${a} instead of ${b}`);
        }
    }
    return out;
}
const ndjson = file => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line));

if (task === 'write') {
    for (const file of fs.readdirSync(dir).filter(name => name.endsWith('.parquet')).map(name => path.join(dir, name))) {
        const want = ndjson(file.replace(/parquet$/, 'ndjson'));
        verdict(`DuckDB reads ${path.basename(file)}`, differences(await rows(`select * from '${file}'`), want));
        const bytes = fs.readFileSync(file);
        const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
        verdict(`hyparquet reads ${path.basename(file)}`,
            differences(await parquetReadObjects({ file: buffer, compressors, utf8: true }), want));
        const [{ n, missing }] = await rows(`select count(*) n, sum(stats_null_count) missing from parquet_metadata('${file}')`);
        if (!(n > 0) || missing === null) verdict(`statistics of ${path.basename(file)}`, ['are missing']);
    }
    const table = `select i::bigint as id, (i % 97)::integer as small, (i * 7919 % 1000003)::ubigint as big, i / 7.0 as ratio,
        (i / 4.0)::float as single, (i / 100.0)::decimal(9,2) as price, (i::hugeint * 1000000000000000)::decimal(38,6) as huge,
        i % 3 = 0 as flag, date '2020-01-01' + (i % 3000)::integer as day, timestamp '2020-01-01' + to_microseconds(i * 61000001) as at,
        (timestamp '2020-01-01' + to_seconds(i))::timestamptz as instant, (timestamp_ns '2020-01-01 00:00:00') as nanos,
        time '00:00:00' + to_seconds(i % 86400) as clock, case when i % 5 > 0 then 'text ' || (i % 1000) end as word,
        'unique ' || md5(i::varchar) as digest from range(20000) t(i)`;
    const variants = { zstd: 'compression zstd', snappy: 'compression snappy, row_group_size 4096', none: 'compression uncompressed',
        v2: 'compression zstd, parquet_version v2', v2plain: `compression snappy, parquet_version v2, row_group_size 2048, dictionary_size_limit 1` };
    for (const [name, how] of Object.entries(variants)) {
        const file = path.join(dir, `foreign-${name}.parquet`);
        await connection.run(`copy (${table}) to '${file}' (format parquet, ${how})`);
        const want = await rows(`select * from '${file}'`);
        fs.writeFileSync(path.join(dir, `foreign-${name}.want`), want.map(row => JSON.stringify(row)).join('\n'));
    }
} else {
    for (const name of fs.readdirSync(dir).filter(file => file.endsWith('.want'))) {
        const want = ndjson(path.join(dir, name));
        verdict(`reading ${name}`, differences(ndjson(path.join(dir, name.replace(/want$/, 'ndjson'))), want));
    }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
