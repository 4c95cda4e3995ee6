/** The static area: the first 64 KiB of memory. The wrapper writes the constants once; scratch lives for one call. */

/** 16 bytes FF, then 16 bytes 00 (written by the wrapper). */
export const MASKS: usize = 64;
/** Words or keys on their way into a table: 64 of 32 bytes. */
export const BATCH: usize = 1024;
export const BATCH_END: usize = BATCH + 64 * 32;

/** A mask that keeps the first n bytes of a vector, n at most 16. */
// @ts-ignore: decorator
@inline
export function keep(n: usize): v128 {
  return v128.load(MASKS + 16 - n);
}
