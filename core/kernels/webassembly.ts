/** The little of WebAssembly's JavaScript API that is used here, typed: Node's own types leave it to those of browsers. */

/** A compiled module: opaque, and may be posted to other threads. */
export interface KernelModule {
  readonly [Symbol.toStringTag]: string;
}
export interface Memory {
  readonly buffer: ArrayBuffer;
  /** Grows by pages of 64 KiB, and detaches `buffer` even for 0. @throws RangeError */
  grow(pages: number): number;
}

interface Api {
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  /** @throws RangeError when there is no address space for its memory. */
  readonly Instance: new (
    module: KernelModule,
    imports: object,
  ) => { readonly exports: object };
}

export const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Api })
  .WebAssembly;
