/** Edge lists: lines of two ids and perhaps a weight, as SNAP, Graphalytics and most others publish graphs (the lines:
 * bytes/edge-lines.ts). Columns are told by their names alone:
 *
 *   source, target      int64 (any integer of 64 bits) or utf8, both the same
 *   weight              the third field: float64, int64 or int32; nullable where a line may lack it
 *   vertex              the first field, by itself: a list of vertices
 *
 * Files are found, cut, decompressed and decoded as text is, so a line belongs to exactly one split.
 */
import {
  checkColumns,
  type FileFact,
  type Schema,
  type Source,
  type SourceOptions,
  UsageError,
} from 'superstep/internal';
import { EdgeReader } from './bytes/edge-reader.ts';
import { nameOf } from './bytes/input-files.ts';
import text from './text.ts';

const ID_TYPES = ['int64', 'utf8'];
const WEIGHT_TYPES = ['float64', 'int64', 'int32'];

function check(facts: readonly FileFact[], _: SourceOptions, columns: Schema): void {
  const where = nameOf(facts);
  const isList = Object.hasOwn(columns, 'vertex');
  const id = columns['vertex'] ?? columns['source'] ?? { type: 'int64' };
  const { weight = { type: 'float64' } } = columns;
  const have: Schema = isList ? { vertex: id } : { source: id, target: id, weight };
  checkColumns(have, columns, where);
  for (const [name, of] of Object.entries(columns)) {
    const types = name === 'weight' ? WEIGHT_TYPES : ID_TYPES;
    if (types.includes(of.type) && (name === 'weight' || of.nullable !== true)) continue;
    throw new UsageError(
      'COLUMN_TYPE',
      `${where}: column '${name}' of an edge list cannot be ${of.nullable ? 'nullable ' : ''}${of.type}`,
      { remedy: `Declare it ${types.join(' or ')}.` },
    );
  }
}

const source: Source = {
  describe: text.source.describe,
  split: text.source.split,
  check,
  open: (split, options, limits, columns) => new EdgeReader(split, options, limits, columns),
};

export default { source };
