import test from 'ava';
import { oneOf, parseParams, resolveParams } from './params.ts';
import { bigint64, date, decimal, int32, int64, list } from './schema.ts';
import { nullable, timestamp, utf8, vertexId } from './schema.ts';

const spec = {
  damping: 0.85,
  iterations: int32,
  variant: oneOf('ldbc', 'gap'),
  directed: true,
  label: 'x',
  seeds: list(vertexId),
  note: nullable(utf8),
  big: 1n,
};
const parsed = (...texts: string[]): object => resolveParams(spec, parseParams(spec, texts));

test('defaults, and text by the declaration', t => {
  const rest = { variant: 'ldbc', directed: true, label: 'x', seeds: [], note: null, big: 1n };
  t.deepEqual(parsed('iterations=20'), { damping: 0.85, iterations: 20, ...rest });
  const given =
    'iterations=3 damping=.9 variant=gap directed=false label=007 seeds=9007199254740993';
  t.deepEqual(parsed(...given.split(' '), 'seeds=b', 'note=a=b', 'big=9007199254740993'), {
    damping: 0.9,
    iterations: 3,
    variant: 'gap',
    directed: false,
    label: '007',
    seeds: ['9007199254740993', 'b'],
    note: 'a=b',
    big: 9007199254740993n,
  });
});

for (const [code, message, ...texts] of [
  ['PARAM_MISSING', /^parameter 'iterations' \(int32\) must be given/],
  ['PARAM_INVALID', /iterations=2.5: not an integer/, 'iterations=2.5'],
  ['PARAM_INVALID', /32 bits; declare int64/, 'iterations=3000000000'],
  ['PARAM_INVALID', /not a number/, 'damping='],
  ['PARAM_INVALID', /not a number/, 'damping=1e999'],
  ['PARAM_INVALID', /not true or false/, 'directed=yes'],
  ['PARAM_INVALID', /not one of ldbc, gap/, 'variant=giraph'],
  ['PARAM_UNKNOWN', /^unknown parameter 'dampning'$/, 'dampning=1'],
  ['PARAM_UNKNOWN', /^unknown parameter '__proto__'$/, '__proto__=1'],
  ['PARAM_UNKNOWN', /^unknown parameter 'constructor'$/, 'constructor=1'],
  ['PARAM_INVALID', /--param iterations is given twice/, 'iterations=1', 'iterations=2'],
  ['PARAM_INVALID', /name=value, not 'iterations'/, 'iterations'],
  ['PARAM_INVALID', /name=value, not '=1'/, '=1'],
] as [string, RegExp, ...string[]][]) {
  test(`refused: ${texts.join(' ') || 'nothing'}`, t => {
    t.throws(() => parsed(...texts), { code, message });
  });
}

test('an unknown parameter: the remedy lists those there are', t => {
  const error = t.throws(() => resolveParams(spec, { dampning: 1 }));
  t.like(error, {
    details: { remedy: `Did you mean damping? There are: ${Object.keys(spec).join(', ')}.` },
  });
});

test('each column type from text', t => {
  const types = { i: int64, b: bigint64, d: date, t: timestamp, m: decimal(6, 2), s: utf8 };
  const texts = 'i=-7 b=9223372036854775807 d=2024-02-29 t=1970-01-02T00:00Z m=-12.3 s='.split(' ');
  t.deepEqual(resolveParams(types, parseParams(types, texts)), {
    i: -7,
    b: 9223372036854775807n,
    d: '2024-02-29',
    t: 86_400_000,
    m: -1230n,
    s: '',
  });
  for (const text of [
    'i=9007199254740993',
    'b=9223372036854775808',
    'd=2023-02-29',
    't=noon',
    'm=1.234',
    'm=12345.00',
  ]) {
    t.throws(() => parseParams(types, [text]), { code: 'PARAM_INVALID' }, text);
  }
});

test('values given in a call are checked as TypeScript would', t => {
  const given = { iterations: 1 };
  t.deepEqual(resolveParams(spec, { ...given, label: undefined }), resolveParams(spec, given));
  for (const wrong of [
    { damping: '0.9' },
    { variant: 'giraph' },
    { directed: 1 },
    { seeds: [{}] },
    { iterations: 1.5 },
    { big: 1 },
    { note: 7 },
  ]) {
    const message = new RegExp(`^parameter '${Object.keys(wrong)[0]}' is .*, got `);
    t.throws(() => resolveParams(spec, { ...given, ...wrong }), { code: 'PARAM_INVALID', message });
  }
});
