/** The library: runs, tasks and actors. Nothing here differs between threads and a cluster but `open`. */
import {
  actor,
  edges,
  float64,
  graph,
  type OpenOptions,
  read,
  type Session,
  task,
} from '../../index.ts';
import wordcount from './mapreduce.ts';
import hostRank from './pipeline.ts';
import { pagerank, sssp } from './pregel.ts';

type Open = (options?: OpenOptions) => Promise<Session>;

export async function countWords(open: Open, signal: AbortSignal): Promise<void> {
  await using session = await open({ memory: '512MB' });

  const counts = wordcount(read('books/*.txt'), { case: 'lower' });
  console.log(await session.explain(counts));
  const result = await session.run(counts, {
    signal,
    onProgress: p => console.error(p.bytesDone / p.bytesTotal),
  });
  for await (const { word, count } of result.rows()) console.log(word, count);

  const report = (await session.run(counts, { output: 'counts.parquet', overwrite: true })).report;
  console.log(report.spilled.bytes, report.counters['bad lines']);
}

export async function onACluster(open: Open): Promise<void> {
  await using session = await open({
    nats: { servers: ['nats://a:4222', 'nats://b:4222'], creds: 'team.creds' },
  });

  // One graph, loaded once, two programs; outputs by name.
  const roads = graph(
    read('https://data/roads.txt', { ...edges, weight: float64 }, { format: 'edges' }),
    { directed: false },
  );
  const { near, ranks } = await session.run(
    { near: sssp(roads, { source: 4711 }), ranks: pagerank(roads) },
    { output: { near: 'near.csv' }, checkpointEvery: 10 },
  );
  console.log(near.report.output.rows);
  for await (const { vertex, rank } of ranks.rows()) console.log(vertex, rank);

  const { hosts } = await session.run(
    hostRank({ pages: [{ url: 'http://a/', body: '' }] }, { iterations: 5 }),
  );
  console.log(await hosts.toArray());
}

// Tasks: functions at the top level of a module, with one argument.

export const square = task('square', (n: number) => n * n);

export const total = task('total', (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0), {
  retries: 5,
});

export const tree = task('tree', async (depth: number, { remote, get }): Promise<number> => {
  if (depth === 0) return 1;
  const [left, right] = await get([remote(tree, depth - 1), remote(tree, depth - 1)]);
  return left + right;
});

export const noon = task('noon', () => new Date(0).getUTCHours());

// An actor: a class at the top level of a module.

class BestScore {
  #score = -Infinity;
  #limit: number;
  constructor(limit: number) {
    this.#limit = limit;
  }
  offer(score: number): boolean {
    if (score <= this.#score || score > this.#limit) return false;
    this.#score = score;
    return true;
  }
  async score(): Promise<number> {
    return this.#score;
  }
}
export const Best = actor('best', BestScore);

export async function sweep(open: Open): Promise<number> {
  await using session = await open();
  const best = session.actor(Best, 100);
  const squares = [1, 2, 3].map(n => session.remote(square, n)); // Ref<number>[]; nothing is awaited yet.

  let { ready, pending } = await session.wait(squares, { count: 1, timeoutMs: 1000 });
  while (ready.length > 0) {
    for (const ref of ready) best.offer(ref); // A ref is an argument as good as its value.
    ({ ready, pending } = await session.wait(pending));
  }
  for (const ref of pending) session.cancel(ref);

  const big = session.put(new Float64Array(1e6));
  const [sumOfSquares, score, at, same] = await session.get([
    session.remote(total, squares),
    best.score(),
    session.remote(noon),
    big,
  ]);
  return sumOfSquares + score + at + same.length;
}
