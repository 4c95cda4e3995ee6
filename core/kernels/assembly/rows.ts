/** Rows that are not combined: a cell each, and a record in the pool with the values.
 *
 * A record is u32 the natural length, then each column at its place (4 or 8 bytes; for bytes u32 where, from the record's
 * start, and u32 length), a validity byte for each nullable one, then the bytes. The cell's payload: the record's
 * address, and the partition if rows chose one.
 *
 * State, u32 each: cells, count, limit, pool, end of pool, need, bytes of a record's fixed part, columns; then 32 bytes a
 * column: kind, data, offsets, valid, place, place of validity (0: none), total bytes (written by measureRows).
 */
import { CELL, INLINE, copyPadded, hashKey, padded } from './cell';
import { NEED_TABLE } from './groups';
import { keep } from './static';

const CELLS = 0;
const COUNT = 4;
const LIMIT = 8;
const POOL = 12;
const POOL_END = 16;
const NEED = 20;
const FIXED = 24;
const COLUMNS = 28;
const FIRST: usize = 32;

const KIND = 0;
const DATA = 4;
const OFFSETS = 8;
const VALID = 12;
const PLACE = 16;
const VALID_PLACE = 20;
const TOTAL = 24;
const COLUMN: usize = 32;

const I32: u32 = 0;
const BYTES: u32 = 3;

// @ts-ignore: decorator
@inline
function missing(column: usize, row: u32): bool {
  const valid: usize = load<u32>(column, VALID);
  return valid != 0 && load<u8>(valid + usize(row)) == 0;
}

// @ts-ignore: decorator
@inline
function lengthAt(column: usize, row: u32): u32 {
  if (missing(column, row)) return 0;
  const at = usize(load<u32>(column, OFFSETS)) + (usize(row) << 2);
  return load<u32>(at, 4) - load<u32>(at);
}

/** Appends rows first to end; returns the first one not taken, and NEED says why. */
export function addRows(
  state: usize, keys: usize, offsets: usize, naturals: usize, partitions: usize, first: u32, end: u32,
): u32 {
  const columns = state + FIRST;
  const columnsEnd = columns + usize(load<u32>(state, COLUMNS)) * COLUMN;
  const fixed: usize = load<u32>(state, FIXED);
  for (let row = first; row < end; row++) {
    const at = offsets + (usize(row) << 2);
    const key = keys + usize(load<u32>(at));
    const length = usize(load<u32>(at, 4) - load<u32>(at));
    let size = u64(fixed);
    for (let column = columns; column != columnsEnd; column += COLUMN) {
      if (load<u32>(column, KIND) == BYTES) size += lengthAt(column, row);
    }
    size = (size + 15) & ~15;
    if (length > INLINE) size += u64(padded(length));
    const count = load<u32>(state, COUNT);
    if (count == load<u32>(state, LIMIT)) {
      store<u32>(state, NEED_TABLE, NEED);
      return row;
    }
    let pool: usize = load<u32>(state, POOL);
    if (size > u64(load<u32>(state, POOL_END) - u32(pool))) {
      store<u32>(state, u32(min<u64>(size, u64(NEED_TABLE) - 1)), NEED);
      return row;
    }
    store<u32>(state, u32(pool) + u32(size), POOL);
    const natural = load<u32>(naturals + (usize(row) << 2));
    const cell = usize(load<u32>(state, CELLS)) + usize(count) * CELL;
    store<u32>(cell, hashKey(key, usize(natural)));
    store<u32>(cell, u32(length), 4);
    v128.store(cell, v128.and(v128.load(key), keep(min<usize>(length, 16))), 16);
    if (length > INLINE) {
      copyPadded(pool, key, length);
      store<u32>(cell, u32(pool), 28);
      pool += padded(length);
    }
    store<u32>(cell, u32(pool), 8);
    store<u32>(cell, partitions == 0 ? 0 : load<u32>(partitions + (usize(row) << 2)), 12);
    store<u32>(pool, natural);
    let data = pool + fixed;
    for (let column = columns; column != columnsEnd; column += COLUMN) data = addValue(column, row, pool, data);
    store<u32>(state, count + 1, COUNT);
  }
  return end;
}

