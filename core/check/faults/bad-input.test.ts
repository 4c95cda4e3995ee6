/** What bad input gets, by the command: the message in full, the exit code, and nothing left behind. */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import ava from 'ava';
import { superstep } from '../../cli/child.ts';
import { asNobody, fails, placeOf, run } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const WORDS = ['wordcount', '--out', 'counts.csv'];

test('an input that is not there', async t => {
  const place = placeOf(t, {});
  await fails(t, place, [...WORDS, 'books.txt'], 2, [
    'superstep: books.txt: no such file or folder   [INPUT_MISSING]',
    `  Check the path; it is looked up from ${place.folder}`,
  ]);
  await fails(t, place, [...WORDS, 'books/*.txt'], 2, [
    'superstep: books/*.txt: matches no file   [INPUT_NO_MATCH]',
    `  Check the pattern; it is matched below ${place.folder}/books. Names that start with _ or . are skipped`,
  ]);
});

test('an input that cannot be read', async t => {
  const place = placeOf(t, { 'secret.txt': 'a' });
  symlinkSync('loop', join(place.folder, 'loop'));
  await fails(t, place, [...WORDS, 'loop'], 1, [
    'superstep: loop: cannot be read: links in a circle   [INPUT_UNREADABLE]',
    '  Check the file and the disk it is on, or leave it out',
  ]);
  chmodSync(join(place.folder, 'secret.txt'), 0);
  const options = await asNobody(t, place);
  if (options === undefined) return;
  await fails(
    t,
    place,
    [...WORDS, 'secret.txt'],
    1,
    [
      'superstep: secret.txt: cannot be read: permission denied   [INPUT_UNREADABLE]',
      '  job wordcount, stage wordcount map, task 1, attempt 1',
      '  Allow the user that runs superstep to read it, or leave it out',
    ],
    options,
  );
});

test('a device that fails while it is read', async t => {
  // Reading a process's memory at 0, where nothing is, is an EIO.
  if (!existsSync('/proc/self/mem')) return t.pass('no /proc');
  const place = placeOf(t, {});
  await fails(t, place, [...WORDS, '/proc/self/mem'], 1, [
    /^superstep: \/proc\/self\/mem: cannot be read: EIO: .*\[INPUT_UNREADABLE\]$/,
    '  at byte 0',
    '  job wordcount, stage wordcount map, task 1, attempt 1',
    '  Check the file and the disk it is on, or leave it out',
  ]);
});

test('a gzip file that is cut short, or is none', async t => {
  const place = placeOf(t, {});
  const whole = gzipSync('a line\n'.repeat(100_000));
  writeFileSync(join(place.folder, 'cut.gz'), whole.subarray(0, whole.length - 10));
  await fails(t, place, [...WORDS, 'cut.gz'], 1, [
    /^superstep: cut\.gz: the gzip file is truncated, at compressed byte [\d,]+ {3}\[GZIP_CORRUPT\]$/,
    /^ {2}at byte [\d,]+$/,
    '  job wordcount, stage wordcount map, task 1, attempt 1',
    '  Get the file again; gzip -t cut.gz tests it',
  ]);
  writeFileSync(join(place.folder, 'none.gz'), 'not compressed at all');
  await fails(t, place, [...WORDS, 'none.gz'], 1, [
    /^superstep: none\.gz: not a whole gzip file: incorrect header check, at compressed byte \d+ {3}\[GZIP_CORRUPT\]$/,
    /^ {2}at byte [\d,]+$/,
    '  job wordcount, stage wordcount map, task 1, attempt 1',
    '  Get the file again; gzip -t none.gz tests it',
  ]);
});

