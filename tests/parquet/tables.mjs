// tables.mjs DIR write|compare
// write: DuckDB, hyparquet-writer and nodejs-polars write DIR/*.parquet, in every encoding and codec that they know.
// compare: DIR/*.csv, what `millrace convert` has made of them, holds the same values as DuckDB reads from the files.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';

// Its native part says that it wants a newer Node, so npm leaves it out unless it is asked for by name.
const pl = await import('nodejs-polars').then(module => module.default, () => null);

const [dir, task] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run(`set timezone = 'UTC'`);
const rows = async sql => (await connection.runAndReadAll(sql)).getRowObjectsJson();
const at = name => path.join(dir, name);

const flat = `select i::bigint id, (i % 97)::integer small, (i % 100)::utinyint tiny, (i * 7919 % 1000003)::ubigint big, i / 7.0 ratio,
    (i / 4.0)::float single, (i / 100.0)::decimal(9,2) price, (i / 100.0)::decimal(18,4) wide, (i::hugeint * 1000000000000000)::decimal(38,6) huge, i % 3 = 0 flag,
    date '1969-01-01' + (i % 3000)::integer "day", timestamp '1960-01-01' + to_microseconds(i * 61000001) "at", (timestamp '2020-01-01' + to_seconds(i))::timestamptz instant,
    time '00:00:00' + to_seconds(i % 86400) clock, case when i % 5 > 0 then 'text ' || (i % 1000) end word, 'unique ' || md5(i::varchar) digest,
    case when i % 7 = 0 then null when i % 7 = 1 then '' else 'é€😀' end odd, case when i < 0 then 1 end as void,
    case when i % 2 = 0 then uuid '00000000-0000-0000-0000-000000000001' end ident from range(20000) t(i)`;
const nested = `select i::integer id, case when i % 11 = 0 then null else {'city': 'C' || i, 'zip': case when i % 3 = 0 then null else i end} end place,
    case when i % 7 = 0 then null when i % 7 = 1 then [] else [i, null, i + 1] end numbers,
    case when i % 5 = 0 then null else [[1, i], [], null, [2]] end deep,
    case when i % 4 = 0 then [] else [{'sku': 'A"' || i, 'tags': ['x', null]}, null, {'sku': null, 'tags': case when i % 2 = 0 then [] end}] end lines,
    map {'a': i, 'b': null} counts, {'inner': {'days': [date '2024-01-01' + (i % 9)::integer]}} boxed from range(3000) t(i)`;

async function write() {
    const codecs = ['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw', 'lz4'];
    for (const codec of codecs) {
        for (const version of ['v1', 'v2']) {
            await connection.run(`copy (${flat}) to '${at(`flat-${codec}-${version}.parquet`)}' (format parquet, compression ${codec}, parquet_version ${version}, row_group_size 4096)`);
        }
    }
    // Without dictionaries v2 uses DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY and BYTE_STREAM_SPLIT.
    await connection.run(`copy (${flat}) to '${at('flat-delta.parquet')}' (format parquet, parquet_version v2, dictionary_size_limit 1)`);
    for (const version of ['v1', 'v2']) await connection.run(`copy (${nested}) to '${at(`nested-${version}.parquet`)}' (format parquet, compression zstd, parquet_version ${version}, row_group_size 2048)`);

    const n = 5000;
    const list = make => Array.from({ length: n }, (_, i) => make(i));
    const words = list(i => i % 4 ? `prefix ${Math.floor(i / 3)}` : null), numbers = list(i => BigInt(i) * 1000003n), reals = list(i => i / 3);
    const compressors = { GZIP: bytes => new Uint8Array(zlib.gzipSync(bytes)), BROTLI: bytes => new Uint8Array(zlib.brotliCompressSync(bytes)) };
    const columns = [
        { name: 'plain', data: numbers, type: 'INT64', encoding: 'PLAIN' },
        { name: 'delta', data: numbers, type: 'INT64', encoding: 'DELTA_BINARY_PACKED' },
        { name: 'small', data: list(i => (i * 37) % 1000 - 500), type: 'INT32', encoding: 'DELTA_BINARY_PACKED' },
        { name: 'lengths', data: words, type: 'STRING', encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
        { name: 'prefixes', data: words, type: 'STRING', encoding: 'DELTA_BYTE_ARRAY' },
        { name: 'split', data: reals, type: 'DOUBLE', encoding: 'BYTE_STREAM_SPLIT' },
        { name: 'runs', data: list(i => i % 100 < 50), type: 'BOOLEAN', encoding: 'RLE' },
        { name: 'coded', data: words, type: 'STRING' },
        { name: 'moment', data: list(i => new Date(1.6e12 + i * 1001)), type: 'TIMESTAMP' },
    ];
    for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI']) {
        const buffer = parquetWriteBuffer({ columnData: columns.map(c => ({ ...c })), codec, compressors, rowGroupSize: 1500, pageSize: 4096 });
        fs.writeFileSync(at(`hyparquet-${codec.toLowerCase()}.parquet`), Buffer.from(buffer));
    }

    if (!pl) return console.log('without nodejs-polars');
    const frame = pl.DataFrame({ id: list(i => i), word: words, real: reals, flag: list(i => i % 2 === 0), list: list(i => i % 3 ? [i, i + 1] : []) });
    for (const compression of ['uncompressed', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4']) frame.writeParquet(at(`polars-${compression}.parquet`), { compression });
}

// One spelling for values that are written in different ways.
function plain(value) {
    if (value === null || value === undefined) return null;
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
    if (typeof value === 'boolean') return String(value);
    const text = String(value);
    if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return /^-?\d+$/.test(text) && text.length > 15 ? text : String(Number(Number(text).toPrecision(15)));
    if (/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d/.test(text)) return text.replace(' ', 'T').replace(/\+00(:00)?$|Z$/, '').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
    return text;
}
const decimals = text => text !== null && /^-?\d+\.\d+$/.test(text) ? text.replace(/0+$/, '').replace(/\.$/, '') : text;

async function compare() {
    let passed = 0, failed = 0;
    for (const name of fs.readdirSync(dir).filter(file => file.endsWith('.parquet')).sort()) {
        const file = at(name), ours = file.replace(/parquet$/, 'csv');
        const described = await rows(`describe select * from '${file}'`);
        const texts = described.map(c => /\[\]|STRUCT|MAP/.test(c.column_type) ? `to_json("${c.column_name}")::varchar "${c.column_name}"` : `"${c.column_name}"::varchar "${c.column_name}"`);
        const want = await rows(`select ${texts} from '${file}'`);
        const got = await rows(`select * from read_csv('${ours}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', auto_detect = false, strict_mode = true,
            columns = {${described.map(c => `'${c.column_name}': 'VARCHAR'`)}})`);
        let wrong = got.length === want.length ? null : `${got.length} rows, not ${want.length}`;
        for (let i = 0; i < want.length && !wrong; ++i) {
            for (const { column_name: key, column_type: type } of described) {
                const json = /\[\]|STRUCT|MAP/.test(type);
                const spell = text => text === null || text === '' ? null : json ? JSON.stringify(plain(JSON.parse(text))) : /DECIMAL/.test(type) ? decimals(text) : plain(text);
                if (spell(got[i][key]) !== spell(want[i][key])) wrong = wrong ?? `row ${i} ${key}: ${got[i][key]} instead of ${want[i][key]}`;
            }
        }
        if (wrong) { ++failed; console.log(`${name}: ${wrong}`); } else ++passed;
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

await (task === 'write' ? write() : compare());
