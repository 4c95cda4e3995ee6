/** What --json prints is what report.schema.json says, and the other way round. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { folderOf, superstep } from './child.ts';

interface JsonSchema {
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
}
const schema = JSON.parse(readFileSync('core/cli/report.schema.json', 'utf8')) as JsonSchema;

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

/** What of JSON Schema the file uses: everything that is wrong with a value. */
function wrongs(value: unknown, of: JsonSchema, at = '$'): string[] {
  if (of.oneOf) {
    const each = of.oneOf.map(one => wrongs(value, one, at));
    return each.some(wrong => wrong.length === 0) ? [] : each.flat();
  }
  if (of.const !== undefined && of.const !== value) return [`${at} is not ${String(of.const)}`];
  if (of.type !== undefined) {
    const types = [of.type].flat();
    const type = typeOf(value);
    if (!types.includes(type) && !(type === 'integer' && types.includes('number'))) {
      return [`${at} is ${type}, not ${types.join(' or ')}`];
    }
  }
  if (typeof value === 'number' && value < (of.minimum ?? -Infinity)) return [`${at} is ${value}`];
  if (Array.isArray(value))
    return value.flatMap((v, i) => wrongs(v, of.items ?? {}, `${at}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  const missing = (of.required ?? []).filter(name => !Object.hasOwn(value, name));
  const members = Object.entries(value).flatMap(([name, member]) => {
    const known = of.properties?.[name] ?? of.additionalProperties ?? true;
    if (known === false) return [`${at}.${name} is not in the schema`];
    return known === true ? [] : wrongs(member, known, `${at}.${name}`);
  });
  return [...missing.map(name => `${at}.${name} is missing`), ...members];
}

test('the check of this test finds what is wrong', t => {
  const of: JsonSchema = {
    type: 'object',
    properties: {
      a: { type: 'integer', minimum: 0 },
      b: { type: 'array', items: { type: 'string' } },
    },
    required: ['a'],
    additionalProperties: false,
  };
  t.deepEqual(wrongs({ a: 1, b: ['x'] }, of), []);
  t.is(wrongs({ b: [1], c: 1 }, of).length, 3);
  t.is(wrongs({ a: 1.5 }, of).length, 1);
  t.is(wrongs({ a: -1 }, of).length, 1);
});

test('reports of one table, of several, and of failures', async t => {
  const cwd = folderOf(t, {
    'a.txt': 'the whale the\n',
    'two.mjs': `import { job, utf8 } from 'superstep';
import wordcount from 'superstep/jobs/wordcount';
export default job({
  name: 'two',
  inputs: { text: { line: utf8 } },
  plan: ({ text }) => ({ keep: wordcount(text), lower: wordcount(text, { case: 'lower' }) }),
});
`,
  });
  const json = async (...args: string[]): Promise<{ readonly [key: string]: unknown }> => {
    const { stdout, stderr } = await superstep(['run', ...args, '--json', '--report', 'r.json'], {
      cwd,
    });
    t.regex(stdout, /^\{.*\}\n$/, stderr);
    const value = JSON.parse(stdout) as { readonly [key: string]: unknown };
    t.deepEqual(wrongs(value, schema), []);
    return value;
  };
  const one = await json('wordcount', 'a.txt', '--out', 'x.csv');
  t.like(one, {
    ok: true,
    job: 'wordcount',
    input: { files: 1, bytes: 14, rows: 1 },
    output: { path: join(cwd, 'x.csv'), rows: 2, bytes: 25 },
    spilled: { bytes: 0, segments: 0 },
    partitions: 1,
    warnings: [],
  });
  t.deepEqual(JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')), one);
  // Every property that the schema knows of one table was there.
  const known = Object.keys(schema.oneOf![0]!.properties!);
  const elsewhere = ['outputs', 'graph'];
  t.deepEqual(
    Object.keys(one).toSorted(),
    known.filter(key => !elsewhere.includes(key)).toSorted(),
  );

  writeFileSync(join(cwd, 'edges.txt'), '1 2\n2 3\n');
  const ranks = (await json('pagerank', 'edges.txt', '--out', 'ranks.csv')) as object;
  t.like(ranks, { ok: true, graph: { supersteps: 21, messages: 40 } });

  const two = await json('./two.mjs', 'a.txt', '--out', 'both');
  t.like(two, {
    ok: true,
    output: { rows: 4 },
    outputs: { keep: { rows: 2 }, lower: { rows: 2 } },
  });
  t.like(await json('wordcount', 'none.txt', '--out', 'y.csv'), {
    ok: false,
    error: { code: 'INPUT_MISSING' },
  });
  t.like(await json('wordcount', 'a.txt', '--out', 'x.csv'), { error: { code: 'OUTPUT_EXISTS' } });
});
