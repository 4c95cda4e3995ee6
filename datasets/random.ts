/** A seeded stream of 32-bit integers, the same on every machine: xoshiro128** (Blackman and Vigna, "Scrambled
 *  linear pseudorandom number generators", 2018), its state filled by splitmix32. Integer operations only. */
export class Random {
  readonly #state = new Int32Array(4);

  constructor(seed: number) {
    let x = seed | 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) | 0;
      this.#state[i] = mix(x);
    }
  }

  /** The next integer, 0 to 2^32 − 1. */
  next(): number {
    const s = this.#state;
    const s1 = s[1]!;
    let result = Math.imul(s1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const t = s1 << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    const s3 = s[3]!;
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result >>> 0;
  }

  /** The next integer from 0 to bound − 1, by the high bits of a product. The bias is below bound / 2^32. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 2 ** 32);
  }
}

/** Scrambles 32 bits into 32 others, one to one (the finaliser of MurmurHash3). */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
