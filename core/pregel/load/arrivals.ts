/** Rows of several runs in the order in which they arrived. Pure. */
import type { SpreadRows } from './tasks.ts';

/** Rows from … to of a batch of a slice. */
export interface Arrival {
  readonly slice: number;
  readonly batch: number;
  readonly from: number;
  readonly to: number;
}

/** All rows, by split, and in a split by slice: of two objects of one walk the first has what was read first. `ordered`: whether
 *  anybody can tell; if not they come as they lie. */
export function* arrivals({ slices, pieces }: SpreadRows, ordered: boolean): Generator<Arrival> {
  if (!ordered || pieces === undefined) {
    for (const [slice, { batches }] of slices.entries()) {
      for (const [batch, { rows }] of batches.entries()) yield { slice, batch, from: 0, to: rows };
    }
    return;
  }
  const cursors = slices.map(() => ({ batch: 0, row: 0 }));
  const order = pieces
    .flatMap((own, slice) => splitsOf(own).map(({ split, rows }) => ({ split, rows, slice })))
    .toSorted((a, b) => a.split - b.split || a.slice - b.slice);
  for (const { slice, rows } of order) {
    const { batches } = slices[slice]!;
    const cursor = cursors[slice]!;
    // A slice's pieces follow one another in it as its splits do, so a cursor only moves on.
    for (let left = rows; left > 0; ) {
      const of = batches[cursor.batch]!.rows;
      const to = Math.min(of, cursor.row + left);
      yield { slice, batch: cursor.batch, from: cursor.row, to };
      left -= to - cursor.row;
      cursor.row = to;
      if (to < of) continue;
      cursor.batch++;
      cursor.row = 0;
    }
  }
}

function splitsOf(pieces: readonly number[]): { split: number; rows: number }[] {
  return Array.from({ length: pieces.length / 2 }, (_, i) => {
    return { split: pieces[2 * i]!, rows: pieces[2 * i + 1]! };
  });
}
