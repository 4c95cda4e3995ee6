/** Equi-joins of two tables, as plans. */
import { UsageError } from '../errors.ts';
import { sameType } from './column-rules.ts';
import type { DataType, Nullable, Schema, Show } from './schema.ts';
import { type Table, table } from './table.ts';
import { printType, printValue } from './value.ts';

const JOINS = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const;
export type JoinType = (typeof JOINS)[number];

type Common<L extends Schema, R extends Schema> = keyof L & keyof R & string;
type Clash<L extends Schema, R extends Schema, On> = Exclude<Common<L, R>, On>;
type Mismatch<L extends Schema, R extends Schema, On> = {
  [C in Common<L, R> & On]: L[C]['type'] extends R[C]['type'] ? never : C;
}[Common<L, R> & On];
/** The right table, or the reason why the two cannot be joined. */
type Joinable<L extends Schema, R extends Schema, On, T extends JoinType> = [
  Mismatch<L, R, On>,
] extends [never]
  ? [T extends 'semi' | 'anti' ? never : Clash<L, R, On>] extends [never]
    ? Table<R>
    : {
        readonly error: 'columns in both tables: select() under other names';
        readonly columns: Clash<L, R, On>;
      }
  : {
      readonly error: 'columns joined on have different types';
      readonly columns: Mismatch<L, R, On>;
    };
type OrNull<S extends Schema> = {
  readonly [C in keyof S]: S[C] extends DataType ? Nullable<S[C]> : S[C];
};

export type Joined<
  L extends Schema,
  R extends Schema,
  On extends string,
  T extends JoinType,
> = T extends 'semi' | 'anti'
  ? L
  : Show<
      Pick<L, On & keyof L> &
        (T extends 'right' | 'full' ? OrNull<Omit<L, On>> : Omit<L, On>) &
        (T extends 'left' | 'full' ? OrNull<Omit<R, On>> : Omit<R, On>)
    >;

/** Equi-join on columns of the same name and type; null equals nothing. Broadcast or merge is the planner's choice;
 *  see explain. Throws UsageError USAGE, COLUMN_MISSING, COLUMN_TYPE or COLUMN_TWICE. */
export function join<
  L extends Schema,
  R extends Schema,
  const On extends Common<L, R>,
  T extends JoinType = 'inner',
>(
  left: Table<L>,
  right: Table<R> & Joinable<L, R, NoInfer<On>, NoInfer<T>>,
  how: { readonly on: On | readonly On[]; readonly type?: T },
): Table<Joined<L, R, On, T>> {
  const on: readonly string[] = typeof how.on === 'string' ? [how.on] : how.on;
  const type = how.type ?? 'inner';
  const other: Table<R> = right;
  checkJoin(left.columns, other.columns, on, type);
  return table(joinedColumns(left.columns, other.columns, on, type) as Joined<L, R, On, T>, {
    op: 'join',
    left: left.plan,
    right: other.plan,
    on,
    type,
  });
}

/** Columns of a join: those of the left table, then those of the right that are not joined on. */
export function joinedColumns(
  left: Schema,
  right: Schema,
  on: readonly string[],
  type: JoinType,
): Schema {
  if (type === 'semi' || type === 'anti') return left;
  const orNull = (columns: Schema, yes: boolean): [string, Schema[string]][] =>
    Object.entries(columns).map(([name, of]) => [
      name,
      yes && !on.includes(name) ? { ...of, nullable: true } : of,
    ]);
  return Object.fromEntries([
    ...orNull(left, type === 'right' || type === 'full'),
    ...orNull(right, type === 'left' || type === 'full').filter(([name]) => !on.includes(name)),
  ]);
}

function checkJoin(left: Schema, right: Schema, on: readonly string[], type: JoinType): void {
  if (!JOINS.includes(type)) {
    throw new UsageError('USAGE', `join: no type ${printValue(type)}`, {
      remedy: `The types are: ${JOINS.join(', ')}.`,
    });
  }
  if (on.length === 0) throw new UsageError('USAGE', 'join: no column to join on');
  for (const name of on) {
    const [l, r] = [left, right].map(of => (Object.hasOwn(of, name) ? of[name] : undefined));
    if (l === undefined || r === undefined) {
      throw new UsageError('COLUMN_MISSING', `join: no column '${name}' in both tables`, {
        remedy: `Left has ${Object.keys(left).join(', ')}; right has ${Object.keys(right).join(', ')}.`,
      });
    }
    if (!sameType({ ...l, nullable: true }, { ...r, nullable: true })) {
      throw new UsageError(
        'COLUMN_TYPE',
        `join: columns joined on have different types: '${name}' is ${printType(l)} and ${printType(r)}`,
        { remedy: 'Convert one of them in a map before.' },
      );
    }
  }
  if (type === 'semi' || type === 'anti') return;
  const clash = Object.keys(left).filter(c => Object.hasOwn(right, c) && !on.includes(c));
  if (clash.length > 0) {
    throw new UsageError('COLUMN_TWICE', `join: columns in both tables: ${clash.join(', ')}`, {
      remedy: 'select() them under other names before.',
    });
  }
}
