import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { readOutput } from './graphalytics.ts';
import { differences, type Pairs, type Rule } from './matching.ts';

/** The benchmark's own samples, where they are there. */
const folder = fileURLToPath(
  new URL('../../../../shared/data/graphalytics/matching/', import.meta.url),
);
const samples = existsSync(folder) ? test : test.skip;

for (const rule of ['exact', 'epsilon', 'equivalence'] as const) {
  samples(`${rule}: the samples of the benchmark`, t => {
    const read = (name: string): Pairs => readOutput(`${folder}${rule}_${name}.csv`);
    t.deepEqual(differences(rule, read('expected'), read('expected')), []);
    t.deepEqual(differences(rule, read('expected'), read('actual1')), []);
    t.not(differences(rule, read('expected'), read('actual2')).length, 0);
  });
}

const pairs = (text: string): Pairs =>
  text.split(' ').map(pair => pair.split(':') as [string, string]);
const told = (rule: Rule, expected: string, output: string): string =>
  differences(rule, pairs(expected), pairs(output)).join('; ');

test('each vertex once, whatever the rule and the order', t => {
  for (const rule of ['exact', 'epsilon', 'equivalence'] as const) {
    t.is(told(rule, '1:5 2:5 3:6', '3:6 2:5 1:5'), '');
    // What the benchmark's own validator lets through.
    t.is(told(rule, '1:5 2:5 3:6', '1:5 1:5 3:6'), 'vertex 1 is there twice; vertex 2 is missing');
    t.is(
      told(rule, '1:5 2:5', '1:5 2:5 3:5'),
      'vertex 3 is not of the graph; there are 3 rows, not 2',
    );
    t.is(told(rule, '1:5 2:5', '1:5'), 'vertex 2 is missing; there are 1 rows, not 2');
    t.throws(() => told(rule, '1:5 1:5', '1:5'));
  }
});

test('exact: 64 bits', t => {
  t.is(told('exact', '1:9223372036854775807', '1:9223372036854775807'), '');
  t.is(
    told('exact', '1:9223372036854775807', '1:9223372036854775806'),
    'vertex 1: 9223372036854775806, not 9223372036854775807',
  );
  for (const value of ['', '5.0', '5e0', 'infinity']) t.not(told('exact', '1:5', `1:${value}`), '');
});

test('epsilon: relative to the expected value; 0 and infinity match themselves alone', t => {
  const matches: [string, string, boolean][] = [
    ['1', '1.0001', true],
    ['1', '0.9999', true],
    ['1', '1.00011', false],
    ['2e-9', '2.0001e-9', true],
    ['2e-9', '2.1e-9', false],
    ['0', '0', true],
    ['0', '-0', true],
    ['0', '1e-300', false],
    ['infinity', 'Infinity', true],
    ['infinity', '1e308', false],
    ['infinity', '-infinity', false],
    ['1e308', 'infinity', false],
    ['1', 'NaN', false],
    ['NaN', 'NaN', false],
    ['0', '', false],
  ];
  for (const [expected, is, fits] of matches) {
    t.is(told('epsilon', `1:${expected}`, `1:${is}`) === '', fits, `${expected} and ${is}`);
  }
});

test('equivalence: parts are called anything, and neither joined nor split', t => {
  t.is(told('equivalence', '1:1 2:1 3:2', '1:x 2:x 3:y'), '');
  t.is(told('equivalence', '1:1 2:1 3:2', '1:2 2:2 3:1'), '');
  t.not(told('equivalence', '1:1 2:1 3:2', '1:x 2:x 3:x'), '');
  t.not(told('equivalence', '1:1 2:1 3:2', '1:x 2:y 3:z'), '');
});
