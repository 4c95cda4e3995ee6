/** Lists out of levels: which list an entry goes on with (repetition), and how much of its path is there (definition).
 *
 *   row  [[1], []]   null   []      entries   value 1        (none)     (none)   (none)
 *                                   repetition  0              1          0        0
 *
 * See Dremel (Melnik and others, 2010). Rows may go over several pages.
 */
import type { SchemaTree } from 'hyparquet/src/types.js';
import type { Decoded } from './decode.ts';

/** Definition levels of a list: it is there, and it has an item. */
interface ListLevels {
  readonly there: number;
  readonly item: number;
}

/** Of the lists of a path, from the outermost in, and the definition level of a value. @param path from the root: list, repeated,
 *  list or element, … */
export function listLevels(path: readonly SchemaTree[]): {
  readonly levels: readonly ListLevels[];
  readonly most: number;
} {
  const levels: ListLevels[] = [];
  let level = 0;
  for (const { element } of path.slice(1)) {
    if (element.repetition_type === 'OPTIONAL') level++;
    if (element.repetition_type === 'REPEATED') levels.push({ there: level, item: ++level });
  }
  return { levels, most: level };
}

export class ListBuilder {
  /** Whole ones, but for the last. */
  readonly rows: unknown[] = [];
  readonly #levels: readonly ListLevels[];
  readonly #maxDefinition: number;
  /** The list of each level that is added to. */
  readonly #open: unknown[][] = [];

  constructor(levels: readonly ListLevels[], maxDefinition: number) {
    this.#levels = levels;
    this.#maxDefinition = maxDefinition;
  }

  /** @param valueAt of the values that are there. Throws an Error for levels that cannot be. */
  add({ entries, repetition, definition }: Decoded, valueAt: (i: number) => unknown): void {
    let value = 0;
    for (let i = 0; i < entries; i++) {
      const defined = definition?.[i] ?? this.#maxDefinition;
      const depth = repetition?.[i] ?? 0;
      const leaf = defined === this.#maxDefinition ? valueAt(value++) : null;
      if (depth === 0) this.rows.push(this.#item(0, defined, leaf));
      else {
        const list = this.#open[depth - 1];
        if (list === undefined) throw new Error('an entry goes on with a list that is not there');
        list.push(this.#item(depth, defined, leaf));
      }
    }
  }

  /** What is at a depth: a list, or the leaf. */
  #item(depth: number, defined: number, leaf: unknown): unknown {
    const level = this.#levels[depth];
    if (level === undefined) return leaf;
    this.#open.length = depth;
    if (defined < level.there) return null;
    const list: unknown[] = [];
    this.#open.push(list);
    if (defined >= level.item) list.push(this.#item(depth + 1, defined, leaf));
    return list;
  }
}
