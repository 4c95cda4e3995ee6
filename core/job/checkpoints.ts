/** The checkpoints of a job over graphs: one folder beside its output, in which each program has its own. Driver side.
 *
 * Order of calls: `JobCheckpoints.open` when the output is open (its lock is also that of the folder); `of` for each program;
 * `committed` when the output is there.
 * Invariants: a checkpoint survives everything but the commit of its job, the first one of a run that begins anew, and
 * `superstep clean --older`; what is of another job is refused before a graph is loaded.
 * Not here: what a checkpoint holds (pregel/checkpoint.ts).
 */
import { createHash } from 'node:crypto';
import { openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefinitionRef } from '../define/define.ts';
import { version } from '../define/version.ts';
import { UsageError } from '../errors.ts';
import type { FileFact } from '../io.ts';
import type { Inputs } from '../mapreduce/inputs.ts';
import type { JobStats } from '../mapreduce/stats.ts';
import type { Leg } from '../mapreduce/plan.ts';
import type { CheckpointRequest } from '../pregel/checkpoint.ts';
import { checkFacts, type Facts, type Manifest, readManifest } from '../pregel/checkpoint-file.ts';
import { closeQuietly, discard, system } from '../store/file.ts';
import type { CheckpointOptions } from './checkpoint-options.ts';
import type { OpenOutput } from './outputs.ts';
import type { JobPlan, JobStage, ProgramStage } from './plan.ts';

export interface CheckpointsRequest extends CheckpointOptions {
  readonly plan: JobPlan;
  readonly inputs: Inputs;
  readonly seed?: number | undefined;
  /** The first that is of files is what checkpoints lie beside. */
  readonly outputs: readonly OpenOutput[];
  readonly stats: JobStats;
}

export class JobCheckpoints {
  readonly #request: CheckpointsRequest;
  readonly #folder: string | undefined;
  readonly #found = new Map<number, Manifest>();
  /** Names in the folder that are of this run, by program. */
  readonly #kept = new Map<string, readonly string[]>();
  #facts: Facts | undefined;

  /** Throws UsageError USAGE, CHECKPOINT_FOREIGN, DataError CHECKPOINT_CORRUPT. */
  static open(request: CheckpointsRequest): JobCheckpoints {
    const checkpoints = new JobCheckpoints(request);
    if (request.checkpointEvery !== undefined || request.resume === true) checkpoints.#open();
    return checkpoints;
  }

  private constructor(request: CheckpointsRequest) {
    this.#request = request;
    this.#folder = request.outputs.find(({ checkpoint }) => checkpoint !== undefined)?.checkpoint;
  }

