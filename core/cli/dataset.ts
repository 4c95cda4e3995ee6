/** `superstep dataset`: what data there is to try things on, and generating it.
 *
 * Generators are found through the package's own exports, as formats and jobs are. A file is written as an output of a job
 * is: beside its place, and there by one rename; a signal is looked for every few blocks.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseCount, parseSize } from '../config.ts';
import { LimitError } from '../errors.ts';
import { Output } from '../exec/commit.ts';
import { assertWanted } from '../exec/cancelled.ts';
import { system, writeAll } from '../store/file.ts';
import { Interrupts } from './interrupts.ts';
import { print } from './standard-output.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** As typed: text, or present. All others are parameters of the data set. */
export interface MakeFlags {
  readonly out: string;
  readonly overwrite?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly [parameter: string]: string | true | undefined;
}

/** What the package says of its data sets, as far as it is used here. */
interface Datasets {
  readonly GENERATED: {
    readonly [name: string]: {
      readonly about: string;
      readonly parameters: { readonly [name: string]: { readonly takes: unknown } };
    };
  };
  readonly CATALOGUE: readonly {
    readonly name: string;
    readonly title: string;
    readonly licence: string;
    readonly bytes: number;
  }[];
  recipeOf(name: string, given: { readonly [parameter: string]: string | number }): object;
  /** A parameter in words. */
  explained(parameter: { readonly takes: unknown }): string;
  blocksOf(recipe: object): Iterable<Uint8Array>;
  pathOf(dataset: object): string;
}

/** Between two looks for a signal: a few milliseconds' worth. */
const LOOK_BYTES = 4 * 2 ** 20;

/** Throws UsageError USAGE, what `Output.open` throws, and LimitError DISK_FULL, IO or CANCELLED; then there is no file. */
export async function makeDataset(name: string, flags: MakeFlags): Promise<void> {
  const { out, overwrite = false, quiet, verbose: _, ...parameters } = flags;
  const { recipeOf, blocksOf, GENERATED } = await load();
  const takes = GENERATED[name]?.parameters ?? {};
  const given = Object.entries(parameters).map(([flag, text]) => [
    flag,
    valueOf(`--${flag}`, String(text), takes[flag]?.takes),
  ]);
  const blocks = blocksOf(recipeOf(name, Object.fromEntries(given)));
  const began = performance.now();
  const interrupts = new Interrupts();
  try {
    const bytes = await write(blocks, out, overwrite, interrupts.signal);
    const seconds = (performance.now() - began) / 1000;
    const said = `${name}: ${relative('.', out)} (${formatBytes(bytes)}) in ${formatSeconds(seconds)}`;
    if (!quiet) process.stderr.write(`superstep: ${said}\n`);
  } catch (error) {
    throw interrupts.because(error);
  } finally {
    interrupts.end();
  }
}

async function write(
  blocks: Iterable<Uint8Array>,
  path: string,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<number> {
  const id = randomUUID();
  const output = Output.open({
    path,
    format: 'text',
    single: true,
    overwrite,
    inputs: [],
    job: id,
  });
  try {
    const part = output.attemptPath(0, id);
    const file = system(path, 'create', () => openSync(part, 'wx'));
    try {
      let unlooked = 0;
      for (const block of blocks) {
        writeAll(file, block, path);
        unlooked += block.length;
        if (unlooked < LOOK_BYTES) continue;
        unlooked = 0;
        await setImmediate();
        assertWanted(signal);
      }
    } finally {
      closeSync(file);
    }
    return output.commit([part]).bytes;
  } catch (error) {
    output.abort();
    throw withRemedy(error);
  }
}

function withRemedy(error: unknown): unknown {
  if (!(error instanceof LimitError) || error.code !== 'DISK_FULL') return error;
  const remedy = 'Free some space there, or write elsewhere: --out PATH';
  return new LimitError(error.code, error.message, { ...error.details, remedy }, { cause: error });
}

/** Numbers where numbers are taken; which of them is the data set's own business. */
function valueOf(flag: string, text: string, takes: unknown): string | number {
  if (takes === 'bytes') return parseSize(text, flag);
  if (Array.isArray(takes) && typeof takes[0] === 'number') {
    return parseCount(text, flag, 0, Number.MAX_SAFE_INTEGER);
  }
  return text;
}

/** What is generated, with its parameters; then the files of the package. */
export async function listDatasets(flags: { readonly json?: true }): Promise<void> {
  const { GENERATED, CATALOGUE, explained, pathOf } = await load();
  const generated = Object.entries(GENERATED).map(([name, { about, parameters }]) => ({
    name,
    about,
    parameters: Object.entries(parameters).map(([parameter, of]) => ({
      name: parameter,
      about: explained(of),
    })),
  }));
  const files = CATALOGUE.map(each => ({ ...each, path: pathOf(each) }));
  if (flags.json) return print(`${JSON.stringify({ generated, files })}\n`);
  const lines = [
    ...generated.flatMap(({ name, about, parameters }) => [
      `${name}   ${about}`,
      ...parameters.map(each => `  --${each.name.padEnd(8)}  ${each.about}`),
    ]),
    ...files.flatMap(({ name, title, licence, bytes, path }) => [
      `${name}   ${title}`,
      `  ${relative('.', path)}   ${formatBytes(bytes)}, ${licence}`,
    ]),
  ];
  await print(`${lines.join('\n')}\n`);
}

const load = async (): Promise<Datasets> =>
  (await import(import.meta.resolve('superstep/datasets'))) as Datasets;
