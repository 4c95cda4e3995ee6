/** `superstep/testing` as people use it: rows in, rows out. */
import test from 'ava';
import wordcount, {
  byBatch,
  byCount,
  byRow,
  meanTemperature,
  sessionize,
} from './check/examples/mapreduce.ts';
import hostRank from './check/examples/pipeline.ts';
import { pagerank } from './check/examples/pregel.ts';
import { edges, graph, rows } from './index.ts';
import { collect } from './testing.ts';

test('three forms of one map', t => {
  const lines = [{ line: 'to be or' }, { line: 'not to be' }];
  for (const job of [byRow, byBatch, wordcount]) {
    t.deepEqual(collect(job(lines)), [
      { word: 'be', count: 2 },
      { word: 'not', count: 1 },
      { word: 'or', count: 1 },
      { word: 'to', count: 2 },
    ]);
  }
  t.deepEqual(
    collect(byCount(byRow(lines))).map(r => r.word),
    ['be', 'to', 'not', 'or'],
  );
});

test('secondary sort', t => {
  const minute = 60_000;
  const visits = [9, 0, 50].map(m => ({ user: 'ann', time: m * minute, url: '/' }));
  t.deepEqual(collect(sessionize(visits)), [
    { user: 'ann', session: 0, start: 0, pages: 2 },
    { user: 'ann', session: 1, start: 50 * minute, pages: 1 },
  ]);
});

test('a mean', t => {
  const readings = [1, null, 2].map(celsius => ({ station: 'x', celsius }));
  t.deepEqual(collect(meanTemperature(readings)), [{ station: 'x', mean: 1.5 }]);
});

test('ranks sum to one', t => {
  const links = rows(
    [
      [1, 2],
      [2, 1],
      [3, 1],
    ].map(([source, target]) => ({ source: source!, target: target! })),
    edges,
  );
  const ranks = collect(pagerank(graph(links)));
  t.is(ranks.length, 3);
  t.is(Math.round(ranks.reduce((s, r) => s + r.rank, 0) * 1e12), 1e12);
});

const page = (url: string, ...links: string[]) => ({
  url,
  body: links.map(link => `<a href="${link}">`).join(''),
});

test('MapReduce feeds Pregel feeds MapReduce', t => {
  const pages = [
    page('http://a/1', '2', 'http://b/'),
    page('http://a/2', '1'),
    page('http://b/', 'http://a/1'),
  ];
  const { hosts, titled } = hostRank({ pages }, { iterations: 3 });
  t.deepEqual(
    collect(hosts).map(r => [r.host, r.pages]),
    [
      ['a', 2],
      ['b', 1],
    ],
  );
  t.is(collect(titled).length, 3);
});
