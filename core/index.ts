/** The public API: re-exports only. */
export * from './define/schema.ts';
export {
  type Choice,
  oneOf,
  type Params,
  type ParamsGiven,
  type ParamValues,
  type PlanParams,
} from './define/params.ts';
export {
  all,
  any,
  type Combiner,
  combiner,
  type CustomCombiner,
  max,
  min,
  type NamedCombiner,
  sum,
} from './define/combine.ts';
export {
  concat,
  type Input,
  type Plan,
  read,
  type ReadOptions,
  rows,
  select,
  type Table,
  type Tables,
} from './define/table.ts';
export { join, type Joined, type JoinType } from './define/join.ts';
export { edges, type Graph, graph, type GraphFlags, simple } from './define/graph.ts';
export { type Inputs, type Job, job } from './define/job.ts';
export * from './define/session.ts';
export { remoteOf } from './define/remote-of.ts';
export { open } from './open.ts';
export type { DefinitionRef } from './define/define.ts';
export type { Json, Place } from './define/place.ts';
export * from './connector.ts';
export {
  type Builder,
  type Column,
  type Emit,
  type MapContext,
  type MapReduce,
  mapReduce,
  type Operator,
  type Outputs,
  words,
} from './mapreduce/define.ts';
export * from './pregel/define.ts';
export { graphJob } from './pregel/graph-job.ts';
export * from './errors.ts';
