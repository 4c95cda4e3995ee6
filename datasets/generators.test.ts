import { createHash } from 'node:crypto';
import test from 'ava';
import * as fc from 'fast-check';
import type { Write } from './lines.ts';
import { Random } from './random.ts';
import { generateUniformWords } from './uniform-words.ts';
import { wordAt } from './words.ts';
import { generateZipf } from './zipf.ts';

function collect(generate: (write: Write) => void) {
  const blocks: Buffer[] = [];
  generate(block => blocks.push(Buffer.from(block)));
  const bytes = Buffer.concat(blocks);
  const lines = bytes.toString('latin1').split('\n');
  const counts = new Map<string, number>();
  for (const line of lines) {
    for (const word of line.split(' ')) if (word) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, lines, counts, sha256 };
}

test('xoshiro128** gives the numbers of its definition, computed here in BigInt', t => {
  const random = new Random(7);
  const drawn = Array.from({ length: 1_000 }, () => random.next());
  const mask = 0xffffffffn;
  const multiply = (a: bigint, b: bigint) => (a * b) & mask;
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  let seed = 7n;
  const s = Array.from({ length: 4 }, () => {
    seed = (seed + 0x9e3779b9n) & mask;
    const x = multiply(seed ^ (seed >> 16n), 0x85ebca6bn);
    const y = multiply(x ^ (x >> 13n), 0xc2b2ae35n);
    return y ^ (y >> 16n);
  });
  for (const each of drawn) {
    t.is(BigInt(each), multiply(rotate(multiply(s[1]!, 5n), 7n), 9n));
    const shifted = (s[1]! << 9n) & mask;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotate(s[3]!, 11n);
  }
});

test('no two numbers share a word; words are of 2 to 12 small letters', t => {
  for (const seed of [0, 1, 4_294_967_295]) {
    const words = new Set<string>();
    for (let i = 0; i < 200_000; i++) words.add(wordAt(i, seed));
    t.is(words.size, 200_000);
    for (const word of words) if (!/^[a-z]{2,12}$/.test(word)) t.fail(word);
  }
  t.is(new Set(Array.from({ length: 1_000 }, (_, i) => wordAt(800_000_000 + i, 1))).size, 1_000);
});

test('zipf writes the same bytes on every machine', t => {
  const { sha256, bytes } = collect(write =>
    generateZipf({ bytes: 3_000_000, distinct: 5_000, seed: 1 }, write),
  );
  t.true(bytes.length <= 3_000_000 && bytes.length > 3_000_000 - 14, String(bytes.length));
  t.is(sha256, 'df13997a418163a732a369c8e95f804beae86a27a17b6c5f781e8f0337dd9e29');
});

test('zipf: word r is as frequent as 1 / r, and every word occurs', t => {
  const { counts, lines } = collect(write =>
    generateZipf({ bytes: 4_000_000, distinct: 10_000, seed: 3 }, write),
  );
  t.is(counts.size, 10_000);
  const tokens = [...counts.values()].reduce((a, b) => a + b);
  let harmonic = 0;
  for (let r = 1; r <= 10_000; r++) harmonic += 1 / r;
  for (const r of [1, 2, 3, 10, 30, 100]) {
    const expected = tokens / harmonic / r;
    const counted = counts.get(wordAt(r - 1, 3))!;
    t.true(Math.abs(counted - expected) < 5 * Math.sqrt(expected) + 1, `${r}: ${counted}`);
  }
  const perLine = tokens / (lines.length - 1);
  t.true(perLine > 9.5 && perLine < 10.5, String(perLine));
});

test('zipf: any size that holds the words gives exactly as many, and whole lines', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 4_000, max: 20_000 }),
      fc.integer(),
      (distinct, size, seed) => {
        const { counts, bytes } = collect(write =>
          generateZipf({ bytes: size, distinct, seed }, write),
        );
        t.is(counts.size, distinct);
        t.true(bytes.length <= size && bytes.length > size - 14);
        t.is(bytes.at(-1), 10);
        t.false(bytes.includes('  ') || bytes.includes(' \n') || bytes.includes('\n\n'));
      },
    ),
    { numRuns: 50 },
  );
});

test('zipf: too few bytes and too many words are refused', t => {
  t.throws(() => generateZipf({ bytes: 100, distinct: 1_000, seed: 1 }, () => {}), {
    message: /1000 distinct words need at least \d+ bytes, not 100/,
  });
  t.throws(() => generateZipf({ bytes: 100, distinct: 1e9, seed: 1 }, () => {}), {
    instanceOf: RangeError,
  });
});

test('uniform words: all distinct, or drawn from so many', t => {
  const all = collect(write =>
    generateUniformWords({ words: 100_000, distinct: 100_000, seed: 2 }, write),
  );
  t.is(all.counts.size, 100_000);
  t.is(all.sha256, '94968c541b6c8a2eeb8c21a8bd0d4c6d10b41969c8165f279659f67f3c910360');
  const some = collect(write =>
    generateUniformWords({ words: 50_000, distinct: 10, seed: 2 }, write),
  );
  t.is(some.counts.size, 10);
  for (const count of some.counts.values()) t.true(Math.abs(count - 5_000) < 500, String(count));
  t.throws(() => generateUniformWords({ words: 5, distinct: 6, seed: 2 }, () => {}), {
    instanceOf: RangeError,
  });
});
