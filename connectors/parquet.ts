/** Parquet with logical types: what users' tables are.
 *
 * Written: row groups and pages are cut by rows and bytes alone (core's store/parquet-output.ts); text columns are UTF-8 by
 * definition: DataError INVALID_UTF8 otherwise. Read: files of anybody, all encodings and codecs; columns by name, of the types
 * asked for; row groups are what splits are made of. Planning reads footers only.
 */
import {
  type FileFact,
  loadParquet,
  type Schema,
  type Sink,
  type Source,
  type SourceOptions,
  type Split,
  UsageError,
} from 'superstep/internal';
import { factOf } from './parquet/footer.ts';
import { library } from './parquet/library.ts';
import { type Groups, ParquetReader } from './parquet/reader.ts';
import { type FileType, isForeign, printFileType, readsAs } from './parquet/types.ts';
import text from './text.ts';

interface Inside {
  readonly columns: { readonly [column: string]: FileType };
  /** Stored bytes of each row group. */
  readonly groups: readonly number[];
}

function check(facts: readonly FileFact[], _: SourceOptions, wanted: Schema): void {
  for (const { path, name = path, inside } of facts) {
    if (inside === undefined) continue;
    const { columns } = inside as unknown as Inside;
    for (const [column, want] of Object.entries(wanted)) {
      const have = Object.hasOwn(columns, column) ? columns[column] : undefined;
      if (have === undefined) {
        throw new UsageError('COLUMN_MISSING', `${name}: no column '${column}'`, {
          remedy: `There are: ${Object.keys(columns).join(', ') || 'none'}.`,
        });
      }
      if (readsAs(have, want)) continue;
      const asked = printFileType({ ...want, nullable: undefined } as never);
      const what = isForeign(have)
        ? `is ${have.foreign}, which is not read`
        : `is ${printFileType(have)}, and ${asked} is asked for`;
      throw new UsageError('COLUMN_TYPE', `${name}: column '${column}' ${what}`, {
        remedy: isForeign(have)
          ? 'Leave the column out, or write the file again with another type'
          : `Write the file with that type; where the job takes another, --schema '${column}:${printFileType(have)}' says so`,
      });
    }
  }
}

/** Row groups one after the other, up to the hint. The last split of a file has what is not of a row group. */
function splitFile(fact: FileFact, hintBytes: number): Split[] {
  const { path, name = path, bytes: size, mtimeMs, inside } = fact;
  const { groups = [] } = (inside ?? {}) as unknown as Partial<Inside>;
  const ends: { to: number; bytes: number }[] = [];
  let held = 0;
  groups.forEach((bytes, i) => {
    if (held > 0 && held + bytes > hintBytes) {
      ends.push({ to: i, bytes: held });
      held = 0;
    }
    held += bytes;
  });
  const before = ends.reduce((sum, { bytes }) => sum + bytes, 0);
  ends.push({ to: groups.length, bytes: size - before });
  return ends.map(({ to, bytes }, i) => {
    const from = ends[i - 1]?.to ?? 0;
    const label = ends.length === 1 ? name : `${name} row groups ${from}–${to - 1}`;
    const where: Groups = { path, name, size, mtimeMs, from, to };
    return { bytes, label, where: { ...where } };
  });
}

const source: Source = {
  async describe(where, options, planning) {
    const lib = await library();
    const facts: FileFact[] = [];
    for (const fact of await text.source.describe(where, options, planning)) {
      facts.push(await factOf(fact, lib));
    }
    return facts;
  },
  split: (facts, hintBytes) => facts.flatMap(fact => splitFile(fact, hintBytes)),
  check,
  open: (split, _options, _limits, columns) => new ParquetReader(split, columns),
};

const { ParquetOutput } = await loadParquet();

const sink: Sink = {
  extension: '.parquet',
  open: (path, columns) => new ParquetOutput(path, columns),
};

export default { source, sink };
