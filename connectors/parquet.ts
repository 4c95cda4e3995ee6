/** Parquet with logical types; row groups and pages are cut by rows and bytes alone (core's store/parquet-output.ts).
 *
 * Text columns are UTF-8 by definition: DataError INVALID_UTF8 otherwise. Not here: reading, which is a later issue.
 */
import { loadParquet, type Sink } from 'superstep/internal';

const { ParquetOutput } = await loadParquet();

const sink: Sink = {
  extension: '.parquet',
  open: (path, columns) => new ParquetOutput(path, columns),
};

export default { sink };
