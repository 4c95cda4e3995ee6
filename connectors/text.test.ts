import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { loadCodec, type SourceOptions } from 'superstep/internal';
import { LIMITS, LINE, readAll, readSplit, shared, temporary } from './bytes/testing.ts';
import { COLUMNS, testSink, testSource } from './conformance.ts';
import text from './text.ts';

const { source } = text;
const { batchOf } = await loadCodec();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A file of `text` in a folder of its own. */
function file(
  t: Parameters<typeof temporary>[0],
  name: string,
  bytes: string | Uint8Array,
): string {
  const path = join(temporary(t), name);
  writeFileSync(path, bytes);
  return path;
}

const fact = (path: string, bytes: number) =>
  ({ path, bytes, mtimeMs: 1, kind: path.endsWith('.gz') ? 'gzip' : 'plain' }) as const;

test('splits: cut at the hint, the last up to a tenth larger, small files packed in order, gzip whole', t => {
  const facts = [
    fact('a', 30),
    fact('b', 40),
    fact('c', 64),
    fact('d', 0),
    fact('e', 70),
    fact('f', 171),
    fact('g.gz', 500),
    fact('h', 1),
  ];
  t.deepEqual(
    source.split(facts, 64).map(({ label, bytes }) => `${label}: ${bytes}`),
    [
      'a and 1 more: 70',
      'c and 1 more: 64',
      'e: 70',
      'f 0–64: 64',
      'f 64–128: 64',
      'f 128–171: 43',
      'g.gz: 500',
      'h: 1',
    ],
  );
  t.deepEqual(source.split([], 64), []);
  const many = Array.from({ length: 10_000 }, (_, i) => fact(`f${i}`, 0));
  t.is(source.split(many, 64).length, 3);
});

test('text is a sink', t => testSink(t, text.sink));

test('a row is its values with tabs between them, raw', t => {
  const path = join(temporary(t), 'x.txt');
  const columns = { a: COLUMNS.text, n: COLUMNS.int64, b: COLUMNS.binary, f: COLUMNS.float64 };
  const rows = [
    { a: 'a "b", c', n: 1n, b: Uint8Array.of(255, 9), f: NaN },
    { a: '', n: null, b: null, f: 0.5 },
  ];
  const writer = text.sink.open(path, columns);
  writer.write(batchOf(rows, columns));
  writer.close();
  t.is(readFileSync(path, 'latin1'), 'a "b", c\t1\t\xff\t\tNaN\n\t\t\t0.5\n');
});

