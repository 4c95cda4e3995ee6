/** Several jobs over graphs at once in one session: each gives what it gives alone, within the one memory of the session. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { folderOf } from '../cli/child.ts';
import { edgesText, GRAPH } from './faults/checkpoint-jobs.ts';

const PROGRAM = fileURLToPath(new URL('./together.js', import.meta.url));
/** As in memory.test.ts: code and fragments, which a short job does not make. From Node 22 on, V8's compilers and its heap hold more of them
 *  while six jobs' programs are new: on Node 24 from 29 to 57 MiB above limit and idle in 20 runs, without compilers (--no-opt --no-maglev
 *  --no-sparkplug) from 2 to 39; on Node 20 from −6 to 18. Six memories would be 500 MiB more. */
const NEWER_V8 = Number(process.versions.node.split('.')[0]) >= 22;
const SLACK_BYTES = (NEWER_V8 ? 64 : 32) * 2 ** 20;
const MEMORY_BYTES = 100 * 2 ** 20;
const JOBS = 6;

test('graph jobs at once in one session: the bytes of each alone, and one memory', async t => {
  t.timeout(120_000);
  const files = { 'g.txt': GRAPH, 'h.txt': edgesText(60_000, 40_000) };
  const cwd = folderOf(t, { ...files, 'one.txt': 'x\n' });
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { cwd });
  const { idle, together } = JSON.parse(stdout) as {
    readonly idle: number;
    readonly together: number;
  };
  for (let i = 0; i < JOBS; i++) {
    const [a, b] = ['t', 'a'].map(way => readFileSync(join(cwd, `${way}${i}.csv`)));
    t.true(a!.length > 1000, `${i}`);
    t.true(a!.equals(b!), `${i}`);
  }
  const over = together - idle - MEMORY_BYTES;
  t.true(over <= SLACK_BYTES, `${over} bytes above the limit and idle`);
  t.log(`${(together / 2 ** 20).toFixed()} MiB, idle ${(idle / 2 ** 20).toFixed()}`);
});
