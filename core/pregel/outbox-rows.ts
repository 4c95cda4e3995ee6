/** The outbox of a partition whose messages are rows: target and columns, by receiving partition, in order of sending.
 *
 * `send` never waits: what has no room in the arena goes to a segment at once, so any number of messages takes the memory of a batch for
 * each partition.
 */
import { type ColumnBuilder, rowBuilder, type RowBuilder } from '../batch/codec.ts';
import { BATCH_BYTES, BATCH_ROWS, fieldsOf } from '../batch/columns.ts';
import { TaskError } from '../errors.ts';
import type { RunWriter } from '../shuffle/run-writer.ts';
import { isRecord } from './check.ts';
import type { MessageType } from './define.ts';
import type { GraphPartition } from './loaded.ts';
import { rowFields, type Sent } from './sent.ts';
import { messageColumns, storedSchema } from './values.ts';

interface Box {
  readonly targets: Int32Array;
  readonly builder: RowBuilder;
  /** Its only one, if a message is a value. */
  readonly column: ColumnBuilder | undefined;
  /** Of the builder, which would count them anew. */
  rows: number;
}

export class RowOutbox {
  readonly #partitions: readonly GraphPartition[];
  readonly #writer: RunWriter;
  readonly #boxes: Box[];
  /** A batch may have its bytes before it has its rows. */
  readonly #long: boolean;
  /** The partition that was sent to last: edges lie by target. */
  #last = 0;
  sent = 0;

  constructor(
    message: MessageType,
    partitions: readonly GraphPartition[],
    open: (fields: RunWriter['fields']) => RunWriter,
  ) {
    const schema = storedSchema(messageColumns(message));
    this.#partitions = partitions;
    const fields = fieldsOf(schema);
    this.#long =
      fields.some(({ kind }) => kind === 'bytes') || 9 * fields.length * BATCH_ROWS > BATCH_BYTES;
    this.#writer = open(rowFields(fields));
    this.#boxes = partitions.map(() => {
      const builder = rowBuilder(schema);
      const column = isRecord(message) ? undefined : builder.columns['message'];
      return { targets: new Int32Array(BATCH_ROWS), builder, column, rows: 0 };
    });
  }

  /** @throws TaskError TYPE_MISMATCH; then nothing is sent */
  send(target: number, message: unknown): void {
    const q = this.#partitionOf(target);
    const box = this.#boxes[q]!;
    const { targets, builder, column } = box;
    try {
      if (column === undefined) builder.push(message as object);
      else column.push(message);
    } catch (error) {
      throw error instanceof TaskError ? inWords(error) : error;
    }
    targets[box.rows++] = target - this.#partitions[q]!.base;
    this.sent++;
    if (box.rows === BATCH_ROWS || (this.#long && builder.bytes >= BATCH_BYTES)) this.#flush(q);
  }

  #partitionOf(target: number): number {
    const { base, vertices } = this.#partitions[this.#last]!;
    if (target >= base && target < base + vertices) return this.#last;
    return (this.#last = partitionOf(this.#partitions, target));
  }

  #flush(q: number): void {
    const box = this.#boxes[q]!;
    const { targets, builder } = box;
    const { rows, columns } = builder.batch();
    if (rows === 0) return;
    const data = new Uint8Array(targets.buffer, 0, rows * 4);
    this.#writer.write(q, { rows, columns: [{ data }, ...columns] });
    builder.clear();
    box.rows = 0;
  }

  /** Room in the arena for what comes next: where waiting is possible. */
  room(): Promise<void> {
    return this.#writer.reserve();
  }

  async finish(): Promise<Sent[]> {
    for (let q = 0; q < this.#boxes.length; q++) {
      await this.#writer.reserve();
      this.#flush(q);
    }
    const run = this.#writer.finish();
    return this.sent === 0 ? [] : [{ channel: 'to', form: 'rows', run }];
  }
}

/** What a row says of itself, said of a message. */
function inWords({ code, message, details: { remedy } }: TaskError): TaskError {
  const said = message
    .replace(/^(column 'message'|a row)(?= )/, 'a message')
    .replace(/^column (?=')/, 'of a message, ');
  return new TaskError(code, said, {
    ...(remedy !== undefined && {
      remedy: remedy
        .replace(/^Emit an object/, 'Send an object')
        .replace(/^Emit a value of the type that the column declares/, 'Send a value of that type'),
    }),
  });
}

/** The partition that has a vertex. */
export function partitionOf(partitions: readonly GraphPartition[], vertex: number): number {
  let low = 0;
  for (let high = partitions.length; high - low > 1; ) {
    const middle = (low + high) >>> 1;
    if (partitions[middle]!.base <= vertex) low = middle;
    else high = middle;
  }
  return low;
}
