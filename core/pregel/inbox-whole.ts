/** Messages that have come as their senders' vertices have sent them, folded here along the edges: of each partition that has sent any, what its
 * edges to this one bring to each listed target.
 *
 * Order of calls: `new`, once nothing more is needed of the resident; then `fold`, in the order of what was received: good until the next.
 * What a partition has sent is copied out of shared memory once a thread and superstep, if there is room for it: V8 copies a word at a time there.
 * Before each partition that it is folded for it is read once, from one end to the other: then it lies in the core's own cache when the edges jump
 * about in it. Without that, folding took half as long again on a core with a small cache.
 */
import { type Targets, touch, widthOf } from '../kernels/messages.ts';
import { ArrangedEdges } from './arranged-edges.ts';
import type { InboxRequest } from './inbox-folded.ts';
import type { Received } from './sent.ts';

/** Addresses: a number for each of n listed targets, and a byte: whether there is one. `has` 0: there are all. `targets`: where they are held. */
export interface FoldedHere {
  readonly n: number;
  readonly targets: Targets | undefined;
  readonly values: number;
  readonly has: number;
}
/** Addresses: what each vertex of a partition has sent, by place, and a byte: whether it has. */
interface Room {
  readonly values: number;
  readonly flags: number;
}
type Channel = 'out' | 'in';

export class WholeInbox {
  readonly #request: InboxRequest;
  readonly #width: number;
  /** By sending partition. */
  readonly #edges = new Map<Channel, ArrangedEdges>();
  readonly #out: number;
  readonly #has: number;
  readonly #state: number;
  /** For what one partition has sent. */
  readonly #room: Room;

  /** @throws LimitError MEMORY */
  constructor(request: InboxRequest, received: readonly Received[]) {
    const { resident, foldings, weight, partition, sentOver } = request;
    this.#request = request;
    this.#width = widthOf(foldings.out.kind);
    let most = 0;
    for (const { form, channel: sentAlong } of received) {
      const channel = sentAlong as Channel;
      if (form !== 'whole' || this.#edges.has(channel)) continue;
      const arranged = (sentOver ?? resident.facts)[channel]!;
      const weightBytes = channel === 'in' || weight === undefined ? 0 : this.#width;
      const edges = ArrangedEdges.to(request, channel, arranged, partition, weightBytes);
      this.#edges.set(channel, edges);
      most = Math.max(most, edges.most);
    }
    const what = 'the messages of one partition';
    this.#out = resident.need('pulled', most * this.#width + 8, what);
    this.#has = resident.need('pulled-has', most, what);
    this.#state = resident.need('pull-state', 8, what);
    let vertices = 0;
    for (const { vertices: n } of resident.facts.graph.partitions) vertices = Math.max(vertices, n);
    const values = resident.need('whole-values', vertices * 8, what);
    this.#room = { values, flags: resident.need('whole-flags', vertices, what) };
    // What it was sent over is no more: nobody asks for it again.
    if (sentOver !== undefined) return;
    for (const edges of this.#edges.values()) edges.hold();
  }

  fold(received: Received): FoldedHere {
    const channel = received.channel as Channel;
    const { from } = received;
    const folding = this.#request.foldings[channel];
    const { values, flags } = this.#sent(received);
    const edges = this.#edges.get(channel)!;
    const { narrow, targets, counts, chunks } = edges.part(from);
    const [out, has, state] = [this.#out, this.#has, this.#state];
    const pulling = { narrow, state, counts, values, sent: flags, out, has };
    folding.begin(pulling, 0);
    for (const { sources, weights, rows } of chunks) folding.pull(pulling, sources, weights, rows);
    return { n: edges.listed(from), targets, values: out, has: flags === 0 ? 0 : has };
  }

  /** Flags 0: all have sent. */
  #sent(received: Received): Room {
    const { from, fields } = received;
    const some = fields[0]!.nullable;
    const held = this.#held(received);
    const { values, flags } = held ?? this.#room;
    if (held === undefined) this.#read(received, this.#room);
    else {
      const { kernels, facts } = this.#request.resident;
      const { vertices } = facts.graph.partitions[from]!;
      touch(kernels, values, vertices * this.#width);
      if (some) touch(kernels, flags, vertices);
    }
    return { values, flags: some ? flags : 0 };
  }

  /** What this thread keeps of it; undefined where there is no room. */
  #held(received: Received): Room | undefined {
    const { resident, sentOver } = this.#request;
    const { from, channel, id } = received;
    // It was sent over another graph, whose partitions had other sizes.
    if (sentOver !== undefined) return undefined;
    const { vertices } = resident.facts.graph.partitions[from]!;
    const name = `whole ${channel} ${from} ${this.#width}`;
    const pointers = resident.optional(name, [vertices * this.#width, vertices], () => {});
    if (pointers === undefined) return undefined;
    const held = { values: pointers[0]!, flags: pointers[1]! };
    // Without a name it might be anything.
    if (id !== undefined && heldIds.get(pointers) === id) return held;
    heldIds.delete(pointers);
    this.#read(received, held);
    if (id !== undefined) heldIds.set(pointers, id);
    return held;
  }

  /** Out of shared memory, or a file. */
  #read({ fields, slice }: Received, to: Room): void {
    const { resident, carrier } = this.#request;
    const { kernels } = resident;
    for (let i = 0, first = 0; i < slice.batches.length; i++) {
      const { rows, columns } = carrier.read(slice, i, fields);
      const { data, valid } = columns[0]!;
      kernels.copyIn(data.subarray(0, rows * this.#width), to.values + first * this.#width);
      if (valid !== undefined) kernels.copyIn(valid.subarray(0, rows), to.flags + first);
      first += rows;
    }
  }
}

/** By the memory that is kept for it: what lies there now. */
const heldIds = new WeakMap<readonly number[], string>();
