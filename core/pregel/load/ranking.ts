/** Ranks of all ids: dictionaries are merged, some at a time until all can be merged at once, and then by ranges of ids, in
 * parallel. Driver side; what a task does is in rank.ts.
 *
 *   objects  o0 o1 o2 │ o3 o4     some at a time: the ids of o0, o1, o2 learn their places among those of the three
 *                m0   │  m1       all: places among m0 and m1 are ranks
 */
import { vertexTwice } from '../../define/graph.ts';
import type { AnyType } from '../../define/schema.ts';
import { type Holdings, slicesOf } from '../../mapreduce/made.ts';
import { rangesOf, slicesWithin } from '../../shuffle/key-range.ts';
import type { KeySample } from '../../shuffle/key-sample.ts';
import { MAX_VERTICES, tooManyVertices } from '../loaded.ts';
import { type PhaseRequest, runPhase, sliceOf } from './phase.ts';
import { mergeSets, rangeCount } from './plan.ts';
import {
  type LoadObject,
  RANK,
  type RankArgument,
  type Ranked,
  type RankList,
  type RunPart,
} from './tasks.ts';

export interface RankRequest extends PhaseRequest {
  readonly id: AnyType;
  /** A table lists vertices; and ids that it does not list are none. */
  readonly listed: boolean;
  readonly onlyListed: boolean;
  /** Where they are listed, if that is one file. */
  readonly listFile: string | undefined;
}

export interface RankedIds {
  /** Ids in order, one after the other; each counts ranks from its own first. */
  readonly ranked: readonly Ranked[];
  /** That first, as a rank. */
  readonly bases: readonly number[];
  /** By object: place by place, the last are ranks. */
  readonly merges: readonly (readonly (readonly RankList[])[])[];
  /** All that were run. */
  readonly tasks: readonly Ranked[];
}

/** Throws DataError VERTEX_TWICE, LimitError GRAPH_SIZE. */
export async function rankIds(
  request: RankRequest,
  holdings: Holdings,
  objects: readonly LoadObject[],
  sample: KeySample,
): Promise<RankedIds> {
  const { context, executor } = request;
  const tasks: Ranked[] = [];
  const rank = async (some: readonly RankArgument[]): Promise<Ranked[]> => {
    const made = await runPhase<Ranked>(request, RANK, 'rank', some);
    for (const { ids, ranks } of made) holdings.hold([ids, ranks]);
    tasks.push(...made);
    return made;
  };
  const merges: (readonly RankList[])[][] = objects.map(() => []);
  let round: Round = {
    dictionaries: objects.map(({ ids }) => ids),
    places: objects.map((_, i) => i),
  };
  for (;;) {
    const slices = round.dictionaries.map(sliceOf);
    const sets = mergeSets(slices, executor.budget.floorBytes, context.refuse?.fanIn);
    if (sets.length <= 1) break;
    const several = sets.filter(set => set.length > 1);
    const made = await rank(
      several.map(set => ({ ...common(request), slices: set.map(i => slices[i]!) })),
    );
    round = merged(round, sets, made, merges);
  }
  const last = await rankLast(request, round.dictionaries, sample, rank);
  round.places.forEach((dictionary, object) => merges[object]!.push(last.lists[dictionary]!));
  return { ...last, merges, tasks };
}

interface Round {
  readonly dictionaries: readonly RunPart[];
  /** By object: which of them has its ids. */
  readonly places: readonly number[];
}

function common({ context, id, listed }: RankRequest): Omit<RankArgument, 'slices'> {
  return { context, id, listed, onlyListed: false, last: false };
}

/** After some were merged: `made` has one for each set of more than one. Adds to `merges`. */
function merged(
  { dictionaries, places }: Round,
  sets: readonly (readonly number[])[],
  made: readonly Ranked[],
  merges: readonly (readonly RankList[])[][],
): Round {
  const next: RunPart[] = [];
  const moved = new Map<number, { readonly to: number; readonly list: RankList | undefined }>();
  let taken = 0;
  for (const set of sets) {
    const ranked = set.length > 1 ? made[taken++]! : undefined;
    set.forEach((dictionary, child) => {
      const list = ranked && { base: 0, slices: slicesOf([ranked.ranks.run], child) };
      moved.set(dictionary, { to: next.length, list });
    });
    next.push(ranked?.ids ?? dictionaries[set[0]!]!);
  }
  return {
    dictionaries: next,
    places: places.map((dictionary, object) => {
      const { to, list } = moved.get(dictionary)!;
      if (list !== undefined) merges[object]!.push([list]);
      return to;
    }),
  };
}

/** By ranges of ids. `lists`: the ranks of each dictionary. */
async function rankLast(
  request: RankRequest,
  dictionaries: readonly RunPart[],
  sample: KeySample,
  rank: (some: readonly RankArgument[]) => Promise<Ranked[]>,
): Promise<Pick<RankedIds, 'ranked' | 'bases'> & { readonly lists: readonly RankList[][] }> {
  const ids = dictionaries.reduce((sum, { rows }) => sum + rows, 0);
  const ranges = rangesOf(sample.boundaries(rangeCount(ids, request.executor.slots)));
  const inputs = ranges.map(range => {
    return dictionaries.flatMap(({ run }, dictionary) => {
      return slicesWithin([run], range).map(slice => ({ dictionary, slice }));
    });
  });
  const ranked = await rank(
    ranges.map((range, i) => ({
      ...common(request),
      onlyListed: request.onlyListed,
      last: true,
      range: ranges.length > 1 ? range : undefined,
      slices: inputs[i]!.map(({ slice }) => slice),
    })),
  );
  const twice = ranked.find(each => each.twice !== undefined)?.twice;
  if (twice !== undefined) throw vertexTwice(twice, request.listFile);
  let vertices = 0;
  const bases = ranked.map(each => (vertices += each.ids.rows) - each.ids.rows);
  if (vertices > MAX_VERTICES) throw tooManyVertices(vertices);
  const lists = dictionaries.map((_, dictionary) =>
    ranked.flatMap(({ ranks }, range): RankList[] => {
      const child = inputs[range]!.findIndex(input => input.dictionary === dictionary);
      return child < 0 ? [] : [{ base: bases[range]!, slices: slicesOf([ranks.run], child) }];
    }),
  );
  return { ranked, bases, lists };
}
