/** The exports of kernels.wasm as they are: pointers and counts in, numbers out. Only wrappers in this folder call them.
 *
 * Invariants: i64 is in no signature (a BigInt at the border costs 5 ns a call); a result that is an address goes
 * through `address`, the one place where it loses its sign.
 */
import type { Memory } from './webassembly.ts';

export interface Raw extends Pulls {
  readonly memory: Memory;
  addKeys(
    state: number,
    keys: number,
    offsets: number,
    first: number,
    end: number,
    ids: number,
  ): number;
  rehash(first: number, end: number, table: number, mask: number): void;
  findId(first: number, end: number, id: number): number;
  countBytes(state: number, at: number, stop: number, end: number): number;
  countUnicode(state: number, at: number, stop: number, end: number): number;
  lowerAscii(at: number, end: number): void;
  setLetters(pointer: number): void;
  fold32: Fold;
  fold64: Fold;
  foldF64: Fold;
  sumF64(sums: number, ids: number, values: number, first: number, end: number): number;
  fill64(at: number, end: number, low: number, high: number): void;
  compact(first: number, end: number, to: number): number;
  countPartitions(
    first: number,
    end: number,
    partitions: number,
    chosen: boolean,
    counts: number,
  ): void;
  splitPartitions(
    next: number,
    ends: number,
    at: number,
    partitions: number,
    chosen: boolean,
    most: number,
  ): number;
  sortStart(stack: number, first: number, end: number): number;
  sortStep(stack: number, at: number, most: number): number;
  measure(first: number, end: number, maxBytes: number, fixed: number, bytesOut: number): number;
  takeKeys(first: number, rows: number, offsets: number, data: number): void;
  takeIds(first: number, rows: number, out: number): void;
  takeCounts(first: number, rows: number, out: number): void;
  takeFixed(first: number, rows: number, accumulators: number, width: number, out: number): void;
  takeSums(
    first: number,
    rows: number,
    sums: number,
    width: number,
    word: number,
    out: number,
  ): void;
  total(
    wide: boolean,
    totals: number,
    ids: number,
    values: number,
    first: number,
    end: number,
  ): void;
  lines(
    base: number,
    at: number,
    end: number,
    whole: boolean,
    starts: number,
    ends: number,
    most: number,
  ): number;
  countLf(from: number, end: number): number;
  asciiUpTo(from: number, end: number): number;
  validUtf8UpTo(from: number, end: number): number;
  addRows(
    state: number,
    keys: number,
    offsets: number,
    naturals: number,
    partitions: number,
    first: number,
    end: number,
  ): number;
  measureRows(
    state: number,
    first: number,
    end: number,
    maxBytes: number,
    fixed: number,
    keysOut: number,
  ): number;
  takePlace(first: number, rows: number, place: number, width: number, out: number): void;
  takeBytes(first: number, rows: number, place: number, offsets: number, data: number): void;
  mergeWindow(
    state: number,
    input: number,
    keys: number,
    offsets: number,
    naturals: number,
    rows: number,
  ): void;
  mergeNext(
    state: number,
    most: number,
    inputsOut: number,
    rowsOut: number,
    idsOut: number,
    winners: number,
  ): number;
  gather32: Gather;
  gather64: Gather;
  gatherValid: Gather;
  gatherOffsets(
    table: number,
    inputs: number,
    rows: number,
    n: number,
    maxBytes: number,
    offsets: number,
  ): number;
  gatherBytes(
    table: number,
    inputs: number,
    rows: number,
    n: number,
    offsets: number,
    out: number,
  ): void;
  gatherFold32: GatherFold;
  gatherFold64: GatherFold;
  gatherFoldF64: GatherFold;
  gatherSums: GatherSum;
  gatherDoubles: GatherSum;
  gatherTotals: GatherSum;
  measureKeys(
    parts: number,
    naturalEnd: number,
    end: number,
    n: number,
    offsets: number,
    naturals: number,
  ): void;
  writeKeys(parts: number, end: number, n: number, out: number): void;
  decodeKeys(
    parts: number,
    end: number,
    keys: number,
    offsets: number,
    naturals: number,
    n: number,
  ): void;
  finishSums(columns: number, n: number, out: number): void;
  finishTotals(columns: number, n: number, wide: boolean, digits: number, out: number): number;
  addIds(state: number, ids: number, first: number, end: number, out: number): number;
  rehashIds(first: number, end: number, table: number, mask: number): void;
  compactIds(first: number, end: number, to: number): number;
  splitIds(from: number, n: number, ids: number, numbers: number): void;
  keysOfIds(ids: number, n: number, keys: number, offsets: number): void;
  idsOfKeys(keys: number, n: number, ids: number): void;
  addSmall(
    bits: number,
    limit: number,
    ids: number,
    first: number,
    end: number,
    out: number,
  ): number;
  listSmall(bits: number, from: number, end: number, most: number, out: number): number;
  keysOfSmall(numbers: number, n: number, keys: number, offsets: number): void;
  countEdges(
    degrees: number,
    sources: number,
    targets: number,
    n: number,
    undirected: boolean,
  ): void;
  countListed(listed: number, numbers: number, n: number): void;
  descents(keys: number, first: number, end: number): number;
  countDigits(
    keys: number,
    first: number,
    end: number,
    shift: number,
    mask: number,
    counts: number,
  ): void;
  startDigits(counts: number, buckets: number, n: number): boolean;
  moveKeys(
    keys: number,
    first: number,
    end: number,
    shift: number,
    mask: number,
    starts: number,
    keysOut: number,
  ): void;
  moveRows(
    keys: number,
    rows: number,
    first: number,
    end: number,
    shift: number,
    mask: number,
    starts: number,
    keysOut: number,
    rowsOut: number,
  ): void;
  rankRows(
    state: number,
    inputs: number,
    rows: number,
    ids: number,
    first: number,
    end: number,
    id: number,
  ): number;
  endId(state: number): boolean;
  translateEdges(
    state: number,
    ranks: number,
    sources: number,
    targets: number,
    n: number,
    undirected: boolean,
    dropLoops: boolean,
  ): number;
  translateVertices(state: number, ranks: number, numbers: number, n: number): void;
  spreadRows(state: number, n: number): void;
  listSources(cursor: number, degrees: number, vertices: number, n: number, out: number): number;
  unpackEdges(state: number, keys: number, first: number, end: number): number;
  splitPlaces(places: number, n: number, inputs: number, rows: number): void;
  countUp(out: number, n: number, first: number): void;
  spreadTargets(
    state: number,
    degrees: number,
    places: number,
    targets: number,
    weights: number,
    shift: number,
    n: number,
    bits: number,
    filled: number,
    area: number,
    stride: number,
    rows: number,
  ): number;
  countTargets(targets: number, n: number, low: number, high: number, counters: number): void;
  startTargets(counters: number, n: number): number;
  placeTargets(
    sources: number,
    targets: number,
    n: number,
    low: number,
    high: number,
    counters: number,
    sourcesOut: number,
    weights: number,
    shift: number,
    weightsOut: number,
  ): void;
  listTargets(
    counters: number,
    first: number,
    n: number,
    base: number,
    targetsOut: number,
    countsOut: number,
    startsOut: number,
  ): number;
  orderByCount(counts: number, n: number, order: number, buckets: number): void;
  takeSources(
    state: number,
    order: number,
    listed: number,
    starts: number,
    counts: number,
    sources: number,
    weights: number,
    shift: number,
    most: number,
    sourcesOut: number,
    weightsOut: number,
  ): number;
  placesOf(order: number, n: number, out: number): void;
  toPlaces(values: number, shift: number, places: number, n: number, out: number): void;
  narrowNumbers(numbers: number, n: number, out: number): void;
  touch(at: number, bytes: number): number;
  listSenders(flags: number, degrees: number, n: number, senders: number, starts: number): number;
  flaggedRanges(a: number, b: number, n: number, out: number): number;
  widenFlags(flags: number, n: number, out: number): void;
  countFlags(flags: number, n: number): number;
  countSent(flags: number, degrees: number, n: number, out: number): void;
  receive32: Receive;
  receive64: Receive;
  receiveF64: Receive;
  expand32: Expand;
  expand64: Expand;
  expandF64: Expand;
  sortPairs(
    targets: number,
    values: number,
    shift: number,
    n: number,
    bit: number,
    targetsOut: number,
    valuesOut: number,
    counters: number,
  ): void;
  foldPairs32: FoldPairs;
  foldPairs64: FoldPairs;
  foldPairsF64: FoldPairs;
}
/** By what is folded, on which ways, and whether sources are narrow. */
type Pulls = {
  readonly [F in
    | 'Sum'
    | 'Min'
    | 'Max'
    | 'MinPlus'
    | 'SumTimes'
    | 'Any'
    | 'Some' as `pull${F}${'' | 'Narrow'}${'32' | '64' | 'F64'}`]: Pull;
};
type Pull = (
  op: number,
  along: number,
  state: number,
  counts: number,
  sources: number,
  weights: number,
  n: number,
  values: number,
  sent: number,
  out: number,
  has: number,
) => number;
type Receive = (
  op: number,
  narrow: boolean,
  targets: number,
  values: number,
  has: number,
  n: number,
  inbox: number,
  got: number,
) => number;
type Expand = (
  along: number,
  senders: number,
  n: number,
  offsets: number,
  targets: number,
  weights: number,
  values: number,
  targetsOut: number,
  valuesOut: number,
) => number;
type FoldPairs = (
  op: number,
  identity: number,
  targets: number,
  values: number,
  n: number,
) => number;
type Gather = (table: number, inputs: number, rows: number, n: number, out: number) => void;
type GatherFold = (
  op: number,
  table: number,
  inputs: number,
  rows: number,
  ids: number,
  n: number,
  accumulators: number,
) => number;
type GatherSum = (
  tables: number,
  inputs: number,
  rows: number,
  ids: number,
  n: number,
  columns: number,
) => void;
type Fold = (
  op: number,
  accumulators: number,
  ids: number,
  values: number,
  first: number,
  end: number,
) => number;

/** An address that came out of a kernel: 2 GiB and above arrive negative. */
export const address = (value: number): number => value >>> 0;

/** Work per call: Node 20 does not replace a running WebAssembly function, so a long first call would stay in the baseline
 *  compiler's code (1.5 to 3 times slower) to its end. */
export const CHUNK_BYTES = 1 << 20;
export const CHUNK_ROWS = 1 << 16;

/** The static area, as in assembly/static.ts. */
export const STATIC_BYTES = 65_536;
export const MASKS = 64;
export const SCRATCH = 1024;
