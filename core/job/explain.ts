/** The plan as data and as text. Pure.
 *
 * Everything that shapes the output is here and comes from the job and the facts; workers and memory are printed with it
 * because users ask, and say so themselves where they came from.
 */
import { printType } from '../define/value.ts';
import { findMapReduce, type MapReduceSpec } from '../mapreduce/define.ts';
import type { Inputs } from '../mapreduce/inputs.ts';
import { type KeyPart, type Layout, layoutOf } from '../mapreduce/layout.ts';
import { type Leg, partitionsFor, SPLIT_BYTES, type Stage, splitsOf } from '../mapreduce/plan.ts';
import { findProgram, MAX_SUPERSTEPS } from '../pregel/define.ts';
import { printMessages } from '../pregel/messages.ts';
import {
  isLast,
  type JobPlan,
  type LoadStage,
  type MapReduceStage,
  type ProgramStage,
} from './plan.ts';

/** A value that was chosen, and by what. */
export interface Chosen {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

/** What a stage does, by kind: what it reads, and each of its steps. */
export type ExplainedStage = { readonly name: string; readonly reads: readonly string[] } & (
  | {
      readonly kind: 'mapReduce';
      readonly map: string;
      readonly shuffle: string;
      readonly partitions: string;
      readonly reduce: string;
    }
  | { readonly kind: 'load'; readonly edges: string; readonly partitions: string }
  | { readonly kind: 'program'; readonly messages: string; readonly ends: string }
);

/** A plan as data: what `superstep explain --json` prints. */
export interface Explained {
  readonly job: string;
  readonly inputs: readonly {
    readonly from: string;
    readonly files: number;
    readonly bytes: number;
    readonly splits: number;
    readonly splitBytes: number;
  }[];
  readonly stages: readonly ExplainedStage[];
  readonly outputs: readonly {
    readonly name: string;
    readonly stage: number;
    /** Of the stage's further outputs, which. */
    readonly output?: string;
    readonly columns: { readonly [column: string]: string };
  }[];
  readonly settings: readonly Chosen[];
}

export function explainPlan(
  plan: JobPlan,
  { facts, splits, sources }: Inputs,
  settings: readonly Chosen[],
  partitions?: number,
): Explained {
  return {
    job: plan.name,
    inputs: sources.map((source, i) => ({
      from: source.kind === 'files' ? source.format : `connector ${source.place.connector.name}`,
      files: facts[i]!.length,
      bytes: facts[i]!.reduce((total, { bytes }) => total + bytes, 0),
      splits: splits[i]!.length,
      splitBytes: SPLIT_BYTES,
    })),
    stages: plan.stages.map(stage => {
      if (stage.kind === 'load') return explainLoad(stage);
      if (stage.kind === 'program') return explainProgram(stage);
      return explainMapReduce(stage, splits, isLast(plan, stage.id) ? partitions : undefined);
    }),
    outputs: plan.results.map(({ name, stage, output, columns }) => ({
      name,
      stage,
      ...(output !== undefined && { output }),
      columns: Object.fromEntries(
        Object.entries(columns).map(([column, of]) => [column, printType(of)]),
      ),
    })),
    settings,
  };
}

/** As text: what `session.explain` gives, and golden files hold. */
export function printExplained({ job, inputs, stages, outputs, settings }: Explained): string {
  const read = inputs.map(({ from, files, bytes, splits, splitBytes }, i) => {
    const what = files > 0 ? `${counted(files, 'file')}, ${sizeOf(bytes)}, ` : '';
    return `input ${i}   ${what}${from}; ${counted(splits, 'split')} of at most ${sizeOf(splitBytes)}`;
  });
  const run = stages.flatMap(({ name, kind, reads, ...steps }, id) => [
    `stage ${id}   ${name}${kind === 'mapReduce' ? '' : ` (${kind})`}`,
    `  ${'reads'.padEnd(8)} ${reads.join('; then ')}`,
    ...Object.entries(steps)
      .filter(([step]) => step !== 'partitions')
      .map(
        ([step, what]) =>
          `  ${step.padEnd(8)} ${what}${into(step, steps as { partitions?: string })}`,
      ),
  ]);
  const made = outputs.map(({ name, stage, output, columns }) => {
    const list = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
    return `output${name === '' ? '' : ` ${name}`}    ${printChannel({ stage, output })}: ${list.join(', ')}`;
  });
  const width = Math.max(0, ...settings.map(({ name }) => name.length));
  const said = settings.map(({ name, value, from }) => `${name.padEnd(width)}  ${value} (${from})`);
  return [`job ${job}`, ...read, ...run, ...made, ...said, ''].join('\n');
}

/** Partitions are said with the step that makes them. */
function into(step: string, steps: { readonly partitions?: string }): string {
  return step === 'shuffle' || step === 'edges' ? ` into ${steps.partitions}` : '';
}

function explainLoad({ name, legs, edges, vertices, flags }: LoadStage): ExplainedStage {
  const { directed = true, selfLoops = 'keep', duplicateEdges = 'keep' } = flags;
  const { source, target: _, ...values } = edges.input;
  const { vertex: __, ...own } = vertices?.input ?? {};
  const kept = [...Object.keys(values), ...Object.keys(own)];
  const dropped = [
    ...(selfLoops === 'drop' ? ['loops'] : []),
    ...(duplicateEdges === 'drop' ? ['duplicates'] : []),
  ];
  const said = [
    `${directed ? 'directed' : 'undirected'}, ids ${printType(source!)}`,
    ...(kept.length > 0 ? [`with ${kept.join(', ')}`] : []),
    ...(dropped.length > 0 ? [`without ${dropped.join(' and ')}`] : []),
  ];
  return {
    kind: 'load',
    name,
    reads: legs.map(printLeg),
    edges: said.join(', '),
    partitions: 'ranges of vertices, 1 to 64 by their number and that of edges',
  };
}

function explainProgram({ name, use, graph }: ProgramStage): ExplainedStage {
  const spec = findProgram(use);
  const { maxSupersteps = MAX_SUPERSTEPS } = spec;
  const ends = [
    ...(spec.master === undefined ? [] : ['master halts']),
    'all have voted to halt',
    `${maxSupersteps.toLocaleString('en')} supersteps, an error`,
  ];
  return {
    kind: 'program',
    name,
    reads: [`graph of stage ${graph}`],
    messages: printMessages(spec),
    ends: `when ${ends.join(', or ')}`,
  };
}

function explainMapReduce(
  stage: MapReduceStage,
  splits: Inputs['splits'],
  asked: number | undefined,
): ExplainedStage {
  const spec = stage.use && findMapReduce(stage.use);
  const layout = layoutOf(spec ?? { value: stage.output });
  return {
    kind: 'mapReduce',
    name: stage.name,
    reads: stage.legs.map(printLeg),
    map: printMap(stage, spec),
    shuffle: printShuffle(spec, layout),
    partitions: printPartitions(stage, spec, splits, asked),
    reduce: printReduce(spec, layout),
  };
}

function printLeg(leg: Leg): string {
  const renamed = leg.renamed === undefined ? '' : `, as ${Object.keys(leg.renamed).join(', ')}`;
  if (leg.from === 'files') return `input ${leg.read}${renamed}`;
  if (leg.from === 'rows') return `${counted(leg.rows.length, 'row')} in memory${renamed}`;
  return `${printChannel(leg)}${renamed}`;
}

function printChannel({ stage, output }: { stage: number; output?: string | undefined }): string {
  return output === undefined ? `stage ${stage}` : `stage ${stage}, output '${output}'`;
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
  return `${how} ${key}${order === '' ? '' : `, ordered by ${order}`}${printCombined(layout)}`;
}

/** Before rows move. */
function printCombined(layout: Layout): string {
  if (layout.mode === 'groups') return `, combined in kernels (${printAggregates(layout)})`;
  return layout.combines ? ', combined in plain code' : '';
}

function printPart({ column, descending }: KeyPart): string {
  return descending ? `${column} falling` : column;
}

function printAggregates({ values, aggregates }: Layout): string {
  const each = Object.keys(values).map((column, i) => {
    const { op } = aggregates[i]!;
    return `${op === 'total' ? 'sum' : op} of ${column}`;
  });
  return each.join(', ') || 'distinct keys';
}

function printPartitions(
  stage: Stage,
  spec: MapReduceSpec | undefined,
  splits: Inputs['splits'],
  asked: number | undefined,
): string {
  // Boundaries of ranges come from a sample of the keys; where these are few, so are partitions.
  const atMost = (n: number): string =>
    `${spec?.partition === 'range' && n > 1 ? 'at most ' : ''}${counted(n, 'partition')}`;
  if (asked !== undefined) return `${atMost(asked)} (--partitions)`;
  if (stage.legs.some(leg => leg.from === 'stage')) return 'partitions by the bytes that come in';
  return atMost(partitionsFor(splitsOf(stage, splits, () => [])));
}

function printReduce(spec: MapReduceSpec | undefined, layout: Layout): string {
  const merge = layout.mode === 'groups' ? 'merge and fold' : 'merge';
  const how = layout.combines ? ', combine' : ', combine in order';
  const combine = spec?.combine !== undefined && layout.mode === 'rows' ? how : '';
  return `${merge}${combine}${spec?.reduce === undefined ? '' : ', then the function reduce'}`;
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
