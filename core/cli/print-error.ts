/** An error as the command prints it, and the exit code that it means.
 *
 *     superstep: orders.csv: row 12,345 has 6 columns, the header has 7   [CSV_WIDTH]
 *       at byte 1,048,601: "4711,\"Acme, Inc\"…"
 *       job revenue, stage map, task 17, attempt 1
 *       Skip such rows with --skip-bad 100
 *
 * First line: what and where, in the user's words; last line: what to type.
 */
import { type Code, type Details, SuperstepError } from '../errors.ts';
import { formatCount } from './units.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, later: 75, SIGINT: 130, SIGTERM: 143 } as const;

/** Failures of the surroundings: the same command may succeed when somebody has made room or the other has ended. */
const LATER: readonly Code[] = ['DISK_FULL', 'OUTPUT_LOCKED', 'TRANSPORT'];

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SuperstepError)) return EXIT.failed;
  if (LATER.includes(error.code)) return EXIT.later;
  return error.name === 'UsageError' ? EXIT.usage : EXIT.failed;
}

const BUG = 'This is a bug of superstep: please report it, with what --verbose prints.';

/** Lines of text, the last one without its end. */
export function printError(error: unknown, verbose: boolean): string {
  const known = error instanceof SuperstepError;
  const { details, code } = known ? error : { details: {} as Details, code: 'INTERNAL' as const };
  const [first = '', ...more] = messageOf(error).split('\n');
  const lines = [`superstep: ${first}   [${code}]`, ...more.map(line => `  ${line}`)];
  if (details.offset !== undefined) {
    const record = details.record === undefined ? '' : `: ${JSON.stringify(details.record)}`;
    lines.push(`  at byte ${formatCount(details.offset)}${record}`);
  }
  const work = workOf(details);
  if (work !== '') lines.push(`  ${work}`);
  if (known) lines.push(...causeLines(error, first));
  if (verbose && error instanceof Error) lines.push(...stackLines(error));
  lines.push(`  ${details.remedy ?? remedyFor(error, verbose)}`);
  return lines.join('\n');
}

function remedyFor(error: unknown, verbose: boolean): string {
  if (!(error instanceof SuperstepError) || error.code === 'INTERNAL') return BUG;
  if (error.name === 'UsageError') return 'See: superstep help run';
  return verbose ? 'Mend that, and run it again.' : 'See where with --verbose';
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);

function workOf({ job, stage, task, partition, attempt }: Details): string {
  const parts = { job, stage, task, partition, attempt };
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** What the user's code threw, and the line of it that did; nothing when the message has said it already. */
function causeLines(error: SuperstepError, said: string): string[] {
  const { cause, code } = error;
  if (error.name !== 'TaskError' && code !== 'MODULE_NOT_LOADED') return [];
  if (!(cause instanceof Error)) return [];
  const frame = cause.stack?.split('\n').find(line => /^\s+at /.test(line) && isUserCode(line));
  const lines = said.includes(cause.message) ? [] : [`  ${cause.name}: ${cause.message}`];
  return frame === undefined ? lines : [...lines, `  ${frame.trim()}`];
}

/** A frame that is neither Node's nor a package's nor ours, nor of what is generated. */
const own = new URL('../..', import.meta.url).href;
const isUserCode = (frame: string): boolean =>
  !/node:|node_modules|\(superstep:/.test(frame) &&
  !frame.includes(own) &&
  !frame.includes(new URL(own).pathname);

/** How many causes are followed: a longer chain is a loop. */
const CAUSES = 8;

function stackLines(error: Error): string[] {
  const lines: string[] = [];
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < CAUSES; depth++, at = at.cause) {
    if (depth > 0) lines.push(`  caused by ${at.name}: ${at.message}`);
    lines.push(...(at.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)));
  }
  return lines;
}

/** The error as `--json` has it. */
export function errorAsJson(error: unknown): object {
  const known = error instanceof SuperstepError;
  const { remedy, job, stage, task, file, offset } = known ? error.details : ({} as Details);
  return {
    ok: false,
    error: {
      code: known ? error.code : 'INTERNAL',
      message: messageOf(error),
      remedy: remedy ?? null,
      job: job ?? null,
      stage: stage ?? null,
      task: task ?? null,
      file: file ?? null,
      offset: offset ?? null,
    },
  };
}