/** Writes one value into a record, bytes at `data`; returns where the next bytes go. */
function addValue(column: usize, row: u32, record: usize, data: usize): usize {
  const kind = load<u32>(column, KIND);
  const to = record + usize(load<u32>(column, PLACE));
  const from: usize = load<u32>(column, DATA);
  const absent = missing(column, row);
  const validPlace: usize = load<u32>(column, VALID_PLACE);
  if (validPlace != 0) store<u8>(record + validPlace, u8(!absent));
  if (kind == I32) store<u32>(to, absent ? 0 : load<u32>(from + (usize(row) << 2)));
  else if (kind != BYTES) store<u64>(to, absent ? 0 : load<u64>(from + (usize(row) << 3)));
  else {
    const length = lengthAt(column, row);
    store<u32>(to, u32(data - record));
    store<u32>(to, length, 4);
    if (length != 0) {
      memory.copy(data, from + usize(load<u32>(usize(load<u32>(column, OFFSETS)) + (usize(row) << 2))), length);
      data += usize(length);
    }
  }
  return data;
}

/** How many of the cells first to end fit into maxBytes, at least one; each costs `fixed` bytes, its key and its bytes. Leaves
 *  the keys' bytes at `keysOut`, and each column's in its TOTAL. */
export function measureRows(state: usize, first: usize, end: usize, maxBytes: u32, fixed: u32, keysOut: usize): u32 {
  const columns = state + FIRST;
  const columnsEnd = columns + usize(load<u32>(state, COLUMNS)) * COLUMN;
  for (let column = columns; column != columnsEnd; column += COLUMN) store<u32>(column, 0, TOTAL);
  let bytes: u64 = 0;
  let keys: u32 = 0;
  let rows: u32 = 0;
  for (let cell = first; cell != end; cell += CELL) {
    const record: usize = load<u32>(cell, 8);
    bytes += u64(fixed) + u64(load<u32>(cell, 4));
    for (let column = columns; column != columnsEnd; column += COLUMN) {
      if (load<u32>(column, KIND) == BYTES) bytes += u64(load<u32>(record + usize(load<u32>(column, PLACE)), 4));
    }
    if (rows != 0 && bytes > u64(maxBytes)) break;
    keys += load<u32>(cell, 4);
    for (let column = columns; column != columnsEnd; column += COLUMN) {
      if (load<u32>(column, KIND) != BYTES) continue;
      store<u32>(column, load<u32>(column, TOTAL) + load<u32>(record + usize(load<u32>(column, PLACE)), 4), TOTAL);
    }
    rows++;
  }
  store<u32>(keysOut, keys);
  return rows;
}

/** The values at `place` of the records: of 1, 4 or 8 bytes. */
export function takePlace(first: usize, rows: u32, place: usize, width: u32, out: usize): void {
  const end = first + usize(rows) * CELL;
  if (width == 8) {
    for (let cell = first; cell != end; cell += CELL, out += 8) store<u64>(out, load<u64>(usize(load<u32>(cell, 8)) + place));
  } else if (width == 4) {
    for (let cell = first; cell != end; cell += CELL, out += 4) store<u32>(out, load<u32>(usize(load<u32>(cell, 8)) + place));
  } else {
    for (let cell = first; cell != end; cell += CELL, out++) store<u8>(out, load<u8>(usize(load<u32>(cell, 8)) + place));
  }
}

/** A bytes column: rows + 1 offsets, and data. */
export function takeBytes(first: usize, rows: u32, place: usize, offsets: usize, data: usize): void {
  const end = first + usize(rows) * CELL;
  let at: u32 = 0;
  store<u32>(offsets, 0);
  for (let cell = first; cell != end; cell += CELL) {
    const record: usize = load<u32>(cell, 8);
    const length = load<u32>(record + place, 4);
    memory.copy(data + usize(at), record + usize(load<u32>(record + place)), length);
    at += length;
    offsets += 4;
    store<u32>(offsets, at);
  }
}
