/** For tests only: one table run in many ways, and what must be the same in all of them.
 *
 * Sessions are opened once for each way and used again, as a program would.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import {
  open,
  type OpenOptions,
  type Result,
  type Schema,
  type Session,
  type SuperstepError,
  type Table,
} from '../index.ts';
import type { InternalRunOptions } from '../job/session-run.ts';
import { collect } from '../testing.ts';

export interface Way {
  readonly name: string;
  readonly session: OpenOptions;
  readonly run: InternalRunOptions & { readonly partitions?: number; readonly retries?: number };
}

export const WAYS: readonly Way[] = [
  { name: 'one worker', session: { workers: 1, memory: '256MiB' }, run: {} },
  {
    name: 'two workers, small splits, spilling every two rows',
    session: { workers: 2, memory: '256MiB' },
    run: { splitRows: 3, splitBytes: 7, refuse: { rows: 2, views: true } },
  },
  {
    name: 'two workers, spilling every row, nothing in the arena, three partitions',
    session: { workers: 2, memory: '256MiB' },
    run: { splitRows: 10, refuse: { rows: 1, arena: true }, partitions: 3 },
  },
  {
    name: 'seven workers, a split a row, five partitions',
    session: { workers: 7, memory: '512MiB' },
    run: { splitRows: 1, splitBytes: 1, partitions: 5 },
  },
];

/** Slices in lossy frames, and threads that die. What is lost follows from the seed: each file of tests has its own. */
export const chaotic = (seed: number): Way => ({
  name: `chaos ${seed}: three workers, spilling every 20 rows, two partitions`,
  session: { workers: 3, memory: '256MiB', chaos: seed },
  run: { splitRows: 25, splitBytes: 40, refuse: { rows: 20 }, partitions: 2 },
});

export class Sessions {
  readonly #opened = new Map<string, Promise<Session>>();

  open(options: OpenOptions): Promise<Session> {
    const key = JSON.stringify(options);
    let session = this.#opened.get(key);
    if (session === undefined) this.#opened.set(key, (session = open(options)));
    return session;
  }

  async close(): Promise<void> {
    for (const session of this.#opened.values()) await (await session).close();
    this.#opened.clear();
  }
}

/** Rows, or the code of what was thrown. */
export type Outcome = readonly object[] | { readonly code: string };

export function outcomeOf(rows: () => readonly object[]): Outcome {
  try {
    return rows();
  } catch (error) {
    return failed(error);
  }
}
function failed(error: unknown): Outcome {
  const { code, message } = error as SuperstepError;
  if (code === undefined || code === 'INTERNAL') throw error;
  // Its message is shown, and not compared.
  return Object.defineProperty({ code }, 'toJSON', { value: () => [code, message] });
}

export async function runIn(session: Session, table: Table<Schema>, way: Way): Promise<Outcome> {
  let result: Result<Schema>;
  try {
    result = await session.run(table, way.run as object);
  } catch (error) {
    return failed(error);
  }
  try {
    return await result.toArray();
  } catch (error) {
    return failed(error);
  } finally {
    await result.release();
  }
}

/** Every way gives the rows, in the order, that the definition gives. */
export async function sameAsDefined(
  sessions: Sessions,
  table: Table<Schema>,
  ways: readonly Way[] = WAYS,
): Promise<void> {
  const expected = outcomeOf(() => collect(table));
  for (const way of ways) {
    const got = await runIn(await sessions.open(way.session), table, way);
    if (isDeepStrictEqual(got, expected)) continue;
    throw new Error(`${way.name}: ${show(got)}\nby definition: ${show(expected)}`);
  }
}

/** All ways give the same, whatever that is. Returns it. */
export async function sameInAll(
  sessions: Sessions,
  table: Table<Schema>,
  ways: readonly Way[] = WAYS,
): Promise<Outcome> {
  const [first, ...rest] = ways as [Way, ...Way[]];
  const expected = await runIn(await sessions.open(first.session), table, first);
  for (const way of rest) {
    const got = await runIn(await sessions.open(way.session), table, way);
    if (isDeepStrictEqual(got, expected)) continue;
    throw new Error(`${way.name}: ${show(got)}\n${first.name}: ${show(expected)}`);
  }
  return expected;
}

const show = (outcome: Outcome): string =>
  JSON.stringify(outcome, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  }).slice(0, 2000);

/** Fewer examples where tests are to be short. */
export const RUNS = process.env['SUPERSTEP_TEST_SHORT'] === undefined ? 25 : 5;

/** Holds for all inputs; otherwise the report has the smallest that was found, and what differs. */
export async function forAll<T>(
  input: fc.Arbitrary<T>,
  holds: (value: T) => Promise<unknown>,
  runs = RUNS,
): Promise<void> {
  const property = fc.asyncProperty(input, async value => void (await holds(value)));
  await fc.assert(property, { numRuns: runs, includeErrorInReport: true });
}

/** Of `runs` inputs, the larger part in every way over shared memory, the others over the lossy carrier, gives what the
 *  definition gives. */
export async function holdsOnBoth<T>(
  sessions: Sessions,
  input: fc.Arbitrary<T>,
  make: (data: T) => Table<Schema>,
  { runs, chaos }: { readonly runs: number; readonly chaos: number },
): Promise<void> {
  const lossy = Math.ceil(runs / 4);
  const shared = Math.max(1, runs - lossy);
  await forAll(input, data => sameAsDefined(sessions, make(data)), shared);
  await forAll(input, data => sameAsDefined(sessions, make(data), [chaotic(chaos)]), lossy);
}
