/** Gathers what a plan reads: the only planning I/O. Names, sizes and times of files; the splits of connectors.
 *
 * What a task needs to open a split is plain data (`SourceInput`, one a read).
 */
import type { ConnectorSpec } from '../connector.ts';
import { found } from '../define/define.ts';
import type { Json, Place } from '../define/place.ts';
import { checkColumns } from '../define/column-rules.ts';
import type { Schema } from '../define/schema.ts';
import type { ReadOptions } from '../define/table.ts';
import {
  type FileFact,
  formatByName,
  inputFormat,
  loadSource,
  type SourceOptions,
  type Split,
} from '../io.ts';
import { type ReadPlan, SPLIT_BYTES } from './plan.ts';

/** How a read's splits are opened, in any worker. */
export type SourceInput =
  | { readonly kind: 'files'; readonly format: string; readonly options: SourceOptions }
  | { readonly kind: 'connector'; readonly place: Place; readonly columns: Schema };

export interface InputOptions {
  /** For reads that do not name a format themselves. */
  readonly source?: SourceOptions | undefined;
  readonly splitBytes?: number | undefined;
  /** Ends the wait for standard input. */
  readonly signal?: AbortSignal | undefined;
}

export interface Inputs {
  /** Of each read. */
  readonly sources: readonly SourceInput[];
  readonly splits: readonly (readonly Split[])[];
  readonly facts: readonly (readonly FileFact[])[];
  /** Of every file that is read, and every folder that was named: an output may not lie among them. */
  readonly paths: readonly string[];
}

/** Throws what the sources throw: UsageError INPUT_MISSING and so on. `spool` is where standard input is copied; absent,
 *  it is not read (a plan that is only shown). */
export async function gatherInputs(
  reads: readonly ReadPlan[],
  { source = {}, splitBytes = SPLIT_BYTES, signal }: InputOptions,
  spool?: () => string,
): Promise<Inputs> {
  const sources: SourceInput[] = [];
  const splits: (readonly Split[])[] = [];
  const facts: (readonly FileFact[])[] = [];
  for (const { where: plan } of reads) {
    if ('connector' in plan.where) {
      const place = plan.where;
      const spec = found('connector', place.connector) as ConnectorSpec<Json>;
      const columns = await spec.columns(place.options);
      checkColumns(columns, plan.columns, place.connector.name);
      sources.push({ kind: 'connector', place, columns: plan.columns });
      splits.push(await spec.split(place.options, plan.columns, splitBytes));
      facts.push([]);
      continue;
    }
    const options: SourceOptions = { ...source, ...sourceOptions(plan.options) };
    const format = await formatOf(plan, options);
    const reader = await loadSource(format);
    const described = await reader.describe(plan.where, options, {
      ...(spool && { spoolFolder: spool }),
      signal,
    });
    reader.check(described, options, plan.columns);
    sources.push({ kind: 'files', format, options });
    splits.push(reader.split(described, splitBytes));
    facts.push(described);
  }
  const files = facts.flat().flatMap(fact => (fact.kind === 'stdin' ? [] : [fact.path]));
  const named = reads.flatMap(({ where: { where } }) => ('connector' in where ? [] : where));
  const paths = [...files, ...named.filter(path => path !== '-')];
  return { sources, splits, facts, paths };
}

/** Folders and globs are looked into where no name says it. */
async function formatOf(
  { where, columns }: ReadPlan['where'],
  { format }: SourceOptions,
): Promise<string> {
  const paths = (where as readonly string[]).filter(path => path !== '-');
  if (format !== undefined || paths.every(path => formatByName(path) !== undefined)) {
    return inputFormat(paths, format, columns);
  }
  const files = await (await loadSource('text')).describe(paths, {});
  return inputFormat(
    files.map(({ path }) => path),
    undefined,
    columns,
  );
}

/** What the user said of one read, where it was said. */
function sourceOptions(options: ReadOptions): SourceOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
