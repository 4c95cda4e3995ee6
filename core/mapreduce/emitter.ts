/** `emit`: takes rows from a user's function into columns, and hands them on in batches.
 *
 * The function is generated for each stage from text that no other program shares: V8 keys code and type feedback by
 * source text, so one text for two jobs would be one polymorphic function for both (5 to 10 times slower).
 * Order of calls: `open` before the user's function is called, `close` when it has returned; `flush` at the end.
 * Invariants: a row is in all columns or in none (a value of the wrong type leaves nothing of its row); a task whose rows
 * could not be handed on fails, also where its function caught what `emit` threw; while closed, `emit` throws: a row that
 * came too late is never lost in silence, and never reaches memory that is another task's by now.
 */
import { BATCH_BYTES, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import { builderOf, type ColumnBuilder } from '../batch/codec.ts';
import type { Schema } from '../define/schema.ts';
import { TaskError } from '../errors.ts';

/** Rows of a batch: enough that the kernel calls do not show; their columns stay in a core's cache. */
const EMIT_ROWS = 1024;

export type Emit = (row: object) => undefined;

export class Emitter {
  readonly builders: { readonly [column: string]: ColumnBuilder };
  readonly emit: Emit;
  readonly #columns: readonly ColumnBuilder[];
  readonly #flush: (batch: StoredBatch, key?: StoredColumn) => void;
  /** The key that orders each row emitted, where that is asked for. */
  readonly #keys: ColumnBuilder | undefined;
  readonly #where: string;
  readonly #gate: Gate;
  /** Rows could not be handed on and are lost: whatever the user's function made of that. */
  #failure: { readonly error: unknown } | undefined;

  /** `where` begins its errors. `flush` must have taken the batch when it returns. */
  constructor(
    columns: Schema,
    where: string,
    flush: (batch: StoredBatch, key?: StoredColumn) => void,
    keyed = false,
  ) {
    this.#keys = keyed ? builderOf({ type: 'binary' }, 'key') : undefined;
    this.#flush = flush;
    this.#where = where;
    this.builders = Object.assign(
      Object.create(null),
      Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, builderOf(of, name)])),
    );
    this.#columns = Object.values(this.builders);
    this.#gate = {
      open: false,
      rows: 0,
      key: new Uint8Array(0),
      full: () => this.flush(),
      undo: () => {
        for (const builder of this.#columns) builder.truncate(this.#gate.rows);
      },
      late: () => {
        throw new TaskError('EMIT_LATE', `${where}: emit was called after its call had ended`, {
          remedy:
            'Emit before the function returns. What has to wait for a promise goes into mapBatch.',
        });
      },
    };
    this.emit = generate(Object.keys(columns), this.#columns, this.#gate, where, this.#keys);
  }

  /** Hands on what is there. Throws what that throws, and from then on the same. */
  flush(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    const { rows, open } = this.#gate;
    if (rows === 0) return;
    this.#gate.rows = 0;
    // A combiner may be run by this, and may not emit.
    this.#gate.open = false;
    try {
      this.#flush(
        { rows, columns: this.#columns.map(builder => builder.column()) },
        this.#keys?.column(),
      );
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#gate.open = open;
      for (const builder of this.#columns) builder.truncate(0);
      this.#keys?.truncate(0);
    }
  }

  /** Throws TaskError EMIT_LATE when something was pushed to the builders since they were handed on. */
  assertEmpty(): void {
    if (this.#columns.every(builder => builder.length === 0)) return;
    throw new TaskError(
      'EMIT_LATE',
      `${this.#where}: columns were pushed to after mapBatch had ended`,
      { remedy: 'Await in mapBatch whatever pushes, and return when all of it has been pushed.' },
    );
  }

  /** Hands on what a batch function pushed to the builders itself. Throws TaskError TYPE_MISMATCH when their lengths
   *  differ. */
  flushBuilt(): void {
    const lengths = new Set(this.#columns.map(builder => builder.length));
    if (lengths.size > 1) {
      const found = Object.entries(this.builders).map(([name, { length }]) => `${name} ${length}`);
      throw new TaskError(
        'TYPE_MISMATCH',
        `${this.#where}: mapBatch left columns of different lengths: ${found.join(', ')}`,
        { remedy: 'Push one value to every column for each row' },
      );
    }
    this.#gate.rows = this.#columns[0]?.length ?? 0;
    this.flush();
  }

  /** Of the rows emitted from now on. Not kept beyond the next. */
  set key(bytes: Uint8Array) {
    this.#gate.key = bytes;
  }

  /** The user's function is about to be called. */
  open(): void {
    this.#gate.open = true;
  }

  /** It has returned: from now on `emit` throws. */
  close(): void {
    this.#gate.open = false;
  }
}

interface Gate {
  open: boolean;
  rows: number;
  key: Uint8Array;
  readonly full: () => void;
  readonly undo: () => void;
  readonly late: () => never;
}

let generated = 0;

function generate(
  names: readonly string[],
  builders: readonly ColumnBuilder[],
  gate: Gate,
  where: string,
  keys: ColumnBuilder | undefined,
): Emit {
  const parameters = builders.map((_, i) => `b${i}`);
  const pushes = names.map((name, i) => `b${i}.push(row[${JSON.stringify(name)}]);`);
  const full = [...parameters, ...(keys === undefined ? [] : ['keys'])];
  const bytes = full.map(b => `${b}.bytes > ${BATCH_BYTES}`).join(' || ') || 'false';
  const text = `// emit ${++generated} of ${JSON.stringify(where)}
return function emit(row) {
  if (!gate.open) gate.late();
  try { ${pushes.join(' ')} } catch (error) { gate.undo(); throw error; }
  ${keys === undefined ? '' : 'keys.push(gate.key);'}
  gate.rows++;
  if (gate.rows === ${EMIT_ROWS} || ${bytes}) gate.full();
};`;
  return new Function('gate', 'keys', ...parameters, text)(gate, keys, ...builders) as Emit;
}
