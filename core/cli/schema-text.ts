/** `--schema 'id:int64,total:decimal(12,2)?'`: columns as a line of text. `?` is nullable. */
import * as types from '../define/schema.ts';
import { refuse } from './flags.ts';

const NAMED = {
  bool: types.bool,
  int32: types.int32,
  int64: types.int64,
  bigint64: types.bigint64,
  float64: types.float64,
  utf8: types.utf8,
  binary: types.binary,
  date: types.date,
  timestamp: types.timestamp,
} as const;

/** Throws UsageError USAGE, with the column that is wrong. Whether the names can be columns is for `read` to say. */
export function parseSchema(text: string): types.Schema {
  // A comma inside parentheses belongs to decimal(12,2).
  const columns = text.split(/,(?![^(]*\))/).map(column => {
    const [, name, type, nullable] = /^\s*(.+):\s*([^:?]+?)\s*(\?)?\s*$/s.exec(column) ?? [];
    if (name === undefined || type === undefined) wrong(column, 'a column is name:type');
    const of = parseType(type!) ?? wrong(column, `there is no type '${type}'`);
    return [name!.trim(), nullable === undefined ? of : types.nullable(of)] as const;
  });
  const twice = columns.find(([name], i) => columns.findIndex(([other]) => other === name) !== i);
  if (twice) wrong(twice[0], 'a column is named twice');
  return Object.fromEntries(columns);
}

function parseType(text: string): types.DataType | undefined {
  if (Object.hasOwn(NAMED, text)) return NAMED[text as keyof typeof NAMED];
  const [, precision, scale] = /^decimal\((\d+)\s*,\s*(\d+)\)$/.exec(text) ?? [];
  if (precision !== undefined) return types.decimal(Number(precision), Number(scale));
  const [, item] = /^list\((.+)\)$/.exec(text) ?? [];
  const of = item === undefined ? undefined : parseType(item);
  return of && types.list(of);
}

function wrong(column: string, why: string): never {
  refuse(
    `--schema: ${why}, at '${column.trim()}'`,
    `Types are ${Object.keys(NAMED).join(', ')}, decimal(p,s), list(type); '?' after one is nullable: --schema 'id:int64,total:decimal(12,2)?'`,
  );
}
