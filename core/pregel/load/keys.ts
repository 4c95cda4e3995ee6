/** Ids of vertices between a table and a graph: as keys that order them, and as text for messages. */
import type { AnyType } from '../../define/schema.ts';
import { decodeKey, type KeyPart } from '../../define/keys.ts';

/** How int64 is a key. Text is one as it is. */
export const INT64_KEY: KeyPart = { kind: 'i64', nullable: false, descending: false, raw: false };

/** The id that a key stands for, as it is printed. */
export function printKey(key: Uint8Array, id: AnyType): string {
  if (id.type === 'utf8') return Buffer.from(key).toString();
  return String(decodeKey([INT64_KEY], key)[0]);
}
