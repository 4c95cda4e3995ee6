/** Values between threads: an immutable copy, made once, as small as its form allows.
 *
 * A primitive travels as itself. Everything else is serialised once, when it is given, so that later changes do not
 * show; up to INLINE_BYTES the bytes travel in messages, larger ones lie in the arena, or in a file of the
 * session's temporary folder when the arena has no room. A value with shared memory in it (SharedArrayBuffer, or a view
 * of one) cannot be serialised and must not be copied: it travels as it is.
 *
 * Not here: who holds a value and for how long (state.ts). Inline bytes live on the driver's heap and are not in the
 * budget: at most INLINE_BYTES for each ref that somebody still holds.
 */
import { openSync, readFileSync } from 'node:fs';
import { DefaultSerializer, deserialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { DataError, UsageError } from '../errors.ts';
import type { Range } from '../memory/arena.ts';
import { abandon, closeWhole, system, writeAll } from '../store/file.ts';

/** Below it, a message is cheaper than a request for memory and its answer (about 0.2 ms). */
export const INLINE_BYTES = 64 * 1024;
/** Strings up to this length travel as themselves. */
const STRING_LENGTH = 4096;

export type Primitive = undefined | null | boolean | number | bigint | string;
export type Stored =
  | { readonly kind: 'range'; readonly range: Range }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: number;
      readonly crc: number;
    };
/** Bytes are always a serialised value: a value that is bytes is serialised, too. */
export type Wire =
  | Primitive
  | Uint8Array
  | { readonly kind: 'shared'; readonly value: unknown }
  | ActorName
  | Stored;
/** Of which whoever gets it makes a handle. */
export interface ActorName {
  readonly kind: 'actor';
  readonly id: number;
  readonly name: string;
}

/** A value that lies nowhere yet. */
export type Packed = Exclude<Wire, Stored | ActorName>;

class SharedMemory extends Error {}

/** The private interface through which Node's serialiser is extended (documented in node:v8). */
interface HostObjects {
  _writeHostObject(view: object): void;
}
// oxlint-disable-next-line no-underscore-dangle -- Node's name
const WRITE = (DefaultSerializer.prototype as unknown as HostObjects)._writeHostObject;
class Packer extends DefaultSerializer {
  _writeHostObject(view: ArrayBufferView): void {
    if (view.buffer instanceof SharedArrayBuffer) throw new SharedMemory();
    WRITE.call(this, view);
  }
}

/** A value as it travels; bytes of any length, which the caller stores elsewhere when they are many.
 *  `what` names the value in the UsageError NOT_CLONEABLE. */
export function pack(value: unknown, what: () => string): Packed {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
    case 'bigint':
      return value;
    case 'string':
      if (value.length <= STRING_LENGTH) return value;
      break;
    case 'object':
      if (value === null) return null;
      break;
    default:
  }
  try {
    const packer = new Packer();
    packer.writeHeader();
    packer.writeValue(value);
    return packer.releaseBuffer();
  } catch {
    // Shared memory, or what only structuredClone takes, or nothing that can be sent at all.
    return { kind: 'shared', value: clone(value, what) };
  }
}

function clone(value: unknown, what: () => string): unknown {
  try {
    return structuredClone(value);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      'NOT_CLONEABLE',
      `${what()} cannot be sent to another thread: ${said}`,
      {
        remedy:
          'Send what structuredClone takes: no functions. A ref or a handle is the value itself or a direct member of it.',
      },
      { cause },
    );
  }
}

/** The value again. `bytesOf` gives the bytes of a range: its own copy, since parts of the value may be views of it.
 *  @param owned whether bytes in `wire` belong to the caller alone (they came with a message) */
export function unpack(wire: Wire, bytesOf: (range: Range) => Uint8Array, owned: boolean): unknown {
  if (typeof wire !== 'object' || wire === null) return wire;
  if (wire instanceof Uint8Array) return deserialize(owned ? wire : new Uint8Array(wire));
  if (wire.kind === 'shared') return owned ? wire.value : structuredClone(wire.value);
  if (wire.kind === 'range') return deserialize(bytesOf(wire.range));
  if (wire.kind === 'actor') return wire;
  const bytes = system(wire.path, 'read', () => readFileSync(wire.path));
  if (bytes.byteLength === wire.bytes && crc32(bytes) === wire.crc) return deserialize(bytes);
  throw new DataError(
    'SEGMENT_CORRUPT',
    `${wire.path}: the stored object is not what was written`,
    {
      file: wire.path,
      remedy: 'Run it again. If it comes back, look at the disk, or use another with --temp DIR.',
    },
  );
}

/** A serialised value into a file, which must not exist; `wire` is then what travels. Throws LimitError DISK_FULL, IO; then
 *  nothing of the file is left. */
export function packToFile(bytes: Uint8Array, path: string): Stored {
  const file = system(path, 'create', () => openSync(path, 'wx'));
  try {
    writeAll(file, bytes, path);
  } catch (error) {
    abandon(file, path);
    throw error;
  }
  closeWhole(file, path);
  return { kind: 'file', path, bytes: bytes.byteLength, crc: crc32(bytes) };
}

const kindOf = (wire: Wire): string | undefined =>
  typeof wire === 'object' && wire !== null && !(wire instanceof Uint8Array)
    ? wire.kind
    : undefined;

export function isStored(wire: Wire): wire is Stored {
  const kind = kindOf(wire);
  return kind === 'range' || kind === 'file';
}
export const isActor = (wire: Wire): wire is ActorName => kindOf(wire) === 'actor';
