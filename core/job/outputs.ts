/** Where tables go: files and folders, or a user's connector. Driver side; what tasks write is in target.ts.
 *
 * Order of calls: `openOutput` for every table before any work, then `commit` with what the tasks made, or `abort`.
 * Invariant: until `commit` has returned nothing shows at the destination, and after `abort` nothing ever will.
 */
import type { ConnectorSpec } from '../connector.ts';
import { found } from '../define/define.ts';
import type { Json, Place } from '../define/place.ts';
import { TaskError, UsageError } from '../errors.ts';
import { Output } from '../exec/commit.ts';
import type { SinkOptions } from '../io.ts';
import type { Into, Part } from '../mapreduce/stage.ts';

export type Destination =
  | {
      readonly kind: 'files';
      readonly path: string;
      readonly format: string;
      /** One file; otherwise a folder of part files. */
      readonly single: boolean;
      readonly options?: SinkOptions;
    }
  | { readonly kind: 'place'; readonly place: Place };

export interface OutputRequest {
  readonly overwrite: boolean;
  /** Files that the job reads. */
  readonly inputs: readonly string[];
  /** Unique among all jobs and tables, ever: letters, digits, `-`, `_`. */
  readonly id: string;
  /** The job's name. */
  readonly job: string;
}

export interface OpenOutput {
  /** What a task is told of it. */
  readonly into: Into;
  /** Its parts become one. */
  readonly single: boolean;
  /** A folder beside it, which ends with it. */
  readonly staging?: string;
  /** Another, which stays when the job fails. */
  readonly checkpoint?: string;
  commit(parts: readonly Part[]): Promise<{ readonly path?: string; readonly bytes: number }>;
  abort(): Promise<void>;
}

/** Throws what `Output.open` throws, and UsageError OUTPUT_UNWRITABLE for a connector that only reads. */
export function openOutput(destination: Destination, request: OutputRequest): OpenOutput {
  return destination.kind === 'files'
    ? openFiles(destination, request)
    : openPlace(destination.place, request.id);
}

function openFiles(
  { path, format, single, options = {} }: Destination & { kind: 'files' },
  { overwrite, inputs, id, job }: OutputRequest,
): OpenOutput {
  const about = { job };
  const output = Output.open({ path, format, single, overwrite, inputs, job: id, about });
  return {
    into: { kind: 'file', folder: output.staging, format, options },
    single,
    staging: output.staging,
    checkpoint: output.checkpoint,
    async commit(parts) {
      const { bytes } = output.commit(parts.map(part => part.path!));
      return { path: output.destination, bytes };
    },
    abort: async () => output.abort(),
  };
}

function openPlace(place: Place, job: string): OpenOutput {
  const { connector, options } = place;
  const spec = found('connector', connector) as ConnectorSpec<Json>;
  if (spec.write === undefined) {
    throw new UsageError('OUTPUT_UNWRITABLE', `connector '${connector.name}' only reads`, {
      remedy: 'Give it a function write, or write to a file or a folder',
    });
  }
  return {
    into: { kind: 'place', place, job },
    single: false,
    async commit(parts) {
      try {
        await spec.commit?.(job, options);
      } catch (error) {
        throw commitFailed(connector.name, error);
      }
      return { bytes: parts.reduce((total, { bytes }) => total + bytes, 0) };
    },
    async abort() {
      // The job fails with what went wrong first.
      await spec.abort?.(job, options).catch(() => {});
    },
  };
}

function commitFailed(name: string, error: unknown): TaskError {
  const said = error instanceof Error ? error.message : String(error);
  const message = `commit of connector '${name}' failed: ${said}`;
  return new TaskError('TASK_FAILED', message, {}, { cause: error });
}
