/** Folded messages to single targets, in order of sending, until the vertices are done. */
import type { AnyType } from '../define/schema.ts';

/** Messages in a piece. */
const PIECE = 16_384;

export class Singles {
  readonly targets: Int32Array[] = [];
  readonly values: (Int32Array | BigInt64Array | Float64Array)[] = [];
  count = 0;
  readonly #of: AnyType;

  constructor(of: AnyType) {
    this.#of = of;
  }

  /** The message fits its type. */
  push(target: number, message: unknown): void {
    const at = this.count % PIECE;
    if (at === 0) {
      this.targets.push(new Int32Array(PIECE));
      this.values.push(this.#piece());
    }
    this.targets.at(-1)![at] = target;
    const values = this.values.at(-1)!;
    if (values instanceof BigInt64Array) values[at] = BigInt(message as number | bigint);
    else values[at] = Number(message);
    this.count++;
  }

  #piece(): Int32Array | BigInt64Array | Float64Array {
    if (this.#of.type === 'int64') return new BigInt64Array(PIECE);
    if (this.#of.type === 'float64') return new Float64Array(PIECE);
    return new Int32Array(PIECE);
  }
}