  #open(): void {
    const { plan, resume, stats } = this.#request;
    const folder = this.#folder;
    if (folder === undefined) {
      throw new UsageError('USAGE', 'checkpoints lie beside the output, and this job has none', {
        remedy: 'Write to a file or a folder: --out PATH',
      });
    }
    this.#facts = factsOf(this.#request);
    if (resume !== true) return;
    for (const stage of plan.stages) {
      if (stage.kind !== 'program') continue;
      const found = readManifest(join(folder, `${nameOf(stage)}.json`));
      if (found === undefined) continue;
      checkFacts(folder, found.facts, this.#facts);
      this.#found.set(stage.id, found);
      this.#kept.set(nameOf(stage), [`${nameOf(stage)}.json`, found.folder]);
    }
    if (this.#found.size > 0) return;
    stats.warnings.push('there was no checkpoint to resume from: the job ran from the beginning');
  }

  /** Undefined: neither asked for. */
  of(stage: ProgramStage): CheckpointRequest | undefined {
    if (this.#facts === undefined) return undefined;
    const found = this.#found.get(stage.id);
    const [other] = this.#found.values();
    return {
      folder: this.#folder!,
      name: nameOf(stage),
      facts: this.#facts,
      every: this.#request.checkpointEvery ?? (found ?? other)?.every,
      found,
      onSaved: names => {
        this.#kept.set(nameOf(stage), names);
        this.#sweep();
      },
    };
  }

  /** The outputs are there. Checkpoints of an earlier run, too, have no further use. */
  committed(): void {
    if (this.#folder !== undefined) discard(this.#folder);
  }

  /** Of other runs, or of a superstep before. */
  #sweep(): void {
    const folder = this.#folder!;
    const kept = new Set([...this.#kept.values()].flat());
    for (const name of readdirSync(folder)) if (!kept.has(name)) discard(join(folder, name));
  }
}

const nameOf = ({ id }: ProgramStage): string => `program-${id}`;

/** All that the bytes of the output follow from, but the graph itself. */
function factsOf({ plan, inputs, seed = 0 }: CheckpointsRequest): Facts {
  const facts: [string, string][] = [
    ['superstep', version()],
    ['the major version of Node', process.versions.node.split('.')[0]!],
    ['the job', plan.name],
    ['the seed', String(seed)],
    ['the plan of the job', printed(plan.stages.map(({ kind, name }) => [kind, name]))],
  ];
  for (const stage of plan.stages) facts.push(...stageFacts(stage));
  facts.push(['how inputs are read', printed(inputs.sources)]);
  for (const fact of inputs.facts.flat()) facts.push(inputFact(fact));
  // What connectors read is theirs to know.
  const connected = inputs.splits.filter((_, i) => inputs.sources[i]!.kind === 'connector');
  if (connected.length > 0) facts.push(['what connectors read', printed(connected)]);
  return numbered(facts);
}

function stageFacts(stage: JobStage): [string, string][] {
  const facts: [string, string][] = [];
  const { name, legs } = stage;
  if (stage.kind === 'load') {
    const { edges, vertices } = stage;
    const columns = printed([edges.input, vertices?.input ?? null]);
    facts.push(['flags of the graph', printed(stage.flags)], ['columns of the graph', columns]);
  } else {
    if (stage.use !== undefined) facts.push([`the code of ${name}`, codeOf(stage.use)]);
    for (const [param, value] of Object.entries(stage.params)) {
      facts.push([`parameter ${param} of ${name}`, printed(value)]);
    }
    facts.push([`columns of ${name}`, printed(stage.output)]);
  }
  if (legs.length > 0) facts.push([`what ${name} reads`, printed(legs.map(legFact))]);
  return facts;
}

const legFact = (leg: Leg): unknown =>
  leg.from === 'rows' ? { ...leg, rows: hashed(leg.rows) } : leg;

/** The module that a definition is made in; not those that it imports. */
function codeOf({ module, name }: DefinitionRef): string {
  const hash = createHash('sha256').update(name);
  try {
    hash.update(readFileSync(fileURLToPath(new URL(module))));
  } catch {
    // Not a file.
    hash.update(module);
  }
  return hash.digest('hex');
}

function inputFact({ path, bytes, mtimeMs, name }: FileFact): [string, string] {
  // A copy of a stream has no name and no time of its own.
  if (name !== undefined) return [`input ${name}`, contentOf(path)];
  return [`input ${resolve(path)}`, `${bytes} bytes of ${new Date(mtimeMs).toISOString()}`];
}

function contentOf(path: string): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(2 ** 20);
  const file = system(path, 'open', () => openSync(path, 'r'));
  try {
    for (;;) {
      const read = system(path, 'read', () => readSync(file, piece));
      if (read === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeQuietly(file);
  }
}

function hashed(rows: readonly object[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(printed(row));
  return hash.digest('hex');
}

/** As JSON; numbers that it does not know, and whole ones of 64 bits, as text. */
function printed(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`;
    return typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
  });
  return text ?? 'none';
}

/** Two stages may have one name. */
function numbered(facts: readonly [string, string][]): Facts {
  const seen = new Map<string, number>();
  return facts.map(([what, is]) => {
    const times = (seen.get(what) ?? 0) + 1;
    seen.set(what, times);
    return [times === 1 ? what : `${what} (${times})`, is];
  });
}
