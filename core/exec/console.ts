/** What user code prints in a worker: on standard error, with job and task before each line.
 *
 * Standard output belongs to results. Lines are written at once and synchronously: a thread that is ended a moment
 * later has said what it said.
 */
import { Console } from 'node:console';
import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

const STDERR = 2;
/** A pipe that nobody reads is full for ever: after so many tries of 1 ms the rest of the text is dropped. */
const TRIES = 200;

/** Redirects this thread's console and standard output. `prefix` is asked for each text. */
export function installConsole(prefix: () => string): void {
  const out = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      writeAll(text.replace(/^(?=[^])/gm, `${prefix()}: `));
      done();
    },
  });
  globalThis.console = new Console({ stdout: out, stderr: out });
  process.stdout.write = out.write.bind(out) as typeof process.stdout.write;
}

function writeAll(text: string): void {
  let bytes: Uint8Array = Buffer.from(text);
  for (let tries = 0; bytes.byteLength > 0 && tries < TRIES; ) {
    try {
      bytes = bytes.subarray(writeSync(STDERR, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      tries++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
