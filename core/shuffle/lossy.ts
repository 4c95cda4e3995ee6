/** A carrier over a bad line, for tests and `--chaos`: frames are lost, doubled, damaged, delayed and reordered, as a seed
 * decides. What comes out at the end is the same bytes, or TRANSPORT.
 *
 * A read sends every frame, takes what comes, and asks again for what is missing, up to a number of rounds.
 */
import type { Field, StoredBatch } from '../batch/columns.ts';
import { TransportError } from '../errors.ts';
import { checkBatch, checksumOf, layoutBatch, readBatchFrom, writeBatchTo } from '../store/run.ts';
import type { Carrier, Slice } from './carrier.ts';
import { Assembly, cutFrame, type Frame, framesIn } from './frames.ts';

/** Each frame is lost one time in five: that one is lost so often in a row does not happen. */
const MAX_ROUNDS = 64;
const LOST = 0.2;
const DOUBLED = 0.1;
const DAMAGED = 0.05;
const DELAYED = 0.3;

export class LossyCarrier implements Carrier {
  readonly #under: Carrier;
  readonly #random: () => number;
  #late: Frame[] = [];

  constructor(under: Carrier, seed: number) {
    this.#under = under;
    this.#random = randomOf(seed);
  }

  read(slice: Slice, index: number, fields: readonly Field[]): StoredBatch {
    const batch = this.#under.read(slice, index, fields);
    const layout = layoutBatch(fields, batch);
    const sent = new Uint8Array(layout.bytes);
    writeBatchTo(sent, fields, batch, layout);
    const crc = checksumOf(sent);
    const came = this.#transfer(sent, `batch ${index} of ${slice.segment ?? 'the arena'}`);
    checkBatch(came, crc, `batch ${index} of ${slice.segment ?? 'the arena'}`);
    return readBatchFrom(came, fields, { rows: batch.rows, sizes: layout.sizes });
  }

  close(): void {
    this.#under.close();
  }

  #transfer(bytes: Uint8Array, what: string): Uint8Array {
    const assembly = new Assembly(bytes.length);
    let missing = Array.from({ length: framesIn(bytes.length) }, (_, i) => i);
    for (let round = 0; missing.length > 0; round++) {
      if (round === MAX_ROUNDS) {
        throw new TransportError('TRANSPORT', `${what}: ${missing.length} frames never came`);
      }
      for (const index of missing)
        for (const frame of this.#line(cutFrame(bytes, index))) {
          assembly.take(frame);
        }
      missing = assembly.missing();
    }
    this.#late = [];
    return assembly.bytes;
  }

  /** What comes out of the line when a frame goes in: nothing, it, or it and others that were late. */
  #line(frame: Frame): Frame[] {
    const out: Frame[] = [];
    const random = this.#random;
    if (random() >= LOST) {
      out.push(frame);
      if (random() < DOUBLED) out.push(frame);
      if (random() < DAMAGED) {
        const bytes = frame.bytes.slice();
        bytes[0]! ^= 1;
        out[0] = { ...frame, bytes };
      }
    }
    if (random() < DELAYED) this.#late.push(...out.splice(0));
    else if (this.#late.length > 0 && random() < 0.5) out.unshift(this.#late.pop()!);
    return out;
  }
}

/** A small generator of numbers in [0, 1): mulberry32, in integers, the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
