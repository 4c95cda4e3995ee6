/** The README's commands and programs print what the README says. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { transformSync } from 'esbuild';
import { folderOf, superstep } from './child.ts';

const readme = readFileSync('README.md', 'utf8');

/** The blocks under `<!-- kind: name -->`, by name. */
function blocks(kind: string): Map<string, string> {
  const found = readme.matchAll(/<!-- (\w+): (.+) -->\n```\w*\n([^]*?)```\n/g);
  return new Map(
    [...found].flatMap(([, of, name, text]) => (of === kind ? [[name!, text!] as const] : [])),
  );
}

test('the first command', async t => {
  const [command, output] = [...blocks('output')].find(([of]) => of.includes(' top ')) ?? ['', ''];
  t.true(readme.includes(`npm ci && ${command}\n`));
  const args = command.replace('npx superstep ', '').split(' ');
  // On a terminal it prints the table; a test has none.
  const { stdout, stderr } = await superstep([...args, '--format', 'table']);
  t.is(stdout, output, stderr);
});

test('PageRank of a real graph', async t => {
  const [command, output] = [...blocks('output')].find(([of]) => of.includes('pagerank')) ?? [
    '',
    '',
  ];
  const args = command.replace('npx superstep ', '').split(' ');
  const { stdout, stderr } = await superstep([...args, '--format', 'table']);
  t.is(stdout, output, stderr);
});

test('the vertex program of your own has at most 25 lines, and runs', async t => {
  const program = blocks('program').get('paths.ts')!;
  t.true(program.trimEnd().split('\n').length <= 25);
  const cwd = folderOf(t, { 'paths.ts': program, 'roads.txt': '1 2 4\n2 3 1.5\n1 3 7\n3 4 1\n' });
  const command = /`superstep (run \.\/paths\.ts [^`]*) --out distances\.csv`/.exec(readme)![1]!;
  const { stdout, stderr } = await superstep(command.split(' '), { cwd });
  t.is(stdout, 'vertex,distance\n1,0\n2,4\n3,5.5\n4,6.5\n', stderr);
});

test('the job of your own: in a program, and by the command line', async t => {
  const files = blocks('file');
  t.deepEqual([...files.keys()], ['hosts.ts', 'access.log', 'main.ts']);
  const cwd = folderOf(t, Object.fromEntries(files));
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(process.cwd(), join(cwd, 'node_modules/superstep'));
  writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
  // As a user's own build compiles it, where Node does not.
  for (const name of ['hosts', 'main']) {
    const { code } = transformSync(files.get(`${name}.ts`)!, { loader: 'ts' });
    writeFileSync(join(cwd, `${name}.js`), code.replace('./hosts.ts', './hosts.js'));
  }
  const program = spawnSync(process.execPath, ['main.js'], { cwd, encoding: 'utf8' });
  t.is(
    program.stdout,
    blocks('output').get('node main.ts') ?? 'none in the README',
    program.stderr,
  );

  t.regex(readme, /`superstep run \.\/hosts\.ts access\.log --out hosts\.parquet`/);
  const { stdout, stderr } = await superstep(['run', './hosts.ts', 'access.log'], { cwd });
  t.is(stdout, 'host,requests,bytes\na.example,1,100\nb.example,2,4608\n', stderr);
});

test('the job of your own has at most 15 lines', t => {
  t.true(blocks('file').get('hosts.ts')!.trimEnd().split('\n').length <= 15);
});

test('tasks and actors', t => {
  const program = blocks('actors').get('scores.ts')!;
  const { code } = transformSync(program, { loader: 'ts' });
  const main = "import { main } from './scores.js';\nawait main();\n";
  const cwd = folderOf(t, {
    'scores.js': code,
    'main.js': main,
    'package.json': '{ "type": "module" }',
  });
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(process.cwd(), join(cwd, 'node_modules/superstep'));
  const { stdout, stderr } = spawnSync(process.execPath, ['main.js'], { cwd, encoding: 'utf8' });
  const printed = /`main\(\)` prints `(.*?)`/.exec(readme)![1]!;
  t.is(stdout, `${printed}\n`, stderr);
});
