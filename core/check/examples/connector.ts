/** A source of one's own: a range of integers, cut into splits. */
import { connector, int64, read } from '../../index.ts';

export const range = connector('range', {
  columns: async () => ({ n: int64 }),
  split: async ({ to }: { to: number }, _columns, hintBytes) => {
    const step = Math.max(1, Math.floor(hintBytes / 8));
    return Array.from({ length: Math.ceil(to / step) }, (_, i) => ({
      bytes: step * 8,
      where: [i * step, Math.min(to, (i + 1) * step)],
      label: `range ${i * step}…`,
    }));
  },
  async *read({ where }) {
    const [from, to] = where as [number, number];
    yield Array.from({ length: to - from }, (_, i) => ({ n: from + i }));
  },
});

export const million = read(range({ to: 1e6 }), { n: int64 });
