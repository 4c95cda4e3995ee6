/** What every source and every sink must do, as tests: one call each in a connector's own test file.
 *
 *   test('csv is a sink', t => testSink(t, csv.sink));
 *   test('text is a source', t => testSource(t, { source, where: [path], expected: lines }));
 *   test('postgres', t => testConnector(t, spec, { options: { table: 't' }, expected: rows }));
 *
 * Not here: what a format's bytes are; its own tests say that, and other people's readers do.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { ConnectorSpec } from 'superstep';
import {
  BATCH_ROWS,
  type Field,
  fieldsOf,
  type Json,
  type Limits,
  loadCodec,
  type Reader,
  type Schema,
  type Sink,
  type Source,
  type SourceOptions,
  type Split,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from 'superstep/internal';

/** Every column type, with and without nulls. */
export const COLUMNS = {
  utf8: { type: 'utf8' },
  text: { type: 'utf8', nullable: true },
  binary: { type: 'binary', nullable: true },
  bool: { type: 'bool', nullable: true },
  int32: { type: 'int32' },
  int64: { type: 'int64', read: 'bigint', nullable: true },
  float64: { type: 'float64', nullable: true },
  date: { type: 'date', nullable: true },
  timestamp: { type: 'timestamp', nullable: true },
  decimal: { type: 'decimal', precision: 12, scale: 2, nullable: true },
  wide: { type: 'decimal', precision: 38, scale: 10, nullable: true },
  list: { type: 'list', of: { type: 'utf8', nullable: true }, nullable: true },
} as const;

/** Ordinary rows, and the values that break things. */
export const ROWS: readonly { readonly [C in keyof typeof COLUMNS]: unknown }[] = [
  rowOf({}),
  rowOf({ utf8: 'plain', text: 'with, comma', int32: 1, int64: 2n, bool: true, float64: 1.5 }),
  rowOf({ utf8: '"quoted"', text: 'two\nlines\r\n', date: '2024-02-29', timestamp: 1.7e12 }),
  rowOf({ utf8: 'éß語😀', text: '', binary: Uint8Array.of(0, 255, 34, 10), int32: -(2 ** 31) }),
  rowOf({ utf8: '__proto__', text: 'constructor', int64: 2n ** 63n - 1n, float64: -0 }),
  rowOf({ utf8: '\u0000\u0001\t\b\f\\ \u2028', int64: -(2n ** 63n), float64: Number.NaN }),
  rowOf({ utf8: 'x'.repeat(1 << 20), text: '"'.repeat(1 << 20), float64: Infinity, bool: false }),
  rowOf({ utf8: '語'.repeat(350_000), binary: new Uint8Array(1 << 20).fill(10), float64: 5e-324 }),
  rowOf({ decimal: -1230n, wide: -(10n ** 37n), timestamp: -1, date: '0001-01-01', float64: 1e21 }),
  rowOf({ list: ['a', null, '"', 'é'], wide: 1n, decimal: 5n, timestamp: 0, int32: 2 ** 31 - 1 }),
  rowOf({ list: [], float64: -1.7976931348623157e308, int64: -(2n ** 53n) - 1n }),
];

function rowOf(values: { readonly [column: string]: unknown }): (typeof ROWS)[number] {
  const empty = Object.fromEntries(Object.keys(COLUMNS).map(name => [name, null]));
  return { ...empty, utf8: '', int32: 0, ...values } as (typeof ROWS)[number];
}

/** Rows from to to of a batch, in buffers of their own; in shared memory, and at an odd address, if asked. */
export function cutBatch(
  batch: StoredBatch,
  fields: readonly Field[],
  from: number,
  to: number,
  shared = false,
): StoredBatch {
  const columns = batch.columns.map(({ data, offsets, valid }, i): StoredColumn => {
    const { kind } = fields[i]!;
    const start = kind === 'bytes' ? offsets![from]! : from * WIDTH[kind];
    const end = kind === 'bytes' ? offsets![to]! : to * WIDTH[kind];
    const bytes = data.slice(start, end);
    const moved = shared ? new Uint8Array(new SharedArrayBuffer(bytes.length + 1), 1) : bytes;
    moved.set(bytes);
    return {
      data: moved,
      ...(offsets && { offsets: offsets.slice(from, to + 1).map(offset => offset - start) }),
      ...(valid && { valid: valid.slice(from, to) }),
    };
  });
  return { rows: to - from, columns };
}

