/** What a small job loads: start-up time is what is loaded, and this list is what keeps it short. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { folderOf, superstep } from './child.ts';

/** Appends the URL of every module that any thread loads to a file. */
const HOOKS = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  if (!url.startsWith('node:')) appendFileSync(process.env.LOADED, url + '\\n');
  return next(url, context);
}`;
const REGISTER = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}));`;

test('superstep run wordcount to csv loads no package but commander', async t => {
  const cwd = folderOf(t, { 'a.txt': 'the whale\n', loaded: '' });
  const loaded = join(cwd, 'loaded');
  const { code, stderr } = await superstep(['run', 'wordcount', 'a.txt', '--out', 'x.csv'], {
    cwd,
    env: { ...process.env, LOADED: loaded },
    node: ['--import', `data:text/javascript,${encodeURIComponent(REGISTER)}`],
  });
  t.is(code, 0, stderr);
  const urls = [...new Set(readFileSync(loaded, 'utf8').trim().split('\n'))];
  const packages = urls.flatMap(
    url => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [],
  );
  t.deepEqual([...new Set(packages)], ['commander']);
  const own = urls.flatMap(url => /\/dist\/(.+)$/.exec(url)?.[1] ?? []).toSorted();
  t.log(`${own.length} modules: ${own.join(' ')}`);
  t.true(own.includes('core/session.js'));
  for (const heavy of [
    /batch\/arrow/,
    /pregel\/(?!define|check|graph-job)/,
    /serial\//,
    /testing/,
  ]) {
    t.deepEqual(
      own.filter(path => heavy.test(path)),
      [],
      String(heavy),
    );
  }
});
