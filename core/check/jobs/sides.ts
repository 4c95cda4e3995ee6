/** For tests: map-reduces with further outputs, from map, from mapBatch and from reduce. */
import { int32, int64, mapReduce, nullable, sum, utf8 } from '../../index.ts';

const bad = { text: utf8, reason: nullable(utf8) };

/** Map only. */
export const sorted = mapReduce({
  name: 'sorted',
  input: { text: utf8, n: int32 },
  value: { n: int32 },
  outputs: { bad, seen: { n: int32 } },
  map({ text, n }, emit, ctx) {
    ctx.emitTo('seen', { n });
    if (n < 0) ctx.emitTo('bad', { text, reason: text === '' ? null : 'negative' });
    else emit({ n });
    if (n === 3) ctx.emitTo('bad', { text: `${text}!`, reason: 'three' });
  },
});

/** Combined in kernels, with rows of one output from map and from reduce. */
export const counted = mapReduce({
  name: 'counted-sides',
  input: { text: utf8, n: int32 },
  key: { text: utf8 },
  value: { count: int64 },
  output: { text: utf8, count: int64 },
  outputs: { bad, rare: { text: utf8, count: int64 } },
  map({ text, n }, emit, ctx) {
    if (n % 2 === 0) ctx.emitTo('bad', { text, reason: 'even' });
    emit({ text, count: 1 });
  },
  combine: { count: sum },
  reduce({ text }, values, emit, ctx) {
    for (const { count } of values) {
      if (count > 1) emit({ text, count });
      else for (let i = 0; i < text.length; i++) ctx.emitTo('rare', { text, count: i });
      ctx.emitTo('bad', { text, reason: null });
    }
  },
});

/** By batch, without a combiner, in an order of its own. */
export const batched = mapReduce({
  name: 'batched-sides',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: { text: utf8 },
  sort: { n: 'desc' },
  outputs: { lengths: { length: int32 } },
  mapBatch({ text, n }, out, ctx) {
    for (let i = 0; i < n.length; i++) {
      out.n.push(n.at(i) % 3);
      out.text.push(text.at(i));
      ctx.emitTo('lengths', { length: text.at(i).length });
    }
  },
});

export const wrong = mapReduce({
  name: 'wrong-side',
  input: { n: int32 },
  value: { n: int32 },
  outputs: { texts: { text: utf8 } },
  map({ n }, _emit, ctx) {
    if (n === 1) ctx.emitTo('texts', { text: n as never });
    if (n === 2) ctx.emitTo('nowhere' as never, {} as never);
  },
});
