/** From what a user says (tables: nested plans) to stages. Pure: same tables, same plan; `superstep explain` prints it with
 * the facts of the inputs, golden files hold it.
 *
 * Three kinds of stage: a map-reduce (mapreduce/plan.ts says what one is), the loading of a graph, and the supersteps of a
 * program over a graph that a stage has loaded. Plans that are shared (by reference) are one stage. A stage has
 * *channels*: the table that it makes, and one for each further output. A table that is only read, selected or
 * concatenated is a map-reduce without a definition.
 */
import type { DefinitionRef } from '../define/define.ts';
import { type GraphFlags, idsIn } from '../define/graph.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { UsageError } from '../errors.ts';
import { findMapReduce, outputOf } from '../mapreduce/define.ts';
import { findProgram, outputOf as programOutputOf } from '../pregel/define.ts';
import {
  type Channel,
  type Leg,
  type ReadPlan,
  type Renamed,
  type Stage,
} from '../mapreduce/plan.ts';

export interface MapReduceStage extends Stage {
  readonly kind: 'mapReduce';
}
/** Edges, and perhaps vertices, to a graph that programs run over. */
export interface LoadStage {
  readonly kind: 'load';
  readonly id: number;
  readonly name: string;
  /** The tables, as stages without a definition: their rows pass as they are. */
  readonly edges: Stage;
  readonly vertices?: Stage;
  /** Of both. */
  readonly legs: readonly Leg[];
  readonly flags: GraphFlags;
}
/** The supersteps of one program. */
export interface ProgramStage {
  readonly kind: 'program';
  readonly id: number;
  readonly name: string;
  readonly use: DefinitionRef;
  readonly params: { readonly [name: string]: unknown };
  /** The stage that loads its graph. */
  readonly graph: number;
  readonly legs: readonly [];
  readonly output: Schema;
}
export type JobStage = MapReduceStage | LoadStage | ProgramStage;

export interface JobPlan {
  readonly name: string;
  readonly reads: readonly ReadPlan[];
  readonly stages: readonly JobStage[];
  /** Where each table asked for is made. */
  readonly results: readonly ({ readonly name: string; readonly columns: Schema } & Channel)[];
}

type Apply = Plan & { op: 'apply' };
/** Tables to stages. Throws UsageError for what threads here cannot run yet, naming it. */
export function planJob(
  tables: { readonly [name: string]: { plan: Plan; columns: Schema } },
  name?: string,
): JobPlan {
  const planner = new Planner();
  const results = Object.entries(tables).map(([table, { plan, columns }]) => ({
    name: table,
    columns,
    ...planner.channelFor(plan, columns),
  }));
  const last = planner.stages[results.at(-1)?.stage ?? 0];
  const { reads } = planner;
  const stages = planner.stages.map(stage =>
    stage.kind === 'load' ? pruned(stage, planner.stages) : stage,
  );
  return { name: name ?? last?.name ?? 'job', reads, stages, results };
}

class Planner {
  readonly stages: JobStage[] = [];
  readonly reads: ReadPlan[] = [];
  readonly #made = new Map<unknown, number>();

  /** Where this plan's rows are made. */
  channelFor(plan: Plan, columns: Schema): Channel {
    if (plan.op === 'apply') {
      const stage = this.#applied(plan);
      return plan.output === undefined ? { stage } : { stage, output: plan.output };
    }
    const stage = this.#once(plan, () => ({ kind: 'mapReduce', ...this.#passing(plan, columns) }));
    return { stage };
  }

