/** Every failure that leaves superstep: six classes, and one of superstep/testing, each error with a `code` from the one table here.
 *
 * Order of use: throw a class with a code and what the user needs (what, where, what to type). Errors cross
 * threads as plain data (`toPlain`, `fromPlain`), and keep class, code, details, cause and stack.
 *
 * Invariants: a code belongs to one class; README.md has a row for every code (a test holds the two together);
 * a message's first line says what and where in the user's words, `remedy` says what to do about it.
 */

/** All codes: the class that carries it, and the README's sentence about it. */
export const CODES = {
  // UsageError: the caller's mistake, thrown before work starts.
  USAGE: ['UsageError', 'the command line or an option is wrong'],
  RELEASED: ['UsageError', 'the rows of a result were read after they had been released'],
  CLOSED: ['UsageError', 'the session is closed'],
  PARAM_UNKNOWN: ['UsageError', 'a parameter that the job does not have'],
  PARAM_MISSING: ['UsageError', 'a parameter without default was not given'],
  PARAM_INVALID: ['UsageError', 'the value of a parameter is not of its type'],
  DEFINITION_INVALID: ['UsageError', 'the parts of a definition do not fit together'],
  DEFINITION_NOT_FOUND: [
    'UsageError',
    'a worker that imports the module does not find the definition',
  ],
  DEFINITION_IN_ENTRY: ['UsageError', 'a definition is made in the entry file of the program'],
  DEFINITION_WITHOUT_MODULE: [
    'UsageError',
    'a definition was made where there is no module to import',
  ],
  DEFINITION_TWICE: ['UsageError', 'a module makes two definitions of one name'],
  MODULE_NOT_LOADED: ['UsageError', 'a module with definitions cannot be imported'],
  NOT_CLONEABLE: ['UsageError', 'a value cannot be sent to another thread'],
  REF_FOREIGN: ['UsageError', 'a ref was released, or belongs to another session'],
  OPEN_IN_WORKER: ['UsageError', 'open() is called while a worker imports definitions'],
  TEMP_TMPFS: ['UsageError', 'the folder for spilled data lies in memory'],
  TEMP_UNWRITABLE: ['UsageError', 'the folder for temporary files cannot be written'],
  ASYNC_FUNCTION: ['UsageError', 'a function of a job that has to be plain is async'],
  COLUMN_MISSING: ['UsageError', 'a table lacks a column that is asked for'],
  COLUMN_TYPE: ['UsageError', 'a column has another type than is asked for'],
  COLUMN_NAME: ['UsageError', 'a column cannot have this name'],
  COLUMN_TWICE: ['UsageError', 'two columns of one table would have one name'],
  JOB_NOT_FOUND: ['UsageError', 'there is no such job: neither a file nor a built-in name'],
  JOB_NO_DEFAULT: ['UsageError', 'a job file whose default export is not a job'],
  JOB_SYNTAX: ['UsageError', 'a job file does not parse'],
  INPUT_MISSING: ['UsageError', 'an input does not exist'],
  INPUT_NO_MATCH: ['UsageError', 'a glob of the inputs matches nothing'],
  INPUT_EMPTY_FOLDER: ['UsageError', 'an input folder has no files that are read'],
  FORMAT_UNKNOWN: ['UsageError', 'there is no format of that name or extension'],
  FORMAT_MIXED: ['UsageError', 'the files of one input are of several formats'],
  FORMAT_NOT_WRITTEN: ['UsageError', 'the format can be read, not written'],
  FORMAT_NOT_READ: ['UsageError', 'the format can be written, not read'],
  OUTPUT_EXISTS: ['UsageError', 'the output exists and --overwrite was not given'],
  OUTPUT_FOREIGN: ['UsageError', 'the output to overwrite is not something superstep wrote'],
  OUTPUT_REFUSED: [
    'UsageError',
    'the output is, contains or lies inside an input, the working folder, a home folder or a root',
  ],
  OUTPUT_LOCKED: ['UsageError', 'another job is writing the output'],
  OUTPUT_UNWRITABLE: ['UsageError', 'the output, or the folder it lies in, cannot be written'],
  CHECKPOINT_FOREIGN: [
    'UsageError',
    'the checkpoint to resume from is of another job, input or version',
  ],
  NOT_YET: ['UsageError', 'something that a later release brings'],
  // DataError: an input or a segment is not what it says; never retried on the same bytes.
  INPUT_UNREADABLE: ['DataError', 'an input cannot be opened or read'],
  INPUT_CHANGED: ['DataError', 'an input changed between planning and reading'],
  RECORD_TOO_LONG: ['DataError', 'a line is longer than a record may be'],
  GZIP_CORRUPT: ['DataError', 'a gzip file is truncated or damaged'],
  INVALID_UTF8: ['DataError', 'a text value is not UTF-8 and the output format has to be'],
  INT64_RANGE: ['DataError', 'an int64 is beyond what a number holds exactly'],
  DATE_RANGE: ['DataError', 'a date is outside the years 0000 to 9999'],
  SEGMENT_CORRUPT: ['DataError', 'an intermediate file does not match its checksum'],
  CHECKPOINT_CORRUPT: ['DataError', 'a file of a checkpoint is damaged or missing'],
  CSV_HEADER: ['DataError', 'the header of a csv file lacks a column, or has it twice'],
  CSV_QUOTE: [
    'DataError',
    'a quote in a csv file is not closed, or something follows a closed one',
  ],
  CSV_WIDTH: ['DataError', 'a row of a csv file has more or fewer columns than its header'],
  CSV_VALUE: ['DataError', 'a cell of a csv file is no value of its column'],
  PARQUET_INVALID: ['DataError', 'a Parquet file is damaged, or not what it says'],
  PARQUET_VALUE: ['DataError', 'a value in a Parquet file is null or too large for its column'],
  GRAPH_INVALID: [
    'DataError',
    'a header, or the properties, of a graph are not what they should be',
  ],
  EDGE_INVALID: ['DataError', 'a line of an edge list is not an edge'],
  EDGE_DANGLING: ['DataError', 'an edge names a vertex that is not there'],
  VERTEX_TWICE: ['DataError', 'a vertex is listed twice'],
  TOO_MANY_BAD: ['DataError', 'more records are not what they should be than --skip-bad allows'],
  SUM_OVERFLOW: ['DataError', 'a sum is beyond the range of its column'],
  // TaskError: the user's code threw.
  PARTITION_RANGE: ['TaskError', 'a partition function answered something that is not a partition'],
  TASK_FAILED: ['TaskError', 'a function of the job threw'],
  TYPE_MISMATCH: ['TaskError', 'a function gave a value that its column does not take'],
  MESSAGE_NAN: ['TaskError', 'a vertex program sent NaN as a message'],
  EMIT_LATE: ['TaskError', 'emit, or the values of a group, were used after their call had ended'],
  CURSOR_KEPT: ['TaskError', 'a vertex was kept and used after the call it was given to'],
  // ContractError: superstep/testing found that a job does not do the same however it runs.
  CONTRACT: ['ContractError', 'the rows of a job depend on how it is run'],
  // LostError: a worker vanished; retried.
  WORKER_LOST: ['LostError', 'a worker ended before its task did'],
  // LimitError: memory, disk, time or a named bound.
  MEMORY: ['LimitError', 'the work does not fit in --memory'],
  GRAPH_SIZE: [
    'LimitError',
    'a graph has more vertices, or a vertex more edges, than 2,147,483,647',
  ],
  SUPERSTEPS: ['LimitError', 'a vertex program did not end within its supersteps'],
  TASK_TIMEOUT: ['LimitError', 'a task ran for longer than its time limit'],
  TASKS: ['LimitError', 'too many tasks have been started and not ended'],
  DISK_FULL: ['LimitError', 'no space left on a device'],
  IO: ['LimitError', 'the system refused or failed an operation on a file'],
  TOO_MANY_ROWS: ['LimitError', 'toArray or toArrow met more rows than its limit'],
  TIME_LIMIT: ['LimitError', 'the job, or an attempt of a task, took longer than it may'],
  CANCELLED: ['LimitError', 'cancelled by the caller, an AbortSignal or a closing session'],
  // TransportError: bytes between processes.
  TRANSPORT: ['TransportError', 'data between workers was lost for good'],
  INTERNAL: ['TransportError', 'a bug of superstep itself'],
} as const satisfies { readonly [code: string]: readonly [string, string] };

