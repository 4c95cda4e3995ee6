/** How a program's messages travel: folded on the way, or as rows. Pure; decided by the definition alone.
 *
 * *Folded*: one number with a combiner. What the vertices of a partition send is folded per target before it leaves, in
 * ascending order of the sender, in a kernel for the built-in combiners and in a loop generated for the program for its own.
 * *Rows*: everything else. Each message is a row; what has a combiner is combined when it has arrived.
 */
import type { BuiltIn } from '../define/combine.ts';
import type { AnyType } from '../define/schema.ts';
import { printType } from '../define/value.ts';
import type { FoldOp, NumberKind } from '../kernels/messages.ts';
import { isRecord } from './check.ts';
import type { Along, ProgramSpec } from './define.ts';

export interface Folded {
  readonly kind: 'folded';
  readonly of: AnyType;
  readonly number: NumberKind;
  /** Absent: the program's own function folds. */
  readonly op?: FoldOp;
  readonly along?: Along<string>;
  /** Where nothing has come lies what the vertex is then given: the kernels' own least and largest integers are not that. */
  readonly filled: boolean;
}
export type MessagePlan = { readonly kind: 'none' } | Folded | { readonly kind: 'rows' };

const NUMBER: { readonly [type: string]: NumberKind } = {
  bool: 'i32',
  int32: 'i32',
  vertexId: 'i32',
  int64: 'i64',
  float64: 'f64',
};
/** any is the larger of 0 and 1, all the smaller. */
const OP: { readonly [N in BuiltIn]: FoldOp } = {
  sum: 'sum',
  min: 'min',
  max: 'max',
  any: 'max',
  all: 'min',
};

export function messagePlan({ message, combine, along, edge }: ProgramSpec): MessagePlan {
  if (message === undefined) return { kind: 'none' };
  if (combine === undefined || isRecord(message)) return { kind: 'rows' };
  const number = message.nullable ? undefined : NUMBER[message.type];
  if (number === undefined) return { kind: 'rows' };
  const op = combine.combiner === undefined ? undefined : OP[combine.combiner];
  // A function of the job takes JavaScript's numbers: 64 bits would have to become one for each edge.
  if (op === undefined && (number === 'i64' || message.type === 'bool')) return { kind: 'rows' };
  // Doubles take any weight; integers are folded with integers as wide.
  const weight = along && NUMBER[edge![along.column]!.type];
  if (weight !== undefined && number !== 'f64' && weight !== number) return { kind: 'rows' };
  const how = { ...(op !== undefined && { op }), ...(along !== undefined && { along }) };
  const ownIsNaN = op === undefined && Number.isNaN(combine.identity);
  const filled = op === 'sum' || (number === 'f64' && !ownIsNaN);
  return { kind: 'folded', of: message, number, filled, ...how };
}

/** For `explain`. */
export function printMessages(spec: ProgramSpec): string {
  const { message, combine, along } = spec;
  const plan = messagePlan(spec);
  if (plan.kind === 'none' || message === undefined) return 'none';
  const what = isRecord(message) ? Object.keys(message).join(', ') : printType(message);
  if (plan.kind === 'rows') {
    return combine === undefined
      ? `${what}: all of them`
      : `${what}: combined when they have arrived`;
  }
  const way = along === undefined ? '' : ` along ${along.column} (${along.along})`;
  const by = plan.op === undefined ? "the program's function" : `a kernel (${combine!.combiner})`;
  return `${what}${way}: folded by ${by}, pulled from many senders or pushed by few`;
}
