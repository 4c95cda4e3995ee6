/** The models, executed as defined: one thread, one row at a time, plain arrays and maps.
 *
 * Behind `superstep/testing`'s `collect`, and the oracle of the engine's own property tests. It shares nothing
 * with the engine but definitions, so that a mistake in one shows against the other. It must stay this plain.
 * Float sums are plain `+` in row order here: compare them with a tolerance, or use values that add up exactly.
 */
import { joinedColumns } from '../define/join.ts';
import type { Plan } from '../define/table.ts';
import { UsageError } from '../errors.ts';
import { runMapReduce } from './map-reduce.ts';
import { load } from './graph.ts';
import { runProgram } from './supersteps.ts';
import { type Ran, type Row, compare, enter, pick } from './values.ts';

/** Throws UsageError USAGE for what reads files, what the definitions' checks throw, and what user code throws. */
export function runSerially(plan: Plan): Ran {
  switch (plan.op) {
    case 'rows': {
      const { columns } = plan;
      return { columns, rows: plan.rows.map((row, i) => enter(row, columns, `row ${i + 1}`)) };
    }
    case 'read':
      throw new UsageError('USAGE', `collect() reads no files: ${JSON.stringify(plan.where)}`, {
        remedy: 'Give it rows, or run the table in a session.',
      });
    case 'concat': {
      const ran = plan.inputs.map(runSerially);
      const { columns } = ran[0]!;
      return { columns, rows: ran.flatMap(({ rows }) => rows.map(row => pick(row, columns))) };
    }
    case 'select': {
      const { columns, rows } = runSerially(plan.input);
      const names = Object.entries(plan.columns);
      return {
        columns: Object.fromEntries(names.map(([to, from]) => [to, columns[from]!])),
        rows: rows.map(row => Object.fromEntries(names.map(([to, from]) => [to, row[from]]))),
      };
    }
    case 'join':
      return joined(plan);
    case 'graph':
      throw new UsageError('USAGE', 'a graph is not a table', { remedy: 'Apply a program to it.' });
    case 'apply':
      return applied(plan);
  }
}

function applied(plan: Plan & { op: 'apply' }): Ran {
  if (plan.kind === 'mapReduce') return runMapReduce(plan, runSerially(plan.input));
  const { edges, vertices, options } = plan.input as Plan & { op: 'graph' };
  const graph = load(runSerially(edges), vertices && runSerially(vertices), options);
  return runProgram(plan, graph);
}

/** Every pair of rows is looked at. Null equals nothing. */
function joined({ left, right, on, type }: Plan & { op: 'join' }): Ran {
  const [l, r] = [runSerially(left), runSerially(right)];
  const columns = joinedColumns(l.columns, r.columns, on, type);
  const same = (a: Row, b: Row): boolean =>
    on.every(c => a[c] !== null && compare(a[c], b[c]) === 0);
  if (type === 'semi' || type === 'anti') {
    const rows = l.rows.filter(a => r.rows.some(b => same(a, b)) === (type === 'semi'));
    return { columns, rows };
  }
  const nulls = Object.fromEntries(Object.keys(columns).map(c => [c, null]));
  const rows = l.rows.flatMap(a => {
    const hits = r.rows.filter(b => same(a, b)).map(b => ({ ...nulls, ...b, ...a }));
    return hits.length > 0 || type === 'inner' || type === 'right' ? hits : [{ ...nulls, ...a }];
  });
  if (type === 'right' || type === 'full') {
    const alone = r.rows.filter(b => !l.rows.some(a => same(a, b)));
    rows.push(...alone.map(b => ({ ...nulls, ...b })));
  }
  return { columns, rows };
}
