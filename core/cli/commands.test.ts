/** The command as a process: what needs no engine. */
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { thisOwner } from '../exec/owner.ts';
import { folderOf, superstep } from './child.ts';

test('--version and help', async t => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  t.deepEqual(await superstep(['--version']), {
    code: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: '',
  });
  for (const args of [['help'], ['--help'], ['help', 'run'], ['run', '--help']]) {
    const { code, stdout } = await superstep(args);
    t.is(code, 0);
    t.regex(stdout, /^Usage: superstep/);
  }
});

const mistakes: readonly (readonly [string, string[], RegExp])[] = [
  ['no command', [], /no command is given {3}\[USAGE\]\n.*superstep help/],
  ['unknown command', ['rnu'], /unknown command 'rnu' {3}\[USAGE\]\n {2}Did you mean run\?/],
  [
    'unknown flag',
    ['run', 'wordcount', 'x', '--memroy', '1GB'],
    /unknown option '--memroy' {3}\[USAGE\]\n {2}Did you mean --memory\?/,
  ],
  ['flag without value', ['run', 'wordcount', 'x', '--workers'], /argument missing/],
  ['wrong value', ['run', 'wordcount', 'x', '--workers', 'x'], /--workers: 'x'.*\[USAGE\]/],
  [
    'unknown job',
    ['run', 'wordcont', 'x'],
    /no job 'wordcont'.*\[JOB_NOT_FOUND\]\n.*wcc, wordcount/,
  ],
  ['no job file', ['run', './no.ts', 'x'], /no\.ts does not exist {3}\[JOB_NOT_FOUND\]/],
  ['no module', ['run', './package.json', 'x'], /is not a \.ts.*\[JOB_NOT_FOUND\]/],
  ['no input', ['run', 'wordcount'], /no input is given {3}\[USAGE\]/],
  [
    'unknown parameter',
    ['run', 'top', 'x', '--param', 'n=3'],
    /'n' {3}\[PARAM_UNKNOWN\]\n.*split, case, k/,
  ],
  ['json and rows', ['run', 'top', 'x', '--json'], /standard output {3}\[USAGE\]\n.*--out PATH/],
  ['limit of a file', ['run', 'top', 'x', '--limit', '3', '--out', 'y.csv'], /--limit is for/],
];
for (const [title, args, message] of mistakes) {
  test(`a mistake is named, with what to type: ${title}`, async t => {
    const { code, stdout, stderr } = await superstep(args);
    t.is(code, 2);
    t.regex(stderr, message);
    t.regex(stderr, /^superstep: [^\n]+\[[A-Z_]+\]\n {2}[^\n]+\n$/);
    if (args.includes('--json')) t.is((JSON.parse(stdout) as { ok: boolean }).ok, false);
    else t.is(stdout, '');
  });
}

test('job files that cannot be run', async t => {
  const folder = folderOf(t, {
    'broken.ts': "import { int64 } from 'superstep';\nconst x: number = ;\n",
    'broken.mjs': 'export const a = 1;\nexport default {{;\n',
    'none.ts':
      "import { mapReduce, utf8 } from 'superstep';\nexport const lines = mapReduce({ name: 'lines', input: { line: utf8 }, value: { line: utf8 }, map: (row, emit) => emit(row) });\n",
    'other.mjs': 'export default 7;\n',
    'throws.mjs': "throw new Error('no database');\n",
  });
  const run = async (name: string): Promise<string> => {
    const { code, stderr } = await superstep(['run', `./${name}`, 'x'], { cwd: folder });
    t.is(code, 2, stderr);
    return stderr;
  };
  t.regex(
    await run('broken.ts'),
    /broken\.ts:2:19: Unexpected ";" {3}\[JOB_SYNTAX\]\n {2}Mend line 2 of/,
  );
  t.regex(await run('broken.mjs'), /broken\.mjs:2:17: Expected .*\[JOB_SYNTAX\]/);
  t.regex(
    await run('none.ts'),
    /no default export {3}\[JOB_NO_DEFAULT\]\n {2}Add: export default lines/,
  );
  t.regex(await run('other.mjs'), /not a job {3}\[JOB_NO_DEFAULT\]/);
  t.regex(await run('throws.mjs'), /no database.*\[MODULE_NOT_LOADED\]/);
});

