/** For tests: a device that fails, or stands still, at a moment that the test names. Loaded by `node --import`, and so by each
 *  thread: calls of `node:fs` on paths that match do what they do on such a device.
 *
 * Order: `onDevice(faults)` makes the flags and the environment of a process; in it, this module takes over the calls.
 * What fails once fails from then on, in its thread; half of the bytes of the first write that fails are written.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { ChildOptions } from '../../cli/child.ts';

export interface Fault {
  readonly call: 'open' | 'write' | 'read' | 'fsync' | 'close' | 'rm';
  /** What the path matches. */
  readonly path: string;
  /** So many such calls of a thread go well before. */
  readonly after?: number;
  /** What the system says. Otherwise the call makes a file `waits-CALL` in the working folder, and goes well once there is
   *  a file `go`. */
  readonly code?: 'EIO' | 'EMFILE' | 'ENOSPC' | 'EROFS';
}

const NAME = 'SUPERSTEP_TEST_FAULTS';
const SAID = {
  EIO: [5, 'i/o error'],
  ENOSPC: [28, 'no space left on device'],
  EMFILE: [24, 'too many open files'],
  EROFS: [30, 'read-only file system'],
} as const;

/** For a process whose device has these faults. */
export function onDevice(faults: readonly Fault[]): ChildOptions {
  return {
    node: ['--import', import.meta.url],
    env: { ...process.env, [NAME]: JSON.stringify(faults) },
  };
}

type Call = (...args: never[]) => unknown;
const words = new Int32Array(new SharedArrayBuffer(4));

function standStill(call: string): void {
  fs.writeFileSync(`waits-${call}`, '');
  while (!fs.existsSync('go')) Atomics.wait(words, 0, 0, 5);
}

function install(faults: readonly Fault[]): void {
  const real = { ...fs } as unknown as { [name: string]: Call };
  const paths = new Map<number, string>();
  const counts = faults.map(() => 0);
  /** Throws, or stands still, where a fault says so. `first`: is called before the first failure. */
  const meet = (call: Fault['call'], path: string | undefined, first = () => {}): void => {
    for (const [i, fault] of faults.entries()) {
      if (fault.call !== call || path === undefined || !new RegExp(fault.path).test(path)) continue;
      const calls = counts[i]!++;
      const { after = 0, code } = fault;
      if (calls < after) continue;
      if (code === undefined) {
        if (calls === after) standStill(call);
        continue;
      }
      if (calls === after) first();
      const [errno, said] = SAID[code];
      const error = new Error(`${code}: ${said}, ${call}`);
      throw Object.assign(error, { code, errno: -errno, syscall: call });
    }
  };
  const put = (name: string, make: (real: Call) => Call): void => {
    Object.assign(fs, { [name]: make(real[name]!) });
  };
  put('openSync', open => (path: string, ...more: never[]) => {
    meet('open', String(path));
    const descriptor = open(path as never, ...more) as number;
    paths.set(descriptor, String(path));
    return descriptor;
  });
  put('writeSync', write => (file: number, bytes: Uint8Array, from: number, length: number) => {
    const half = (): unknown =>
      write(file as never, bytes as never, from as never, (length >> 1) as never);
    meet('write', paths.get(file), half);
    return write(file as never, bytes as never, from as never, length as never);
  });
  put('readSync', read => (file: number, ...more: never[]) => {
    meet('read', paths.get(file));
    return read(file as never, ...more);
  });
  put('fsyncSync', fsync => (file: number) => {
    meet('fsync', paths.get(file));
    return fsync(file as never);
  });
  put('closeSync', close => (file: number) => {
    // The descriptor is gone, whatever close says.
    close(file as never);
    const path = paths.get(file);
    paths.delete(file);
    meet('close', path);
  });
  put('rmSync', rm => (path: string, ...more: never[]) => {
    meet('rm', String(path));
    return rm(path as never, ...more);
  });
  syncBuiltinESMExports();
}

const given = process.env[NAME];
// Where the test itself imports this, nothing is given.
if (given !== undefined) install(JSON.parse(given) as Fault[]);
