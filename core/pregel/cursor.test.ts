/** The generated loop, over memory of its own. What programs do is in core/check/programs.test.ts. */
import test from 'ava';
import { sum } from '../define/combine.ts';
import { float64, int64, nullable, utf8 } from '../define/schema.ts';
import { type LoopHost, makeLoop } from './cursor.ts';
import type { ProgramSpec } from './define.ts';

interface Cursor {
  total: number;
  many: number;
  name: string | null;
}
const spec: ProgramSpec = {
  name: 'adds',
  state: { total: float64, many: int64, name: nullable(utf8) },
  message: float64,
  combine: sum,
  compute(v, received) {
    const cursor = v as Cursor;
    cursor.total += received as number;
    cursor.many++;
    cursor.name = 'x';
  },
};

test('a task ends, and the next begins, whether its memory has moved or not', t => {
  const loop = makeLoop(spec);
  const host = { mutations: {}, beyond: 2, fits: () => true } as unknown as LoopHost;
  for (const moves of [true, false, true]) {
    const buffer = new ArrayBuffer(96);
    const totals = new Float64Array(buffer, 0, 2);
    const names: (string | null)[] = [null, null];
    loop.start({ params: {}, host, count: () => undefined });
    loop.bind({
      base: 0,
      awake: new Uint8Array(buffer, 16, 2).fill(1),
      got: new Uint8Array(buffer, 18, 2).fill(1),
      inbox: new Float64Array(buffer, 24, 2).fill(0.5),
      out: { values: new Float64Array(buffer, 40, 2), flags: new Uint8Array(buffer, 56, 2) },
      in: undefined,
      degrees: new Int32Array(buffer, 64, 2),
      inDegrees: undefined,
      state: [{ values: totals }, { values: new Int32Array(buffer, 72, 4) }, { values: names }],
      vertex: [],
      edges: undefined,
    });
    t.is(loop.run(0, 2), 2);
    t.deepEqual([...totals, ...names], [0.5, 0.5, 'x', 'x']);
    if (moves) structuredClone(buffer, { transfer: [buffer] });
    t.notThrows(() => loop.end());
  }
});
