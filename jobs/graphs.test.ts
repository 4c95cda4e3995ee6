/** The graph jobs by the definition of the models: on any small graph against their `verify`, which accepts what is right and
 *  nothing else; on bad input; and the answers that others have published. */
import fc from 'fast-check';
import test from 'ava';
import {
  type DefinitionRef,
  float64,
  type Graph,
  graph,
  type IdType,
  int64,
  open,
  rows,
  simple,
  type SuperstepError,
  type Table,
  utf8,
  vertexProgram,
} from 'superstep';
import bfs, { verify as verifyBfs } from 'superstep/jobs/bfs';
import cdlp, { verify as verifyCdlp } from 'superstep/jobs/cdlp';
import degrees, { verify as verifyDegrees } from 'superstep/jobs/degrees';
import kcore, { verify as verifyKcore } from 'superstep/jobs/kcore';
import lcc, { sides, verify as verifyLcc } from 'superstep/jobs/lcc';
import pagerank, { type RankRules, verify as verifyPagerank } from 'superstep/jobs/pagerank';
import sssp, { verify as verifySssp } from 'superstep/jobs/sssp';
import triangles, { corners, verify as verifyTriangles } from 'superstep/jobs/triangles';
import wcc, { propagation, unionFind, verify as verifyWcc } from 'superstep/jobs/wcc';
import { collect } from 'superstep/testing';
import { findProgram } from '../core/pregel/define.ts';
import { plainGraph, type PlainGraph } from './check/plain-graph.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- nine jobs, rows of nine types.
type Any = any;
type Weighted = Graph<IdType, {}, { weight: typeof float64 }>;

/** Of each job: the table it makes, and whether rows of it are right. `source` is an index. */
const JOBS: {
  [job: string]: (
    of: Weighted,
    plain: PlainGraph,
    source: number,
  ) => { readonly table: Table<Any>; readonly verify: (output: Any[]) => void };
} = {
  bfs: (of, plain, source) => ({
    table: bfs(of, { source: plain.ids[source]! }),
    verify: output => verifyBfs(plain, output, source),
  }),
  sssp: (of, plain, source) => ({
    table: sssp(of, { source: plain.ids[source]! }),
    verify: output => verifySssp(plain, output, source),
  }),
  'wcc propagation': (of, plain) => ({
    table: wcc(of, { algorithm: 'propagation' }),
    verify: output => verifyWcc(plain, output),
  }),
  'wcc union-find': (of, plain) => ({
    table: wcc(of, { algorithm: 'union-find' }),
    verify: output => verifyWcc(plain, output),
  }),
  cdlp: (of, plain, source) => ({
    table: cdlp(of, { iterations: source }),
    verify: output => verifyCdlp(plain, output, source),
  }),
  lcc: (of, plain) => ({
    table: lcc(of),
    verify: output => verifyLcc(plain, output),
  }),
  'lcc in many rounds': (of, plain) => ({
    table: sides(of, { batch: 3 }),
    verify: output => verifyLcc(plain, output),
  }),
  triangles: (of, plain) => ({
    table: triangles(of),
    verify: output => verifyTriangles(plain, output),
  }),
  'triangles in many rounds': (of, plain) => ({
    table: corners(simple(of), { batch: 3 }),
    verify: output => verifyTriangles(plain, output),
  }),
  kcore: (of, plain) => ({
    table: kcore(of),
    verify: output => verifyKcore(plain, output),
  }),
  degrees: (of, plain) => ({
    table: degrees(of),
    verify: output => verifyDegrees(plain, output),
  }),
};
const RANKS: readonly RankRules[] = [
  {},
  { iterations: 0 },
  { iterations: 7, damping: 0.5, source: [0, 1, 0] },
  { variant: 'gap' },
  { variant: 'gap', tolerance: 1e-9, source: [1] },
  { variant: 'tolerance' },
  { variant: 'tolerance', damping: 0.99, tolerance: 1e-3, source: [0] },
];
for (const rules of RANKS) {
  JOBS[`pagerank ${JSON.stringify(rules)}`] = (of, plain) => {
    const source = rules.source?.map(v => v % plain.ids.length) ?? [];
    const given = { ...rules, source: source.map(v => plain.ids[v]!) };
    return {
      table: pagerank(of, given),
      verify: output => verifyPagerank(plain, output, { ...rules, source }),
    };
  };
}

