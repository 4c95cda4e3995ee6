import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { type DefinitionRef, assertNotEntry, lookup } from './define.ts';
import { importModule, loadDefinition } from './loader.ts';

type Made = { readonly ref: DefinitionRef };
const beside = (file: string): string => new URL(file, import.meta.url).href;

/** A folder outside any project. */
function folder(t: { teardown(fn: () => void): void }, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}
const urlOf = (path: string, file: string): string => pathToFileURL(join(path, file)).href;

const FILES = {
  'factory.ts': `
    import { mapReduce, int64, utf8, sum } from 'superstep';
    export function counter(name: string, at: RegExp) {
      return mapReduce({ name, input: { line: utf8 }, key: { word: utf8 }, value: { count: int64 },
        combine: { count: sum },
        map({ line }, emit) { for (const word of line.split(at)) emit({ word, count: 1 }); } });
    }`,
  'job.ts': `
    import { counter } from './factory.ts';
    const separator: RegExp = /,/; // Closed over: made again by evaluating the module.
    export default counter('by-comma', separator);
    export const [spread] = ['in-a-callback'].map(name => counter(name, separator));
    await null;
    export const late = counter('after-an-await', separator);
    export const inFunction = (): unknown => counter('made-in-a-function', separator);`,
  'caller.ts': `
    import { inFunction } from './job.ts';
    export const later = Promise.resolve().then(inFunction); // Made after evaluation.`,
  'worker.mjs': `
    import { parentPort, workerData } from 'node:worker_threads';
    import { loadDefinition } from ${JSON.stringify(beside('./loader.js'))};
    try {
      const { map } = await loadDefinition('mapReduce', workerData);
      const out = [];
      map({ line: 'a,b' }, row => void out.push(row));
      parentPort.postMessage(out);
    } catch (error) {
      parentPort.postMessage(error.code + ': ' + error.message);
    }`,
};

test('definitions of a lone job.ts are found again in worker threads', async t => {
  const path = folder(t, FILES);
  const inWorker = (ref: DefinitionRef): Promise<unknown> =>
    new Promise((done, fail) => {
      const worker = new Worker(new URL(urlOf(path, 'worker.mjs')), { workerData: ref });
      worker.once('error', fail).once('message', done);
    });
  const job = (await importModule(urlOf(path, 'job.ts'))) as Record<string, Made>;
  const { later } = (await importModule(urlOf(path, 'caller.ts'))) as { later: Promise<Made> };
  const words = [
    { word: 'a', count: 1 },
    { word: 'b', count: 1 },
  ];
  for (const name of ['default', 'spread', 'late']) {
    const { ref } = job[name]!;
    t.is(ref.module, urlOf(path, 'job.ts'));
    t.notThrows(() => assertNotEntry(ref));
    t.deepEqual(await inWorker(ref), words, name);
  }
  const answer = (await inWorker((await later).ref)) as string;
  t.regex(answer, /^DEFINITION_NOT_FOUND: 'made-in-a-function' .* made inside a function/);
});

test('the same module under a query makes its definitions again', async t => {
  const path = folder(t, FILES);
  const refs: DefinitionRef[] = [];
  for (const query of ['', '?1', '?2']) {
    const module = (await importModule(urlOf(path, 'job.ts') + query)) as { default: Made };
    refs.push(module.default.ref);
  }
  t.is(new Set(refs.map(ref => lookup('mapReduce', ref))).size, 3);
  t.is(await loadDefinition('mapReduce', refs[1]!), lookup('mapReduce', refs[1]!));
});

test('two definitions of one name, and modules that do not load', async t => {
  const path = folder(t, {
    ...FILES,
    'twice.ts': `
      import { counter } from './factory.ts';
      counter('same', /,/);
      counter('same', /;/);`,
    'broken.ts': 'export const x: number = ;',
    'throws.mjs': 'throw new RangeError("from the top level")',
  });
  await t.throwsAsync(importModule(urlOf(path, 'twice.ts')), {
    code: 'DEFINITION_TWICE',
    message: /twice\.ts makes two definitions named 'same'/,
  });
  await t.throwsAsync(importModule(urlOf(path, 'broken.ts')), {
    code: 'MODULE_NOT_LOADED',
    message: /broken\.ts cannot be imported: .*/,
  });
  await t.throwsAsync(importModule(urlOf(path, 'absent.ts')), {
    code: 'MODULE_NOT_LOADED',
    message: /absent\.ts/,
  });
  const error = await t.throwsAsync(importModule(urlOf(path, 'throws.mjs')));
  t.true(error.cause instanceof RangeError);
  await t.throwsAsync(loadDefinition('task', { module: urlOf(path, 'factory.ts'), name: 'none' }), {
    code: 'DEFINITION_NOT_FOUND',
    message: /'none' \(task\) is not there when .*factory\.ts/,
  });
});

test('the entry file, and no file at all', t => {
  const define = JSON.stringify(beside('./define.js'));
  const esm = `
    import { register, assertNotEntry } from ${define};
    const ref = register('task', { name: 'x', run() {} });
    try { assertNotEntry(ref); } catch (e) { console.log(e.code, e.message); }`;
  const path = folder(t, { 'entry.mjs': esm, 'entry.js': '', 'package.json': '{"type":"module"}' });
  writeFileSync(join(path, 'entry.js'), esm);
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: path, encoding: 'utf8' });
  t.regex(run('entry.mjs'), /^DEFINITION_IN_ENTRY 'x' is made while .*entry\.mjs runs/);
  t.regex(run('./entry.js'), /^DEFINITION_IN_ENTRY/);
  t.regex(run('--input-type=module', '-e', esm), /^DEFINITION_WITHOUT_MODULE/);
});
