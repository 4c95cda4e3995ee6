/** One instance of the kernels with its memory: one a thread, reused, reset between uses.
 *
 * Order of calls: `Kernels.compile()` once a process, `new Kernels(module, grant)` in each thread, `alloc` and `free`, `reset`
 * between tasks, `shrink` after those that took much, `close` at the end.
 *
 * Invariants: a WebAssembly memory never shrinks, and all of it (`heldBytes`) is charged to the grant, free or not. Every buffer is
 * 64-byte aligned and has 64 bytes behind it, because kernels load 16 bytes at a time. Memory that grows detaches
 * every view silently: views are taken from the getters after each call, and never kept.
 */
import { readFileSync } from 'node:fs';
import { LimitError } from '../errors.ts';
import { CHUNK_BYTES, MASKS, STATIC_BYTES, type Raw } from './raw.ts';
import { Instance, type KernelModule, Module } from './webassembly.ts';

export type { KernelModule } from './webassembly.ts';

/** The slot's share of the budget. */
export interface Grant {
  /** Of all slots together. */
  readonly limitBytes?: number;
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

export interface KernelsOptions {
  /** Bytes this memory may reach, static area included. */
  readonly maxBytes?: number;
  /** Asked when it is closed: whether somebody keeps it, and what it holds, for what comes next. */
  readonly keep?: (kernels: Kernels) => boolean;
  /** For tests: every call detaches all views, and freed and new buffers hold garbage. */
  readonly moveOnEveryCall?: boolean;
}

const PAGE = 65_536;
const ALIGNMENT = 64;
/** A kernel may read this far beyond a buffer's end. */
const PADDING = 64;
/** 32-bit addresses, less the last page: `end + 16` must not wrap. */
const ADDRESSABLE = 65_535 * PAGE;
/** Growing costs a system call and all views, and V8 collects garbage each time, as if all of the memory were new: less than this, or than
 *  this part of what there is, or of the whole budget, is not worth it. */
const GROW_BYTES = 1 << 20;
const GROW_PART = 8;
const GROW_SHARE = 128;

const GENEROUS: Grant = { reserve: () => true, release: () => {} };

export class Kernels {
  readonly #module: KernelModule;
  #raw: Raw;
  /** Asked when there is no memory: frees what can be had again, and says whether that was anything. */
  relief: (() => boolean) | undefined;
  readonly #grant: Grant;
  readonly #maxBytes: number;
  readonly #moves: boolean;
  readonly #keep: KernelsOptions['keep'];
  /** Free blocks by address: no two touch. */
  #starts: number[] = [];
  #sizes: number[] = [];
  /** Bytes of the block at each address handed out. */
  readonly #blocks = new Map<number, number>();
  #buffer: ArrayBuffer | undefined;
  #views: Views | undefined;
  #letters = 0;
  #closed = false;

  /** Reads and compiles the kernels, synchronously; the module may be posted to other threads. */
  static compile(): KernelModule {
    return new Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  }

  /** @throws LimitError MEMORY when the grant or the system's address space does not allow the first MiB. */
  constructor(module: KernelModule, grant: Grant = GENEROUS, options: KernelsOptions = {}) {
    this.#grant = grant;
    this.#maxBytes = Math.min(options.maxBytes ?? ADDRESSABLE, ADDRESSABLE);
    this.#moves = options.moveOnEveryCall === true;
    this.#keep = options.keep;
    this.#module = module;
    this.#raw = this.#instance();
    const bytes = this.heldBytes;
    if (bytes > this.#maxBytes || !grant.reserve(bytes)) {
      throw new LimitError('MEMORY', `the kernels' first ${bytes} bytes do not fit in the budget`, {
        remedy: 'Raise --memory or lower --workers.',
      });
    }
    this.#begin();
  }

  /** For the wrappers of this folder. */
  get raw(): Raw {
    return this.#raw;
  }

  get u8(): Uint8Array<ArrayBuffer> {
    return this.#current().u8;
  }
  get i32(): Int32Array<ArrayBuffer> {
    return this.#current().i32;
  }
  get u32(): Uint32Array<ArrayBuffer> {
    return this.#current().u32;
  }
  get u16(): Uint16Array<ArrayBuffer> {
    return this.#current().u16;
  }
  get f64(): Float64Array<ArrayBuffer> {
    return this.#current().f64;
  }
  get i64(): BigInt64Array<ArrayBuffer> {
    return this.#current().i64;
  }