/** `bytes` of `line`, compressed to some thousandth of it. */
async function bomb(path: string, line: string, bytes: number): Promise<void> {
  const gzip = createGzip({ level: 1 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const block = Buffer.from(line.repeat(Math.ceil((1 << 20) / line.length)));
  const ended = new Promise(resolve => gzip.on('end', resolve));
  for (let written = 0; written < bytes; written += block.length) {
    if (!gzip.write(block)) await new Promise(resolve => gzip.once('drain', resolve));
  }
  gzip.end();
  await ended;
  writeFileSync(path, Buffer.concat(chunks));
}

test('a gzip bomb of many lines is counted in bounded memory', async t => {
  const place = placeOf(t, {});
  const bytes = 300 << 20;
  await bomb(join(place.folder, 'bomb.gz'), 'a b\n', bytes);
  const report = join(place.folder, 'report.json');
  const done = await run(place, [...WORDS, 'bomb.gz', '--memory', '256MB', '--report', report]);
  t.is(done.code, 0, done.stderr);
  const lines = bytes / 4;
  t.is(
    readFileSync(join(place.folder, 'counts.csv'), 'utf8'),
    `word,count\na,${lines}\nb,${lines}\n`,
  );
  const { memory } = JSON.parse(readFileSync(report, 'utf8')) as { memory: { peak: number } };
  t.true(memory.peak < bytes, `peak ${memory.peak} bytes`);
});

test('a gzip bomb of one line is refused', async t => {
  const place = placeOf(t, {});
  await bomb(join(place.folder, 'bomb.gz'), 'a', 64 << 20);
  await fails(t, place, [...WORDS, 'bomb.gz'], 1, [
    /^superstep: bomb\.gz: the line at byte 0 is longer than [\d,]+ bytes {3}\[RECORD_TOO_LONG\]$/,
    '  at byte 0',
    '  job wordcount, stage wordcount map, task 1, attempt 1',
    '  Is it text, with lines that end in LF? The limit grows with the memory of a worker: a larger --memory, fewer --workers',
  ]);
});

test('bytes that are not UTF-8: words pass them through to csv, other formats say what to do', async t => {
  const place = placeOf(t, { 'job.ts': LINES });
  const bad = Buffer.from('ok\nbad \xff\xfe end\n', 'latin1');
  writeFileSync(join(place.folder, 'bad.txt'), bad);
  for (const format of ['parquet', 'jsonl']) {
    await fails(t, place, ['wordcount', '--out', `counts.${format}`, 'bad.txt'], 1, [
      `superstep: counts.${format}: row 4: word is not UTF-8, which ${format} has to be   [INVALID_UTF8]`,
      '  job wordcount, stage wordcount reduce, task 0, attempt 1',
      '  Say how the input is encoded (--input-encoding latin1), replace what is invalid (--input-encoding utf8-replace), or write csv (--format csv), which carries any bytes',
    ]);
  }
  await fails(t, place, ['./job.ts', '--out', 'lines.csv', 'bad.txt'], 1, [
    'superstep: bad.txt: a line is not UTF-8, from byte 3   [INVALID_UTF8]',
    '  at byte 3',
    '  job lines, stage lines map, task 1, attempt 1',
    '  Say what it is with --input-encoding latin1, or let bad bytes be replaced with utf8-replace',
  ]);
  const done = await run(place, [...WORDS, 'bad.txt']);
  t.is(done.code, 0, done.stderr);
  const counts = readFileSync(join(place.folder, 'counts.csv'), 'latin1');
  t.is(counts, 'word,count\nbad,1\nend,1\nok,1\n\xff\xfe,1\n');
  const latin = await run(place, ['wordcount', 'bad.txt', '--input-encoding', 'latin1']);
  t.is(latin.stdout, 'word,count\nbad,1\nend,1\nok,1\nÿþ,1\n');
});

const LINES = `import { mapReduce, utf8 } from 'superstep';
export default mapReduce({
  name: 'lines',
  input: { line: utf8 },
  value: { line: utf8 },
  map(row, emit) { emit(row); },
});
`;

test('words that are names of what every object has', async t => {
  const text = '__proto__ constructor\n__proto__ toString hasOwnProperty\n';
  const place = placeOf(t, { 'a.txt': text });
  for (const split of ['whitespace', 'unicode']) {
    const done = await run(place, ['wordcount', 'a.txt', '--param', `split=${split}`]);
    const expected =
      split === 'whitespace'
        ? '__proto__,2\nconstructor,1\nhasOwnProperty,1\ntoString,1\n'
        : 'constructor,1\nhasOwnProperty,1\nproto,2\ntoString,1\n';
    t.is(done.stdout, `word,count\n${expected}`, done.stderr);
  }
  const top = await run(place, ['top', 'a.txt', '--param', 'k=1', '--format', 'jsonl']);
  t.is(top.stdout, '{"word":"__proto__","count":2}\n', top.stderr);
});

test('a file that changes while it is read', async t => {
  const place = placeOf(t, { 'job.ts': TOUCHING, 'a.txt': 'one\ntwo\n' });
  const done = await run(place, ['./job.ts', 'a.txt', '--out', 'x.csv']);
  t.is(done.code, 1);
  t.is(
    done.stderr,
    [
      'superstep: a.txt: the file changed since the plan was made   [INPUT_CHANGED]',
      '  job touching, stage touching map, task 1, attempt 1',
      '  Run the job again when nothing writes to its inputs, or on a copy',
      '',
    ].join('\n'),
  );
  t.false(existsSync(join(place.folder, 'x.csv')));
});

/** Its map writes to its own input. */
const TOUCHING = `import { appendFileSync } from 'node:fs';
import { mapReduce, utf8 } from 'superstep';
export default mapReduce({
  name: 'touching',
  input: { line: utf8 },
  value: { line: utf8 },
  map(row, emit) {
    appendFileSync('a.txt', 'more');
    emit(row);
  },
});
`;

test('mistakes in flags and parameters', async t => {
  const place = placeOf(t, { 'a.txt': 'a' });
  await fails(t, place, [...WORDS, 'a.txt', '--wrokers', '2'], 2, [
    "superstep: unknown option '--wrokers'   [USAGE]",
    '  Did you mean --workers?',
  ]);
  await fails(t, place, [...WORDS, 'a.txt', '--param', 'spilt=unicode'], 2, [
    "superstep: unknown parameter 'spilt'   [PARAM_UNKNOWN]",
    '  Did you mean split? There are: split, case.',
  ]);
  await fails(t, place, [...WORDS, 'a.txt', '--param', 'split=words'], 2, [
    'superstep: --param split=words: not one of whitespace, unicode   [PARAM_INVALID]',
    '  See: superstep help run',
  ]);
});

test('a memory that is too little: the least that works is said, and works', async t => {
  const place = placeOf(t, { 'a.txt': 'a' });
  const { stderr } = await fails(t, place, [...WORDS, 'a.txt', '--memory', '1MB'], 2, [
    'superstep: memory of 1000000 bytes (--memory) is too little for 2 workers (--workers)   [USAGE]',
    /^ {2}The least that works is --memory \d+MiB; fewer --workers need less\.$/,
  ]);
  const [, least] = /--memory (\d+)MiB/.exec(stderr)!;
  const below = await run(place, [...WORDS, 'a.txt', '--memory', `${Number(least) - 1}MiB`]);
  t.is(below.code, 2);
  const done = await run(place, [...WORDS, 'a.txt', '--memory', `${least}MiB`]);
  t.is(done.code, 0, done.stderr);
});

test('rows on standard output are called that', async t => {
  const place = placeOf(t, { 'a.txt': 'a' });
  const done = await run(place, ['wordcount', 'a.txt']);
  t.is(done.stdout, 'word,count\na,1\n');
  t.deepEqual(readdirSync(place.temp), []);
  const loud = await superstep(['run', 'wordcount', 'a.txt'], { cwd: place.folder });
  t.regex(loud.stderr, /\nsuperstep: wordcount: 1 row to standard output \(15 B\) in /);
});

test('csv rows of another width', async t => {
  const rows = '4711,"Acme, Inc",5\n'.repeat(3);
  const place = placeOf(t, { 'orders.csv': `source,name,target\n${rows}4712,Acme, Inc,5\n` });
  await fails(t, place, ['wcc', 'orders.csv', '--out', 'parts.csv'], 1, [
    'superstep: orders.csv: row 5 has 4 columns, the header has 3   [CSV_WIDTH]',
    '  at byte 76: "4712,Acme, Inc,5"',
    /^ {2}job wcc, stage graph walk, task 1, attempt 1$/,
    '  A cell with a delimiter or a line end in it needs quotes. Leave such rows out with --skip-bad N',
  ]);
});
