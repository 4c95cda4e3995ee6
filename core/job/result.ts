/** The rows of a finished table, where they lie: in the arena or in segments, until released.
 *
 * Invariants: rows come in key order, as often as they are asked for; batches are read one at a time, so memory is that
 * of one batch; after `release` everything throws RELEASED. What reads them is loaded when they are read: a job that
 * writes a file reads none.
 */
import type { RecordBatch, Table } from 'apache-arrow';
import type { StoredBatch } from '../batch/columns.ts';
import type { Report, Result } from '../define/session.ts';
import type { Row, Schema } from '../define/schema.ts';
import { LimitError, UsageError } from '../errors.ts';
import type { ArenaViews } from '../shuffle/carrier.ts';
import type { Kept } from '../mapreduce/made.ts';

/** More rows than this in one array are seldom meant. */
const TO_ARRAY_ROWS = 1_000_000;
/** In columns a row takes about a tenth of what an object does. */
const TO_ARROW_ROWS = 10_000_000;

export class KeptRows<S extends Schema> implements Result<S> {
  readonly columns: S;
  readonly report: Report;
  readonly #arena: ArenaViews;
  readonly #onRelease: (kept: Kept) => void;
  #kept: Kept | undefined;

  constructor(
    columns: S,
    report: Report,
    kept: Kept,
    arena: ArenaViews,
    onRelease: (kept: Kept) => void,
  ) {
    this.columns = columns;
    this.report = report;
    this.#kept = kept;
    this.#arena = arena;
    this.#onRelease = onRelease;
  }

  async *rows(): AsyncIterable<Row<S>> {
    const { rowReader } = await import('../batch/codec.ts');
    const reader = rowReader<Row<S>>(this.columns);
    for await (const batch of this.stored()) yield* reader.rows(batch);
  }

  /** As raw buffers; each valid until the next. */
  async *stored(): AsyncGenerator<StoredBatch> {
    const { SharedCarrier } = await import('../shuffle/carrier.ts');
    const carrier = new SharedCarrier(this.#arena);
    try {
      for (const run of this.#held().runs) {
        const { segment, fields } = run;
        for (const batches of run.partitions) {
          const slice = { batches, ...(segment !== undefined && { segment }) };
          for (let i = 0; i < batches.length; i++) {
            this.#held();
            yield carrier.read(slice, i, fields);
          }
        }
      }
    } finally {
      carrier.close();
    }
  }

  async *batches(): AsyncGenerator<RecordBatch> {
    const { exportBatch } = await import('../batch/arrow-export.ts');
    for await (const batch of this.stored()) yield exportBatch(batch, this.columns);
  }

  async toArrow(limit = TO_ARROW_ROWS): Promise<Table> {
    this.#allow(limit, 'batches()', 'toArrow');
    const { exportTable } = await import('../batch/arrow-export.ts');
    const all: RecordBatch[] = [];
    for await (const batch of this.batches()) all.push(batch);
    return exportTable(all, this.columns);
  }

  async toArray(limit = TO_ARRAY_ROWS): Promise<Row<S>[]> {
    this.#allow(limit, 'rows()', 'toArray');
    const all: Row<S>[] = [];
    for await (const row of this.rows()) all.push(row);
    return all;
  }

  async release(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) this.#onRelease(kept);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #allow(limit: number, iterate: string, method: string): void {
    this.#held();
    const { rows } = this.report.output;
    if (rows <= limit) return;
    throw new LimitError('TOO_MANY_ROWS', `${rows} rows are more than the ${limit} asked for`, {
      remedy: `Iterate over ${iterate}, write to an output, or pass ${method} a higher limit`,
    });
  }

  #held(): Kept {
    if (this.#kept !== undefined) return this.#kept;
    throw new UsageError('RELEASED', 'the rows of this result have been released', {
      remedy: 'Read them before release(), before the end of `await using`, and before close()',
    });
  }
}