  /** What the memory holds, free blocks included: what the grant was charged. */
  get heldBytes(): number {
    return this.raw.memory.buffer.byteLength;
  }

  /** Bytes in buffers now, padding included. */
  get usedBytes(): number {
    let bytes = 0;
    for (const size of this.#blocks.values()) bytes += size;
    return bytes;
  }

  /** A buffer of `bytes` bytes, content undefined; 0 when the grant refuses or 4 GiB are reached. */
  alloc(bytes: number): number {
    const size = Math.ceil((bytes + PADDING) / ALIGNMENT) * ALIGNMENT;
    let at = this.#sizes.findIndex(free => free >= size);
    if (at === -1) {
      if (!this.#grow(size)) return this.relief?.() === true ? this.alloc(bytes) : 0;
      at = this.#sizes.length - 1;
    }
    const pointer = this.#starts[at]!;
    if (this.#sizes[at] === size) {
      this.#starts.splice(at, 1);
      this.#sizes.splice(at, 1);
    } else {
      this.#starts[at] = pointer + size;
      this.#sizes[at]! -= size;
    }
    this.#blocks.set(pointer, size);
    if (this.#moves) this.#garble(pointer, size, 0xa5);
    return pointer;
  }

  /** Like `alloc`, for what nothing works without.
   *  @throws LimitError MEMORY */
  allocOrThrow(bytes: number, what: string): number {
    const pointer = this.alloc(bytes);
    if (pointer === 0) throw outOfMemory(bytes, what);
    return pointer;
  }

  /** Gives a buffer back to this memory. 0 is ignored. */
  free(pointer: number): void {
    if (pointer === 0) return;
    const size = this.#blocks.get(pointer);
    if (size === undefined) throw new Error(`free(${pointer}): not a buffer of this memory`);
    this.#blocks.delete(pointer);
    if (this.#moves) this.#garble(pointer, size, 0x5a);
    this.#release(pointer, size);
  }

  /** Frees everything. Groups, Rows and others that lie here must not be used, or freed, afterwards. */
  reset(): void {
    this.#blocks.clear();
    this.#letters = 0;
    this.#starts = [STATIC_BYTES];
    this.#sizes = [this.heldBytes - STATIC_BYTES];
  }

  copyIn(bytes: Uint8Array, pointer: number): void {
    this.u8.set(bytes, pointer);
  }

  /** Copies into a new buffer; 0 when there is no memory. */
  place(bytes: Uint8Array): number {
    const pointer = this.alloc(bytes.byteLength);
    if (pointer !== 0) this.copyIn(bytes, pointer);
    return pointer;
  }

  zero(pointer: number, bytes: number): void {
    this.u8.fill(0, pointer, pointer + bytes);
  }

  /** The kernels' bitmap of letters and marks is in memory; false when there is none for it (139 KiB). */
  withLetters(make: () => Uint8Array): boolean {
    if (this.#letters === 0) {
      this.#letters = this.place(make());
      if (this.#letters === 0) return false;
      this.raw.setLetters(this.#letters);
    }
    return true;
  }

  /** `reset`, and all memory but the first MiB goes back: what held much for a while leaves it to others. The instance is a new
   *  one, and the old one's memory goes with the garbage. Without address space for it nothing changes. */
  shrink(): void {
    const held = this.heldBytes;
    try {
      this.#raw = this.#instance();
    } catch {
      this.reset();
      return;
    }
    this.#grant.release(held - this.heldBytes);
    this.#begin();
    this.reset();
  }

  #instance(): Raw {
    const exports = instantiate(this.#module);
    return this.#moves ? moving(exports) : exports;
  }

  #begin(): void {
    this.u8.fill(0xff, MASKS, MASKS + 16);
    this.#starts = [STATIC_BYTES];
    this.#sizes = [this.heldBytes - STATIC_BYTES];
  }

  /** Ends its use by whoever has it. Unless it is kept, the charge is returned, and its memory goes with the garbage. */
  close(): void {
    if (this.#closed) return;
    this.relief = undefined;
    if (this.#keep?.(this) === true) return this.reset();
    this.end();
  }

  /** Closes it for good. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#grant.release(this.heldBytes);
  }

  #current(): Views {
    const { buffer } = this.raw.memory;
    if (buffer !== this.#buffer || this.#views === undefined) {
      this.#buffer = buffer;
      this.#views = viewsOf(buffer);
    }
    return this.#views;
  }

  /** Makes the last free block at least `size` bytes. */
  #grow(size: number): boolean {
    const held = this.heldBytes;
    const last = this.#starts.length - 1;
    const tail = last >= 0 && held === this.#starts[last]! + this.#sizes[last]!;
    const pages = Math.ceil((size - (tail ? this.#sizes[last]! : 0)) / PAGE);
    const share = (this.#grant.limitBytes ?? 0) / GROW_SHARE;
    const worth = Math.ceil(Math.max(GROW_BYTES, held / GROW_PART, share) / PAGE);
    return (
      this.#growBy(held, Math.max(pages, worth)) || (pages < worth && this.#growBy(held, pages))
    );
  }

  #growBy(held: number, pages: number): boolean {
    const bytes = pages * PAGE;
    if (held + bytes > this.#maxBytes || !this.#grant.reserve(bytes)) return false;
    try {
      this.raw.memory.grow(pages);
    } catch {
      this.#grant.release(bytes); // The system has no more: as good as a refusal.
      return false;
    }
    this.#release(held, bytes);
    return true;
  }

  #release(pointer: number, size: number): void {
    const starts = this.#starts;
    const sizes = this.#sizes;
    let at = 0;
    for (let high = starts.length; at < high; ) {
      const middle = (at + high) >> 1;
      if (starts[middle]! < pointer) at = middle + 1;
      else high = middle;
    }
    const joinsNext = at < starts.length && pointer + size === starts[at];
    const joinsLast = at > 0 && pointer === starts[at - 1]! + sizes[at - 1]!;
    if (joinsLast) {
      sizes[at - 1]! += size + (joinsNext ? sizes[at]! : 0);
      if (joinsNext) {
        starts.splice(at, 1);
        sizes.splice(at, 1);
      }
    } else if (joinsNext) {
      starts[at] = pointer;
      sizes[at]! += size;
    } else {
      starts.splice(at, 0, pointer);
      sizes.splice(at, 0, size);
    }
  }

  #garble(pointer: number, size: number, byte: number): void {
    this.raw.memory.grow(0);
    this.u8.fill(byte, pointer, pointer + Math.min(size, CHUNK_BYTES));
  }
}

export function outOfMemory(bytes: number, what: string): LimitError {
  const asked = bytes > 0 ? ` (${bytes.toLocaleString('en')} bytes)` : '';
  return new LimitError('MEMORY', `no memory for ${what}${asked} in this worker's share`, {
    remedy: 'Raise --memory or lower --workers.',
  });
}

interface Views {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
  readonly i64: BigInt64Array<ArrayBuffer>;
}

function viewsOf(buffer: ArrayBuffer): Views {
  return {
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    u16: new Uint16Array(buffer),
    f64: new Float64Array(buffer),
    i64: new BigInt64Array(buffer),
  };
}

function instantiate(module: KernelModule): Raw {
  try {
    return new Instance(module, {}).exports as unknown as Raw;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    // Every WebAssembly memory reserves 10 GiB of addresses (not of memory).
    throw new LimitError(
      'MEMORY',
      "no address space for the kernels' memory",
      { remedy: 'raise `ulimit -v` (each worker reserves 10 GiB of addresses) or lower --workers' },
      { cause },
    );
  }
}

/** The exports, detaching every view before each call, as growth would. */
function moving(raw: Raw): Raw {
  const wrapped: { [name: string]: unknown } = {};
  for (const [name, member] of Object.entries(raw)) {
    wrapped[name] =
      typeof member === 'function'
        ? (...args: number[]) => {
            raw.memory.grow(0);
            return (member as (...args: number[]) => unknown)(...args);
          }
        : member;
  }
  return wrapped as unknown as Raw;
}
