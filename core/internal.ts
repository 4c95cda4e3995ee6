/** What connectors and bench use beyond the public API. Re-exports; no promise is made about it to anyone else. */
export { dateOf, daysOf } from './batch/calendar.ts';
export {
  BATCH_BYTES,
  BATCH_ROWS,
  bytesOf,
  type Field,
  fieldsOf,
  type Kind,
  type StoredBatch,
  type StoredColumn,
  storedAs,
  valuesOf,
  WIDTH,
} from './batch/columns.ts';
export { openList } from './batch/lists.ts';
export { checkColumns } from './define/column-rules.ts';
export type { Json } from './define/place.ts';
export type { AnyType, Schema } from './define/schema.ts';
export { fits, printType, printValue } from './define/value.ts';
export { type Code, DataError, type Details, LimitError, UsageError } from './errors.ts';
export { cancelledBy } from './exec/cancelled.ts';
export {
  type BatchReader,
  type BatchWriter,
  ENCODINGS,
  type Encoding,
  type FileFact,
  type GraphInput,
  type GraphOf,
  type GraphRequest,
  type Limits,
  outputFormat,
  type Planning,
  type Reader,
  type RowReader,
  type Sink,
  type SinkOptions,
  type Source,
  type SourceOptions,
  type Split,
  type TextReader,
} from './io.ts';
export { abandon, closeWhole, system, writeAll } from './store/file.ts';

/** Values of rows to and from batches; apart, because a run over bytes never needs it and should not wait for it. */
export const loadCodec = () => import('./batch/codec.ts');

export type { Groups } from './kernels/groups.ts';
export type { Kernels } from './kernels/kernels.ts';
export type { Order } from './kernels/order.ts';
/** The kernels' wrappers; apart for the same reason: a sink needs none. */
export const loadKernels = async () => ({
  ...(await import('./kernels/kernels.ts')),
  ...(await import('./kernels/groups.ts')),
  ...(await import('./kernels/gather.ts')),
  ...(await import('./kernels/merge-kernel.ts')),
});

/** The Parquet writer; apart for the same reason. */
export const loadParquet = () => import('./store/parquet-output.ts');
