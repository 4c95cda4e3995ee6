/** What users read when an input or an output is not what it should be: every message of the connectors in full. */
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import csv from './csv.ts';
import jsonl from './jsonl.ts';
import text from './text.ts';
import { LIMITS, readAll, readSplit, temporary } from './bytes/testing.ts';

/** A folder of its own as the working folder: messages show paths as users type them. */
function enter(t: ExecutionContext): void {
  const here = process.cwd();
  process.chdir(temporary(t));
  t.teardown(() => process.chdir(here));
}

const { source } = text;
type Typed = { readonly details: { readonly remedy: string; readonly offset?: number } };

test.serial('inputs that are not there', async t => {
  enter(t);
  mkdirSync('empty');
  const cases = [
    ['books.txt', 'INPUT_MISSING', 'books.txt: no such file or folder'],
    ['books/*.txt', 'INPUT_NO_MATCH', 'books/*.txt: matches no file'],
    ['empty', 'INPUT_EMPTY_FOLDER', 'empty: the folder has no files'],
  ] as const;
  for (const [path, code, message] of cases) {
    const error = await t.throwsAsync(source.describe([path], {}), { code, message });
    t.regex((error as unknown as Typed).details.remedy, /^(Check the p|Names that start)/);
  }
  const error = await t.throwsAsync(source.describe(['x.txt'], { encoding: 'ebcdic' as 'utf8' }), {
    message: '--input-encoding ebcdic: there is no such encoding',
  });
  t.is(
    (error as unknown as Typed).details.remedy,
    'Encodings are utf8, utf8-replace, latin1, utf16le, utf16be',
  );
});

test.serial('inputs that are damaged', async t => {
  enter(t);
  const lines = gzipSync('a line\n'.repeat(100));
  writeFileSync('cut.gz', lines.subarray(0, 20));
  writeFileSync('bad.gz', Buffer.concat([lines, Buffer.from('garbage')]));
  writeFileSync('long.txt', `short\n${'x'.repeat(2000)}\n`);
  await t.throwsAsync(readAll(source, ['cut.gz']), {
    code: 'GZIP_CORRUPT',
    message: 'cut.gz: the gzip file is truncated, at compressed byte 20',
  });
  const error = await t.throwsAsync(readAll(source, ['bad.gz']), { code: 'GZIP_CORRUPT' });
  t.regex(error!.message, /^bad\.gz: not a whole gzip file: .+, at compressed byte \d+$/);
  t.is((error as unknown as Typed).details.remedy, 'Get the file again; gzip -t bad.gz tests it');
  const limits = { ...LIMITS, recordBytes: 1000 };
  const long = await t.throwsAsync(readAll(source, ['long.txt'], {}, 1 << 20, limits), {
    code: 'RECORD_TOO_LONG',
    message: 'long.txt: the line at byte 6 is longer than 1,000 bytes',
  });
  t.is((long as unknown as Typed).details.offset, 6);
});

test.serial('inputs that change', async t => {
  enter(t);
  writeFileSync('x.txt', 'a\n');
  const [split] = source.split(await source.describe(['x.txt'], {}), 100);
  utimesSync('x.txt', 1, 1);
  const error = await t.throwsAsync(readSplit(source, split!), {
    code: 'INPUT_CHANGED',
    message: 'x.txt: the file changed since the plan was made',
  });
  t.is(
    (error as unknown as Typed).details.remedy,
    'Run the job again when nothing writes to its inputs, or on a copy',
  );
});

test.serial('inputs that cannot be read', async t => {
  enter(t);
  symlinkSync('loop', 'loop');
  const error = await t.throwsAsync(source.describe(['loop'], {}), {
    code: 'INPUT_UNREADABLE',
    message: 'loop: cannot be read: links in a circle',
  });
  t.is(
    (error as unknown as Typed).details.remedy,
    'Check the file and the disk it is on, or leave it out',
  );
});

test.serial('outputs', t => {
  enter(t);
  const columns = { word: { type: 'utf8' } } as const;
  const writer = jsonl.sink.open('x.jsonl', columns);
  const batch = {
    rows: 1,
    columns: [{ data: Uint8Array.of(255), offsets: Int32Array.of(0, 1) }],
  };
  t.throws(() => writer.write(batch), {
    code: 'INVALID_UTF8',
    message: 'x.jsonl: row 1: word is not UTF-8, which jsonl has to be',
  });
  writer.abort();
  t.throws(() => csv.sink.open('missing/x.csv', columns), { code: 'IO' });
});
