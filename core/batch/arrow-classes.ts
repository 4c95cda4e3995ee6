/** The classes of apache-arrow, and nothing else: the build bundles this file alone, tree-shaken, because importing all
 * of Arrow costs 100 ms at start. Everything of ours stays outside the bundle, or there would be two of each class.
 *
 * Not here: anything of ours (arrow.ts).
 */
export {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Table,
  TimestampMicrosecond,
  Type,
  Utf8,
  type Vector,
} from 'apache-arrow';