interface Drawn {
  readonly directed: boolean;
  /** Some are in no edge. */
  readonly ids: readonly (number | string)[];
  readonly edges: readonly (readonly [source: number, target: number, weight: number])[];
}
/** Loops, repeated edges, both directions, weights of 0. */
const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    directed: fc.boolean(),
    ids: fc.oneof(
      fc.uniqueArray(fc.integer({ min: -20, max: 60 }), { minLength: 1, maxLength: 12 }),
      fc.uniqueArray(fc.constantFrom(...'abcdefäöü鯨\u{1F40B}Z'), { minLength: 1, maxLength: 12 }),
    ),
    ends: fc.array(
      fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(0, 0.1, 0.2, 0.3, 1, 7, Infinity)),
      { maxLength: 40 },
    ),
  })
  .map(({ ends, ...of }) => ({
    ...of,
    edges: ends.map(([s, t, weight]) => [s % of.ids.length, t % of.ids.length, weight] as const),
  }));

function loaded({ directed, ids, edges: ends }: Drawn): {
  readonly of: Weighted;
  readonly plain: PlainGraph;
} {
  const id: Any = typeof ids[0] === 'string' ? utf8 : int64;
  const edges = ends.map(([s, t, weight]) => ({ source: ids[s]!, target: ids[t]!, weight }));
  const listed = rows(ids.map(vertex => ({ vertex })) as Any, { vertex: id });
  const table = rows(edges as Any, { source: id, target: id, weight: float64 });
  return {
    of: graph(table as Any, { directed, vertices: listed as Any }) as Any,
    plain: plainGraph(edges, { directed, vertices: ids }),
  };
}

for (const [name, run] of Object.entries(JOBS)) {
  test(`${name}: any graph`, t => {
    fc.assert(
      fc.property(drawn, fc.nat({ max: 11 }), (of, at) => {
        const { of: given, plain } = loaded(of);
        const { table, verify } = run(given, plain, at % plain.ids.length);
        verify(collect(table));
      }),
      { numRuns: 60 },
    );
    t.pass();
  });
}

test('on the engine: any graph', async t => {
  t.timeout(240_000);
  const session = await open({ workers: 2, memory: '256MiB' });
  t.teardown(() => session.close());
  for (const [name, run] of Object.entries(JOBS)) {
    await fc.assert(
      fc.asyncProperty(drawn, fc.nat({ max: 11 }), async (of, at) => {
        const { of: given, plain } = loaded(of);
        const { table, verify } = run(given, plain, at % plain.ids.length);
        const result = await session.run(table);
        try {
          verify(await result.toArray());
        } catch (error) {
          throw new Error(name, { cause: error });
        } finally {
          await result.release();
        }
      }),
      { numRuns: 8 },
    );
  }
  t.pass();
});

const house = loaded({
  directed: true,
  ids: ['a', 'b', 'c', 'd', 'e'],
  edges: [
    [0, 1, 1],
    [1, 2, 2],
    [2, 0, 0.5],
    [2, 1, 1],
    [2, 3, 1],
    [3, 3, 1],
  ],
});

test('verify finds a changed, a missing, an invented, a repeated and a misplaced row', t => {
  for (const [name, run] of Object.entries(JOBS)) {
    const { table, verify } = run(house.of, house.plain, 1);
    const output: Any[] = collect(table);
    verify(output);
    const changed = output.flatMap((row, i) => {
      const columns = Object.keys(row).filter(column => column !== 'vertex');
      return columns.map(column => {
        const value = row[column];
        const other = typeof value === 'string' ? `${value}x` : (value ?? 0) + 1;
        return output.with(i, { ...row, [column]: other });
      });
    });
    const wrong = [
      ...changed,
      output.slice(1),
      output.slice(0, -1),
      [...output, { ...output[0], vertex: 'z' }],
      [output[0], ...output],
      output.with(1, output[0]),
      output.toReversed(),
    ];
    for (const rowsOf of wrong) t.throws(() => verify(rowsOf), undefined, name);
  }
});

test('no vertices, one, and nothing but loops', t => {
  const empty = graph(rows([], { source: int64, target: int64, weight: float64 }));
  const nothing = { directed: true, ids: [], sources: [], targets: [] };
  const small = [
    loaded({ directed: true, ids: [7], edges: [] }),
    loaded({ directed: false, ids: ['x'], edges: [[0, 0, 2]] }),
    loaded({
      directed: true,
      ids: [1, 2],
      edges: [
        [0, 0, 1],
        [1, 1, 0],
        [1, 1, 0],
      ],
    }),
  ];
  for (const [name, run] of Object.entries(JOBS)) {
    for (const { of, plain } of small) {
      const { table, verify } = run(of, plain, 0);
      const output = collect(table);
      verify(output);
      t.is(output.length, plain.ids.length, name);
    }
    if (/bfs|sssp|source/.test(name)) continue;
    const { table, verify } = run(empty, nothing, 0);
    const output = collect(table);
    verify(output);
    t.is(output.length, 0, name);
  }
  t.throws(() => collect(bfs(empty, { source: 1 })), {
    code: 'PARAM_INVALID',
    message: "parameter 'source': 1 is not a vertex of the graph",
  });
});

