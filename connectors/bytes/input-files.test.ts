import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { globMatcher } from './glob.ts';
import { describeFiles } from './input-files.ts';
import { temporary } from './testing.ts';

const tree = (t: Parameters<typeof temporary>[0], ...files: string[]): string => {
  const root = temporary(t);
  for (const name of files) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), name);
  }
  return root;
};

test('glob patterns', t => {
  const cases: [pattern: string, yes: string[], no: string[]][] = [
    ['*.txt', ['a.txt', 'é.txt', ' .txt'], ['a.txt.gz', 'd/a.txt', '.a.txt', '_a.txt', 'atxt']],
    ['?.txt', ['a.txt', '😀.txt'], ['ab.txt', '.txt', '/.txt']],
    ['.*', ['.a'], ['a', '_a']],
    ['d/_*', ['d/_a'], ['d/a']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x', '[a-c]x']],
    ['[!a-c]x', ['dx'], ['ax', '/x', '_x']],
    ['[]]', [']'], ['[']],
    ['a[', ['a['], ['a']],
    ['{a,b{c,d}}*', ['a', 'ax', 'bc', 'bdx'], ['b', 'c']],
    ['{a', ['{a'], ['a']],
    ['**/x', ['x', 'd/x', 'd/e/x'], ['.d/x', 'd/_e/x', 'xx', 'd/xx']],
    ['d/**', ['d/x', 'd/e/x'], ['d', 'e/d/x', 'd/.x']],
    ['d/**/e/*.gz', ['d/e/a.gz', 'd/x/y/e/a.gz'], ['d/a.gz', 'd/e/f/a.gz']],
    ['a+(b).$^|\\', ['a+(b).$^|\\'], ['aab']],
    ['[z-a]*', [], ['z', 'a']],
  ];
  for (const [pattern, yes, no] of cases) {
    const matches = globMatcher(pattern);
    for (const path of yes) t.true(matches(path), `${pattern} ${path}`);
    for (const path of no) t.false(matches(path), `${pattern} ${path}`);
  }
});

test('paths, folders and globs become files in byte order, hidden ones left out', async t => {
  const root = tree(
    t,
    'b.txt',
    'a/2',
    'a/10',
    'a/B',
    'a/é',
    'a/_SUCCESS',
    'a/.hidden/x',
    'a/sub/x.gz',
    'c[1].txt',
    'c1.txt',
    '_named',
  );
  const paths = async (...where: string[]): Promise<string[]> =>
    (await describeFiles(where.map(path => join(root, path)))).map(fact =>
      fact.path.slice(root.length + 1),
    );
  t.deepEqual(await paths('b.txt', 'a'), ['a/10', 'a/2', 'a/B', 'a/sub/x.gz', 'a/é', 'b.txt']);
  t.deepEqual(await paths('a', 'b.txt'), await paths('b.txt', 'a'));
  t.deepEqual(await paths('*.txt'), ['b.txt', 'c1.txt', 'c[1].txt']);
  t.deepEqual(await paths('?'), ['a/10', 'a/2', 'a/B', 'a/sub/x.gz', 'a/é']);
  t.deepEqual(await paths('**/x*'), ['a/sub/x.gz']);
  t.deepEqual(await paths('a/.*/x'), ['a/.hidden/x']);
  t.deepEqual(await paths('c[1].txt'), ['c[1].txt']);
  t.deepEqual(await paths('_named', 'a/_SUCCESS'), ['_named', 'a/_SUCCESS']);
  t.deepEqual(await paths('b.txt', 'b.txt'), ['b.txt', 'b.txt']);
  const [gzip] = await describeFiles([join(root, 'a/sub')]);
  t.like(gzip, { kind: 'gzip', bytes: 'a/sub/x.gz'.length });
  t.true(gzip!.mtimeMs > 1e12);
});

test('links are followed; a circle of them ends', async t => {
  const root = tree(t, 'a/x');
  symlinkSync('..', join(root, 'a/up'));
  symlinkSync('a', join(root, 'b'));
  const found = await describeFiles([root]);
  t.deepEqual(
    found.map(fact => fact.path.slice(root.length + 1)),
    ['a/x', 'b/x'],
  );
  t.is((await describeFiles([`${root}/**`])).length, 2);
});

test('what is not there says so', async t => {
  const root = tree(t, 'folder/_only', 'x');
  for (const [path, code, name] of [
    ['missing.txt', 'INPUT_MISSING', 'UsageError'],
    ['x/y', 'INPUT_MISSING', 'UsageError'],
    ['*.csv', 'INPUT_NO_MATCH', 'UsageError'],
    ['nowhere/**/*', 'INPUT_NO_MATCH', 'UsageError'],
    ['folder', 'INPUT_EMPTY_FOLDER', 'UsageError'],
  ] as const) {
    const error = await t.throwsAsync(describeFiles([join(root, path)]), { code });
    t.like(error, { name, details: { file: join(root, path) } });
    t.true(error!.message.startsWith(join(root, path)));
  }
  symlinkSync('nowhere', join(root, 'folder/dangling'));
  await t.throwsAsync(describeFiles([join(root, 'folder')]), { code: 'INPUT_UNREADABLE' });
});

test('a folder that may not be read is named', async t => {
  const root = tree(t, 'folder/x');
  if (process.getuid?.() === 0) {
    t.log('skipped: root may read everything');
    return t.pass();
  }
  chmodSync(join(root, 'folder'), 0o000);
  t.teardown(() => chmodSync(join(root, 'folder'), 0o700));
  const error = await t.throwsAsync(describeFiles([join(root, 'folder')]), {
    code: 'INPUT_UNREADABLE',
  });
  t.regex(error!.message, /permission denied/);
});

test('standard input is spooled as it is read, and known as gzip by its first bytes', async t => {
  const root = temporary(t);
  for (const [bytes, kind] of [
    [Buffer.from('some text\n'), 'stdin'],
    [Buffer.alloc(0), 'stdin'],
    [gzipSync('x'), 'gzip'],
  ] as const) {
    const stdin = Readable.from([...bytes].map(byte => Buffer.from([byte])));
    const [fact] = await describeFiles(['-'], { stdin, spoolFolder: () => root });
    t.like(fact, { kind, bytes: bytes.length, name: 'standard input' });
    t.deepEqual(readFileSync(fact!.path), bytes);
  }
  t.like((await describeFiles(['-']))[0], { kind: 'stdin', bytes: 0 });
  await t.throwsAsync(describeFiles(['-', '-']), { code: 'USAGE' });
});

test('a spool that cannot be written, and an input that breaks, are typed and leave nothing', async t => {
  const root = temporary(t);
  const broken = (async function* () {
    yield Buffer.from('x');
    throw new Error('gone');
  })();
  await t.throwsAsync(describeFiles(['-'], { stdin: broken, spoolFolder: () => root }), {
    code: 'INPUT_UNREADABLE',
  });
  t.deepEqual(execFileSync('ls', [root], { encoding: 'utf8' }), '');
});

test('a pipe with a name is spooled like standard input', async t => {
  const root = temporary(t);
  const fifo = join(root, 'pipe');
  execFileSync('mkfifo', [fifo]);
  const { spawn } = await import('node:child_process');
  const writer = spawn('sh', ['-c', `echo hello > '${fifo}'`]);
  t.teardown(() => writer.kill());
  const [fact] = await describeFiles([fifo], { spoolFolder: () => root });
  t.like(fact, { kind: 'stdin', bytes: 6, name: fifo });
});