/** However rows are cut into batches the same bytes; a whole file after close, none after abort. */
export async function testSink(t: ExecutionContext, sink: Sink): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-sink-'));
  try {
    const { batchOf } = await loadCodec();
    let files = 0;
    const write = (columns: Schema, batches: readonly StoredBatch[]): Buffer => {
      const path = join(folder, `${files++}${sink.extension}`);
      const writer = sink.open(path, columns);
      for (const batch of batches) writer.write(batch);
      const { rows, bytes } = writer.close();
      const written = readFileSync(path);
      t.is(
        rows,
        batches.reduce((sum, batch) => sum + batch.rows, 0),
      );
      t.is(bytes, written.length);
      writer.abort(); // Harmless after close.
      t.true(existsSync(path));
      return written;
    };
    testCuts(t, write, batchOf(ROWS, COLUMNS), COLUMNS);
    const small = { word: COLUMNS.utf8, count: { type: 'int64' } } as const;
    const words = Array.from({ length: 20_000 }, (_, i) => ({ word: `w${i}`, count: i * 1e5 }));
    testCuts(t, write, batchOf(words, small), small);
    testAborts(t, folder, sink, batchOf(words, small), small);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function testCuts(
  t: ExecutionContext,
  write: (columns: Schema, batches: readonly StoredBatch[]) => Buffer,
  whole: StoredBatch,
  columns: Schema,
): void {
  const fields = fieldsOf(columns);
  const expected = write(columns, [whole]);
  for (const size of [1, 3, 1000, 7777]) {
    for (const shared of [false, true]) {
      const batches: StoredBatch[] = [];
      for (let from = 0; from < whole.rows; from += size) {
        const to = Math.min(whole.rows, from + size);
        batches.push(cutBatch(whole, fields, from, to, shared));
        if (from % 5 === 0) batches.push(cutBatch(whole, fields, to, to, shared));
      }
      t.true(expected.equals(write(columns, batches)), `${size} rows a batch`);
    }
  }
  t.true(write(columns, []).equals(write(columns, [cutBatch(whole, fields, 0, 0)])), 'no rows');
}

function testAborts(
  t: ExecutionContext,
  folder: string,
  sink: Sink,
  batch: StoredBatch,
  columns: Schema,
): void {
  const before = readdirSync(folder);
  const writer = sink.open(join(folder, 'aborted'), columns);
  writer.write(batch);
  writer.abort();
  writer.abort();
  t.deepEqual(readdirSync(folder), before);
  const taken = join(folder, 'taken');
  writeFileSync(taken, 'mine');
  t.throws(() => sink.open(taken, columns), { code: 'IO' });
  t.is(readFileSync(taken, 'utf8'), 'mine');
}

/** What text files have. */
const LINE = { line: { type: 'utf8' } } as const;

export interface SourceCase {
  readonly source: Source;
  readonly where: readonly string[];
  readonly options?: SourceOptions;
  /** Asked for; absent: the `line` of text. */
  readonly columns?: Schema;
  /** Of a text source, lines with their ends; of others, rows: as `source` must give them, in order. */
  readonly expected: readonly (string | object)[];
}

/** Whatever the splits and chunks, the same records in the same order; splits are data and can be read again. */
export async function testSource(
  t: ExecutionContext,
  { source, where, options = {}, columns = LINE, expected }: SourceCase,
): Promise<void> {
  const facts = await source.describe(where, options);
  t.deepEqual(JSON.parse(JSON.stringify(facts)), facts);
  source.check(facts, options, columns);
  const open = (split: Split, limits: Limits): Reader =>
    source.open(split, options, limits, columns);
  for (const hint of [1, 64, 1000, 1 << 16, 1 << 24]) {
    const splits = source.split(facts, hint);
    t.deepEqual(source.split(facts, hint), splits, 'same facts, same splits');
    t.is(bytesOfAll(splits), bytesOfAll(facts), 'bytes of all splits');
    for (const chunkBytes of [16, 1 << 20]) {
      const limits = { chunkBytes, recordBytes: 1 << 24 };
      const records: (string | object)[] = [];
      for (const split of splits) {
        const travelled = JSON.parse(JSON.stringify(split)) as Split;
        t.deepEqual(travelled, split);
        const read = await readRecords(t, open(travelled, limits), limits, columns);
        for (const record of read) records.push(record);
      }
      t.deepEqual(records, expected, `splits of ${hint}, chunks of ${chunkBytes}`);
    }
  }
  for (const split of source.split(facts, 1 << 24).slice(0, 3)) {
    await testClosing(t, open(split, { chunkBytes: 16, recordBytes: 1 << 24 }));
  }
}

function bytesOfAll(all: readonly { readonly bytes: number }[]): number {
  return all.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function readRecords(
  t: ExecutionContext,
  reader: Reader,
  limits: Limits,
  columns: Schema,
): Promise<(string | object)[]> {
  const { rowsOf } = await loadCodec();
  const records: (string | object)[] = [];
  for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
    if (next instanceof Uint8Array) {
      t.true(next.length > 0);
      const lines = Buffer.from(next)
        .toString()
        .split(/(?<=\n)/);
      t.true(next.length <= limits.chunkBytes || lines.length === 1, 'at most chunkBytes');
      records.push(...lines);
      continue;
    }
    const rows = 'columns' in next ? rowsOf(next, columns) : next;
    t.true(rows.length > 0);
    if ('columns' in next) {
      t.true(next.rows <= BATCH_ROWS, 'at most BATCH_ROWS');
      scribble(next);
    }
    records.push(...rows);
  }
  t.is(await reader.next(), undefined, 'after the end');
  reader.close();
  return records;
}

/** A batch is the caller's, to change too, until the next one is asked for. */
function scribble({ columns }: StoredBatch): void {
  for (const { data } of columns) data.fill(0xff);
}

async function testClosing(t: ExecutionContext, reader: Reader): Promise<void> {
  await reader.next();
  reader.close();
  reader.close();
  t.is(await reader.next(), undefined, 'after close');
}

export interface ConnectorCase<O extends Json> {
  readonly options: O;
  /** All rows that `options` name, in order. */
  readonly expected: readonly object[];
  /** Another place, for a connector that writes: what is committed to it must be read from it again. */
  readonly into?: O;
}

/** A user's own connector (`connector(name, spec)`): what is asked of sources and of sinks, over rows. */
export async function testConnector<O extends Json>(
  t: ExecutionContext,
  spec: ConnectorSpec<O>,
  { options, expected, into }: ConnectorCase<O>,
): Promise<void> {
  const columns = await spec.columns(options);
  t.deepEqual(JSON.parse(JSON.stringify(columns)), columns, 'columns are plain data');
  for (const hint of [1, 1000, 1 << 24]) {
    const splits = await spec.split(options, columns, hint);
    t.deepEqual(await spec.split(options, columns, hint), splits, 'same hint, same splits');
    const rows: object[] = [];
    for (const split of splits) {
      const travelled = JSON.parse(JSON.stringify(split)) as Split;
      const once = await rowsOfSplit(t, spec, travelled, columns, options);
      t.deepEqual(await rowsOfSplit(t, spec, split, columns, options), once, 'read twice');
      rows.push(...once);
    }
    t.deepEqual(rows, expected, `splits of ${hint}`);
  }
  if (into !== undefined) await testWriting(t, spec, into, columns, expected);
}

async function testWriting<O extends Json>(
  t: ExecutionContext,
  spec: ConnectorSpec<O>,
  into: O,
  columns: Schema,
  rows: readonly object[],
): Promise<void> {
  const written = async (): Promise<object[]> => {
    const all: object[] = [];
    for (const split of await spec.split(into, columns, 1 << 24)) {
      all.push(...(await rowsOfSplit(t, spec, split, columns, into)));
    }
    return all;
  };
  const lost = await spec.write!({ job: 'a job', task: 0, attempt: 1 }, columns, into);
  await lost.write(rows);
  await lost.abort();
  const before = await written();
  const half = Math.ceil(rows.length / 2);
  for (const [task, part] of [rows.slice(0, half), rows.slice(half)].entries()) {
    const writer = await spec.write!({ job: 'a job', task, attempt: 2 }, columns, into);
    for (const row of part) await writer.write([row]);
    await writer.commit();
    await writer.abort(); // Harmless after commit.
    t.deepEqual(await written(), before, 'nothing shows before the job commits');
  }
  await spec.commit?.('a job', into);
  t.deepEqual(await written(), [...before, ...rows], 'the job has committed');
}

async function rowsOfSplit<O extends Json>(
  t: ExecutionContext,
  spec: ConnectorSpec<O>,
  split: Split,
  columns: Schema,
  options: O,
): Promise<object[]> {
  const all: object[] = [];
  for await (const batch of spec.read(split, columns, options, new AbortController().signal)) {
    const rows = Array.isArray(batch) ? (batch as object[]) : rowsOfArrow(batch as Arrow);
    for (const row of rows) t.deepEqual(Object.keys(row), Object.keys(columns), 'only `columns`');
    all.push(...rows);
  }
  return all;
}

/** What is needed of an Arrow batch here, without loading Arrow. */
type Arrow = { toArray(): { toJSON(): object }[] };
const rowsOfArrow = (batch: Arrow): object[] => batch.toArray().map(row => row.toJSON());
