/** Who made a lock or a temporary folder, so that another process can tell whether its maker still lives.
 *
 * A process id alone is not enough: ids are used again, machines start again, folders are shared between hosts
 * and containers. An owner is therefore { host, boot, namespace, pid, start }, plain JSON.
 *
 * Deliberately not here: leases and clocks. What cannot be decided (another host, another container) is
 * 'elsewhere', and is never taken for dead.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly host: string;
  /** The kernel's random id of this start of the machine; '' where there is none. */
  readonly boot: string;
  /** The process-id namespace (a container has its own); '' where there is none. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, in clock ticks since boot; '' where that cannot be read. */
  readonly start: string;
}

/** What `read` returns, or '' where the system has no such file: /proc is Linux's alone. */
const orEmpty = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return '';
  }
};

/** State and start time of a process (proc(5), /proc/PID/stat, fields 3 and 22). */
function processStat(pid: number): { readonly state: string; readonly start: string } | undefined {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === '') return undefined;
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

export function thisOwner(): Owner {
  return {
    host: hostname(),
    boot: orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    namespace: orEmpty(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    start: processStat(process.pid)?.start ?? '',
  };
}

/** Whether the process that wrote `owner` still runs. */
export function ownerState(owner: Owner): 'alive' | 'dead' | 'elsewhere' {
  const self = thisOwner();
  if (owner.host !== self.host) return 'elsewhere';
  if (owner.boot !== self.boot) return 'dead';
  if (owner.namespace !== self.namespace) return 'elsewhere';
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'dead';
  }
  const stat = processStat(owner.pid);
  if (stat === undefined) return 'alive';
  const ended = stat.state === 'Z' || stat.state === 'X';
  return ended || stat.start !== owner.start ? 'dead' : 'alive';
}

/** An owner out of JSON text; undefined when the text is not one (cut short, or not ours). */
export function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return typeof owner?.host === 'string' &&
      typeof owner.boot === 'string' &&
      typeof owner.namespace === 'string' &&
      typeof owner.start === 'string' &&
      Number.isSafeInteger(owner.pid) &&
      (owner.pid as number) > 0
      ? (owner as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}
