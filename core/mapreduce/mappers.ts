/** The forms of map, each as something that takes a split's input chunk by chunk.
 *
 *   words   whole lines as bytes, to the counting kernel
 *   rows    the user's function, once a row, from a loop generated for this stage
 *   batch   the user's function, once a batch of columns; may be async
 *   pass    no function: rows as they are (a table that is only read, selected or concatenated)
 *
 * Order of calls: `begin` a split, `text` or `batch` for each chunk, `end` the split.
 * Invariants: when a call returns, what was emitted is in the collector; an error of the user's function says where in
 * the input it was.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { readersOf, type ColumnReader } from '../batch/codec.ts';
import type { StoredBatch } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { Collector } from './collector.ts';
import type { UserContext } from './context.ts';
import type { SideOutputs } from './side-outputs.ts';
import { Emitter } from './emitter.ts';
import { checkUtf8, LineIndex } from './lines.ts';
import type { MapReduceSpec } from './define.ts';

/** Where in its input a mapper is, for errors. */
export interface Place {
  readonly file: string;
  /** Byte offset of the chunk in the file. */
  readonly offset: number;
}

/** User code's heap is looked at every so many rows. */
const HEAP_ROWS = 1024;

export interface Mapper {
  /** Whole lines; the bytes may be changed. */
  text(chunk: Uint8Array, place: Place): void | Promise<void>;
  batch(batch: StoredBatch): void | Promise<void>;
  /** Row of the chunk that the user's function was given last, and where in the chunk it began. */
  readonly row: number;
  readonly rowStart: number;
  /** Lines that were taken by `text`. */
  readonly lines: number;
  end(): void;
  /** After the last split, before its rows count: lets callbacks come that the user's function has left behind. */
  settle?(): Promise<void>;
}

/** Takes the words of whole lines; the bytes may be changed. Returns the number of lines. */
export type TakeWords = (bytes: Uint8Array, split: 'bytes' | 'unicode', lower: boolean) => number;

export class WordsMapper implements Mapper {
  readonly row = 0;
  readonly rowStart = 0;
  lines = 0;
  readonly #take: TakeWords;
  /** Of the column `line` in tables. */
  readonly #line: number;
  readonly #split: 'bytes' | 'unicode';
  readonly #lower: boolean;
  readonly #lineIndex = new LineIndex();

  constructor(take: TakeWords, line: number, options: { readonly [name: string]: unknown }) {
    this.#take = take;
    this.#line = line;
    this.#split = options['split'] === 'unicode' ? 'unicode' : 'bytes';
    this.#lower = options['case'] === 'lower';
  }

  text(chunk: Uint8Array): void {
    this.lines += this.#add(chunk);
  }

  /** Returns the number of lines. */
  #add(chunk: Uint8Array): number {
    if (!this.#lower || isAscii(chunk) || !isUtf8(chunk)) {
      return this.#take(chunk, this.#split, this.#lower);
    }
    this.#take(lowered(chunk, this.#split), 'bytes', false);
    return this.#lineIndex.cut(chunk).batch.rows;
  }

  /** Lines of a table: put together again, with an end between them. */
  batch({ rows, columns }: StoredBatch): void {
    const { data, offsets } = columns[this.#line]!;
    const text = Buffer.allocUnsafe(data.length + rows);
    let at = 0;
    for (let i = 0; i < rows; i++) {
      text.set(data.subarray(offsets![i], offsets![i + 1]), at);
      at += offsets![i + 1]! - offsets![i]!;
      text[at++] = 10;
    }
    this.#add(text.subarray(0, at));
  }

  end(): void {}
}

const WORDS = { bytes: /[^\t-\r ]+/g, unicode: /[\p{L}\p{M}]+/gu } as const;

/** Small letters beyond ASCII are a matter of words (a final sigma), so they are made word by word. Slower than the
 *  kernel; text that is not UTF-8 never comes here, there only ASCII capitals are turned. */
function lowered(chunk: Uint8Array, split: 'bytes' | 'unicode'): Uint8Array {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString();
  return Buffer.from((text.match(WORDS[split]) ?? []).map(word => word.toLowerCase()).join(' '));
}

export interface UserOptions {
  readonly spec: MapReduceSpec;
  readonly emits: Schema;
  readonly collector: Collector;
  /** What the user's functions get beside rows. */
  readonly context: UserContext;
  readonly sides: SideOutputs;
  readonly heapCheck: () => void;
}

/** What `rows` and `batch` share: lines to columns, and an emitter into the collector. */
abstract class UserMapper implements Mapper {
  row = 0;
  rowStart = 0;
  lines = 0;
  protected readonly options: UserOptions;
  protected readonly emitter: Emitter;
  readonly #lineIndex = new LineIndex();

