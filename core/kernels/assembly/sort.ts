/** Multikey quicksort of cells by key bytes (Bentley and Sedgewick 1997), on words of 8 bytes instead of characters.
 *
 * A segment is cells that agree in all words before `depth`. It is split three ways by its word at `depth`; the
 * equal part goes on at the next word. Segments wait on a stack in memory, so the sort can be left and taken up again.
 * Stack bound: the largest part is pushed first and the smallest done first, so at most 2 log₃ n + log₂ n < 64 wait.
 * A segment that has been split badly too often is heap-sorted: no input is quadratic.
 */
import { CELL, INLINE, swapBytes } from './cell';

/** Bytes of an entry: u32 first, end, depth, splits left. */
const ENTRY: usize = 16;
const SMALL: usize = 16 * CELL;

/** The key's word at `depth`, 0 beyond its end. Words 0 and inline ones were turned by `compact`. */
// @ts-ignore: decorator
@inline
function word(cell: usize, depth: u32): u64 {
  return depth == 0 ? load<u64>(cell, 16) : wordBeyond(cell, depth);
}

function wordBeyond(cell: usize, depth: u32): u64 {
  const length = load<u32>(cell, 4);
  if (length <= u32(INLINE)) return depth == 1 ? load<u64>(cell, 24) : 0;
  return depth >= (length + 7) >> 3 ? 0 : swapBytes(load<u64>(usize(load<u32>(cell, 28)) + (usize(depth) << 3)));
}

function less(a: usize, b: usize, depth: u32): bool {
  const lengthA = load<u32>(a, 4);
  const lengthB = load<u32>(b, 4);
  const words = (min<u32>(lengthA, lengthB) + 7) >> 3;
  for (; depth < words; depth++) {
    const x = word(a, depth);
    const y = word(b, depth);
    if (x != y) return x < y;
  }
  // The shorter one is a prefix but for its padding: what follows in the longer one decides, if not by zeros.
  if (lengthA == lengthB) return false;
  return lengthA < lengthB;
}

// @ts-ignore: decorator
@inline
function swap(a: usize, b: usize): void {
  const a0 = v128.load(a);
  const a1 = v128.load(a, 16);
  v128.store(a, v128.load(b));
  v128.store(a, v128.load(b, 16), 16);
  v128.store(b, a0);
  v128.store(b, a1, 16);
}

function insertionSort(first: usize, end: usize, depth: u32): void {
  for (let i = first + CELL; i < end; i += CELL) {
    const a = v128.load(i);
    const b = v128.load(i, 16);
    let to = i;
    while (to > first && less(i, to - CELL, depth)) to -= CELL;
    if (to == i) continue;
    memory.copy(to + CELL, to, i - to);
    v128.store(to, a);
    v128.store(to, b, 16);
  }
}

function sink(first: usize, n: usize, at: usize, depth: u32): void {
  for (;;) {
    let child: usize = 2 * at + 1;
    if (child >= n) return;
    if (child + 1 < n && less(first + child * CELL, first + (child + 1) * CELL, depth)) child++;
    if (!less(first + at * CELL, first + child * CELL, depth)) return;
    swap(first + at * CELL, first + child * CELL);
    at = child;
  }
}

function heapSort(first: usize, end: usize, depth: u32): void {
  const n = (end - first) / CELL;
  for (let at = n / 2; at > 0; at--) sink(first, n, at - 1, depth);
  for (let left = n - 1; left > 0; left--) {
    swap(first, first + left * CELL);
    sink(first, left, 0, depth);
  }
}

function median(a: u64, b: u64, c: u64): u64 {
  return a < b ? (b < c ? b : max<u64>(a, c)) : a < c ? a : max<u64>(b, c);
}

function pivotOf(first: usize, end: usize, depth: u32): u64 {
  const n = (end - first) / CELL;
  const step = (n / 9) * CELL;
  const at = first + step / 2 / CELL * CELL;
  return median(
    median(word(at, depth), word(at + step, depth), word(at + 2 * step, depth)),
    median(word(at + 3 * step, depth), word(at + 4 * step, depth), word(at + 5 * step, depth)),
    median(word(at + 6 * step, depth), word(at + 7 * step, depth), word(at + 8 * step, depth)));
}

let lower: usize = 0;
let upper: usize = 0;