  #applied(plan: Apply): number {
    if (plan.kind === 'vertexProgram') return this.#program(plan);
    const spec = findMapReduce(plan.use);
    // Each application resolves its parameters anew, and its further outputs share them.
    return this.#once(plan.params, () => ({
      kind: 'mapReduce',
      id: 0,
      name: spec.name,
      use: plan.use,
      params: plan.params,
      legs: this.#legs(plan.input, spec.input),
      input: spec.input,
      output: outputOf(spec),
    }));
  }

  #program({ use, params, input }: Apply): number {
    const spec = findProgram(use);
    return this.#once(params, () => {
      const { graph, id } = this.#graph(input);
      return {
        kind: 'program',
        id: 0,
        name: spec.name,
        use,
        params,
        graph,
        legs: [],
        output: { vertex: id, ...idsIn(programOutputOf(spec), id) },
      };
    });
  }

  #graph(plan: Plan): { readonly graph: number; readonly id: AnyType } {
    if (plan.op !== 'graph') {
      throw new UsageError('TYPE_MISMATCH', `a ${plan.op} is not a graph`, {
        remedy: 'Make a graph of a table of edges: graph(read(…, edges)).',
      });
    }
    const { columns, options: flags } = plan;
    const graph = this.#once(plan, () => {
      const edges = this.#passing(plan.edges, columns.edges);
      const vertices = plan.vertices && this.#passing(plan.vertices, columns.vertices!);
      const legs = [...edges.legs, ...(vertices?.legs ?? [])];
      const named = { kind: 'load', id: 0, name: 'graph' } as const;
      return { ...named, edges, ...(vertices && { vertices }), legs, flags };
    });
    return { graph, id: columns.edges['source']! };
  }

  /** Rows as they are. */
  #passing(plan: Plan, columns: Schema): Stage {
    const legs = this.#legs(plan, columns);
    return { id: 0, name: plan.op, params: {}, legs, input: columns, output: columns };
  }

  /** Stages are numbered when complete, so that a stage comes after those it reads. */
  #once(plan: object, make: () => JobStage): number {
    const made = this.#made.get(plan);
    if (made !== undefined) return made;
    const stage = make();
    const id = this.stages.length;
    this.stages.push({ ...stage, id });
    this.#made.set(plan, id);
    return id;
  }

  #columnsOf({ stage, output }: Channel): Schema {
    const made = this.stages[stage] as Exclude<JobStage, LoadStage>;
    return output === undefined ? made.output : findMapReduce(made.use!).outputs![output]!;
  }

  #legs(plan: Plan, columns: Schema): Leg[] {
    switch (plan.op) {
      case 'read': {
        const known = this.reads.findIndex(read => read.where === plan);
        const read = known >= 0 ? known : this.reads.push({ where: plan }) - 1;
        return [{ from: 'files', read, columns: plan.columns }];
      }
      case 'rows':
        return [{ from: 'rows', rows: plan.rows, columns: plan.columns }];
      case 'apply': {
        const channel = this.channelFor(plan, columns);
        return [{ from: 'stage', ...channel, columns: this.#columnsOf(channel) }];
      }
      case 'concat':
        return plan.inputs.flatMap(input => this.#legs(input, columns));
      case 'select':
        return this.#legs(plan.input, columns).map(leg => ({
          ...leg,
          renamed: renamedAgain(plan.columns, leg.renamed),
        }));
      case 'join':
        throw notYet('join', plan.on.join(', '));
      case 'graph':
        throw new UsageError(
          'TYPE_MISMATCH',
          'a graph is not a table: apply a vertex program to it',
        );
    }
  }
}

/** Of edges and vertices the columns that some program reads. */
function pruned(stage: LoadStage, stages: readonly JobStage[]): LoadStage {
  const specs = stages.flatMap(other =>
    other.kind === 'program' && other.graph === stage.id ? [findProgram(other.use)] : [],
  );
  const kept = (table: Stage, ends: readonly string[], part: 'edge' | 'vertex'): Stage => {
    const isRead = (column: string): boolean =>
      ends.includes(column) || specs.some(spec => Object.hasOwn(spec[part] ?? {}, column));
    const columns = Object.entries(table.input).filter(([column]) => isRead(column));
    const input = Object.fromEntries(columns);
    return { ...table, id: stage.id, input, output: input };
  };
  const { edges, vertices } = stage;
  return {
    ...stage,
    edges: kept(edges, ['source', 'target'], 'edge'),
    ...(vertices && { vertices: kept(vertices, ['vertex'], 'vertex') }),
  };
}

function renamedAgain(outer: Renamed, inner: Renamed | undefined): Renamed {
  if (inner === undefined) return outer;
  return Object.fromEntries(Object.entries(outer).map(([to, from]) => [to, inner[from] ?? from]));
}

function notYet(what: string, name: string): UsageError {
  return new UsageError('NOT_YET', `${what} ('${name}') cannot be run yet`, {
    remedy:
      'It type-checks and runs under superstep/testing; the engine for it is not part of this version.',
  });
}

/** Whether the user's number of partitions is this stage's. Of a stage that another reads it is not: its partitions are
 *  the order in which its rows are read, and may not change with a flag. */
export function isLast({ results, stages }: JobPlan, stage: number): boolean {
  const reads = (leg: Leg): boolean => leg.from === 'stage' && leg.stage === stage;
  return results.some(result => result.stage === stage) && !stages.some(s => s.legs.some(reads));
}

/** A stage as its rows are brought together: those of a program are as they are. */
export function tableOf(stage: JobStage): Stage {
  if (stage.kind === 'mapReduce') return stage;
  const { id, name, output } = stage as ProgramStage;
  return { id, name, params: {}, legs: [], input: output, output };
}

/** Rows in memory go with the splits that have them, not with every task. */
export function withoutRows(stage: Stage): Stage {
  return {
    ...stage,
    legs: stage.legs.map(leg => (leg.from === 'rows' ? { ...leg, rows: [] } : leg)),
  };
}
