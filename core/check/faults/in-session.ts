/** For tests of many mistakes: what a command would say and leave, found out in a session that is there already. A process with
 *  threads of its own takes 20 times as long; of each kind of mistake one test runs the command itself. */
import type { ExecutionContext, TestFn } from 'ava';
import { findJob } from '../../cli/find-job.ts';
import type { RunFlags } from '../../cli/flags.ts';
import { makeTables } from '../../cli/make-tables.ts';
import { exitCodeOf, printError } from '../../cli/print-error.ts';
import type { Report, Session } from '../../define/session.ts';
import { open } from '../../index.ts';
import type { InternalRunOptions } from '../../job/session-run.ts';
import { type Place, stateOf } from './command.ts';

/** Flags that may be given several times. */
const LISTS = ['param', 'input', 'out'];

function parsed(args: readonly string[]): { readonly words: string[]; readonly flags: RunFlags } {
  const words: string[] = [];
  const flags: { [name: string]: string | string[] } = {};
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith('--')) {
      words.push(arg);
      continue;
    }
    const name = arg.slice(2).replace(/-./g, dash => dash[1]!.toUpperCase());
    const value = args[++i]!;
    flags[name] = LISTS.includes(name) ? [...(flags[name] ?? []), value] : value;
  }
  return { words, flags };
}

/** Runs a job in the folder of `place`. Throws what the command would print. */
export async function runIn(
  session: Session,
  { folder }: Place,
  args: readonly string[],
): Promise<Report> {
  const { words, flags } = parsed(args);
  const before = process.cwd();
  process.chdir(folder);
  try {
    const definition = await findJob(words[0]!);
    const job = definition.ref.name;
    const { tables, sink } = await makeTables(definition, words.slice(1), flags);
    const options: InternalRunOptions = { job, sink };
    const [output] = flags.out!;
    const [table] = Object.values(tables);
    return (await session.run(table!, { ...options, output: output! })).report;
  } finally {
    process.chdir(before);
  }
}

/** Tests run with source maps, by which code of ours is in no package: the line of the user's is for the command to show. */
const FRAME = /^ {2}at .*:\d+:\d+\)$/;

export type FailsIn = [
  t: ExecutionContext,
  place: Place,
  args: readonly string[],
  exit: number,
  lines: readonly (string | RegExp)[],
];

/** A session for the tests of a file, and `failsIn` in it. */
export async function oneSession(test: Pick<TestFn, 'after'>): Promise<{
  readonly session: Session;
  readonly failsHere: (...how: FailsIn) => Promise<void>;
}> {
  const session = await open({ workers: 2, memory: '256MiB' });
  test.after.always(() => session.close());
  return { session, failsHere: (...how) => failsIn(session, ...how) };
}

/** As `fails` of command.ts. A pattern among `lines` that is one of a frame is not looked at. */
async function failsIn(session: Session, ...[t, place, args, exit, lines]: FailsIn): Promise<void> {
  const before = stateOf(place.folder);
  const failure = await runIn(session, place, args).then(
    (): unknown => 'it did not fail',
    (error: unknown) => error,
  );
  const said = printError(failure, false)
    .split('\n')
    .filter(line => !FRAME.test(line));
  const expected = lines.filter(line => typeof line === 'string' || !line.source.includes('at Ob'));
  t.is(said.length, expected.length, said.join('\n'));
  for (const [i, line] of expected.entries()) {
    if (typeof line === 'string') t.is(said[i], line);
    else t.regex(said[i]!, line);
  }
  t.is(exitCodeOf(failure), exit);
  t.deepEqual(stateOf(place.folder), before, 'nothing is left, nothing has changed');
}
