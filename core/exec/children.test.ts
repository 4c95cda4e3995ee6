/** What may end, abort or keep a process: each in a child process of its own (fixtures/child.ts). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const child = fileURLToPath(new URL('./fixtures/child.js', import.meta.url));

const entry = new URL('../worker-main.js', import.meta.url).href;

function run(story: string): { status: number | null; lines: unknown[]; stderr: string } {
  const options = { encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, story, entry], options);
  const lines = stdout.split('\n').filter(line => line !== '');
  return { status, lines: lines.map(line => JSON.parse(line) as unknown), stderr };
}

test('an idle session lets the process end; a busy one does not', t => {
  t.deepEqual(run('idle'), { status: 0, lines: ['idle'], stderr: '' });
  t.deepEqual(run('busy'), { status: 0, lines: [300], stderr: '' });
  t.deepEqual(run('closes'), { status: 0, lines: ['closes'], stderr: '' });
});

test('a definition made in the entry file is refused before anything starts', t => {
  const { status, lines } = run('entry');
  t.is(status, 0);
  t.like(lines[0], { code: 'DEFINITION_IN_ENTRY' });
});

test('open while a worker imports definitions', t => {
  const { lines, stderr } = run('opens');
  t.like(lines[0], { code: 'OPEN_IN_WORKER' }, stderr);
});

test('a heap that V8 ends: the task is named, the worker replaced; or V8 aborts the process', t => {
  const { status, lines, stderr } = run('heap');
  if (status === 0) {
    t.like(lines[0], {
      code: 'MEMORY',
      message: "task 'grow' exceeded the heap of its worker",
    });
    t.is(lines[1], 'goes on');
  } else t.regex(stderr, /heap out of memory/, 'the limit of V8 that DESIGN speaks of');
});

const long = process.env['SUPERSTEP_TEST_SHORT'] === undefined ? test : test.skip;
long('a thread inside a system call that does not return is abandoned after 5 s', t => {
  const { status, lines } = run('stuck');
  t.is(status, 0);
  t.like(lines[0], { code: 'TASK_TIMEOUT' });
  t.is(lines[1], 'goes on');
});

test('what workers print goes to standard error, with job and task before each line', t => {
  const { status, lines, stderr } = run('says');
  t.is(status, 0);
  t.deepEqual(lines, []);
  t.is(
    stderr,
    [
      "task 'says': hello",
      "task 'says': world",
      "task 'says': hello",
      "task 'says': world out",
      'task 3 of job greet, stage map: hi',
      'task 3 of job greet, stage map: hi out',
      '',
    ].join('\n'),
  );
});