  constructor(options: UserOptions) {
    this.options = options;
    const where = `${options.spec.name}: emit`;
    this.emitter = new Emitter(options.emits, where, batch => options.collector.add(batch));
  }

  abstract map(batch: StoredBatch, starts?: Uint32Array): void | Promise<void>;

  text(chunk: Uint8Array, { file, offset }: Place): void | Promise<void> {
    checkUtf8(chunk, file, offset);
    const { batch, starts } = this.#lineIndex.cut(chunk);
    this.lines += batch.rows;
    return this.map(batch, starts);
  }

  batch(batch: StoredBatch): void | Promise<void> {
    return this.map(batch);
  }

  end(): void {
    this.emitter.flush();
    this.options.sides.flush();
  }

  settle(): Promise<void> {
    return letCallbacksCome();
  }
}

type Loop = (
  readers: { readonly [column: string]: ColumnReader },
  from: number,
  to: number,
  at: { row: number },
) => void;

export class RowMapper extends UserMapper {
  readonly #loop: Loop;
  readonly #at = { row: 0 };

  constructor(options: UserOptions) {
    super(options);
    const { spec, context } = options;
    this.#loop = generateLoop(Object.keys(spec.input), spec.name, [
      spec.map!.bind(spec),
      this.emitter.emit,
      context,
      refusePromise(`${spec.name}: map`),
    ]);
  }

  map(batch: StoredBatch, starts?: Uint32Array): void {
    const readers = readersOf(batch, this.options.spec.input);
    this.emitter.open();
    this.options.sides.open();
    try {
      for (let from = 0; from < batch.rows; from += HEAP_ROWS) {
        this.#loop(readers, from, Math.min(batch.rows, from + HEAP_ROWS), this.#at);
        this.options.heapCheck();
      }
    } finally {
      this.emitter.close();
      this.options.sides.close();
      this.row = this.#at.row;
      this.rowStart = starts?.[this.row] ?? 0;
    }
  }
}

export class BatchMapper extends UserMapper {
  async map(batch: StoredBatch): Promise<void> {
    const { spec, context, sides, heapCheck } = this.options;
    this.emitter.assertEmpty();
    sides.open();
    await spec.mapBatch!(readersOf(batch, spec.input) as never, this.emitter.builders, context);
    sides.close();
    this.emitter.flushBuilt();
    heapCheck();
  }

  override async settle(): Promise<void> {
    await super.settle();
    this.emitter.assertEmpty();
  }
}

export class PassMapper implements Mapper {
  readonly row = 0;
  readonly rowStart = 0;
  lines = 0;
  readonly #collector: Collector;
  readonly #lineIndex = new LineIndex();
  constructor(collector: Collector) {
    this.#collector = collector;
  }
  text(chunk: Uint8Array): void {
    const { batch } = this.#lineIndex.cut(chunk);
    this.lines += batch.rows;
    this.#collector.add(batch);
  }
  batch(batch: StoredBatch): void {
    this.#collector.add(batch);
  }
  end(): void {}
}

/** A row function that returned a promise would emit when nobody listens any more. Throws ASYNC_FUNCTION. */
export function refusePromise(where: string): (returned: unknown) => void {
  return returned => {
    if (!isThenable(returned)) return;
    // Its rejection is ours to answer for: nobody else has the promise.
    void Promise.resolve(returned).catch(() => {});
    throw asyncFunction(where);
  };
}

/** An `emit` in a callback (a timer of 0, a promise) is refused when it comes; it has to come before the task reports
 *  that all went well. Later ones cannot be waited for. */
export async function letCallbacksCome(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 1));
  await new Promise(resolve => setImmediate(resolve));
}

let generated = 0;

/** The loop over rows, from text of its own: see emitter.ts. */
function generateLoop(columns: readonly string[], job: string, bound: readonly unknown[]): Loop {
  const names = columns.map((name, i) => `const r${i} = readers[${JSON.stringify(name)}];`);
  const members = columns.map((name, i) => `${JSON.stringify(name)}: r${i}.at(i)`);
  const text = `// loop ${++generated} of ${JSON.stringify(job)}
return function loop(readers, from, to, at) {
  ${names.join(' ')}
  for (let i = from; i < to; i++) {
    at.row = i;
    const returned = map({ ${members.join(', ')} }, emit, context);
    if (returned !== undefined) refuse(returned);
  }
};`;
  return new Function('map', 'emit', 'context', 'refuse', text)(...bound) as Loop;
}
