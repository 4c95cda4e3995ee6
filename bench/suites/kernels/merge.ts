/** Sorted runs merged, and their groups numbered: what a reduce task does first. */
import { wordAt } from '../../../datasets/words.ts';
import { mergeRuns } from '../../baseline/kernels.ts';
import { suite } from '../../suite.ts';
import { ofEntries, type WordTable } from '../../word-table.ts';
import { CHUNK_ROWS, kernels, numbered, variant, verify, wrappers } from './harness.ts';

interface Runs {
  readonly runs: number;
  readonly distinct: number;
}

/** Each word lies in three of the runs. */
const COPIES = 3;

function runsOf({ runs, distinct }: Runs): string[][] {
  const made: string[][] = Array.from({ length: runs }, () => []);
  for (let i = 0; i < distinct; i++) {
    for (let copy = 0; copy < COPIES; copy++) made[(i + copy) % runs]!.push(wordAt(i, 1));
  }
  return made.map(words => words.toSorted());
}

/** Rows of (word, group), numbered by their place. */
const answer = (words: readonly string[], groups: ArrayLike<number>): WordTable =>
  ofEntries(numbered(words.map((word, i) => `${word} ${groups[i]}`)));

/** Ids of a call count from the last row of the one before. */
interface Call {
  readonly end: number;
  readonly lastId: number;
}

function loaded(runs: readonly (readonly string[])[]) {
  const k = kernels();
  const total = runs.reduce((sum, { length }) => sum + length, 0);
  const merge = new wrappers.MergeKernel(k, runs.length, { natural: false });
  const windows = runs.map(words => {
    const offsets = new Uint32Array(words.length + 1);
    words.forEach((word, i) => {
      offsets[i + 1] = offsets[i]! + word.length;
    });
    return {
      keys: k.place(Buffer.from(words.join(''), 'latin1')),
      offsets: k.place(new Uint8Array(offsets.buffer)),
      rows: words.length,
    };
  });
  const out = () => k.allocOrThrow(total * 4, 'merged rows');
  const calls: Call[] = [];
  return { k, runs, merge, windows, inputs: out(), rows: out(), ids: out(), calls };
}

function drain({ k, merge, windows, inputs, rows, ids, calls }: ReturnType<typeof loaded>): void {
  const given = windows.map(() => false);
  for (let at = 0; ; ) {
    const got = merge.next(CHUNK_ROWS, inputs + at * 4, rows + at * 4, ids + at * 4);
    if (got.rows > 0) {
      at += got.rows;
      calls.push({ end: at, lastId: k.u32[(ids >>> 2) + at - 1]! });
    }
    if (got.needs !== -1) {
      // A window each is the whole run; the second one ends it.
      const { keys, offsets, rows: n } = windows[got.needs]!;
      merge.window(got.needs, keys, offsets, 0, given[got.needs] ? 0 : n);
      given[got.needs] = true;
    } else if (got.rows === 0) return;
  }
}

function readOut({ k, runs, inputs, rows, ids, calls }: ReturnType<typeof loaded>): WordTable {
  const words: string[] = [];
  const groups: number[] = [];
  let base = 0;
  for (const { end, lastId } of calls) {
    for (let i = words.length; i < end; i++) {
      words.push(runs[k.u32[(inputs >>> 2) + i]!]![k.u32[(rows >>> 2) + i]!]!);
      groups.push(base + k.u32[(ids >>> 2) + i]!);
    }
    base += lastId;
  }
  return answer(words, groups);
}

export default suite<Runs, WordTable>({
  name: 'kernels-merge',
  title: 'Eight sorted runs of words merged and grouped, one thread',
  unit: 'rows',
  rival: 'heap of arrays',
  trials: 5,
  memory: false,
  variants: [
    variant('kernel', (data: Runs) => loaded(runsOf(data)), drain, readOut),
    variant(
      'heap of arrays',
      (data: Runs) => ({ runs: runsOf(data), merged: mergeRuns([]) }),
      made => {
        made.merged = mergeRuns(made.runs);
      },
      ({ merged: { words, groups } }) => answer(words, groups),
    ),
  ],
  data: ({ quick }) => ({ runs: 8, distinct: quick ? 50_000 : 500_000 }),
  truth(data) {
    const sorted = runsOf(data).flat().toSorted();
    return answer(
      sorted,
      sorted.map((_, i) => Math.floor(i / COPIES)),
    );
  },
  units: ({ rows }) => rows,
  verify,
});