test('text is a source: one file, many, gzip, and lines of every kind', async t => {
  const folder = temporary(t);
  const lines = ['\n', 'one\n', 'CR LF\r\n', 'é語😀\n', '\r\n', `${'long '.repeat(500)}\n`, '\0\n'];
  const many = Array.from({ length: 200 }, (_, i) => lines[(i * 5) % 7]!);
  const write = (name: string, bytes: string | Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const plain = write('plain', `\ufeff${many.join('')}no newline`);
  await testSource(t, { source, where: [plain], expected: [...many, 'no newline'] });
  const gzip = write('packed.gz', gzipSync(many.join('')));
  await testSource(t, { source, where: [gzip], expected: many });
  mkdirSync(join(folder, 'sub'));
  for (let i = 10; i < 40; i++) write(`sub/${i}`, many.slice(0, i - 10).join(''));
  write('sub/zz.gz', gzipSync('end'));
  const all = Array.from({ length: 30 }, (_, i) => many.slice(0, i)).flat();
  await testSource(t, { source, where: [join(folder, 'sub')], expected: [...all, 'end'] });
  await testSource(t, { source, where: [write('empty', '')], expected: [] });
  const wide = write('wide', Buffer.from(many.join(''), 'utf16le'));
  const options = { encoding: 'utf16le' } as const;
  await testSource(t, { source, where: [wide], options, expected: many });
});

test('files packed into a split stay apart: chunks, names and offsets are of one file', async t => {
  const folder = temporary(t);
  for (const [name, bytes] of Object.entries({ a: 'one', b: '\ufefftwo\r\n', c: '', d: '\n' }))
    writeFileSync(join(folder, name), bytes);
  const [split, ...none] = source.split(await source.describe([folder], {}), 100);
  t.is(none.length, 0);
  t.deepEqual(
    (await readSplit(source, split!)).map(c => [c.file, c.offset, c.bytes.toString()]),
    [
      [join(folder, 'a'), 0, 'one'],
      [join(folder, 'b'), 3, 'two\r\n'],
      [join(folder, 'd'), 0, '\n'],
    ],
  );
});

for (const name of [
  'war-and-peace-2600-0.txt.gz',
  'moby-dick-2701-0.txt.gz',
  'don-quijote-2000-8.latin1.txt.gz',
  'hongloumeng.utf8.txt.gz',
]) {
  test(`${name}: any splits, plain and gzip, give what a plain reader gives`, async t => {
    const folder = shared(t, name.startsWith('hong') ? 'text-multilingual' : 'text-gutenberg');
    if (folder === undefined) return;
    const key = join(folder, name).split('/').slice(-2).join('/');
    const facts = (
      JSON.parse(readFileSync(join(folder, '..', 'TEXT-FACTS.json'), 'utf8')) as {
        [file: string]: {
          bytes: number;
          sha256: string;
          bom: boolean;
          encoding: string;
          codePoints: number;
        };
      }
    )[key]!;
    const plain = gunzipSync(readFileSync(join(folder, name)));
    t.is(sha256(plain), facts.sha256);
    const expected = facts.bom ? plain.subarray(3) : plain;
    const path = file(t, name.slice(0, -3), plain);
    for (const hint of [1 << 16, 1_000_003, 1 << 24]) {
      t.is(sha256(await readAll(source, [path], {}, hint)), sha256(expected), `hint ${hint}`);
    }
    t.is(sha256(await readAll(source, [join(folder, name)], {}, 1 << 16)), sha256(expected));
    if (facts.encoding === 'latin1') {
      const decoded = await readAll(source, [path], { encoding: 'latin1' }, 1 << 18);
      t.is(decoded.toString(), plain.toString('latin1'));
    }
    // UTF-16, both ways, from the same text.
    const words = expected.toString(facts.encoding === 'latin1' ? 'latin1' : 'utf8');
    for (const encoding of ['utf16le', 'utf16be'] as const) {
      const bytes = Buffer.from(`\ufeff${words}`, 'utf16le');
      const wide = file(t, encoding, encoding === 'utf16le' ? bytes : bytes.swap16());
      t.is((await readAll(source, [wide], { encoding }, 1 << 19)).toString(), words);
    }
  });
}

test('utf8 passes bytes on, utf8-replace does as TextDecoder does, wherever a file is cut', async t => {
  const folder = shared(t, 'torture/utf8');
  if (folder === undefined) return;
  const path = join(folder, 'UTF-8-test.txt');
  const bytes = readFileSync(path);
  const replaced = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  for (const hint of [64, 1000, 1 << 20]) {
    for (const chunkBytes of [100, 1 << 20]) {
      const limits = { ...LIMITS, chunkBytes };
      t.is(sha256(await readAll(source, [path], {}, hint, limits)), sha256(bytes));
      const options: SourceOptions = { encoding: 'utf8-replace' };
      t.is((await readAll(source, [path], options, hint, limits)).toString(), replaced);
    }
  }
});

test('UTF-16 with half a character at the end, and half a surrogate pair', async t => {
  const path = file(t, 'x', Buffer.from([0x61, 0, 0x0a, 0, 0x00, 0xd8, 0x62]));
  t.is((await readAll(source, [path], { encoding: 'utf16le' }, 4)).toString(), 'a\n\ufffd');
});

test('decoding counts against the record limit', async t => {
  const path = file(t, 'x', Buffer.from('é'.repeat(60), 'latin1'));
  const limits = { chunkBytes: 50, recordBytes: 100 };
  await t.throwsAsync(readAll(source, [path], { encoding: 'latin1' }, 100, limits), {
    code: 'RECORD_TOO_LONG',
  });
  t.is((await readAll(source, [path], {}, 100, limits)).length, 60);
});

test('gzip: members, padding and damage, as gzip -t has them', async t => {
  const folder = shared(t, 'torture/gzip');
  if (folder === undefined) return;
  const manifest = JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8')) as {
    file: string;
    expect: string;
    plainSha256: string;
  }[];
  let seen = 0;
  for (const { file: name, expect, plainSha256 } of manifest) {
    const path = join(folder, name);
    try {
      readFileSync(path);
    } catch {
      continue; // The manifest lists more than there is.
    }
    seen++;
    if (expect.startsWith('ok')) {
      t.is(sha256(await readAll(source, [path])), plainSha256, name);
    } else {
      const error = await t.throwsAsync(readAll(source, [path]), { code: 'GZIP_CORRUPT' }, name);
      t.like(error, { name: 'DataError', details: { file: path } });
      t.regex(error!.message, /compressed byte/);
    }
  }
  t.true(seen > 5);
});

