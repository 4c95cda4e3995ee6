/** `superstep run` as a process, on files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { verify } from 'superstep/jobs/wordcount';
import { folderOf, start, superstep } from './child.ts';

const TEXT = 'the whale the\nsea, "quoted" a;b\n\nthe\n';
const CSV = 'word,count\n"""quoted""",1\na;b,1\n"sea,",1\nthe,3\nwhale,1\n';

test('csv to a file, which is then there, and replaced when asked', async t => {
  const cwd = folderOf(t, { 'a.txt': TEXT });
  const args = ['run', 'wordcount', 'a.txt', '--out', 'x.csv'];
  const first = await superstep(args, { cwd });
  t.is(first.code, 0, first.stderr);
  t.is(first.stdout, '');
  t.regex(
    first.stderr,
    /^superstep: wordcount: 5 rows to x\.csv \(\d+ B\) in .* from 1 file \(37 B\); peak/m,
  );
  t.is(readFileSync(join(cwd, 'x.csv'), 'utf8'), CSV);

  const again = await superstep(args, { cwd });
  t.is(again.code, 2);
  t.regex(again.stderr, /x\.csv exists {3}\[OUTPUT_EXISTS\]\n {2}.*--overwrite/);
  const replaced = await superstep([...args, '--overwrite', '--quiet'], { cwd });
  t.deepEqual([replaced.code, replaced.stderr], [0, '']);
  t.is(readFileSync(join(cwd, 'x.csv'), 'utf8'), CSV);
  t.deepEqual(readdirSync(cwd), ['a.txt', 'x.csv']);
});

test('standard output: csv when it is not a terminal, other formats when asked', async t => {
  const cwd = folderOf(t, { 'a.txt': TEXT });
  const print = async (...more: string[]): Promise<string> => {
    const { code, stdout, stderr } = await superstep(['run', 'wordcount', 'a.txt', ...more], {
      cwd,
    });
    t.is(code, 0, stderr);
    return stdout;
  };
  t.is(await print(), CSV);
  t.is(await print('--out', '-', '--workers', '1'), CSV);
  const { stderr } = await superstep(['run', 'wordcount', 'a.txt'], { cwd });
  t.regex(stderr, /^superstep: wordcount: 5 rows to standard output \(55 B\) in /m);
  t.is((await print('--format', 'jsonl')).split('\n')[3], '{"word":"the","count":3}');
  t.is((await print('--format', 'text')).split('\n')[3], 'the\t3');
  t.is(
    await print('--format', 'table', '--limit', '2'),
    'word      count\n"quoted"      1\na;b           1\n(2 of 5 rows)\n',
  );
  t.deepEqual(readdirSync(cwd), ['a.txt']);
});

test('standard input, and a reader that goes away', async t => {
  const piped = await superstep(['run', 'top', '-', '--param', 'k=1', '--quiet'], { input: TEXT });
  t.deepEqual([piped.code, piped.stdout, piped.stderr], [0, 'word,count\nthe,3\n', '']);

  const words = Array.from({ length: 200_000 }, (_, i) => `word${i}`).join('\n');
  const { child, finished } = start(['run', 'wordcount', '-', '--quiet'], { input: words });
  child.stdout!.once('data', () => child.stdout!.destroy());
  const { code, signal, stderr } = await finished;
  t.deepEqual([code, signal, stderr], [0, null, '']);
});

test('a folder of parts; several tables in a folder, or each in its place', async t => {
  const cwd = folderOf(t, {
    'a.txt': TEXT,
    'two.ts': `import { job, utf8 } from 'superstep';
import wordcount from 'superstep/jobs/wordcount';
export default job({
  name: 'two',
  inputs: { left: { line: utf8 }, right: { line: utf8 } },
  plan: ({ left, right }) => ({ l: wordcount(left), r: wordcount(right, { case: 'lower' }) }),
});
`,
  });
  const parts = [
    'run',
    'wordcount',
    'a.txt',
    '--out',
    'parts',
    '--format',
    'csv',
    '--partitions',
    '2',
  ];
  t.is((await superstep(parts, { cwd })).code, 0);
  t.deepEqual(readdirSync(join(cwd, 'parts')), ['_SUCCESS', 'part-00000.csv', 'part-00001.csv']);
  const about = JSON.parse(readFileSync(join(cwd, 'parts/_SUCCESS'), 'utf8')) as { job: string };
  t.is(about.job, 'wordcount');

  const two = ['run', './two.ts', '--input', 'left=a.txt', '--input', 'right=a.txt'];
  const both = await superstep([...two, '--out', 'both', '--format', 'csv', '--json'], { cwd });
  t.is(both.code, 0, both.stderr);
  t.deepEqual(readdirSync(join(cwd, 'both')), ['l', 'r']);
  const report = JSON.parse(both.stdout) as { output: { rows: number }; outputs: object };
  t.is(report.output.rows, 10);
  t.deepEqual(Object.keys(report.outputs), ['l', 'r']);
  const each = await superstep([...two, '--out', 'r=r.csv', '--out', 'l=l.csv'], { cwd });
  t.is(each.code, 0, each.stderr);
  t.is(readFileSync(join(cwd, 'l.csv'), 'utf8'), CSV);
});

test('the same bytes for any number of workers and partitions, any memory, any kills', async t => {
  const cwd = folderOf(t);
  const book = join(process.cwd(), 'datasets/books/moby-dick.txt');
  const outputs = [
    ['--workers', '1'],
    ['--workers', '3', '--partitions', '5'],
    ['--workers', '2', '--memory', '100MiB', '--partitions', '1'],
    ['--workers', '2', '--chaos', '7'],
  ];
  for (const [i, more] of outputs.entries()) {
    const args = ['run', 'wordcount', book, '--out', `${i}.csv`, ...more];
    const { code, stderr } = await superstep(args, { cwd });
    t.is(code, 0, stderr);
    t.deepEqual(
      readFileSync(join(cwd, `${i}.csv`)),
      readFileSync(join(cwd, '0.csv')),
      more.join(' '),
    );
  }
  const jsonl = await superstep(['run', 'wordcount', book, '--format', 'jsonl'], { cwd });
  const rows = jsonl.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as never);
  await t.notThrowsAsync(verify([book], rows));
});

test('bad input is named with what to do about it', async t => {
  const cwd = folderOf(t, { 'a.txt': TEXT });
  mkdirSync(join(cwd, 'empty'));
  const says = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
    const done = await superstep(['run', 'wordcount', ...args], { cwd });
    t.is(done.code, code, done.stderr);
    t.regex(done.stderr, message);
    t.deepEqual(readdirSync(cwd).toSorted(), ['a.txt', 'empty']);
  };
  await says(['none.txt', '--out', 'x.csv'], 2, /none\.txt.*\[INPUT_MISSING\]/);
  await says(['*.log', '--out', 'x.csv'], 2, /\*\.log.*\[INPUT_NO_MATCH\]/);
  await says(['empty', '--out', 'x.csv'], 2, /empty.*\[INPUT_EMPTY_FOLDER\]/);
  await says(['a.txt', '--out', 'a.txt', '--overwrite'], 2, /is an input.*\[OUTPUT_REFUSED\]/);
  await says(['.', '--out', 'sub/x.csv'], 2, /lies inside an input.*\[OUTPUT_REFUSED\]/);
  await says(['a.txt', '--out', 'x.docx'], 2, /docx.*\[FORMAT_UNKNOWN\]/);
  await says(
    ['a.txt', '--out', 'x.csv', '--memory', '1MB'],
    2,
    /1000000 bytes \(--memory\)[^]*The least that works is --memory \d+/,
  );
  await says(['a.txt', '--out', 'x.csv', '--memory', 'lots'], 2, /--memory: 'lots'.*\[USAGE\]/);
});

test("a function of the user's that throws: the row, the line, the code", async t => {
  const cwd = folderOf(t, {
    'a.txt': Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(''),
    'job.ts': `import { int64, mapReduce, utf8 } from 'superstep';
export default mapReduce({
  name: 'halves',
  input: { line: utf8 },
  value: { half: int64 },
  map({ line }, emit) {
    if (line === '12345') throw new RangeError(\`no half of \${line}\`);
    emit({ half: Math.floor(Number(line) / 2) });
  },
});
`,
  });
  const run = ['run', './job.ts', 'a.txt', '--out', 'x.csv', '--report', 'report.json'];
  const { code, stderr } = await superstep(run, { cwd });
  t.is(code, 1, stderr);
  t.regex(stderr, /\[TASK_FAILED\]/);
  t.regex(stderr, /12,?345/);
  t.regex(stderr, /no half of 12345/);
  t.regex(stderr, /at .*job\.ts:7:/);
  const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as {
    ok: boolean;
    error: { code: string };
  };
  t.deepEqual([report.ok, report.error.code], [false, 'TASK_FAILED']);
  t.deepEqual(readdirSync(cwd).toSorted(), ['a.txt', 'job.ts', 'report.json']);
});

test('explain prints the plan and reads nothing else', async t => {
  const cwd = folderOf(t, { 'a.txt': TEXT });
  const args = ['explain', 'top', 'a.txt', '--workers', '2'];
  const { code, stdout, stderr } = await superstep(args, {
    cwd,
    env: { ...process.env, SUPERSTEP_MEMORY: '1GiB' },
  });
  t.is(code, 0, stderr);
  t.regex(stdout, /wordcount/);
  t.regex(stdout, /ranked/);
  t.regex(stdout, /2 \(--workers\)/);
  t.regex(stdout, /SUPERSTEP_MEMORY/);
});

test('progress: a line a stage', async t => {
  const cwd = folderOf(t, { 'a.txt': TEXT });
  const { stderr } = await superstep(['run', 'top', 'a.txt', '--out', 'x.csv'], { cwd });
  t.regex(stderr, /^superstep: wordcount map: 37 B\nsuperstep: wordcount map: done in [\d.]+ s$/m);
});

test('an output on a full disk: 75, and nothing is left', async t => {
  const words = Array.from({ length: 20_000 }, (_, i) => `word${i}`).join('\n');
  const cwd = folderOf(t, { 'a.txt': words, 'temp/x': '', 'disk/x': '' });
  const disk = join(cwd, 'disk');
  const mount = ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk];
  if (process.getuid?.() !== 0 || spawnSync('mount', mount).status !== 0) {
    t.log('not run: a small file system can only be mounted by root');
    t.pass();
    return;
  }
  t.teardown(() => spawnSync('umount', [disk]));
  const args = ['run', 'wordcount', 'a.txt', '--out', 'disk/x.csv', '--temp', 'temp'];
  const { code, stderr } = await superstep(args, { cwd });
  t.is(code, 75, stderr);
  t.regex(stderr, /x\.csv.*\[DISK_FULL\]|\[DISK_FULL\]/);
  t.deepEqual(readdirSync(disk), []);
  t.deepEqual(readdirSync(join(cwd, 'temp')), ['x']);
});