test('sssp: a weight that is negative or not a number, by the vertex it leaves', t => {
  for (const weight of [-0.5, Number.NaN, -Infinity]) {
    const { of } = loaded({
      directed: true,
      ids: ['here', 'there', 'nowhere'],
      edges: [
        [0, 1, 1],
        [2, 0, weight],
      ],
    });
    t.throws(() => collect(sssp(of, { source: 'here' })), {
      code: 'TASK_FAILED',
      message: `sssp: init failed at vertex "nowhere", superstep 0: an edge out of it has the weight ${weight}, which is not 0 or more`,
    });
  }
  const { of } = loaded({ directed: true, ids: [1, 2], edges: [[0, 1, -0]] });
  t.deepEqual(collect(sssp(of, { source: 1 })) as Any, [
    { vertex: 1, distance: 0 },
    { vertex: 2, distance: 0 },
  ]);
});

test('parameters that mean nothing fail before a graph is read', t => {
  const refused = (make: () => unknown): string =>
    t.throws<SuperstepError>(make as () => void, { code: 'PARAM_INVALID' })!.message;
  const { of } = house;
  t.is(
    refused(() => pagerank(of, { tolerance: 0.1 })),
    'tolerance=0.1: it is not of variant=ldbc, which ends after `iterations`',
  );
  t.is(
    refused(() => pagerank(of, { damping: 1.1 })),
    'damping=1.1: it is not a number from 0 to 1',
  );
  t.is(
    refused(() => pagerank(of, { iterations: -1 })),
    'iterations=-1: it is not a number of updates',
  );
  t.is(
    refused(() => pagerank(of, { variant: 'gap', tolerance: 0 })),
    'tolerance=0: it is not a number above 0',
  );
  for (const iterations of [-1, 0.5, Number.NaN]) {
    t.is(
      refused(() => cdlp(of, { iterations })),
      `iterations=${iterations}: not a number of rounds`,
    );
  }
  t.throws(() => wcc(of, { algorithm: 'magic' as Any }), {
    code: 'PARAM_INVALID',
    message: `parameter 'algorithm' is one of union-find, propagation, got "magic"`,
  });
});

test('pagerank: at its limit gap ends as it is, tolerance fails', t => {
  const { of } = house;
  t.notThrows(() => collect(pagerank(of, { variant: 'gap', iterations: 2, tolerance: 1e-12 })));
  const error = t.throws<SuperstepError>(
    () => collect(pagerank(of, { variant: 'tolerance', iterations: 2, tolerance: 1e-12 })),
    { code: 'SUPERSTEPS' },
  )!;
  t.regex(
    error.message,
    /^pagerank: after 2 updates ranks still move by 0\.\d+, which is not below 1e-12$/,
  );
  t.is(error.details.remedy, 'Raise iterations or tolerance, or lower damping.');
});

/** How many supersteps a program takes. */
function superstepsOf(program: { readonly ref: DefinitionRef }, of: Graph<IdType, {}, {}>): number {
  let supersteps = 0;
  const spec = findProgram(program.ref);
  const counted = (vertexProgram as Any)({
    ...spec,
    name: `counted ${spec.name} ${counters++}`,
    master(ctx: Any) {
      supersteps = ctx.superstep;
      spec.master?.(ctx);
    },
  });
  collect(counted(of));
  return supersteps;
}
let counters = 0;

test('wcc: union-find takes few supersteps where propagation takes one for each edge of the way', t => {
  const length = 600;
  const inOrder = Array.from({ length }, (_, i) => i);
  // Ids that jump about, and ids in order; open and closed.
  for (const ids of [inOrder, inOrder.map(i => (i * 7) % length)]) {
    for (const closed of [false, true]) {
      const edges = inOrder.slice(closed ? 0 : 1).map(i => ({
        source: ids[(i + length - 1) % length]!,
        target: ids[i]!,
      }));
      const chain = graph(rows(edges, { source: int64, target: int64 }));
      const [few, many] = [superstepsOf(unionFind, chain), superstepsOf(propagation, chain)];
      t.true(few <= 40, `${few}`);
      t.true(many >= length / 14, `${many}`);
    }
  }
});

test('kcore: a superstep peels all that can go', t => {
  // A square with a diagonal, and a tail of two.
  const { of, plain } = loaded({
    directed: false,
    ids: [...'abcdef'],
    edges: [
      [0, 1, 1],
      [1, 2, 1],
      [2, 3, 1],
      [3, 0, 1],
      [0, 2, 1],
      [3, 4, 1],
      [4, 5, 1],
    ],
  });
  const output = collect(kcore(of));
  verifyKcore(plain, output);
  t.deepEqual(
    output.map(({ core }) => core),
    [2, 2, 2, 2, 1, 1],
  );
});
