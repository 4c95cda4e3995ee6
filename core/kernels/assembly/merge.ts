/** A loser tree over the heads of k sorted inputs (Knuth, volume 3, 5.4.1).
 *
 * State, u32 each: [0] inputs [4] tree [8] heads [12] built [16] pending input or −1 [20] last natural key [24] its length
 * [28] whether there is one. The tree is k u32: [0] the winner, [1] to [k − 1] the losers. A head is 64 bytes:
 * [0] u64 the key's first 8 bytes as a number [8] u64 the next 8 [16] u32 length [20] key [24] natural length [28] row
 * [32] rows [36] keys [40] offsets [44] naturals [48] status.
 */
import { same, swapBytes } from './cell';
import { keep } from './static';

const INPUTS = 0;
const TREE = 4;
const HEADS = 8;
const BUILT = 12;
const PENDING = 16;
const LAST = 20;
const LAST_LENGTH = 24;
const STARTED = 28;

const LENGTH = 16;
const KEY = 20;
const NATURAL = 24;
const ROW = 28;
const ROWS = 32;
const KEYS = 36;
const OFFSETS = 40;
const NATURALS = 44;
const STATUS = 48;
const WAITING: u32 = 0;
const LIVE: u32 = 1;
const ENDED: u32 = 2;

// @ts-ignore: decorator
@inline
function headOf(state: usize, input: u32): usize {
  return usize(load<u32>(state, HEADS)) + (usize(input) << 6);
}

/** Reads the key of the head's row. */
function loadHead(head: usize): void {
  const row = usize(load<u32>(head, ROW)) << 2;
  const at = usize(load<u32>(head, OFFSETS)) + row;
  const from = load<u32>(at);
  const length = load<u32>(at, 4) - from;
  const key = usize(load<u32>(head, KEYS)) + usize(from);
  const first = v128.and(v128.load(key), keep(min<usize>(usize(length), 16)));
  store<u64>(head, swapBytes(v128.extract_lane<u64>(first, 0)));
  store<u64>(head, swapBytes(v128.extract_lane<u64>(first, 1)), 8);
  store<u32>(head, length, LENGTH);
  store<u32>(head, u32(key), KEY);
  const naturals: usize = load<u32>(head, NATURALS);
  store<u32>(head, naturals == 0 ? length : load<u32>(naturals + row), NATURAL);
}

/** Compares what follows 16 equal bytes: negative, 0 or positive. */
function compareRest(a: usize, lengthA: u32, b: usize, lengthB: u32): i32 {
  const both = usize(min<u32>(lengthA, lengthB));
  let at: usize = 16;
  for (; at + 8 <= both; at += 8) {
    const x = swapBytes(load<u64>(a + at));
    const y = swapBytes(load<u64>(b + at));
    if (x != y) return x < y ? -1 : 1;
  }
  for (; at < both; at++) {
    const d = i32(load<u8>(a + at)) - i32(load<u8>(b + at));
    if (d != 0) return d;
  }
  return lengthA == lengthB ? 0 : lengthA < lengthB ? -1 : 1;
}

/** Whether input a comes before b: ended inputs last, equal keys by input. */
function before(state: usize, a: u32, b: u32): bool {
  const x = headOf(state, a);
  const y = headOf(state, b);
  if (load<u32>(x, STATUS) != load<u32>(y, STATUS)) return load<u32>(x, STATUS) == LIVE;
  if (load<u32>(x, STATUS) == ENDED) return a < b;
  if (load<u64>(x) != load<u64>(y)) return load<u64>(x) < load<u64>(y);
  if (load<u64>(x, 8) != load<u64>(y, 8)) return load<u64>(x, 8) < load<u64>(y, 8);
  const lengthX = load<u32>(x, LENGTH);
  const lengthY = load<u32>(y, LENGTH);
  if (lengthX <= 16 || lengthY <= 16) return lengthX == lengthY ? a < b : lengthX < lengthY;
  const order = compareRest(load<u32>(x, KEY), lengthX, load<u32>(y, KEY), lengthY);
  return order == 0 ? a < b : order < 0;
}

