/** Distinct words sorted by their bytes. */
import type { Order } from 'superstep/internal';
import { wordAt } from '../../../datasets/words.ts';
import { suite } from '../../suite.ts';
import { ofEntries, type WordTable } from '../../word-table.ts';
import {
  CHUNK_BYTES,
  kernels,
  keysOf,
  numbered,
  readOrder,
  variant,
  verify,
  wrappers,
} from './harness.ts';

interface Rows {
  readonly rows: number;
}

function distinctWords({ rows }: Rows): string[] {
  return Array.from({ length: rows }, (_, i) => wordAt((i * 7_919) % rows, 1));
}
const answer = (sorted: readonly string[]): WordTable => ofEntries(numbered(sorted));

export default suite<Rows, WordTable>({
  name: 'kernels-sort',
  title: 'Distinct words sorted, one thread',
  unit: 'words',
  rival: 'Array.sort',
  trials: 5,
  memory: false,
  variants: [
    variant(
      'kernel',
      data => {
        const k = kernels();
        const groups = new wrappers.Groups(k, [], { counting: true });
        const bytes = Buffer.from(`${distinctWords(data).join(' ')}\n`, 'latin1');
        const at = k.allocOrThrow(bytes.length, 'the words');
        k.copyIn(bytes, at);
        for (let from = 0; from < bytes.length; ) {
          const end = bytes.lastIndexOf(32, Math.min(bytes.length, from + CHUNK_BYTES) - 1) + 1;
          const length = (bytes.length - from <= CHUNK_BYTES ? bytes.length : end) - from;
          groups.countWords(at + from, length, 'bytes', false);
          from += length;
        }
        return { groups, order: undefined as Order | undefined };
      },
      loaded => {
        loaded.order = loaded.groups.order(1);
      },
      ({ order }) => answer(wordsOf(order!)),
    ),
    variant(
      'Array.sort',
      data => ({ list: distinctWords(data), sorted: [] as readonly string[] }),
      loaded => {
        loaded.sorted = loaded.list.toSorted();
      },
      ({ sorted }) => answer(sorted),
    ),
  ],
  data: ({ quick }) => ({ rows: quick ? 100_000 : 1_000_000 }),
  truth: data =>
    answer(
      distinctWords(data)
        .map(word => Buffer.from(word))
        .toSorted(Buffer.compare)
        .map(String),
    ),
  units: ({ rows }) => rows,
  verify,
});

function wordsOf(order: Order): string[] {
  const words: string[] = [];
  readOrder(order, batch => words.push(...keysOf(batch).map(key => key.toString('latin1'))));
  return words;
}
