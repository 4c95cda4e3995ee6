/** Further outputs of a map-reduce: tables of their own, of the same run, in the order that the definition gives. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import serial, { type ExecutionContext } from 'ava';
import { concat, int32, rows, type Schema, select, type Table, utf8 } from '../index.ts';
import { collect } from '../testing.ts';
import { rowsOf } from './arbitrary-input.ts';
import { holdsOnBoth, RUNS, Sessions, WAYS } from './engine.ts';
import { shelf } from './examples/connector.ts';
import { numbered } from './jobs/shapes.ts';
import { batched, counted, sorted, wrong } from './jobs/sides.ts';

const test = serial.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

const texts = rowsOf({ text: utf8, n: int32 });
type Any = Table<Schema>;
const DATA = Array.from({ length: 90 }, (_, i) => ({ text: `é${i % 40}`, n: (i % 7) - 2 }));

function holds(title: string, make: (data: never) => Any): void {
  test(title, async t => {
    const runs = Math.ceil(RUNS / 2);
    await holdsOnBoth(sessions, texts, data => make(data as never), { runs, chaos: 4 });
    t.pass();
  });
}
holds('map only: the other rows', data => sorted(data).outputs.bad);
holds('map only: all rows', data => sorted(data).outputs.seen);
holds('map only: its own', data => sorted(data));
holds('from map and from reduce, in one output', data => counted(data).outputs.bad);
holds('from reduce alone', data => counted(data).outputs.rare);
holds('by batch', data => batched(data).outputs.lengths);
holds('into a stage, beside the table itself', data => {
  const made = counted(data);
  return numbered(
    concat(
      select(made.outputs.rare, { word: 'text', count: 'count' }),
      select(made, { word: 'text', count: 'count' }),
    ),
  );
});

test('all tables of one application come from one run of it', async t => {
  for (const { session: options, run } of WAYS) {
    const session = await sessions.open(options);
    const made = counted(DATA);
    const tables = { own: made, ...made.outputs, again: made.outputs.bad };
    const results = await session.run(tables, run as object);
    t.is(results.own.report.input.rows, DATA.length);
    for (const [name, table] of Object.entries(tables)) {
      const result = results[name as keyof typeof tables];
      t.deepEqual(await result.toArray(), collect(table as Any), name);
      t.is(result.report.output.rows, collect(table as Any).length);
    }
    for (const result of Object.values(results)) await result.release();
  }
});

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-sides-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const lines = (path: string): object[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as object);

test('to files, to folders of parts, to a connector', async t => {
  for (const { session: options, run } of WAYS) {
    const folder = folderOf(t);
    const session = await sessions.open(options);
    const { bad, rare } = counted(DATA).outputs;
    const tables = { file: bad, parts: bad, alone: rare, shelf: rare };
    const output = {
      file: join(folder, 'bad.jsonl'),
      parts: join(folder, 'bad'),
      alone: join(folder, 'rare'),
      shelf: shelf({ folder: join(folder, 'shelf') }),
    };
    await session.run(tables, { ...run, output, format: 'jsonl' } as object);
    t.deepEqual(lines(output.file), collect(bad));
    const parts = readdirSync(output.parts).filter(name => name !== '_SUCCESS');
    t.deepEqual(
      parts.flatMap(name => lines(join(output.parts, name))),
      collect(bad),
    );
  }
});

test('to a folder, each partition straight to its own parts, and none that are empty', async t => {
  const folder = folderOf(t);
  const session = await sessions.open(WAYS[1]!.session);
  const { bad } = counted(DATA).outputs;
  const output = join(folder, 'bad');
  const options = { output, format: 'jsonl', partitions: 3, splitRows: 30 };
  const { report } = await session.run(bad, options as object);
  const parts = readdirSync(output).filter(name => name !== '_SUCCESS');
  t.true(parts.length > 3);
  const all = parts.map(name => lines(join(output, name)));
  t.true(all.every(part => part.length > 0));
  t.is(report.output.rows, collect(bad).length);
  t.deepEqual(all.flat().toSorted(byText), (collect(bad) as object[]).toSorted(byText));
});

test('what emitTo is given is checked, whether anybody asked for it or not', async t => {
  const session = await sessions.open(WAYS[0]!.session);
  for (const make of [wrong, (data: { n: number }[]) => wrong(data).outputs.texts]) {
    await t.throwsAsync(session.run(make([{ n: 1 }])), {
      code: 'TYPE_MISMATCH',
    });
    await t.throwsAsync(session.run(make([{ n: 2 }])), {
      code: 'USAGE',
      message: "wrong-side: emitTo: no output 'nowhere'",
    });
  }
});

test('explain shows which output is which', async t => {
  const session = await sessions.open(WAYS[0]!.session);
  const made = sorted(DATA);
  const text = await session.explain({ own: made, bad: made.outputs.bad });
  t.regex(text, /^output own    stage 0: n int32$/m);
  t.regex(text, /^output bad    stage 0, output 'bad': text utf8, reason nullable\(utf8\)$/m);
  const chained = await session.explain(
    numbered(
      select(counted(rows(DATA, { text: utf8, n: int32 })).outputs.rare, {
        word: 'text',
        count: 'count',
      }),
    ),
  );
  t.regex(chained, /reads {4}stage 0, output 'rare', as word, count/);
});
