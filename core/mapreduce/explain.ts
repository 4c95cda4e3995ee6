/** The plan as text: what `session.explain` gives and golden files hold. Pure.
 *
 * Everything that shapes the output is here and comes from the job and the facts; workers and memory are printed with it
 * because users ask, and say so themselves where they came from.
 */
import { printType } from '../define/value.ts';
import type { Schema } from '../define/schema.ts';
import { findMapReduce, type MapReduceSpec } from './define.ts';
import type { Inputs } from './inputs.ts';
import { type KeyPart, type Layout, layoutOf } from './layout.ts';
import {
  type JobPlan,
  type Leg,
  partitionsFor,
  SPLIT_BYTES,
  type Stage,
  splitsOf,
} from './plan.ts';

/** Name, value, where it came from. */
export type Setting = readonly [name: string, value: string, from: string];

export function explainPlan(
  plan: JobPlan,
  inputs: Inputs,
  settings: readonly Setting[],
  partitions?: number,
): string {
  const lines = [`job ${plan.name}`];
  for (const [i, facts] of inputs.facts.entries()) {
    const bytes = facts.reduce((total, fact) => total + fact.bytes, 0);
    const splits = counted(inputs.splits[i]!.length, 'split');
    const source = inputs.sources[i]!;
    const how =
      source.kind === 'files' ? source.format : `connector ${source.place.connector.name}`;
    const what =
      source.kind === 'files' ? `${counted(facts.length, 'file')}, ${sizeOf(bytes)}, ` : '';
    lines.push(`input ${i}   ${what}${how}; ${splits} of at most ${sizeOf(SPLIT_BYTES)}`);
  }
  const shown = plan.stages.flatMap(stage => explainStage(plan, stage, inputs, partitions));
  const results = plan.results.map(({ name, stage }) => {
    const columns = printColumns(plan.stages[stage]!.output);
    return `output${name === '' ? '' : ` ${name}`}    stage ${stage}: ${columns}`;
  });
  const width = Math.max(...settings.map(([name]) => name.length), 0);
  const said = settings.map(([name, value, from]) => `${name.padEnd(width)}  ${value} (${from})`);
  return [...lines, ...shown, ...results, ...said, ''].join('\n');
}

function explainStage(plan: JobPlan, stage: Stage, inputs: Inputs, asked?: number): string[] {
  const spec = stage.use && findMapReduce(stage.use);
  const layout = layoutOf(spec ?? { value: stage.output });
  const isResult = plan.results.some(result => result.stage === stage.id);
  return [
    `stage ${stage.id}   ${stage.name}`,
    `  reads    ${stage.legs.map(printLeg).join('; then ')}`,
    `  map      ${printMap(stage, spec)}`,
    `  shuffle  ${printShuffle(spec, layout)} into ${printPartitions(stage, spec, inputs, isResult ? asked : undefined)}`,
    `  reduce   ${printReduce(spec, layout)}`,
  ];
}

function printLeg(leg: Leg): string {
  const renamed = leg.renamed === undefined ? '' : `, as ${Object.keys(leg.renamed).join(', ')}`;
  if (leg.from === 'files') return `input ${leg.read}${renamed}`;
  if (leg.from === 'rows') return `${counted(leg.rows.length, 'row')} in memory${renamed}`;
  return `stage ${leg.stage}${renamed}`;
}

function printMap(stage: Stage, spec: MapReduceSpec | undefined): string {
  if (spec === undefined) return 'none: rows as they are';
  if (spec.operator !== undefined) {
    const { operator, options } = spec.operator(stage.params);
    const said = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);
    return `kernel ${operator}(${said.join(', ')})`;
  }
  return spec.map === undefined ? 'function of columns' : 'function of rows';
}

function printShuffle(spec: MapReduceSpec | undefined, layout: Layout): string {
  if (layout.key.length === 0) return 'by place in the input';
  const { partition = 'hash' } = spec ?? {};
  const how =
    typeof partition === 'function'
      ? 'function of'
      : partition === 'range'
        ? 'total order by'
        : 'hash of';
  const key = layout.key.map(printPart).join(', ');
  const order = layout.order.map(printPart).join(', ');
  const combined =
    layout.mode === 'groups' ? `, combined in kernels (${printAggregates(layout)})` : '';
  return `${how} ${key}${order === '' ? '' : `, ordered by ${order}`}${combined}`;
}

function printPart({ column, descending }: KeyPart): string {
  return descending ? `${column} falling` : column;
}

function printAggregates({ values, aggregates }: Layout): string {
  const each = Object.keys(values).map((column, i) => `${aggregates[i]!.op} of ${column}`);
  return each.join(', ') || 'distinct keys';
}

function printPartitions(
  stage: Stage,
  spec: MapReduceSpec | undefined,
  inputs: Inputs,
  asked?: number,
): string {
  if (spec?.partition === 'range') return '1 partition';
  if (asked !== undefined) return `${counted(asked, 'partition')} (--partitions)`;
  if (stage.legs.some(leg => leg.from === 'stage')) return 'partitions by the bytes that come in';
  return counted(partitionsFor(splitsOf(stage, inputs.splits, [])), 'partition');
}

function printReduce(spec: MapReduceSpec | undefined, layout: Layout): string {
  const merge = layout.mode === 'groups' ? 'merge and fold' : 'merge';
  const combine = spec?.combine !== undefined && layout.mode === 'rows' ? ', combine in order' : '';
  return `${merge}${combine}${spec?.reduce === undefined ? '' : ', then the function reduce'}`;
}

const printColumns = (columns: Schema): string =>
  Object.entries(columns)
    .map(([name, of]) => `${name} ${printType(of)}`)
    .join(', ');

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