/** Plays input's way up the tree. */
function replay(state: usize, input: u32): void {
  const tree: usize = load<u32>(state, TREE);
  let winner = input;
  for (let node = (input + load<u32>(state, INPUTS)) >> 1; node != 0; node >>= 1) {
    const at = tree + (usize(node) << 2);
    const loser = load<u32>(at);
    if (before(state, loser, winner)) {
      store<u32>(at, winner);
      winner = loser;
    }
  }
  store<u32>(tree, winner);
}

/** Plays all: winners go up pair by pair, from the leaves k to 2k − 1. */
function build(state: usize, winners: usize): void {
  const k = load<u32>(state, INPUTS);
  const tree: usize = load<u32>(state, TREE);
  for (let i: u32 = 0; i < k; i++) store<u32>(winners + (usize(k + i) << 2), i);
  for (let node = k - 1; node != 0; node--) {
    const a = load<u32>(winners + (usize(2 * node) << 2));
    const b = load<u32>(winners + (usize(2 * node + 1) << 2));
    const first = before(state, a, b);
    store<u32>(winners + (usize(node) << 2), first ? a : b);
    store<u32>(tree + (usize(node) << 2), first ? b : a);
  }
  store<u32>(tree, k == 1 ? 0 : load<u32>(winners + 4));
}

/** Gives an input its next rows; none ends it. */
export function mergeWindow(state: usize, input: u32, keys: usize, offsets: usize, naturals: usize, rows: u32): void {
  const head = headOf(state, input);
  store<u32>(head, 0, ROW);
  store<u32>(head, rows, ROWS);
  store<u32>(head, u32(keys), KEYS);
  store<u32>(head, u32(offsets), OFFSETS);
  store<u32>(head, u32(naturals), NATURALS);
  store<u32>(head, rows == 0 ? ENDED : LIVE, STATUS);
  if (rows != 0) loadHead(head);
}

/** Merges up to `most` rows; returns how many. PENDING is then the input that needs a window, or −1. LAST is where the last
 *  row's natural key lies: to be copied before a window is replaced. `winners`: room for 2k u32. */
export function mergeNext(state: usize, most: u32, inputsOut: usize, rowsOut: usize, idsOut: usize, winners: usize): u32 {
  const k = load<u32>(state, INPUTS);
  if (load<u32>(state, BUILT) == 0) {
    for (let i: u32 = 0; i < k; i++) {
      if (load<u32>(headOf(state, i), STATUS) != WAITING) continue;
      store<u32>(state, i, PENDING);
      return 0;
    }
    build(state, winners);
    store<u32>(state, 1, BUILT);
  } else if (load<i32>(state, PENDING) >= 0) {
    const pending = load<u32>(state, PENDING);
    if (load<u32>(headOf(state, pending), STATUS) == WAITING) return 0;
    replay(state, pending);
  }
  store<i32>(state, -1, PENDING);
  return mergeRows(state, most, inputsOut, rowsOut, idsOut);
}

function mergeRows(state: usize, most: u32, inputsOut: usize, rowsOut: usize, idsOut: usize): u32 {
  const tree: usize = load<u32>(state, TREE);
  let last: usize = load<u32>(state, LAST);
  let lastLength = load<u32>(state, LAST_LENGTH);
  let started = load<u32>(state, STARTED) != 0;
  let id: u32 = 0;
  let n: u32 = 0;
  while (n < most) {
    const winner = load<u32>(tree);
    const head = headOf(state, winner);
    if (load<u32>(head, STATUS) == ENDED) break;
    const key: usize = load<u32>(head, KEY);
    const natural = load<u32>(head, NATURAL);
    if (started && (natural != lastLength || !same(key, last, usize(natural)))) id++;
    started = true;
    last = key;
    lastLength = natural;
    const row = load<u32>(head, ROW);
    const at = usize(n) << 2;
    store<u32>(inputsOut + at, winner);
    store<u32>(rowsOut + at, row);
    store<u32>(idsOut + at, id);
    n++;
    store<u32>(head, row + 1, ROW);
    if (row + 1 == load<u32>(head, ROWS)) {
      store<u32>(head, WAITING, STATUS);
      store<u32>(state, winner, PENDING);
      break;
    }
    loadHead(head);
    replay(state, winner);
  }
  store<u32>(state, u32(last), LAST);
  store<u32>(state, lastLength, LAST_LENGTH);
  store<u32>(state, u32(started), STARTED);
  return n;
}
