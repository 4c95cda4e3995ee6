/** The keys that take most memory, for the message of a task that had not enough.
 *
 * They are looked for when it has happened, in the rows that were to be added or in the slices of the partition: nothing is
 * kept for it while all goes well. Of a large partition a part is read, in batches at equal distances.
 */
import { readersOf } from '../batch/codec.ts';
import { type Field, fieldsOf, type StoredBatch, valuesOf, WIDTH } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import type { MergeInput } from '../store/merge.ts';

/** So many are named. */
const NAMED = 3;
/** 256 MiB: a second or so. */
const SCANNED_BATCHES = 1024;
/** Keys that have a sum; the smaller half is forgotten when there are more. */
const SUMS = 1024;
/** Of a key, beside its length, to tell it from others. */
const TOLD_BYTES = 128;

/** `word "the" (12,345 bytes)`, of rows of columns that are to be added: the largest rows. None without a key. */
export function largestRows(batch: StoredBatch, columns: Schema, key: readonly string[]): string[] {
  if (key.length === 0) return [];
  const fields = fieldsOf(columns);
  const readers = readersOf(batch, columns);
  const bytesOf = (row: number): number => rowBytes(batch, fields, row);
  const named = (row: number): string =>
    key.map(column => `${column} ${printValue(readers[column]!.at(row))}`).join(', ');
  return Array.from({ length: batch.rows }, (_, row) => row)
    .toSorted((a, b) => bytesOf(b) - bytesOf(a))
    .slice(0, NAMED)
    .map(row => `${named(row)} (${count(bytesOf(row))} bytes)`);
}

/** The same of whole lines: the longest words. */
export function largestWords(bytes: Uint8Array, column: string): string[] {
  let longest: { readonly start: number; readonly length: number }[] = [];
  for (let at = 0, start = 0; at <= bytes.length; at++) {
    if (at < bytes.length && !isWhite(bytes[at]!)) continue;
    const length = at - start;
    if (length > (longest.at(NAMED - 1)?.length ?? 0)) {
      longest = [...longest, { start, length }]
        .toSorted((a, b) => b.length - a.length)
        .slice(0, NAMED);
    }
    start = at + 1;
  }
  return longest.map(({ start, length }) => {
    const word = Buffer.from(bytes.subarray(start, start + Math.min(length, TOLD_BYTES)));
    return `${column} ${printValue(word.toString())} (${count(length)} bytes)`;
  });
}

const isWhite = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

export interface Keyed {
  readonly inputs: readonly MergeInput[];
  readonly fields: readonly Field[];
  /** The second column is the length of the natural key that the first begins with. */
  readonly natural: boolean;
  print(key: Uint8Array): string;
}

/** The same of sorted runs: keys with most bytes in all their rows. */
export function largestKeys({ inputs, fields, natural, print }: Keyed): string[] {
  const batches = inputs.reduce((sum, input) => sum + input.batches, 0);
  const every = Math.ceil(batches / SCANNED_BATCHES);
  const sums = new Sums();
  let passed = 0;
  for (const input of inputs) {
    for (let i = 0; i < input.batches; i++) {
      if (passed++ % every !== 0) continue;
      const batch = input.read(i);
      for (const group of groupsOf(batch, fields, natural)) sums.add(group, { input, batch: i });
    }
  }
  return sums.largest.map(({ bytes, row, at: { input, batch } }) => {
    // Its whole key, now that it is one of few.
    const key = print(keyOf(input.read(batch), natural, row).slice());
    return `${key} (${every > 1 ? 'about ' : ''}${count(bytes * every)} bytes)`;
  });
}

interface Group {
  /** Its first. */
  readonly row: number;
  /** Tells its key from others. */
  readonly name: string;
  readonly bytes: number;
}
interface At {
  readonly input: MergeInput;
  readonly batch: number;
}

/** Neighbours of one key. */
function* groupsOf(
  batch: StoredBatch,
  fields: readonly Field[],
  natural: boolean,
): Generator<Group> {
  let row = 0;
  while (row < batch.rows) {
    const first = row;
    const key = keyOf(batch, natural, first);
    let bytes = 0;
    do bytes += rowBytes(batch, fields, row++);
    while (row < batch.rows && Buffer.compare(key, keyOf(batch, natural, row)) === 0);
    const told = Buffer.from(key.subarray(0, TOLD_BYTES)).toString('latin1');
    yield { row: first, name: `${key.length} ${told}`, bytes };
  }
}

function keyOf({ columns }: StoredBatch, natural: boolean, row: number): Uint8Array {
  const { data, offsets } = columns[0]!;
  const start = offsets![row]!;
  const end = natural ? start + valuesOf(columns[1]!.data, 'i32')[row]! : offsets![row + 1]!;
  return data.subarray(start, end);
}

/** Sums by key, of the heavier ones. */
class Sums {
  #of = new Map<string, { row: number; bytes: number; at: At }>();

  add({ name, row, bytes }: Group, at: At): void {
    const sum = this.#of.get(name);
    if (sum !== undefined) sum.bytes += bytes;
    else this.#of.set(name, { row, bytes, at });
    if (this.#of.size > SUMS) this.#of = new Map(this.#sorted.slice(0, SUMS / 2));
  }

  get largest() {
    return this.#sorted.slice(0, NAMED).map(([, sum]) => sum);
  }

  get #sorted() {
    return [...this.#of].toSorted((a, b) => b[1].bytes - a[1].bytes);
  }
}

function rowBytes({ columns }: StoredBatch, fields: readonly Field[], row: number): number {
  let bytes = 0;
  fields.forEach(({ kind }, i) => {
    const { offsets } = columns[i]!;
    bytes += kind === 'bytes' ? offsets![row + 1]! - offsets![row]! : WIDTH[kind];
  });
  return bytes;
}

const count = (n: number): string => n.toLocaleString('en');
