/** The pages of one Parquet column in one row group: values without the nulls, and the levels that say where nulls
 * and the borders of lists are.
 *
 * Levels after Dremel (https://research.google/pubs/pub36632/): the definition level of an entry counts how many of the
 * optional and repeated steps to it are there, the repetition level at which list it continues (0: a new row).
 */
import type { AnyType } from '../define/schema.ts';
import { type StoredColumn, storedAs, WIDTH } from '../batch/columns.ts';
import { openList } from '../batch/lists.ts';
import { PageBuffer, putFixed, putLevels, putVariable } from './pages.ts';
import { itemOf, leafType } from './parquet-types.ts';
import { PHYSICAL } from './parquetjs.ts';

/** Bodies above this are not kept for the next row group: they held one large value. */
const KEPT_BYTES = 2 * 1024 * 1024;

export interface Page {
  /** Values, nulls and empty lists. */
  readonly entries: number;
  /** Valid until the page after the next `take`. */
  readonly body: Uint8Array;
}

interface Shape {
  readonly of: AnyType;
  /** The type of the innermost items. */
  readonly leaf: AnyType;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

export function shapeOf(of: AnyType): Shape {
  const optional = of.nullable === true ? 1 : 0;
  if (of.type !== 'list') return { of, leaf: of, maxDefinition: optional, maxRepetition: 0 };
  const inner = shapeOf(itemOf(of));
  return {
    of,
    leaf: inner.leaf,
    maxDefinition: optional + 1 + inner.maxDefinition,
    maxRepetition: 1 + inner.maxRepetition,
  };
}

/** Called for text inside lists: items [from, to) of row `row`. */
type Check = (data: Uint8Array, offsets: Int32Array, from: number, to: number, row: number) => void;

export class LeafPages {
  readonly #shape: Shape;
  readonly #check: Check;
  readonly #values = new PageBuffer();
  readonly #definitions = new PageBuffer();
  readonly #repetitions = new PageBuffer();
  /** One a page, used again for the next row group: a slice a page would be garbage that V8 lets lie by the tens of MiB. */
  #bodies: PageBuffer[] = [];
  #entries = 0;
  #pages: Page[] = [];
  #column: StoredColumn = { data: new Uint8Array(0) };
  #before = 0;

  constructor(shape: Shape, check: Check) {
    this.#shape = shape;
    this.#check = check;
  }

  begin(column: StoredColumn, before: number): void {
    this.#column = column;
    this.#before = before;
  }

  /** Rows [from, to) of the batch. */
  append(from: number, to: number): void {
    const { of, leaf, maxDefinition } = this.#shape;
    if (of.type === 'list') {
      for (let row = from; row < to; row++) this.#appendList(of, this.#column, row, 0, 0, 0, row);
      return;
    }
    if (maxDefinition > 0) this.#definitions.append(this.#column.valid!.subarray(from, to));
    this.#entries += to - from;
    this.#putValues(leaf, this.#column, from, to);
  }

  endPage(): void {
    const { leaf, maxDefinition, maxRepetition } = this.#shape;
    const body = (this.#bodies[this.#pages.length] ??= new PageBuffer());
    body.length = 0;
    if (maxRepetition > 0) putLevels(body, this.#repetitions.view(), bits(maxRepetition));
    if (maxDefinition > 0) putLevels(body, this.#definitions.view(), bits(maxDefinition));
    if (leaf.type === 'bool') putBits(body, this.#values.view());
    else body.append(this.#values.view());
    this.#pages.push({ entries: this.#entries, body: body.view() });
    this.#entries = 0;
    this.#values.length = 0;
    this.#definitions.length = 0;
    this.#repetitions.length = 0;
  }

  take(): Page[] {
    const pages = this.#pages;
    this.#pages = [];
    this.#bodies = this.#bodies.filter(({ bytes }) => bytes.length <= KEPT_BYTES);
    return pages;
  }

  /** List `i` of a column of lists; itself an item of other lists where `depth` > 0.
   * @param repetition of its first entry @param definition of the steps above it */
  #appendList(
    of: AnyType,
    lists: StoredColumn,
    i: number,
    depth: number,
    repetition: number,
    definition: number,
    row: number,
  ): void {
    if (lists.valid !== undefined && lists.valid[i] === 0)
      return this.#entry(repetition, definition);
    const here = definition + (of.nullable === true ? 1 : 0);
    const item = itemOf(of);
    const bytes = lists.data.subarray(lists.offsets![i], lists.offsets![i + 1]);
    const { count, column } = openList(bytes, item);
    if (count === 0) return this.#entry(repetition, here);
    const level = (at: number) => (at === 0 ? repetition : depth + 1);
    if (item.type === 'list') {
      for (let at = 0; at < count; at++) {
        this.#appendList(item, column, at, depth + 1, level(at), here + 1, row);
      }
      return;
    }
    for (let at = 0; at < count; at++) {
      const present = column.valid === undefined ? 0 : column.valid[at]!;
      this.#entry(level(at), here + 1 + present);
    }
    if (item.type === 'utf8')
      this.#check(column.data, column.offsets!, 0, count, this.#before + row);
    this.#putValues(item, column, 0, count);
  }

  #entry(repetition: number, definition: number): void {
    this.#entries++;
    this.#repetitions.room(1);
    this.#repetitions.bytes[this.#repetitions.length++] = repetition;
    this.#definitions.room(1);
    this.#definitions.bytes[this.#definitions.length++] = definition;
  }

  #putValues(of: AnyType, column: StoredColumn, from: number, to: number): void {
    const { data, offsets, valid } = column;
    const kind = storedAs(of);
    if (of.type === 'bool') {
      putBytesOfBools(this.#values, data, valid, from, to);
    } else if (kind !== 'bytes') {
      putFixed(this.#values, data, WIDTH[kind], valid, from, to);
    } else if (leafType(of) === PHYSICAL.FIXED) {
      // 16 bytes each, and none where there is no value.
      this.#values.append(data.subarray(offsets![from], offsets![to]));
    } else {
      putVariable(this.#values, data, offsets!, valid, from, to);
    }
  }
}

const bits = (max: number): number => 32 - Math.clz32(max);

/** A byte a value, until the page ends and they are packed. */
function putBytesOfBools(
  into: PageBuffer,
  data: Uint8Array,
  valid: Uint8Array | undefined,
  from: number,
  to: number,
): void {
  into.room(to - from);
  for (let row = from; row < to; row++) {
    if (valid === undefined || valid[row] !== 0) into.bytes[into.length++] = data[4 * row]!;
  }
}

function putBits(into: PageBuffer, bools: Uint8Array): void {
  into.room(Math.ceil(bools.length / 8));
  for (let i = 0; i < bools.length; i += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8 && i + bit < bools.length; bit++) byte |= bools[i + bit]! << bit;
    into.bytes[into.length++] = byte;
  }
}
