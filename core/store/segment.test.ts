import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import { anyBatch, anyFields, batchOfCells, cellsOf } from '../batch/arbitrary.ts';
import { bytesOf, type Field, type StoredBatch } from '../batch/columns.ts';
import { duckdb } from './duckdb.ts';
import { writeAll } from './file.ts';
import { openSegment, SegmentReader, SegmentWriter } from './segment.ts';

const folder = mkdtempSync(join(tmpdir(), 'segment-'));
test.after.always(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.parquet`);

const FIELDS: Field[] = [
  { name: 'key', kind: 'bytes', nullable: false },
  { name: 'small', kind: 'i32', nullable: true },
  { name: 'count', kind: 'i64', nullable: false },
  { name: 'sum', kind: 'f64', nullable: true },
  { name: 'note', kind: 'bytes', nullable: true },
];

function write(path: string, fields: readonly Field[], batches: readonly StoredBatch[]) {
  const writer = new SegmentWriter(path, fields);
  const places = batches.map(batch => writer.write(batch));
  return { places, ...writer.close() };
}

const number = (kind: 'i32' | 'i64' | 'f64', value: number | bigint) => {
  const view = new DataView(new ArrayBuffer(kind === 'i32' ? 4 : 8));
  if (kind === 'i32') view.setInt32(0, Number(value), true);
  else if (kind === 'i64') view.setBigInt64(0, BigInt(value), true);
  else view.setFloat64(0, Number(value), true);
  return new Uint8Array(view.buffer);
};
const text = (value: string) => new TextEncoder().encode(value);
const MEGABYTE = 'é'.repeat(512 * 1024);
const SAMPLE = batchOfCells(FIELDS, [
  ['', 'one', '日本語', '__proto__', MEGABYTE].map(text),
  [1, null, -(2 ** 31), null, 5].map(value => (value === null ? null : number('i32', value))),
  [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 1n].map(value => number('i64', value)),
  [null, -0, Infinity, 1e-300, 0.5].map(value => (value === null ? null : number('f64', value))),
  [null, '', 'x', null, MEGABYTE].map(value => (value === null ? null : text(value))),
]);

test('property: what is read is what was written, from places and from the footer alone', t => {
  const layouts = anyFields.chain(fields =>
    fc.tuple(fc.constant(fields), fc.array(anyBatch(fields), { maxLength: 5 })),
  );
  fc.assert(
    fc.property(layouts, ([fields, batches]) => {
      const path = newPath();
      const { places, bytes, rows } = write(path, fields, batches);
      const reader = new SegmentReader(path, fields);
      const found = openSegment(path);
      t.deepEqual(found.fields, fields);
      const filled = places.filter(place => place.rows > 0);
      t.deepEqual(found.places, filled);
      t.is(
        rows,
        batches.reduce((sum, batch) => sum + batch.rows, 0),
      );
      t.is(readFileSync(path).length, bytes);
      // Backwards, so that buffers are used again for smaller and larger batches.
      const kept = places.map(place => reader.read(place, true));
      for (let i = batches.length - 1; i >= 0; i--) {
        const expected = cellsOf(fields, batches[i]!);
        t.deepEqual(cellsOf(fields, reader.read(places[i]!)), expected);
        t.deepEqual(cellsOf(fields, kept[i]!), expected);
      }
      reader.close();
      rmSync(path);
    }),
    { numRuns: 50 },
  );
});

test('DuckDB reads a segment: nulls, extremes, empty, non-ASCII and 1 MiB values', async t => {
  const path = newPath();
  write(path, FIELDS, [SAMPLE, SAMPLE]);
  const rows = await duckdb(`select decode(key), small, count, sum, decode(note) from '${path}'`);
  const expected = [
    ['', 1, 0n, null, null],
    ['one', null, -1n, -0, ''],
    ['日本語', -(2 ** 31), 2n ** 63n - 1n, Infinity, 'x'],
    ['__proto__', null, -(2n ** 63n), 1e-300, null],
    [MEGABYTE, 5, 1n, 0.5, MEGABYTE],
  ];
  t.deepEqual(rows, [...expected, ...expected]);
});

test('DuckDB reads a segment of no rows, and one of a thousand row groups', async t => {
  const empty = newPath();
  write(empty, FIELDS, []);
  t.deepEqual(await duckdb(`select * from '${empty}'`), []);
  const many = newPath();
  write(
    many,
    FIELDS,
    Array.from({ length: 1000 }, () => slice(SAMPLE, 4)),
  );
  t.deepEqual(await duckdb(`select count(*), count(note), sum(small) from '${many}'`), [
    [4000n, 2000n, BigInt(1000) * BigInt(1 - 2 ** 31)],
  ]);
});

/** The first rows of the sample, which has its largest last. */
function slice(batch: StoredBatch, rows: number): StoredBatch {
  return {
    rows,
    columns: batch.columns.map(({ data, offsets, valid }) => ({
      data: offsets === undefined ? data : data.subarray(0, offsets[rows]),
      ...(offsets && { offsets: offsets.subarray(0, rows + 1) }),
      ...(valid && { valid: valid.subarray(0, rows) }),
    })),
  };
}

function shared(from: Uint8Array): Uint8Array {
  const to = new Uint8Array(new SharedArrayBuffer(from.length));
  to.set(from);
  return to;
}

test('from and to shared memory', t => {
  const batch = {
    rows: SAMPLE.rows,
    columns: SAMPLE.columns.map(column => ({ ...column, data: shared(column.data) })),
  };
  const path = newPath();
  const { places } = write(path, FIELDS, [batch]);
  const reader = new SegmentReader(path, FIELDS);
  t.deepEqual(cellsOf(FIELDS, reader.read(places[0]!)), cellsOf(FIELDS, SAMPLE));
  t.true(reader.heldBytes < 2 * bytesOf(SAMPLE));
  reader.close();
  reader.close();
});

test('one flipped bit anywhere in a row group is found, with file and offset', t => {
  const path = newPath();
  const { places } = write(path, FIELDS, [slice(SAMPLE, 4), slice(SAMPLE, 4)]);
  const place = places[1]!;
  const whole = readFileSync(path);
  for (let at = place.offset; at < place.offset + place.bytes; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1 << (at % 8);
    writeFileSync(path, damaged);
    const reader = new SegmentReader(path, FIELDS);
    reader.read(places[0]!);
    const error = t.throws(() => reader.read(place), {
      code: 'SEGMENT_CORRUPT',
      name: 'DataError',
    });
    t.like(error, { details: { file: path, offset: place.offset } });
    reader.close();
  }
});

test('a segment that was cut short, is no Parquet file or has gone', t => {
  const path = newPath();
  const { places, bytes } = write(path, FIELDS, [slice(SAMPLE, 4)]);
  truncateSync(path, bytes - 1);
  t.throws(() => openSegment(path), { code: 'SEGMENT_CORRUPT' });
  truncateSync(path, places[0]!.bytes);
  const reader = new SegmentReader(path, FIELDS);
  t.throws(() => reader.read(places[0]!), { code: 'SEGMENT_CORRUPT', message: /ends at byte/ });
  reader.close();
  writeFileSync(path, 'no');
  t.throws(() => openSegment(path), { code: 'SEGMENT_CORRUPT', message: /too short/ });
  rmSync(path);
  t.throws(() => openSegment(path), { code: 'IO', message: /ENOENT/ });
  t.throws(() => new SegmentReader(path, FIELDS), { code: 'IO' });
});

test('abort leaves no file, before and after a failure; a whole file stays', t => {
  const path = newPath();
  const writer = new SegmentWriter(path, FIELDS);
  writer.write(SAMPLE);
  t.throws(() => new SegmentWriter(path, FIELDS), { code: 'IO', message: /EEXIST/ });
  t.true(existsSync(path));
  writer.abort();
  writer.abort();
  t.false(existsSync(path));
  const whole = new SegmentWriter(path, FIELDS);
  whole.close();
  whole.abort();
  t.true(existsSync(path));
});

test('a folder that is not there, or may not be written', t => {
  t.throws(() => new SegmentWriter(join(folder, 'none', 'x'), FIELDS), {
    code: 'IO',
    name: 'LimitError',
    message: /none.x: cannot create: no such file or directory \(ENOENT\)/,
  });
});

test('a full device is DISK_FULL', t => {
  const full = openSync('/dev/full', 'w');
  const error = t.throws(() => writeAll(full, new Uint8Array(10), '/dev/full'), {
    code: 'DISK_FULL',
  });
  t.like(error, { details: { file: '/dev/full' }, cause: { code: 'ENOSPC' } });
});

test('a device that fails when it is read is IO', t => {
  const memory = '/proc/self/mem';
  if (!existsSync(memory)) return t.pass('no /proc');
  // At its beginning nothing is mapped, and the system says EIO.
  const reader = new SegmentReader(memory, FIELDS);
  const place = { rows: 1, bytes: 64, crc: 0, offset: 0 };
  const error = t.throws(() => reader.read(place), { code: 'IO', name: 'LimitError' });
  t.is(error?.message, '/proc/self/mem: cannot read: i/o error (EIO)');
  t.like(error, { details: { file: memory }, cause: { code: 'EIO', syscall: 'read' } });
  reader.close();
});

test('a write that the system refuses midway is DISK_FULL, and abort leaves nothing', t => {
  // A real limit on the size of files, in a process of its own: the first writes pass, a later one is cut short.
  const path = newPath();
  const script = `
    import { SegmentWriter } from ${JSON.stringify(new URL('./segment.js', import.meta.url).href)};
    const fields = [{ name: 'data', kind: 'bytes', nullable: false }];
    const writer = new SegmentWriter(${JSON.stringify(path)}, fields);
    const data = new Uint8Array(300_000);
    let groups = 0;
    try {
      for (;; groups++) writer.write({ rows: 1, columns: [{ data, offsets: Int32Array.of(0, data.length) }] });
    } catch (error) {
      writer.abort();
      console.log(error.name, error.code, groups);
    }`;
  const limited = `trap '' XFSZ; ulimit -f 1000; exec "$0" --input-type=module --eval "$1"`;
  const output = execFileSync('bash', ['-c', limited, process.execPath, script], {
    encoding: 'utf8',
  });
  t.is(output, 'LimitError DISK_FULL 3\n');
  t.false(existsSync(path));
});
