import { createHash } from 'node:crypto';
import test from 'ava';
import * as fc from 'fast-check';
import { generateKronecker } from './kronecker.ts';
import { Random } from './random.ts';
import { generateUniformWords } from './uniform-words.ts';
import { wordAt } from './words.ts';
import { generateZipf } from './zipf.ts';

function collect(blocks: Iterable<Uint8Array>) {
  const bytes = Buffer.concat(Array.from(blocks, block => Buffer.from(block)));
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
  const { sha256, bytes } = collect(generateZipf({ size: 3_000_000, distinct: 5_000, seed: 1 }));
  t.true(bytes.length <= 3_000_000 && bytes.length > 3_000_000 - 14, String(bytes.length));
  t.is(sha256, 'df13997a418163a732a369c8e95f804beae86a27a17b6c5f781e8f0337dd9e29');
});

test('zipf: word r is as frequent as 1 / r, and every word occurs', t => {
  const { counts, lines } = collect(generateZipf({ size: 4_000_000, distinct: 10_000, seed: 3 }));
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
        const { counts, bytes } = collect(generateZipf({ size, distinct, seed }));
        t.is(counts.size, distinct);
        t.true(bytes.length <= size && bytes.length > size - 14);
        t.is(bytes.at(-1), 10);
        t.false(bytes.includes('  ') || bytes.includes(' \n') || bytes.includes('\n\n'));
      },
    ),
    { numRuns: 50 },
  );
});

test('zipf: too few bytes for the words are refused', t => {
  t.throws(() => collect(generateZipf({ size: 100, distinct: 1_000, seed: 1 })), {
    code: 'USAGE',
    message: /1000 distinct words need at least \d+ bytes, not 100/,
  });
});

test('uniform words: all distinct, or drawn from so many', t => {
  const all = collect(generateUniformWords({ words: 100_000, distinct: 100_000, seed: 2 }));
  t.is(all.counts.size, 100_000);
  t.is(all.sha256, '94968c541b6c8a2eeb8c21a8bd0d4c6d10b41969c8165f279659f67f3c910360');
  const some = collect(generateUniformWords({ words: 50_000, distinct: 10, seed: 2 }));
  t.is(some.counts.size, 10);
  for (const count of some.counts.values()) t.true(Math.abs(count - 5_000) < 500, String(count));
  t.throws(() => collect(generateUniformWords({ words: 5, distinct: 6, seed: 2 })), {
    code: 'USAGE',
    message: 'uniform-words: distinct must be at most words, no multiple of 3571, not 6',
  });
});

const kronecker = { scale: 10, degree: 16, seed: 1 } as const;
const asText = (blocks: Iterable<Uint8Array>): string => collect(blocks).bytes.toString('latin1');
const columns = (options: object): string[][] =>
  asText(generateKronecker({ ...kronecker, ...options }))
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '));
const count = (map: Map<string, number>, key: string): unknown =>
  map.set(key, (map.get(key) ?? 0) + 1);

test('kronecker writes the same bytes on every machine', t => {
  for (const [options, sha256] of [
    [kronecker, '9a953b65c09bb2d527044e5399c449ad1ff93ab2ae750cb34bdeaae252f5d8ed'],
    [{ ...kronecker, seed: 2 }, '67d742bf3ce051a431bcd560211d659424ed3718d89d6935eb32c20e8f6afe43'],
    [
      { ...kronecker, scale: 17, degree: 2 },
      '72fcbe7a0bfb841cf6c08259e671a36bbfb77959a00e18f26a4d073593639793',
    ],
    [
      { ...kronecker, ids: 'sparse', weights: 255 },
      'e4cc0f5583b7a7a9959612176c4415229720bcd3dc32cd2d5dacac376055e5d1',
    ],
    [
      { ...kronecker, ids: 'words' },
      '0c55a4cb95f965cd38801e8a7c4c26a4d9166ba43f23e7b58814c1e650d6a1a3',
    ],
  ] as const) {
    t.is(collect(generateKronecker(options)).sha256, sha256, JSON.stringify(options));
  }
});

test('kronecker: whatever the size of a block, the same bytes', t => {
  const ids = fc.constantFrom('dense', 'sparse', 'words');
  const options = fc.record({
    scale: fc.integer({ min: 1, max: 12 }),
    degree: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
    ids,
    weights: fc.constantFrom(0, 1, 1_000_000_000),
  });
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 3_000 }), (of, blockBytes) => {
      t.is(asText(generateKronecker(of, blockBytes)), asText(generateKronecker(of)));
    }),
    { numRuns: 50 },
  );
});

