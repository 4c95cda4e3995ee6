/** What a split holds, piece after piece: lines of text as bytes, or columns. In workers.
 *
 * One place for whatever a stage reads: files of any format, a user's connector, rows in memory, the output of another
 * stage. A batch has the stage's input columns, in their order, whatever the leg calls them.
 * Invariants: a piece is valid until the next is asked for; readers are closed, however the loop over them ends.
 * Not here: what a row becomes (mappers.ts), and who counts bytes.
 */
import type { RecordBatch } from 'apache-arrow';
import { batchOf } from '../batch/codec.ts';
import type { StoredBatch } from '../batch/columns.ts';
import type { Batch, ConnectorSpec } from '../connector.ts';
import { loadDefinition } from '../define/loader.ts';
import type { Json } from '../define/place.ts';
import type { Schema } from '../define/schema.ts';
import { type Limits, loadSource } from '../io.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';
import type { SourceInput } from './inputs.ts';
import type { Leg, Stage, StageSplit } from './plan.ts';

/** Where a piece came from, as far as it is known. */
export interface PiecePlace {
  readonly file: string;
  /** Of its first byte or record. */
  readonly offset?: number | undefined;
  /** Of its first record, counted from 1. */
  readonly row?: number | undefined;
  /** Of the input, that were read for it. */
  readonly bytes: number;
}
export type Piece = PiecePlace &
  (
    | { readonly kind: 'text'; readonly text: Uint8Array }
    | { readonly kind: 'batch'; readonly batch: StoredBatch }
  );

/** Records that may be left out of what a stage reads, all in all. */
export const skipBadOf = ({ sources }: Pick<SplitInputs, 'sources'>): number =>
  Math.max(
    0,
    ...sources.map(source => (source.kind === 'files' ? (source.options.skipBad ?? 0) : 0)),
  );

/** What a task knows of what its stage reads. Plain data. */
export interface SplitInputs {
  readonly stage: Stage;
  /** Rows in memory, by leg. */
  readonly rows: readonly (readonly object[])[];
  /** What the user said of each read, by read. */
  readonly sources: readonly SourceInput[];
  /** Runs of the stages that are read, by leg and part. */
  readonly inputs: readonly (readonly Run[])[];
}

export interface ReadOptions {
  /** Told of records that were left out of a split (--skip-bad). */
  readonly onSkipped: (records: number) => void;
  readonly carrier: Carrier;
  readonly signal: AbortSignal;
  readonly limits: Limits;
}

/** Throws what sources and connectors throw. */
export async function* readSplit(
  of: SplitInputs,
  split: StageSplit,
  options: ReadOptions,
): AsyncGenerator<Piece, void, undefined> {
  const leg = of.stage.legs[split.leg]!;
  const order = orderOf(of.stage, leg);
  for await (const piece of piecesOf(of, leg, split, options)) {
    if (piece.kind === 'text') yield piece;
    else {
      const { rows, columns } = piece.batch;
      yield { ...piece, batch: { rows, columns: order.map(i => columns[i]!) } };
    }
  }
}

/** Of each input column of the stage, which of the leg's it is. */
function orderOf({ input }: Stage, { columns, renamed }: Leg): number[] {
  const names = Object.keys(columns);
  return Object.keys(input).map(name => names.indexOf(renamed?.[name] ?? name));
}

function piecesOf(
  of: SplitInputs,
  leg: Leg,
  split: StageSplit,
  options: ReadOptions,
): AsyncIterable<Piece> | Iterable<Piece> {
  if (split.rows !== undefined) return ofRows(of.rows[split.leg]!, leg.columns, split);
  if (leg.from === 'stage') return ofRun(of.inputs[split.leg]![split.part!]!, leg, split, options);
  const source = of.sources[leg.from === 'files' ? leg.read : 0]!;
  return source.kind === 'connector'
    ? ofConnector(source, leg.columns, split, options)
    : ofFiles(source, leg.columns, split, options);
}

function* ofRows(
  rows: readonly object[],
  columns: Schema,
  { rows: range, label }: StageSplit,
): Generator<Piece> {
  const [from, to] = range!;
  yield { kind: 'batch', batch: batchOf(rows.slice(from, to), columns), file: label, bytes: 0 };
}

function* ofRun(
  run: Run,
  leg: Leg,
  { label: file }: StageSplit,
  { carrier }: ReadOptions,
): Generator<Piece> {
  // Runs that are also merged by key carry it as their first column.
  const keyed = run.fields.length > Object.keys(leg.columns).length ? 1 : 0;
  const batches = run.partitions[0]!;
  const slice = { batches, ...(run.segment !== undefined && { segment: run.segment }) };
  for (let i = 0; i < batches.length; i++) {
    const { rows, columns } = carrier.read(slice, i, run.fields);
    yield { kind: 'batch', batch: { rows, columns: columns.slice(keyed) }, file, bytes: 0 };
  }
}

async function* ofConnector(
  { place: { connector, options } }: SourceInput & { kind: 'connector' },
  columns: Schema,
  { split }: StageSplit,
  { signal }: ReadOptions,
): AsyncGenerator<Piece> {
  const spec = (await loadDefinition('connector', connector)) as ConnectorSpec<Json>;
  for await (const batch of spec.read(split!, columns, options, signal)) {
    const stored = await fromConnector(batch, columns, connector.name);
    yield { kind: 'batch', batch: stored, file: split!.label, bytes: 0 };
  }
}

async function* ofFiles(
  { format, options }: SourceInput & { kind: 'files' },
  columns: Schema,
  { split }: StageSplit,
  { limits, signal, onSkipped }: ReadOptions,
): AsyncGenerator<Piece> {
  const reader = (await loadSource(format)).open(split!, options, limits, columns);
  try {
    let before = 0;
    while (!signal.aborted) {
      // Most readers need not be waited for.
      const asked = reader.next();
      const next = asked instanceof Promise ? await asked : asked;
      if (next === undefined) return;
      if (reader.kind === 'rows') {
        const batch = batchOf(next as readonly object[], columns);
        // They come from memory: the whole split has been read.
        yield { kind: 'batch', batch, file: split!.label, bytes: split!.bytes - before };
        before = split!.bytes;
        continue;
      }
      const { file, offset } = reader;
      if (reader.kind === 'text') {
        const text = next as Uint8Array;
        yield { kind: 'text', text, file, offset, bytes: text.length };
        continue;
      }
      const { row, bytes } = reader;
      const batch = next as StoredBatch;
      yield { kind: 'batch', batch, file, offset, row, bytes: bytes - before };
      before = bytes;
    }
  } finally {
    if (reader.kind === 'batches' && reader.skipped > 0) onSkipped(reader.skipped);
    reader.close();
  }
}

/** What a user's connector gives: rows, or Arrow, whose classes are loaded only then. */
async function fromConnector(batch: Batch, columns: Schema, where: string): Promise<StoredBatch> {
  if (Array.isArray(batch)) return batchOf(batch as readonly object[], columns);
  const { fromArrow } = await import('../batch/arrow.ts');
  return fromArrow(batch as RecordBatch, columns, where);
}
