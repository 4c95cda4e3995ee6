/** A job's combiner as a function of the values of a group, for those that do not run in kernels. */
import type { AnyType } from '../define/schema.ts';
import type { MapReduceSpec } from './define.ts';

type Merge = (a: never, b: never) => unknown;
type ByColumn = {
  readonly [column: string]: { readonly combiner?: string; readonly merge?: Merge };
};

/** undefined: the job combines nothing. */
export function folderOf(spec: MapReduceSpec): ((values: Iterable<object>) => object) | undefined {
  const { combine } = spec;
  if (combine === undefined) return undefined;
  if (typeof combine === 'function') return folder(combine as (a: object, b: object) => object);
  const columns = Object.keys(spec.value ?? {});
  const merges = columns.map(name => {
    const { combiner, merge } = (combine as ByColumn)[name]!;
    return (merge ?? builtIn(combiner!, spec.value![name]!)) as (a: unknown, b: unknown) => unknown;
  });
  return folder((a, b) => {
    const merged: { [column: string]: unknown } = {};
    const [left, right] = [a, b] as { [column: string]: unknown }[];
    columns.forEach((name, i) => {
      merged[name] = merges[i]!(left![name], right![name]);
    });
    return merged;
  });
}

function folder(merge: (a: object, b: object) => object): (values: Iterable<object>) => object {
  return values => {
    let folded: object | undefined;
    for (const value of values) folded = folded === undefined ? value : merge(folded, value);
    return folded!;
  };
}

function builtIn(name: string, of: AnyType): (a: never, b: never) => unknown {
  switch (name) {
    case 'sum':
      return (a: number, b: number) => a + b;
    case 'any':
      return (a: boolean, b: boolean) => a || b;
    case 'all':
      return (a: boolean, b: boolean) => a && b;
    case 'min':
      return (a, b) => (compare(a, b, of) <= 0 ? a : b);
    default:
      return (a, b) => (compare(a, b, of) >= 0 ? a : b);
  }
}

/** The order of values: text by its UTF-8 bytes; numbers with NaN last, −0 equal to 0. */
function compare(a: never, b: never, of: AnyType): number {
  if (of.type === 'utf8') return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  const [x, y] = [a as number, b as number];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : x > y ? 1 : 0;
}
