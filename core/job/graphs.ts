/** The graphs of a job: loaded once each, however many programs run over them, and given back when the last has. Driver side. */
import type { Into, JobContext, Part } from '../mapreduce/stage.ts';
import type { JobStats } from '../mapreduce/stats.ts';
import type { Stage } from '../mapreduce/plan.ts';
import type { TasksRequest } from '../mapreduce/tasks.ts';
import { Checkpoint, type CheckpointRequest } from '../pregel/checkpoint.ts';
import { GraphHandle } from '../pregel/graph-handle.ts';
import { addTally, emptyTally } from '../pregel/kept.ts';
import { loadGraph } from '../pregel/load/load.ts';
import type { LoadTable } from '../pregel/load/phase.ts';
import { closeGraph, runProgram } from '../pregel/program.ts';
import type { Tasking } from '../pregel/tasks.ts';
import type { JobPlan, JobStage, LoadStage, ProgramStage } from './plan.ts';
import type { Watch } from './progress.ts';

/** What graphs have of their job. */
export interface GraphsHost {
  readonly plan: JobPlan;
  readonly stats: JobStats;
  readonly watch: Watch;
  readonly context: () => JobContext;
  readonly request: () => TasksRequest;
  /** Where the rows of a table are, that is read as it is. */
  readonly table: (stage: Stage) => LoadTable;
  /** What a program goes on from, and is written to. */
  readonly checkpoint: (stage: ProgramStage) => CheckpointRequest | undefined;
}

export class Graphs {
  readonly #host: GraphsHost;
  /** By the stage that has loaded it. */
  readonly #handles = new Map<number, GraphHandle>();

  constructor(host: GraphsHost) {
    this.#host = host;
  }

  #tasking(): Tasking {
    return { ...this.#host.request(), context: this.#host.context() };
  }

  async load(stage: LoadStage): Promise<void> {
    const { stats, watch, table } = this.#host;
    const began = performance.now();
    const edges = table(stage.edges);
    const vertices = stage.vertices && table(stage.vertices);
    watch.begin(`${stage.name} load`, [...edges.splits, ...(vertices?.splits ?? [])]);
    const { flags, name } = stage;
    const tasking = this.#tasking();
    const made = await loadGraph({ ...tasking, name, edges, vertices, flags });
    const owned = {
      ranges: made.parts.flatMap(({ ranges }) => ranges),
      runs: made.parts.map(({ run }) => run!),
    };
    this.#handles.set(stage.id, new GraphHandle(tasking.executor, made.graph, owned));
    const { tasks, spilledBytes, segments, firstTaskSeconds, gcSeconds } = made.stats;
    stats.rowsIn += made.stats.rowsIn;
    stats.bytesIn += made.stats.bytesIn;
    stats.skipped += made.stats.skipped;
    stats.tasks += tasks;
    stats.bytesSpilled += spilledBytes;
    stats.segments += segments;
    stats.firstTaskSeconds = Math.min(stats.firstTaskSeconds, firstTaskSeconds);
    stats.gcSeconds += gcSeconds;
    stats.seconds.load += (performance.now() - began) / 1000;
  }

  /** `into`: where rows go, of so many parts. */
  async run(stage: ProgramStage, into: (parts: number) => Into): Promise<readonly Part[]> {
    const { stats, watch } = this.#host;
    const began = performance.now();
    const handle = this.#handles.get(stage.graph)!;
    watch.begin(`${stage.name} supersteps`, []);
    const { use, params, output } = stage;
    const tasking = this.#tasking();
    const tally = emptyTally();
    const asked = this.#host.checkpoint(stage);
    const checkpoint = asked && new Checkpoint(asked, tasking, handle, tally);
    const { parts, supersteps, arranged, outputSeconds } = await runProgram({
      ...tasking,
      use,
      params,
      handle,
      output,
      into,
      checkpoint,
      onTask: result => {
        stats.tasks++;
        addTally(tally, result);
        stats.bytesSpilled += result.spilledBytes;
        stats.segments += result.segments;
        stats.firstTaskSeconds = Math.min(stats.firstTaskSeconds, result.startedSeconds);
        stats.gcSeconds += result.gcSeconds;
      },
      onSuperstep: () => {},
    });
    stats.programs++;
    stats.messages += tally.messages;
    stats.bytesEmitted += tally.messages * MESSAGE_BYTES;
    stats.bytesShuffled += tally.bytesSent;
    stats.pulled += tally.pulled;
    stats.pushed += tally.pushed;
    for (const [name, by] of Object.entries(tally.counters)) {
      stats.counters[name] = (stats.counters[name] ?? 0) + by;
    }
    stats.supersteps += supersteps;
    stats.arrangeSeconds += arranged.seconds;
    stats.bytesSpilled += arranged.spilledBytes;
    stats.seconds.process += (performance.now() - began) / 1000 - outputSeconds;
    stats.seconds.commit += outputSeconds;
    return parts;
  }

  /** Gives back the graph that `stage` was the last to run over. */
  async releaseReadBy(stage: JobStage): Promise<void> {
    if (stage.kind !== 'program') return;
    const later = this.#host.plan.stages.filter(({ id }) => id > stage.id);
    if (later.some(other => other.kind === 'program' && other.graph === stage.graph)) return;
    await this.#release(stage.graph);
  }

  async end(): Promise<void> {
    for (const id of this.#handles.keys()) await this.#release(id);
  }

  async #release(id: number): Promise<void> {
    const handle = this.#handles.get(id)!;
    this.#handles.delete(id);
    await closeGraph(this.#tasking(), handle);
    handle.release();
  }
}

/** A message before it is folded, for the report: a target and a number. */
const MESSAGE_BYTES = 12;
