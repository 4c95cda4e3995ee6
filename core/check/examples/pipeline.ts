/** MapReduce feeding Pregel feeding MapReduce, without files: links out of pages, ranks, ranks by host.
 *
 *   superstep run pipeline.ts --input pages='crawl/*.jsonl' --out result --param iterations=30
 */
import {
  edges,
  float64,
  graph,
  int64,
  job,
  join,
  mapReduce,
  max,
  select,
  sum,
  utf8,
} from '../../index.ts';
import { pagerank } from './pregel.ts';

const links = mapReduce({
  name: 'links',
  input: { url: utf8, body: utf8 },
  key: { source: utf8, target: utf8 },
  value: { times: int64 },
  map({ url, body }, emit) {
    for (const [, target] of body.matchAll(/href="([^"]+)"/g)) {
      emit({ source: url, target: new URL(target!, url).href, times: 1 });
    }
  },
  combine: { times: sum },
});

const byHost = mapReduce({
  name: 'by-host',
  input: { vertex: utf8, rank: float64 },
  key: { host: utf8 },
  value: { rank: float64, pages: int64, best: float64 },
  map: ({ vertex, rank }, emit) => emit({ host: new URL(vertex).host, rank, pages: 1, best: rank }),
  combine: { rank: sum, pages: sum, best: max },
});

export default job({
  name: 'host-rank',
  params: { iterations: 20 },
  inputs: { pages: { url: utf8, body: utf8 } },
  plan({ pages }, { iterations }) {
    const web = graph(links(pages), { selfLoops: 'drop' });
    const ranks = pagerank(web, { iterations }); // { vertex: utf8, rank: float64 }: ids come out as they went in.
    return {
      ranks,
      hosts: byHost(ranks),
      titled: join(select(ranks, { url: 'vertex', rank: 'rank' }), pages, {
        on: 'url',
        type: 'semi',
      }),
    };
  },
});

/** Integer ids give integer vertices: the same program, another type out. */
export const numbered = job({
  name: 'numbered',
  inputs: { web: edges },
  plan: ({ web }) => pagerank(graph(web)),
});