export type Code = keyof typeof CODES;

/** Where it happened and what to do; every member optional, all plain data. */
export interface Details {
  readonly remedy?: string;
  readonly job?: string;
  readonly stage?: string;
  readonly task?: number | string;
  readonly partition?: number;
  readonly attempt?: number;
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  /** Row, counted from 1. */
  readonly row?: number;
  /** How the record begins. */
  readonly record?: string;
}

export class SuperstepError extends Error {
  readonly code: Code;
  readonly retriable: boolean = false;
  readonly details: Details;
  constructor(code: Code, message: string, details: Details = {}, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
  override get name(): string {
    return CODES[this.code][0];
  }
}
export class UsageError extends SuperstepError {}
export class DataError extends SuperstepError {}
export class TaskError extends SuperstepError {}
export class LostError extends SuperstepError {
  override readonly retriable = true;
}
export class LimitError extends SuperstepError {}
export class TransportError extends SuperstepError {
  override readonly retriable = true;
}

/** What `checkContract` of superstep/testing throws. */
export class ContractError extends SuperstepError {
  /** The smallest input found: rows, or the values given to a combiner. */
  readonly input: readonly unknown[];
  /** The two results that should have been one. */
  readonly expected: unknown;
  readonly got: unknown;
  constructor(
    message: string,
    input: readonly unknown[],
    expected: unknown,
    got: unknown,
    remedy = 'Functions must depend on what they are given alone: not on what was read before, nor on a clock.',
  ) {
    super('CONTRACT', message, { remedy });
    this.input = input;
    this.expected = expected;
    this.got = got;
  }
}

const CLASSES: { readonly [name: string]: typeof SuperstepError } = {
  UsageError,
  DataError,
  TaskError,
  LostError,
  LimitError,
  TransportError,
};

/** An error as plain data, for a message to another thread. Anything may be thrown, so anything is taken. */
export type PlainError = {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly details?: Details;
  readonly cause?: PlainError;
};

/** How many causes travel; a chain longer than this is a loop. */
const CAUSES = 8;

export function toPlain(error: unknown, depth = 0): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { code, details } = error as { code?: unknown; details?: Details };
  return {
    name: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(typeof code === 'string' && { code }),
    ...(error instanceof SuperstepError && details !== undefined && { details }),
    ...(error.cause !== undefined && depth < CAUSES && { cause: toPlain(error.cause, depth + 1) }),
  };
}

/** The error again, of its own class where that is one of ours; a user's class keeps its name. */
export function fromPlain(plain: PlainError): Error {
  const options = plain.cause === undefined ? {} : { cause: fromPlain(plain.cause) };
  const Known = CLASSES[plain.name];
  const error =
    Known !== undefined && plain.code !== undefined && plain.code in CODES
      ? new Known(plain.code as Code, plain.message, plain.details, options)
      : new Error(plain.message, options);
  if (!(error instanceof SuperstepError)) {
    error.name = plain.name;
    if (plain.code !== undefined) Object.assign(error, { code: plain.code });
  }
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}
