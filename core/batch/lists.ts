/** A list value as bytes, which is how a list column stores it:
 *
 *     count      4 bytes
 *     ends       count × 4 bytes: where each item ends in the data   (only items of variable width)
 *     validity   count bytes: 1 = present                            (only nullable items)
 *     data       the items end to end, as in a stored column
 *
 * Numbers are little endian. Lists of lists nest. One value has one form, so equal bytes are equal lists.
 */
import type { AnyType } from '../define/schema.ts';
import { storedAs, type StoredColumn } from './columns.ts';

/** Bytes that a list of these items takes. */
export function listBytes(of: AnyType, items: StoredColumn, count: number): number {
  const variable = storedAs(of) === 'bytes' ? 4 * count : 0;
  return 4 + variable + (of.nullable === true ? count : 0) + items.data.length;
}

/** Writes a list at `at`. @returns its end */
export function putList(
  into: Uint8Array,
  at: number,
  of: AnyType,
  items: StoredColumn,
  count: number,
): number {
  let end = putUint32(into, at, count);
  if (storedAs(of) === 'bytes') {
    for (let i = 1; i <= count; i++) end = putUint32(into, end, items.offsets![i]!);
  }
  if (of.nullable === true) {
    into.set(items.valid!.subarray(0, count), end);
    end += count;
  }
  into.set(items.data, end);
  return end + items.data.length;
}

/** Byte by byte: a view for each list would take longer than a short one. */
function putUint32(into: Uint8Array, at: number, value: number): number {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
  return at + 4;
}

/** The items of a list as a stored column, which is a view of it but for the offsets. */
export function openList(
  list: Uint8Array,
  of: AnyType,
): { readonly count: number; readonly column: StoredColumn } {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const count = view.getUint32(0, true);
  let at = 4;
  let offsets: Int32Array | undefined;
  if (storedAs(of) === 'bytes') {
    offsets = new Int32Array(count + 1);
    for (let i = 1; i <= count; i++, at += 4) offsets[i] = view.getUint32(at, true);
  }
  let valid: Uint8Array | undefined;
  if (of.nullable === true) {
    valid = list.subarray(at, at + count);
    at += count;
  }
  const column = { data: list.subarray(at), ...(offsets && { offsets }), ...(valid && { valid }) };
  return { count, column };
}
