/** A job: named inputs, parameters, and a plan made of definitions. What `superstep run` runs.
 *
 * A map-reduce or a vertex program is a job by itself (one input). `job` is for several stages, inputs or
 * outputs. `plan` runs once, in the driver, on plain data: it reads nothing.
 */
import { UsageError } from '../errors.ts';
import { checkSchema } from './column-rules.ts';
import { type DefinitionRef, register } from './define.ts';
import { checkFunction } from './function-rules.ts';
import { type Params, type ParamsArgument, type PlanParams, resolveParams } from './params.ts';
import type { Schema } from './schema.ts';
import { type Input, type Table, type Tables, asTable } from './table.ts';

export type Inputs = { readonly [name: string]: Schema };

export interface Job<I extends Inputs, P extends Params, O extends Table<Schema> | Tables> {
  (inputs: { readonly [N in keyof I]: Input<I[N]> }, ...params: ParamsArgument<P>): O;
  readonly kind: 'job';
  readonly ref: DefinitionRef;
  readonly inputs: I;
  readonly params: P;
}

/** Throws UsageError DEFINITION_INVALID, DEFINITION_TWICE, COLUMN_NAME or COLUMN_TYPE; called, what resolveParams
 *  and the plan throw, and USAGE for inputs that the job does not have or misses. */
export function job<
  I extends Inputs,
  O extends Table<Schema> | Tables,
  P extends Params = {},
>(spec: {
  readonly name: string;
  readonly module?: string;
  readonly params?: P;
  readonly inputs: I;
  readonly plan: (inputs: { readonly [N in keyof I]: Table<I[N]> }, params: PlanParams<P>) => O;
}): Job<I, P, O> {
  const ref = register('job', spec);
  checkFunction(spec.plan, `${spec.name}: plan`);
  for (const [name, columns] of Object.entries(spec.inputs)) {
    checkSchema(columns, `${spec.name}: input '${name}'`);
  }
  const params = (spec.params ?? {}) as P;
  const apply = (
    inputs: { readonly [N in keyof I]: Input<I[N]> },
    given: { readonly [name: string]: unknown } = {},
  ): O => {
    checkInputs(spec.name, spec.inputs, inputs);
    const tables = Object.entries(spec.inputs).map(([name, columns]) => [
      name,
      asTable(inputs[name] as Input<Schema>, columns, `${spec.name}: input '${name}'`),
    ]);
    return spec.plan(
      Object.fromEntries(tables) as { readonly [N in keyof I]: Table<I[N]> },
      resolveParams(params, given),
    );
  };
  return Object.assign(apply, { kind: 'job' as const, ref, inputs: spec.inputs, params });
}

function checkInputs(name: string, wanted: Inputs, given: object): void {
  const [want, have] = [Object.keys(wanted), Object.keys(given)];
  const wrong = [...want.filter(n => !have.includes(n)), ...have.filter(n => !want.includes(n))];
  if (wrong.length === 0) return;
  throw new UsageError(
    'USAGE',
    want.includes(wrong[0]!)
      ? `${name}: input '${wrong[0]}' is not given`
      : `${name}: no input '${wrong[0]}'`,
    { remedy: `The inputs are: ${want.join(', ')}.` },
  );
}
