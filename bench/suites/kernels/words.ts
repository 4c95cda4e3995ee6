/** Words of a text counted: the fused kernel of WordCount. */
import { readFileSync } from 'node:fs';
import { makeFile } from '../../../datasets/make.ts';
import { countWords } from '../../baseline/wordcount.ts';
import { type Context, suite } from '../../suite.ts';
import { ofEntries, ofText, type WordTable } from '../../word-table.ts';
import { CHUNK_BYTES, kernels, sumsOf, variant, verify, wrappers } from './harness.ts';

interface Text {
  readonly path: string;
}
const text = ({ cache, quick }: Context): Text => {
  const bytes = quick ? 8_000_000 : 100_000_000;
  const { path } = makeFile({ kind: 'zipf', size: bytes, distinct: bytes / 800, seed: 1 }, cache);
  return { path };
};

export default suite<Text, WordTable>({
  name: 'kernels-words',
  title: 'Words counted, text in memory, one thread',
  unit: 'words',
  rival: 'split and Map',
  trials: 5,
  memory: false,
  variants: [
    variant(
      'kernel',
      ({ path }: Text) => {
        const k = kernels();
        const bytes = readFileSync(path);
        const at = k.allocOrThrow(bytes.length, 'the text');
        k.copyIn(bytes, at);
        return { k, at, bytes, groups: new wrappers.Groups(k, [], { counting: true }) };
      },
      ({ at, bytes, groups }) => {
        for (let from = 0; from < bytes.length; ) {
          const end = bytes.lastIndexOf(10, Math.min(bytes.length, from + CHUNK_BYTES) - 1) + 1;
          if (groups.countWords(at + from, end - from, 'bytes', false) < end - from) {
            throw new Error('no memory for the table');
          }
          from = end;
        }
      },
      ({ groups }) => ofEntries(sumsOf(groups, key => key.toString('latin1'))),
    ),
    variant(
      'split and Map',
      ({ path }: Text) => ({ path, counts: new Map<string, { n: number }>() }),
      loaded => {
        loaded.counts = countWords(loaded.path);
      },
      ({ counts }) => ofEntries([...counts].map(([word, { n }]) => [word, n])),
    ),
  ],
  data: text,
  truth: ({ path }) => ofText(path),
  units: ({ tokens }) => tokens,
  verify,
});
