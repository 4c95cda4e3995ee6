/** The highest resident memory of a process: VmHWM of Linux, which counts heap, WASM, buffers and shared memory. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Bytes, or undefined where the process is gone or the system has no /proc. */
export function peakBytes(pid: number | 'self' = 'self'): number | undefined {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return line === null ? undefined : Number(line[1]) * 1024;
  } catch {
    return pid === 'self' ? process.resourceUsage().maxRSS * 1024 : undefined;
  }
}

/** Sets this process's peak back to what is resident now, so that a trial has its own. Where that is not allowed,
 *  peaks are those of the whole process so far. */
export function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or a sandbox: the figure is then an upper bound.
  }
}
