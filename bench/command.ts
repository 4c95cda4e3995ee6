/** Runs a command to its end, with the time it took and the memory it held. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { peakBytes } from './process-memory.ts';
import { Absent } from './suite.ts';

export interface Ran {
  /** From just before the process was started to its exit. */
  readonly seconds: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Highest VmHWM seen; the last POLL_MS are not. */
  readonly peakBytes: number | undefined;
}

/** Reading /proc takes 30 µs; every 10 ms that is a third of a percent of one core. */
const POLL_MS = 10;
/** Standard output and error kept for messages; beyond it they are read and dropped. */
const KEPT_CHARACTERS = 1_000_000;

export interface CommandOptions {
  /** Standard output goes to this file instead. */
  readonly stdoutTo?: string;
  readonly environment?: { readonly [name: string]: string };
  /** Watch its memory. Off for what takes milliseconds. */
  readonly memory?: boolean;
}

/** Throws Absent if there is no such command, and an Error with its standard error if it fails. */
export async function run(
  command: string,
  args: readonly string[],
  { stdoutTo, environment = {}, memory = true }: CommandOptions = {},
): Promise<Ran> {
  const out = stdoutTo === undefined ? 'pipe' : openSync(stdoutTo, 'w');
  const began = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', out, 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < KEPT_CHARACTERS) stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < KEPT_CHARACTERS) stderr += text;
  });
  let peak: number | undefined;
  const poll = memory
    ? setInterval(() => {
        peak = (child.pid === undefined ? undefined : peakBytes(child.pid)) ?? peak;
      }, POLL_MS)
    : undefined;
  try {
    let seconds = 0;
    child.once('exit', () => {
      seconds = (performance.now() - began) / 1000;
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    if (code !== 0) {
      throw new Error(`${command} ${args.join(' ')}: ended with ${code}\n${stderr.slice(-2_000)}`);
    }
    return { seconds, code, stdout, stderr, peakBytes: peak };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Absent(`no ${command} on the PATH`, { cause: error });
    }
    throw error;
  } finally {
    clearInterval(poll);
    if (typeof out === 'number') closeSync(out);
  }
}