test('kronecker: so many edges, of ids below 2^scale, with weights from 1', t => {
  for (let scale = 1; scale <= 13; scale++) {
    const rows = columns({ scale, degree: 7, seed: scale, weights: 3 });
    t.is(rows.length, 7 * 2 ** scale);
    const weights = new Set<string>();
    for (const [source, target, weight, ...more] of rows) {
      for (const id of [source!, target!]) {
        if (!/^(0|[1-9]\d*)$/.test(id) || Number(id) >= 2 ** scale) t.fail(id);
      }
      weights.add(weight!);
      if (more.length > 0) t.fail(more.join(' '));
    }
    t.deepEqual([...weights].toSorted(), ['1', '2', '3']);
  }
  const largest = generateKronecker({ scale: 30, degree: 1, seed: 1 }).next();
  const first = Buffer.from(largest.value as Uint8Array).toString('latin1', 0, 20_000);
  const ids = first.split(/\s/).slice(0, -1).map(Number);
  t.true(Math.max(...ids) < 2 ** 30 && Math.max(...ids) > 2 ** 29);
});

test('kronecker: words for 2^30 ids are refused, since there are fewer', t => {
  const options = { scale: 30, degree: 1, seed: 1, ids: 'words' } as const;
  t.throws(() => generateKronecker(options).next(), {
    code: 'USAGE',
    message: 'kronecker: there are no 1073741824 different words',
  });
});

test('kronecker: edges are the same with weights, and whatever their ends are called', t => {
  const plain = columns({});
  const weighted = columns({ weights: 9 });
  t.deepEqual(
    weighted.map(([source, target]) => [source, target]),
    plain,
  );
  for (const ids of ['sparse', 'words']) {
    const called = new Map<string, string>();
    for (const [row, ends] of columns({ ids }).entries()) {
      for (const [i, end] of ends.entries()) {
        const id = plain[row]![i]!;
        if ((called.get(id) ?? end) !== end) t.fail(`${id} is ${called.get(id)} and ${end}`);
        called.set(id, end);
      }
    }
    t.is(new Set(called.values()).size, called.size);
    if (ids === 'words') continue;
    const numbers = [...called.values()].map(BigInt);
    t.true(numbers.every(n => n > 0n && n < 2n ** 62n && called.size > 0));
    t.deepEqual(numbers.map(String), [...called.values()]);
    t.true(numbers.filter(n => n > 2n ** 61n).length > called.size / 3);
  }
});

test('kronecker: degrees are those of its definition', t => {
  const [scale, degree] = [10, 1_000];
  const edges = degree * 2 ** scale;
  const out = new Map<string, number>();
  const into = new Map<string, number>();
  const pairs = new Map<string, number>();
  for (const line of asText(generateKronecker({ scale, degree, seed: 4 }))
    .trimEnd()
    .split('\n')) {
    const [source, target] = line.split(' ') as [string, string];
    count(out, source);
    count(into, target);
    count(pairs, line);
  }
  // Ids with k bits set, before they are permuted: choose(scale, k) of them, each with this share of the edges.
  const share = (k: number) => 0.76 ** (scale - k) * 0.24 ** k;
  for (const degrees of [out, into]) {
    const falling = [...degrees.values()].toSorted((a, b) => b - a);
    t.true(falling.length <= 2 ** scale);
    let [from, choose] = [0, 1];
    for (let k = 0; k <= 4; k++) {
      const total = falling.slice(from, from + choose).reduce((a, b) => a + b);
      const expected = edges * choose * share(k);
      t.true(Math.abs(total - expected) < 6 * Math.sqrt(expected), `${k}: ${total}, ${expected}`);
      from += choose;
      choose = (choose * (scale - k)) / (k + 1);
    }
  }
  const loops = [...pairs].filter(([pair]) => pair.split(' ')[0] === pair.split(' ')[1]);
  const expected = edges * 0.62 ** scale;
  const counted = loops.reduce((sum, [, n]) => sum + n, 0);
  t.true(Math.abs(counted - expected) < 6 * Math.sqrt(expected), `${counted}, ${expected}`);
  const most = [...pairs.values()].reduce((a, b) => Math.max(a, b));
  t.true(Math.abs(most - edges * 0.57 ** scale) < 400, String(most));
});