test('gzip: damage of every kind that can be made here', async t => {
  const line = Buffer.from('a line of text\n'.repeat(10_000));
  const whole = gzipSync(line);
  const flipped = Buffer.from(whole);
  flipped[whole.length - 6]! ^= 1; // The checksum.
  const bad = {
    'cut in the header': whole.subarray(0, 6),
    'cut in the body': whole.subarray(0, whole.length / 2),
    'cut in the trailer': whole.subarray(0, -4),
    'second member cut': Buffer.concat([whole, whole.subarray(0, 40)]),
    'one byte of a second member': Buffer.concat([whole, whole.subarray(0, 1)]),
    checksum: flipped,
    'garbage behind': Buffer.concat([whole, Buffer.from('garbage')]),
    'not gzip': line,
    empty: Buffer.alloc(0),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    const path = file(t, 'x.gz', bytes);
    const error = await t.throwsAsync(readAll(source, [path]), { code: 'GZIP_CORRUPT' }, what);
    t.like(error, { details: { file: path } });
  }
  const good = Buffer.concat([whole, gzipSync(''), whole, Buffer.alloc(1000)]);
  t.is((await readAll(source, [file(t, 'x.GZ', good)])).length, line.length * 2);
  // Members that end where a read of 64 KiB does.
  const stored = gzipSync(Buffer.alloc(65_536 - 23 - 10, 'x\n'), { level: 0 });
  const padded = [stored, stored, stored];
  t.is((await readAll(source, [file(t, 'y.gz', Buffer.concat(padded))])).length, 3 * (65_536 - 33));
});

test('a gzip bomb is only a long file: 1 GiB of lines in a small process, one line is refused', t => {
  const folder = temporary(t);
  const mebibyte = 'word word word\n'.repeat(70_000).slice(0, 1 << 20);
  const member = gzipSync(mebibyte.repeat(16));
  writeFileSync(join(folder, 'lines.gz'), Buffer.concat(Array(64).fill(member)));
  writeFileSync(
    join(folder, 'line.gz'),
    Buffer.concat(Array(64).fill(gzipSync(Buffer.alloc(16 << 20)))),
  );
  const program = `
    import text from ${JSON.stringify(fileURLToPath(new URL('./text.js', import.meta.url)))};
    import { readFileSync } from 'node:fs';
    const limits = { chunkBytes: 1 << 20, recordBytes: 8 << 20 };
    const open = async path => text.source.open(text.source.split(await text.source.describe([path], {}), 1 << 24)[0], {}, limits);
    const status = name => Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
    const before = status('VmRSS');
    let bytes = 0;
    const lines = await open(process.argv[1] + '/lines.gz');
    for (let chunk; (chunk = await lines.next()); ) bytes += chunk.length;
    const line = await open(process.argv[1] + '/line.gz');
    const code = await line.next().then(() => 'none', error => error.code);
    line.close();
    console.log(JSON.stringify({ bytes, code, grown: status('VmHWM') - before }));
  `;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program, folder], {
    encoding: 'utf8',
  });
  const { bytes, code, grown } = JSON.parse(out) as { bytes: number; code: string; grown: number };
  t.is(bytes, 64 * 16 * (1 << 20));
  t.is(code, 'RECORD_TOO_LONG');
  t.true(grown < 200 << 20, `grew by ${grown >> 20} MiB`);
});

test('a file that changes after it was planned, or while it is read, is refused', async t => {
  const lines = 'a line\n'.repeat(1000);
  const limits = { chunkBytes: 100, recordBytes: 100 };
  const changes = {
    grown: path => appendFileSync(path, 'more'),
    shortened: path => truncateSync(path, 10),
    touched: path => utimesSync(path, 1, 1),
    deleted: path => unlinkSync(path),
  } satisfies { [how: string]: (path: string) => void };
  for (const [how, change] of Object.entries(changes)) {
    for (const name of ['x', 'x.gz']) {
      const path = file(t, name, name === 'x' ? lines : gzipSync(lines));
      const [split] = source.split(await source.describe([path], {}), 1 << 20);
      const reader = source.open(split!, {}, limits, LINE);
      if (reader.kind !== 'text') return t.fail();
      await reader.next();
      change(path);
      const rest = async (): Promise<void> => {
        while ((await reader.next()) !== undefined);
      };
      // A file that is only unlinked is still there for who has it open, and whole.
      if (how === 'deleted') await t.notThrowsAsync(rest());
      else await t.throwsAsync(rest(), { code: 'INPUT_CHANGED' }, `${how} ${name}`);
      reader.close();
      const error = await t.throwsAsync(readSplit(source, split!), { code: 'INPUT_CHANGED' }, how);
      t.like(error, { name: 'DataError', details: { file: path } });
    }
  }
});

test('closing early frees the file, and ends the reader', async t => {
  const path = file(t, 'x.gz', gzipSync('a line\n'.repeat(1e6)));
  const [split] = source.split(await source.describe([path], {}), 1 << 20);
  const reader = source.open(split!, {}, LIMITS, LINE);
  if (reader.kind !== 'text') return t.fail();
  await reader.next();
  reader.close();
  reader.close();
  t.is(await reader.next(), undefined);
});
