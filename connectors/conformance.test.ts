/** The suite itself: a connector that keeps the rules passes, and each broken rule is seen. */
import test from 'ava';
import type { ConnectorSpec } from 'superstep';
import { testConnector } from './conformance.ts';

type Options = { readonly table: string };

/** A connector as a user writes one: tables are arrays of words. */
function tables(stored: { [table: string]: object[] }): ConnectorSpec<Options> {
  const pending = new Map<number, object[]>();
  return {
    columns: async () => ({ word: { type: 'utf8' }, count: { type: 'int32' } }),
    split: async ({ table }, _, hint) => {
      const rows = stored[table]!.length;
      const size = Math.max(1, Math.min(rows, hint));
      return Array.from({ length: Math.ceil(rows / size) }, (_value, i) => ({
        bytes: size,
        label: `${table} ${i}`,
        where: [i * size, (i + 1) * size],
      }));
    },
    async *read({ where }, _, { table }) {
      const [from, to] = where as [number, number];
      yield stored[table]!.slice(from, to);
    },
    write: async ({ task }) => {
      const rows: object[] = [];
      return {
        write: async batch => void rows.push(...(batch as object[])),
        commit: async () => void pending.set(task, rows),
        abort: async () => undefined,
      };
    },
    commit: async (_, { table }) => {
      for (const task of [...pending.keys()].toSorted()) stored[table]!.push(...pending.get(task)!);
    },
  };
}

const words = Array.from({ length: 7 }, (_, count) => ({ word: `w${count}`, count }));
const options = { table: 'words' };
const into = { table: 'copy' };

test('a connector that keeps the rules', async t => {
  await testConnector(t, tables({ words, copy: [] }), { options, expected: words, into });
});

test('rules that are broken are seen', async t => {
  const good = tables({ words, copy: [] });
  let calls = 0;
  const broken: { readonly [rule: string]: Partial<ConnectorSpec<Options>> } = {
    'splits differ from call to call': {
      split: (where, columns) => good.split(where, columns, 1 + (calls++ % 3)),
    },
    'rows are lost': {
      async *read(split) {
        if (split.label !== 'words 1') yield words.slice(...(split.where as [number, number]));
      },
    },
    'more columns than asked for': {
      async *read({ where }) {
        yield words.slice(...(where as [number, number])).map(row => ({ ...row, more: 1 }));
      },
    },
  };
  for (const [rule, change] of Object.entries(broken)) {
    const attempt = await t.try(inner =>
      testConnector(inner, { ...good, ...change }, { options, expected: words }),
    );
    attempt.discard();
    t.false(attempt.passed, rule);
  }
  const copy: object[] = [];
  const visible = tables({ words, copy });
  const attempt = await t.try(inner =>
    testConnector(
      inner,
      {
        ...visible,
        write: async () => ({
          write: async batch => void copy.push(...(batch as object[])),
          commit: async () => undefined,
          abort: async () => undefined,
        }),
        commit: async () => undefined,
      },
      { options, expected: words, into },
    ),
  );
  attempt.discard();
  t.false(attempt.passed, 'shown before the job commits');
});
