/** For tests: a program whose columns are wide, 96 bytes a vertex. */
import { float64, sum, vertexProgram } from '../../index.ts';

const column = float64;

export const wide = vertexProgram({
  name: 'wide',
  state: {
    a: column,
    b: column,
    c: column,
    d: column,
    e: column,
    f: column,
    g: column,
    h: column,
    i: column,
    j: column,
    k: column,
    l: column,
  },
  message: float64,
  combine: sum,
  output: ['a', 'd', 'l'],
  init(v) {
    v.a = v.d = v.l = 1 / (3 + (v.id % 7));
  },
  compute(v, received, { superstep }) {
    if (superstep > 0) v.a = v.a / 3 + received / 7;
    if (superstep === 2) v.d = v.a;
    if (superstep === 3) v.l = v.d + v.a;
    if (superstep === 4) return v.voteToHalt();
    v.sendToOut(v.a);
  },
});
