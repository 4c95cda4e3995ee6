/** Ranks of an object's numbers, from the lists that merging has left.
 *
 *   numbers  7 2 5        of its ids, ascending
 *   places   0 1 3        among those that were merged with them … and, last, ranks
 *
 * Places ascend, so every list is read forwards, once.
 */
import { valuesOf } from '../../batch/columns.ts';
import type { Field } from '../../batch/columns.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { type Carrier, inputOf, type Slice } from '../../shuffle/carrier.ts';
import { NUMBERS, type RankList, RANKS } from './tasks.ts';

/** Values of one int32 column, one batch after the other. A batch is copied: others are read by the same carrier. */
class Forward {
  readonly #carrier: Carrier;
  readonly #fields: readonly Field[];
  /** What is still to be read. */
  readonly #batches: { readonly slice: Slice; readonly batch: number; readonly base: number }[];
  #next = 0;
  #values = new Int32Array(0);
  #base = 0;
  #from = 0;
  #end = 0;

  constructor(carrier: Carrier, fields: readonly Field[], lists: readonly RankList[]) {
    this.#carrier = carrier;
    this.#fields = fields;
    this.#batches = lists.flatMap(({ slices, base }) =>
      slices.flatMap(slice => slice.batches.map((_, batch) => ({ slice, batch, base }))),
    );
  }

  /** The value at a place; places ascend. Negative ones stay what they are. */
  at(place: number): number {
    while (place >= this.#end) this.#read();
    const value = this.#values[place - this.#from]!;
    return value < 0 ? value : value + this.#base;
  }

  #read(): void {
    const { slice, batch, base } = this.#batches[this.#next++]!;
    const { rows, columns } = inputOf(this.#carrier, slice, this.#fields).read(batch);
    if (this.#values.length < rows) this.#values = new Int32Array(rows);
    this.#values.set(valuesOf(columns[0]!.data, 'i32').subarray(0, rows));
    this.#base = base;
    this.#from = this.#end;
    this.#end += rows;
  }
}

/** Writes the rank of each number to `ranks` (i32; −1: none). `count` ids have numbers. */
export function fillRanks(
  kernels: Kernels,
  carrier: Carrier,
  numbers: Slice,
  count: number,
  merges: readonly (readonly RankList[])[],
  ranks: number,
): void {
  const own = new Forward(carrier, NUMBERS, [{ base: 0, slices: [numbers] }]);
  const lists = merges.map(list => new Forward(carrier, RANKS, list));
  const out = kernels.i32;
  const at = ranks >>> 2;
  for (let i = 0; i < count; i++) {
    let place = i;
    for (const list of lists) place = list.at(place);
    out[at + own.at(i)] = place;
  }
}
