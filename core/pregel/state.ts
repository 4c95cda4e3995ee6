/** The state of a partition's vertices between supersteps: a run of its columns, and who is awake.
 *
 * What a task makes of it is new; the state before stays as it is until the barrier has passed, so an attempt that dies or throws has changed
 * nothing. A thread keeps the columns that it made last, and reads the run only if it has none, or others.
 */
import { type Field, fieldsOf } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { countFlags, widenFlags } from '../kernels/messages.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { RunWriter } from '../shuffle/run-writer.ts';
import type { Run } from '../store/run.ts';
import { Columns } from './columns.ts';
import type { Reading, Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';
import { storedSchema } from './values.ts';

/** Plain data. */
export interface State {
  /** Of what it holds: a name of the attempt that made it. */
  readonly id: string;
  readonly run: Run;
  /** No vertex has voted to halt: then nothing is written of it. */
  readonly allAwake: boolean;
}

const AWAKE: Field = { name: 'awake', kind: 'i32', nullable: false };
export const stateFields = (schema: Schema, allAwake: boolean): Field[] => [
  ...fieldsOf(storedSchema(schema)),
  ...(allAwake ? [] : [AWAKE]),
];

/** Columns in this thread, and a byte for each vertex: whether it is awake. */
export interface HeldState {
  /** What they hold; undefined while they are written. */
  id: string | undefined;
  readonly columns: Columns;
  readonly awake: number;
}

/** The columns of a state, or, where there is none yet, what columns hold before `init`. @throws LimitError MEMORY */
export function loadState(
  { resident, carrier }: Reading,
  partition: number,
  program: string,
  schema: Schema,
  state: State | undefined,
): HeldState {
  const { kernels } = resident;
  const { vertices } = resident.facts.graph.partitions[partition]!;
  const held = resident.state(partition, program, () => ({
    id: undefined,
    columns: new Columns(kernels, schema, vertices),
    awake: kernels.allocOrThrow(vertices, `the state of ${vertices} vertices`),
  }));
  if (state === undefined) {
    held.columns.zero();
    kernels.u8.fill(1, held.awake, held.awake + vertices);
    return held;
  }
  if (held.id === state.id) return held;
  held.id = undefined;
  const columns = Object.keys(schema).length;
  if (state.allAwake) kernels.u8.fill(1, held.awake, held.awake + vertices);
  for (const batch of new RunReader(state.run, 0, carrier)) {
    held.columns.load(batch, 0, batch.first);
    if (state.allAwake) continue;
    const { data } = batch.columns[columns]!;
    const { u8 } = kernels;
    // 0 or 1, little endian.
    for (let i = 0; i < batch.rows; i++) u8[held.awake + batch.first + i] = data[i * 4]!;
  }
  return held;
}

/** Writes what the columns hold, under this name. @returns the state, and how many are awake */
export async function storeState(
  { resident }: Reading,
  partition: number,
  schema: Schema,
  held: HeldState,
  id: string,
  open: (fields: readonly Field[], bytesHint: number) => RunWriter,
): Promise<{ readonly state: State; readonly awake: number }> {
  const { kernels } = resident;
  const { vertices } = resident.facts.graph.partitions[partition]!;
  const awake = countFlags(kernels, held.awake, vertices);
  const allAwake = awake === vertices;
  const fields = stateFields(schema, allAwake);
  const writer = open(fields, vertices * 8 * fields.length + 4096);
  const wide = allAwake ? undefined : wideAwake(resident, held, vertices);
  let row = 0;
  for (const { rows, columns } of held.columns.batches()) {
    const more = wide === undefined ? [] : [{ data: bytesOf(kernels, wide + row * 4, rows * 4) }];
    const batch = { rows, columns: [...columns, ...more] };
    // Waiting does not touch kernels.
    await writer.reserve(batch);
    writer.write(0, batch);
    row += rows;
  }
  held.id = id;
  return { state: { id, run: writer.finish(), allAwake }, awake };
}

/** Who is awake, as i32: where they lie, until the next state is stored. @throws LimitError MEMORY */
function wideAwake(resident: Resident, { awake }: HeldState, vertices: number): number {
  const at = resident.need('awake', vertices * 4, `the state of ${vertices} vertices`);
  widenFlags(resident.kernels, awake, vertices, at);
  return at;
}

const bytesOf = ({ u8 }: Kernels, at: number, n: number): Uint8Array => u8.subarray(at, at + n);