test('jobs: the built-in ones, and those of a file', async t => {
  const { stdout } = await superstep(['jobs']);
  t.regex(stdout, /^bfs\n[^]*\ntop\n {2}input {3}text {4}line: utf8\n/);
  t.regex(
    stdout,
    /\nwordcount\n[^]* {2}param {3}split {3}one of whitespace, unicode; default whitespace\n/,
  );
  t.regex(stdout, / {2}output {2}output {2}word: utf8, count: int64\n$/);
  const { jobs } = JSON.parse((await superstep(['jobs', '--json'])).stdout) as {
    jobs: readonly { readonly name: string }[];
  };
  t.deepEqual(
    jobs.map(job => job.name),
    'bfs cdlp degrees kcore lcc pagerank sssp top triangles wcc wordcount'.split(' '),
  );

  const folder = folderOf(t, {
    'mine.ts':
      "import { bigint64, mapReduce, utf8 } from 'superstep';\nexport const mine = mapReduce({ name: 'mine', params: { seed: bigint64, big: 5n }, input: { line: utf8 }, value: { line: utf8 }, map: (row, emit) => emit(row) });\nexport default mine;\n",
    'empty.mjs': 'export const x = 1;\n',
  });
  const mine = await superstep(['jobs', 'mine.ts'], { cwd: folder });
  t.regex(
    mine.stdout,
    /^mine\n[^]*seed {4}bigint64; must be given\n[^]*big {5}bigint; default 5n\n/,
  );
  t.is((await superstep(['jobs', 'empty.mjs'], { cwd: folder })).code, 2);
});

test('a job over a graph: what it takes, and its plan', async t => {
  const cwd = folderOf(t, {
    'far.mjs':
      "import { float64, nullable, vertexId, vertexProgram } from 'superstep';\nexport default vertexProgram({ name: 'far', params: { source: vertexId }, edge: { weight: float64 }, state: { distance: nullable(float64) }, compute: v => v.voteToHalt() });\n",
    'web.txt': '1 2 0.5\n',
    'web.v': '1\n2\n3\n',
  });
  t.is(
    (await superstep(['jobs', 'far.mjs'], { cwd })).stdout,
    `far
  input   edges       source: id, target: id, weight: float64
  param   source      vertexId; must be given
  param   directed    one of as-read, true, false; default as-read
  param   duplicates  one of keep, drop; default keep
  param   loops       one of keep, drop; default keep
  param   dangling    one of error, drop, add; default error
  output  output      vertex: id, distance: nullable(float64)
`,
  );
  const flags = ['--param', 'source=1', '--param', 'directed=false', '--param', 'loops=drop'];
  const inputs = ['web.txt', '--input', 'vertices=web.v'];
  const plan = await superstep(['explain', './far.mjs', ...inputs, ...flags], { cwd });
  t.is(plan.stderr, '');
  t.regex(plan.stdout, /^job far\ninput 0 {3}1 file, 8 bytes, edges; 1 split/);
  t.regex(plan.stdout, /\ninput 1 {3}1 file, 6 bytes, edges; 1 split/);
  t.regex(plan.stdout, /\n {2}edges {4}undirected, ids bigint64, with weight, without loops/);
});

test('clean deletes what the dead left, and says so', async t => {
  const dead = JSON.stringify({ ...thisOwner(), start: '1' });
  const left = ['temp/superstep-gone', '.x.csv.superstep-gone.lock'];
  const cwd = folderOf(t, {
    [`${left[0]}/owner.json`]: dead,
    [left[1]!]: dead,
    'temp/superstep-mine/notes.txt': 'not ours',
  });
  const clean = async (...more: string[]): Promise<string[]> => {
    const { stdout, stderr } = await superstep(['clean', '--temp', 'temp', ...more], { cwd });
    t.is(stderr, '');
    return stdout.trimEnd().split('\n');
  };
  t.deepEqual(await clean('--older', '7d'), ['0 leftovers deleted']);
  t.deepEqual(await clean('--dry-run'), [...left, '2 leftovers would be deleted']);
  t.deepEqual(await clean(), [...left, '2 leftovers deleted']);
  t.deepEqual(await clean(), ['0 leftovers deleted']);
  t.deepEqual(readdirSync(cwd), ['temp']);
});