/** Three ways by the pivot: [first, lower) less, [lower, upper) equal, [upper, end) greater. */
function split(first: usize, end: usize, depth: u32, pivot: u64): void {
  let i = first;
  let low = first;
  let high = end;
  if (depth == 0) {
    while (i < high) {
      const x = load<u64>(i, 16);
      if (x < pivot) {
        if (low != i) swap(low, i);
        low += CELL;
        i += CELL;
      } else if (x > pivot) {
        high -= CELL;
        while (high > i && load<u64>(high, 16) > pivot) high -= CELL;
        if (high != i) swap(i, high);
      } else i += CELL;
    }
  } else {
    while (i < high) {
      const x = wordBeyond(i, depth);
      if (x < pivot) {
        if (low != i) swap(low, i);
        low += CELL;
        i += CELL;
      } else if (x > pivot) {
        high -= CELL;
        if (high != i) swap(i, high);
      } else i += CELL;
    }
  }
  lower = low;
  upper = high;
}

function longest(first: usize, end: usize): u32 {
  let most: u32 = 0;
  for (; first < end; first += CELL) most = max<u32>(most, load<u32>(first, 4));
  return most;
}

/** How many splits a segment of n cells may take: twice what even halving needs. */
function allowance(first: usize, end: usize): u32 {
  return 2 * (33 - clz(u32((end - first) / CELL)));
}

function push(stack: usize, first: usize, end: usize, depth: u32, splits: u32): usize {
  if (end - first <= CELL) return stack;
  store<u32>(stack, u32(first));
  store<u32>(stack, u32(end), 4);
  store<u32>(stack, depth, 8);
  store<u32>(stack, splits, 12);
  return stack + ENTRY;
}

/** Puts a segment on an empty stack; returns the stack's end. */
export function sortStart(stack: usize, first: usize, end: usize): usize {
  return push(stack, first, end, 0, allowance(first, end));
}

/** Sorts for about `most` cells' worth of work; returns the stack's end, which is its start when all is sorted. */
export function sortStep(stack: usize, at: usize, most: u32): usize {
  let done: u32 = 0;
  while (at != stack && done < most) {
    at -= ENTRY;
    const first: usize = load<u32>(at);
    const end: usize = load<u32>(at, 4);
    let depth = load<u32>(at, 8);
    const splits = load<u32>(at, 12);
    done += u32((end - first) / CELL);
    if (end - first <= SMALL) insertionSort(first, end, depth);
    else if (splits == 0) heapSort(first, end, depth);
    else at = sortSegment(at, first, end, depth, splits - 1);
  }
  return at;
}

function sortSegment(at: usize, first: usize, end: usize, depth: u32, splits: u32): usize {
  split(first, end, depth, pivotOf(first, end, depth));
  const low = lower;
  const high = upper;
  // The equal part: next word; or, where no key goes further, by length alone.
  let a = low;
  let b = high;
  const deeper = depth + 1;
  if (b - a > CELL && longest(a, b) <= deeper << 3) {
    sortLengths(a, b, deeper);
    b = a;
  }
  const less = low - first;
  const same = b - a;
  const more = end - high;
  const again = allowance(a, b);
  if (same >= less && same >= more) {
    at = push(at, a, b, deeper, again);
    if (less > more) {
      at = push(at, first, low, depth, splits);
      return push(at, high, end, depth, splits);
    }
    at = push(at, high, end, depth, splits);
    return push(at, first, low, depth, splits);
  }
  if (less > more) {
    at = push(at, first, low, depth, splits);
    if (same > more) {
      at = push(at, a, b, deeper, again);
      return push(at, high, end, depth, splits);
    }
    at = push(at, high, end, depth, splits);
    return push(at, a, b, deeper, again);
  }
  at = push(at, high, end, depth, splits);
  if (same > less) {
    at = push(at, a, b, deeper, again);
    return push(at, first, low, depth, splits);
  }
  at = push(at, first, low, depth, splits);
  return push(at, a, b, deeper, again);
}

/** Keys that are equal but for trailing zeros: at most nine lengths differ, unless keys repeat. */
function sortLengths(first: usize, end: usize, depth: u32): void {
  if (end - first <= SMALL) insertionSort(first, end, depth);
  else heapSort(first, end, depth);
}
