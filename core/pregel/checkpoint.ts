/** Checkpoints of one program: at the barrier behind every so many supersteps all that it is besides the graph as loaded, which is loaded
 * again; a graph that the program has changed is in it. Driver side.
 *
 *     <folder>/                            of the job, beside its output
 *       program-2.json                     the manifest: what makes the rest a checkpoint (checkpoint-file.ts)
 *       program-2-superstep-30-<id>/       its files
 *
 * Order of calls: `restore` before the first superstep; then `isDue` and `save` at each barrier.
 * Invariants: files of a checkpoint are on the device before its manifest is, and those of the one before are deleted after
 * that; so whenever the process ends, there is the last whole one. No name of files is used twice.
 * Not here: where the folder is, what the facts are, when all of it goes (job/checkpoints.ts).
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LimitError } from '../errors.ts';
import { discard, system } from '../store/file.ts';
import { syncFolder } from '../store/sync.ts';
import {
  checkFacts,
  damaged,
  type Facts,
  type Manifest,
  packValues,
  unpackValues,
  writeManifest,
} from './checkpoint-file.ts';
import type { RestoreArgument, Restored, SaveArgument, Saved } from './checkpoint-task.ts';
import type { GraphHandle } from './graph-handle.ts';
import { addTally, type Barrier, type Kept, type Tally } from './kept.ts';
import type { LoadedGraph } from './loaded.ts';
import { RESTORE, runPinned, SAVE, type Tasking } from './tasks.ts';
import type { Changed, Topology } from './topology.ts';

export interface CheckpointRequest {
  readonly folder: string;
  /** Of the program, within the job. */
  readonly name: string;
  readonly facts: Facts;
  /** Supersteps between two; undefined: none are made. */
  readonly every: number | undefined;
  /** To go on from. */
  readonly found: Manifest | undefined;
  /** Told when a checkpoint has been made: nothing else in the folder that begins with the program's name is needed. */
  readonly onSaved: (names: readonly string[]) => void;
}

/** What a program goes on from. */
export interface Found extends Barrier {
  readonly transposed: boolean;
  /** Of a graph that has changed. */
  readonly changed: Changed | undefined;
  /** By partition. */
  readonly more: readonly Restored['more'][];
}

export class Checkpoint {
  readonly #request: CheckpointRequest;
  readonly #tasking: Tasking;
  readonly #handle: GraphHandle;
  /** What the program has done; whoever counts adds to it. */
  readonly #tally: Tally;

  constructor(request: CheckpointRequest, tasking: Tasking, handle: GraphHandle, tally: Tally) {
    this.#request = request;
    this.#tasking = tasking;
    this.#handle = handle;
    this.#tally = tally;
  }

