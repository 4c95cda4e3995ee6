import test from 'ava';
import wordcount, { clean, sessionize } from '../check/examples/mapreduce.ts';
import hostRank from '../check/examples/pipeline.ts';
import { sssp, trust } from '../check/examples/pregel.ts';
import { describe, isRunnable } from './describe.ts';
import { job } from './job.ts';
import { int64 } from './schema.ts';

test('a map-reduce', t => {
  t.deepEqual(describe(wordcount), {
    name: 'wordcount',
    kind: 'mapReduce',
    inputs: { input: { line: 'utf8' } },
    params: [
      {
        name: 'words',
        type: 'one of bytes, unicode',
        choices: ['bytes', 'unicode'],
        default: 'bytes',
      },
      { name: 'case', type: 'one of keep, lower', choices: ['keep', 'lower'], default: 'keep' },
    ],
    outputs: { output: { word: 'utf8', count: 'int64' } },
  });
  t.deepEqual(describe(clean).outputs, {
    output: { ip: 'utf8', ok: 'bool' },
    rejected: { line: 'utf8' },
  });
  t.deepEqual(describe(sessionize).params, [{ name: 'gapMinutes', type: 'number', default: 30 }]);
});

test('a vertex program', t => {
  t.deepEqual(describe(sssp), {
    name: 'sssp',
    kind: 'vertexProgram',
    inputs: { edges: { source: 'id', target: 'id', weight: 'float64' } },
    params: [{ name: 'source', type: 'vertexId' }],
    outputs: { output: { vertex: 'id', distance: 'float64' } },
  });
  const { inputs, params } = describe(trust);
  t.deepEqual(inputs['vertices'], { vertex: 'id', name: 'utf8' });
  t.deepEqual(params[0], { name: 'seeds', type: 'list(vertexId)', default: [] });
});

test('a job: outputs come from its plan, unless that needs parameters', t => {
  const { inputs, outputs } = describe(hostRank);
  t.deepEqual(inputs, { pages: { url: 'utf8', body: 'utf8' } });
  t.deepEqual(Object.keys(outputs!), ['ranks', 'hosts', 'titled']);
  t.deepEqual(outputs!['hosts'], {
    host: 'utf8',
    rank: 'float64',
    pages: 'int64',
    best: 'float64',
  });
  const needs = job({
    name: 'needs',
    params: { n: int64 },
    inputs: { a: { n: int64 } },
    plan: ({ a }) => a,
  });
  t.false('outputs' in describe(needs));
});

test('what can be run', t => {
  t.true([wordcount, sssp, hostRank].every(isRunnable));
  t.false([undefined, null, {}, () => {}, { ...wordcount }].some(isRunnable));
});
