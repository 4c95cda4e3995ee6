/** What TypeScript checks of a vertex program, checked again when it is made and when it is applied, with the same
 *  words. Pure; every function returns nothing or throws a UsageError that names the program. */
import { BUILT_IN_FOR } from '../define/combine.ts';
import { checkColumns, checkSchema } from '../define/column-rules.ts';
import { checkFunction } from '../define/function-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { printType, printValue } from '../define/value.ts';
import { UsageError } from '../errors.ts';
import type { ProgramSpec } from './define.ts';

const PARTS = (
  'name module params vertex edge state message combine along aggregates output maxSupersteps ' +
  'init compute master'
).split(' ');
/** What the cursor has of its own. */
const RESERVED =
  'id outDegree inDegree sendToOut sendToIn sendTo voteToHalt outEdges addEdge removeEdges remove addVertex'.split(
    ' ',
  );

/** Throws UsageError DEFINITION_INVALID, ASYNC_FUNCTION, COLUMN_NAME, COLUMN_TYPE, COLUMN_TWICE or COLUMN_MISSING. */
export function checkProgram(spec: ProgramSpec): void {
  const { name } = spec;
  for (const part of Object.keys(spec)) {
    if (PARTS.includes(part)) continue;
    invalid(
      `${name}: there is no '${part}' in a vertex program`,
      `Its parts are: ${PARTS.join(', ')}.`,
    );
  }
  checkSchema(spec.state, `${name}: state`, true);
  if (spec.vertex !== undefined) checkSchema(spec.vertex, `${name}: vertex`);
  if (spec.edge !== undefined) checkSchema(spec.edge, `${name}: edge`);
  for (const part of ['state', 'vertex'] as const) {
    for (const column of Object.keys(spec[part] ?? {})) {
      if (RESERVED.includes(column)) {
        throw new UsageError(
          'COLUMN_NAME',
          `${name}: ${part} '${column}' is a name that the cursor has`,
          { remedy: `Taken are: ${RESERVED.join(', ')}.` },
        );
      }
      if (part === 'vertex' && Object.hasOwn(spec.state, column)) {
        throw new UsageError('COLUMN_TWICE', `${name}: '${column}' is in state and in vertex`);
      }
    }
  }
  checkFunction(spec.compute, `${name}: compute`, 'vertex');
  if (spec.init !== undefined) checkFunction(spec.init, `${name}: init`, 'vertex');
  if (spec.master !== undefined) checkFunction(spec.master, `${name}: master`, 'vertex');
  checkMessages(spec);
  checkRest(spec);
}

function invalid(message: string, remedy: string): never {
  throw new UsageError('DEFINITION_INVALID', message, { remedy });
}

/** Whether a message is a record of columns rather than one value. */
export function isRecord(message: AnyType | Schema): message is Schema {
  return typeof message.type !== 'string';
}

function checkMessages({ name, message, combine, along, edge = {} }: ProgramSpec): void {
  if (message !== undefined) {
    checkSchema(isRecord(message) ? message : { message }, `${name}: message`, true);
  }
  if (combine !== undefined) {
    if (message === undefined || isRecord(message)) {
      invalid(`${name}: combine needs a message of one value`, 'Give message a column type.');
    }
    checkCombiner(combine, message, `${name}: combine`);
  }
  if (along === undefined) return;
  if (!Object.hasOwn(edge, along.column)) {
    throw new UsageError('COLUMN_MISSING', `${name}: along: no edge column '${along.column}'`, {
      remedy: `There are: ${Object.keys(edge).join(', ') || 'none'}.`,
    });
  }
  const numbers = ['int32', 'int64', 'float64'];
  const types = [message, edge[along.column]] as (AnyType | undefined)[];
  if (types.some(of => of === undefined || of.nullable || !numbers.includes(of.type))) {
    invalid(
      `${name}: along needs a number as message and as edge column`,
      `Use one of ${numbers.join(', ')}.`,
    );
  }
}

function checkCombiner(
  given: { readonly combiner?: string; readonly merge?: unknown },
  of: AnyType,
  where: string,
): void {
  if (of.nullable) {
    throw new UsageError('COLUMN_TYPE', `${where}: ${printType(of)} may be null`, {
      remedy: 'Send the identity instead of null, or nothing.',
    });
  }
  if (typeof given.merge === 'function') return checkFunction(given.merge, where, 'vertex');
  const allowed: readonly string[] =
    of.type in BUILT_IN_FOR ? BUILT_IN_FOR[of.type as keyof typeof BUILT_IN_FOR] : [];
  if (given.combiner !== undefined && allowed.includes(given.combiner)) return;
  invalid(
    `${where} is ${printType(of)}, which has no ${given.combiner ?? printValue(given)}`,
    `Combiners of ${printType(of)}: ${[...allowed, 'combiner(identity, merge)'].join(', ')}.`,
  );
}

function checkRest({
  name,
  aggregates = {},
  output = [],
  state,
  maxSupersteps,
}: ProgramSpec): void {
  for (const [aggregate, { type, combine }] of Object.entries(aggregates)) {
    const where = `${name}: aggregate '${aggregate}'`;
    checkSchema({ [aggregate]: type }, `${name}: aggregates`, true);
    checkCombiner(combine, type, where);
  }
  for (const column of output) {
    if (Object.hasOwn(state, column)) continue;
    throw new UsageError('COLUMN_MISSING', `${name}: output: no state '${column}'`, {
      remedy: `There are: ${Object.keys(state).join(', ') || 'none'}.`,
    });
  }
  if (maxSupersteps !== undefined && !(Number.isSafeInteger(maxSupersteps) && maxSupersteps > 0)) {
    invalid(
      `${name}: maxSupersteps is ${printValue(maxSupersteps)}`,
      'Give a whole number above 0.',
    );
  }
}

/** The graph is one, and has the vertex and edge columns that the program reads. */
export function checkGraphFor(
  spec: Pick<ProgramSpec, 'name' | 'vertex' | 'edge'>,
  graph: unknown,
): void {
  const { name, vertex = {}, edge = {} } = spec;
  const given = graph as {
    readonly vertex?: Schema;
    readonly edge?: Schema;
    readonly plan?: object;
  };
  if (typeof graph !== 'object' || !given?.vertex || !given.edge || !given.plan) {
    throw new UsageError('USAGE', `${name} takes a graph, got ${printValue(graph)}`, {
      remedy: 'Make one of a table of edges: graph(read(…, edges)).',
    });
  }
  checkColumns(given.vertex, vertex, `${name}: vertices`);
  checkColumns(given.edge, edge, `${name}: edges`);
}