  /** Undefined: the program begins. What comes back is the caller's to give back.
   *  @throws UsageError CHECKPOINT_FOREIGN, DataError CHECKPOINT_CORRUPT */
  async restore(): Promise<Found | undefined> {
    const { folder, found } = this.#request;
    if (found === undefined) return undefined;
    checkFacts(folder, found.graph, graphFacts(this.#handle.graph));
    const files = join(folder, found.folder);
    for (const { name, bytes } of found.partitions.flatMap(saved => saved.files)) {
      const size = statSync(join(files, name), { throwIfNoEntry: false })?.size;
      if (size === undefined) throw damaged(join(files, name), 'it is missing');
      if (size !== bytes) throw damaged(join(files, name), `${size} bytes long, not ${bytes}`);
    }
    const { context } = this.#tasking;
    const { slots } = this.#tasking.executor;
    const asked = found.partitions.map((saved, p) => ({
      task: p,
      // Of a graph that has changed there are more than were loaded.
      slot: 1 + (p % slots),
      argument: { context, folder: files, saved } satisfies RestoreArgument,
    }));
    const done = await runPinned<Restored>(this.#tasking, RESTORE, 'checkpoint restore', asked);
    addTally(this.#tally, found.tally);
    const kept = done.flatMap(({ state, outbox, ranges }, p): Kept[] => {
      if (state === undefined) return [];
      const runs = [state.run, ...(outbox ?? []).map(({ run }) => run)];
      const { awake } = found.partitions[p]!;
      return [{ state, outbox, awake, owned: { ranges, runs }, takenBytes: 0 }];
    });
    const { superstep, edges, transposed, changed } = found;
    return {
      superstep,
      edges,
      transposed,
      aggregates: unpackValues(found.aggregates),
      kept,
      changed: changed === null ? undefined : (unpackValues(changed) as unknown as Changed),
      more: done.map(({ more }) => more),
    };
  }

  /** Whether one is made before `superstep`. */
  isDue(superstep: number): boolean {
    const { every } = this.#request;
    return every !== undefined && superstep % every === 0;
  }

  /** @throws LimitError DISK_FULL, IO; then the checkpoint is the one before */
  async save(barrier: Barrier, topology: Topology): Promise<void> {
    const { folder, name, every } = this.#request;
    const { context } = this.#tasking;
    const { changed } = topology;
    const { facts } = topology.handle;
    const id = randomBytes(4).toString('hex');
    const fresh = `${name}-superstep-${barrier.superstep}-${id}`;
    const files = join(folder, fresh);
    try {
      system(files, 'create', () => {
        const made = mkdirSync(files, { recursive: true });
        if (made === folder) syncFolder(dirname(folder));
      });
      // Those at the end may be new: they have no state yet.
      const asked = facts.graph.partitions.map((_, partition) => ({
        task: partition,
        slot: topology.handle.slotOf(partition),
        argument: {
          context,
          folder: files,
          partition,
          state: barrier.kept[partition]?.state,
          outbox: barrier.kept[partition]?.outbox,
          more: topology.runsOf(partition),
        } satisfies SaveArgument,
      }));
      const saved = await runPinned<Saved>(this.#tasking, SAVE, 'checkpoint', asked);
      system(files, 'write', () => syncFolder(files));
      writeManifest(join(folder, `${name}.json`), {
        facts: this.#request.facts,
        graph: graphFacts(this.#handle.graph),
        superstep: barrier.superstep,
        every: every!,
        folder: fresh,
        aggregates: packValues(barrier.aggregates),
        edges: barrier.edges,
        transposed: facts.in !== undefined || facts.transposed !== undefined,
        changed: changed === undefined ? null : packValues(changed),
        tally: this.#tally,
        partitions: saved.map((each, p) => ({ ...each, awake: barrier.kept[p]?.awake ?? 0 })),
      });
    } catch (error) {
      discard(files);
      discard(join(folder, `${name}.json.new`));
      removeIfEmpty(folder);
      throw withoutTemp(error, folder);
    }
    this.#request.onSaved([`${name}.json`, fresh]);
  }
}

const graphFacts = ({ vertexCount, edgeCount, directed, partitions }: LoadedGraph): Facts => [
  ['vertices of the graph', String(vertexCount)],
  ['edges of the graph', String(edgeCount)],
  ['direction of the graph', directed ? 'directed' : 'undirected'],
  [
    'partitions of the graph',
    partitions.map(({ base, vertices, edges }) => `${base} ${vertices} ${edges}`).join(', '),
  ],
];

/** A failed first checkpoint leaves nothing. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // The one before is there.
  }
}

/** Checkpoints lie beside the output: another --temp would not help. */
function withoutTemp(error: unknown, folder: string): unknown {
  if (!(error instanceof LimitError) || !error.details.file?.startsWith(folder)) return error;
  const first = error.code === 'DISK_FULL' ? 'Make room beside the output' : 'Look at that disk';
  const remedy = `${first} and go on with --resume, or run without --checkpoint.`;
  return new LimitError(error.code, error.message, { ...error.details, remedy }, { cause: error });
}
