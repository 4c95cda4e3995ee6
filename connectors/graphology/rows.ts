/** Nodes and edges of a graph as rows of the columns that are wanted. */
import {
  checkColumns,
  DataError,
  fits,
  printType,
  printValue,
  type Schema,
} from 'superstep/internal';
import type { Attributes, Listed } from './listed.ts';

/** Names of all attributes that some node, or some edge, has. */
export interface Names {
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
}

export const namesOf = ({ nodes, edges }: Listed): Names => ({
  nodes: attributesOf(nodes),
  edges: attributesOf(edges),
});

function attributesOf(of: readonly { readonly attributes: Attributes }[]): string[] {
  const names = new Set<string>();
  for (const { attributes } of of) for (const name of Object.keys(attributes)) names.add(name);
  return [...names];
}

const ID = { vertex: 'nodes', source: 'edges', target: 'edges' } as const;
export const isNodes = (columns: Schema): boolean => Object.hasOwn(columns, 'vertex');

/** Columns that are wanted are ids, or attributes of something. Throws UsageError COLUMN_MISSING or COLUMN_TYPE. */
export function checkNames(name: string, names: Names, columns: Schema): void {
  const table = isNodes(columns) ? 'nodes' : 'edges';
  const ends = Object.entries(ID).filter(([, of]) => of === table);
  const typeOf = (column: string, others: string[]) => {
    const { type } = columns[column] ?? { type: 'utf8' };
    return { type: others.includes(type) ? type : 'utf8' };
  };
  const have = [
    ...ends.map(([column]) => [column, typeOf(column, ['int64'])] as const),
    // Whether values are of the type that is wanted shows when they are read.
    ...names[table].map(column => [column, columns[column] ?? { type: 'utf8' }] as const),
  ];
  const otherwise = `Others are attributes: give ${table} one of that name.`;
  checkColumns(Object.fromEntries(have), columns, `${name}: ${table}`, otherwise);
}

/** Throws DataError GRAPH_INVALID for a value that its column does not take. */
export function rowsOf({ name, nodes, edges }: Listed, columns: Schema): object[] {
  const wanted = Object.entries(columns).filter(([column]) => !Object.hasOwn(ID, column));
  const id = (which: keyof typeof ID, key: string): unknown => idOf(name, key, columns[which]);
  const values = (what: string, attributes: Attributes): object =>
    Object.fromEntries(
      wanted.map(([column, of]) => {
        const value = valueOf(attributes[column], of);
        if (fits(value, of)) return [column, value];
        const said = value === null ? `has no ${column}` : `has ${printValue(value)} for ${column}`;
        throw new DataError(
          'GRAPH_INVALID',
          `${name}: ${what} ${said}, which is ${printType(of)}`,
          {
            remedy: `Give every one a ${column} of that type, or ask for nullable(${of.type})`,
          },
        );
      }),
    );
  if (isNodes(columns)) {
    return nodes.map(({ key, attributes }) => ({
      vertex: id('vertex', key),
      ...values(`node '${key}'`, attributes),
    }));
  }
  const ends = Object.keys(columns).filter(column => Object.hasOwn(ID, column));
  return edges.map(edge => {
    const { source, target, attributes } = edge;
    const own = ends.map(end => [end, id(end as 'source', edge[end as 'source'])]);
    const what = `the edge ${source} → ${target}`;
    return { ...Object.fromEntries(own), ...values(what, attributes) };
  });
}

/** JSON has no bigint, and what is not there is null. */
function valueOf(value: unknown, of: Schema[string]): unknown {
  if (value === undefined || value === null) return null;
  return 'read' in of && Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

/** Nodes are named by text; of integers, if they are wanted, in full. */
function idOf(name: string, key: string, of: Schema[string] | undefined): unknown {
  if (of?.type !== 'int64') return key;
  const value = /^-?\d{1,19}$/.test(key) ? BigInt(key) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new DataError('GRAPH_INVALID', `${name}: node '${key}' is not named by an int64`, {
      remedy: "Read nodes as the text that they are: --schema 'source:utf8,target:utf8'",
    });
  }
  return 'read' in of ? value : Number(value);
}
