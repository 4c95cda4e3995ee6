/** The inbox of a partition whose messages are numbers that are folded: one value for each vertex that got any.
 *
 * Partitions are received in their order, and of each its channels in theirs: with the order inside (arranged.ts) that is the bracket which
 * defines a sum of doubles. What was folded by its sender is added; what was not is folded here first (inbox-whole.ts).
 */
import { BATCH_ROWS } from '../batch/columns.ts';
import { type Targets, widthOf } from '../kernels/messages.ts';
import { rowsOf } from './arranged.ts';
import type { Folding } from './fold.ts';
import { WholeInbox } from './inbox-whole.ts';
import type { GraphFacts, Reading } from './resident.ts';
import { RunReader } from './run-reader.ts';
import type { Received } from './sent.ts';
import type { Weight } from './weights.ts';

/** Addresses: a number for each vertex, and a byte: whether it got one, if that is marked. */
export interface FoldedInbox {
  readonly values: number;
  readonly got: number;
}

export interface InboxRequest extends Reading {
  /** Along edges and against them. */
  readonly foldings: { readonly out: Folding; readonly in: Folding };
  /** Of edges along which messages go. */
  readonly weight: Weight | undefined;
  readonly partition: number;
  /** Somebody asks who got any. */
  readonly marked: boolean;
  /** The graph as it was when the messages were sent, if it has changed since. */
  readonly sentOver: GraphFacts | undefined;
}

/** @throws MessageOverflow, LimitError MEMORY */
export function receiveFolded(request: InboxRequest, received: readonly Received[]): FoldedInbox {
  const { resident, carrier, foldings, partition, marked } = request;
  const { kernels } = resident;
  const folding = foldings.out;
  const { vertices } = resident.facts.graph.partitions[partition]!;
  const width = widthOf(folding.kind);
  const what = `the messages of ${vertices} vertices`;
  const values = resident.need('inbox', vertices * width + 8, what);
  const got = resident.need('got', vertices, what);
  const chunk = resident.need('received', BATCH_ROWS * 8, what);
  const has = resident.need('received-has', BATCH_ROWS, what);
  const targets = resident.need('received-targets', BATCH_ROWS * 4, what);
  folding.fill(values, vertices);
  if (marked) kernels.zero(got, vertices);
  const marks = marked ? got : 0;
  // Behind all that is needed: it holds what is optional.
  const whole = received.some(({ form }) => form === 'whole')
    ? new WholeInbox(request, received)
    : undefined;
  for (const some of received) {
    if (some.form === 'whole') {
      const { n, targets: held, values: folded, has: any } = whole!.fold(some);
      const listing = held === undefined ? listingOf(request, some) : undefined;
      // All at once, if all targets are in memory.
      const most = listing === undefined ? n : BATCH_ROWS;
      for (let first = 0; first < n; first += most) {
        const rows = Math.min(most, n - first);
        const at = listing === undefined ? held! : wide(listing(first, rows, targets));
        const is = any === 0 ? 0 : any + first;
        const arrived = { targets: at, values: folded + first * width, has: is };
        folding.receive(arrived, rows, values, marks);
      }
      continue;
    }
    const { form, fields, slice } = some;
    const listing = form === 'pairs' ? undefined : listingOf(request, some);
    for (let i = 0, first = 0; i < slice.batches.length; i++) {
      const { rows, columns } = carrier.read(slice, i, fields);
      const value = columns.at(-1)!;
      kernels.copyIn(value.data.subarray(0, rows * width), chunk);
      if (value.valid !== undefined) kernels.copyIn(value.valid.subarray(0, rows), has);
      const is = value.valid === undefined ? 0 : has;
      if (form === 'pairs') kernels.copyIn(columns[0]!.data.subarray(0, rows * 4), targets);
      const at = listing === undefined ? targets : listing(first, rows, targets);
      folding.receive({ targets: wide(at), values: chunk, has: is }, rows, values, marks);
      first += rows;
    }
  }
  return { values, got };
}

const wide = (at: number): Targets => ({ at, narrow: false });

/** The targets that a partition lists in this one: where rows [first, first + rows) of them lie; `scratch` has room for a batch. */
function listingOf(
  { resident, carrier, partition, sentOver }: InboxRequest,
  { from, channel }: Received,
): (first: number, rows: number, scratch: number) => number {
  const { listing } = (sentOver ?? resident.facts)[channel as 'out' | 'in']![from]!;
  const { kernels } = resident;
  const reader = new RunReader(listing, partition, carrier);
  const name = `listing ${channel} ${from} ${partition}`;
  const held = sentOver
    ? undefined
    : resident.optional(name, [rowsOf(listing, partition) * 4], ([pointer]) => {
        for (const { first, rows, columns } of reader) {
          kernels.copyIn(columns[0]!.data.subarray(0, rows * 4), pointer! + first * 4);
        }
      });
  if (held !== undefined) return first => held[0]! + first * 4;
  return (first, rows, scratch) => {
    for (const batch of reader.within(first, first + rows)) {
      const start = Math.max(first, batch.first);
      const end = Math.min(first + rows, batch.first + batch.rows);
      const { data } = batch.columns[0]!;
      const some = data.subarray((start - batch.first) * 4, (end - batch.first) * 4);
      kernels.copyIn(some, scratch + (start - first) * 4);
    }
    return scratch;
  };
}
