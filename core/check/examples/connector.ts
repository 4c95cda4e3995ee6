/** Connectors of one's own: sources that give rows or Arrow, cut into splits; and a place to write to. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromArrays } from 'apache-arrow';
import { connector, int64, read, utf8 } from '../../index.ts';

const columns = async () => ({ n: int64 });
const split = async ({ to }: { to: number }, _columns: unknown, hintBytes: number) => {
  const step = Math.max(1, Math.floor(hintBytes / 8));
  return Array.from({ length: Math.ceil(to / step) }, (_, i) => ({
    bytes: step * 8,
    where: [i * step, Math.min(to, (i + 1) * step)],
    label: `range ${i * step}…`,
  }));
};

export const range = connector('range', {
  columns,
  split,
  async *read({ where }) {
    const [from, to] = where as [number, number];
    yield Array.from({ length: to - from }, (_, i) => ({ n: from + i }));
  },
});

export const million = read(range({ to: 1e6 }), { n: int64 });

/** The same numbers as Arrow batches, beside a column that nobody asks for. */
export const arrowRange = connector('arrow range', {
  columns,
  split,
  async *read({ where }) {
    const [from, to] = where as [number, number];
    const numbers = BigInt64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    const texts = Array.from(numbers, String);
    yield* tableFromArrays({ texts, n: numbers }).batches;
  },
});

/** A connector that says int64 and gives text. */
export const wrongRange = connector('wrong range', {
  columns,
  split,
  async *read() {
    yield* tableFromArrays({ n: ['one'] }).batches;
  },
});

/** Lines of JSON in a folder, a file a task; `commit` shows them by one rename. */
export const shelf = connector('shelf', {
  columns: async () => ({ word: utf8, count: int64 }),
  split: async ({ folder }: { folder: string; fail?: string }) =>
    readdirSync(folder).map(name => ({ bytes: 0, where: join(folder, name), label: name })),
  async *read({ where }) {
    const lines = readFileSync(where as string, 'utf8').split('\n');
    yield lines.filter(Boolean).map(line => JSON.parse(line) as object);
  },
  async write({ job, task, attempt }, _columns, { folder, fail }) {
    const staging = `${folder}.${job}`;
    mkdirSync(staging, { recursive: true });
    const path = join(staging, `${attempt}.tmp`);
    writeFileSync(path, '');
    return {
      async write(rows) {
        if (fail !== undefined) throw new Error(fail);
        for (const row of rows) writeFileSync(path, `${JSON.stringify(row)}\n`, { flag: 'a' });
      },
      commit: async () => renameSync(path, join(staging, String(task).padStart(5, '0'))),
      abort: async () => rmSync(path, { force: true }),
    };
  },
  async commit(job, { folder }) {
    const staging = `${folder}.${job}`;
    // Of attempts whose thread died: nobody told their writers.
    for (const name of readdirSync(staging)) if (name.endsWith('.tmp')) rmSync(join(staging, name));
    renameSync(staging, folder);
  },
  abort: async (job, { folder }) => rmSync(`${folder}.${job}`, { recursive: true, force: true }),
});
