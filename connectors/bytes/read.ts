/** The bytes of one input file, plain or out of gzip, and the check that it is still the file that was planned.
 *
 * Plain files are read synchronously at a position: a worker has nothing else to do, and a promise for each chunk of
 * each of 10,000 small files costs more than reading them. gzip is a stream of members (RFC 1952, 2.2) with a checksum
 * each; zlib runs beside this thread, with at most WINDOW_BYTES out and INPUT_BYTES in, whatever the ratio is.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError } from 'superstep/internal';
import { unreadable } from './input-files.ts';

/** Decompressed bytes made at a time. 16 KiB, zlib's default, costs a third more time. */
const WINDOW_BYTES = 256 * 1024;
/** Compressed bytes read at a time. */
const INPUT_BYTES = 64 * 1024;

/** What a split says of its file. */
export interface Planned {
  readonly path: string;
  /** What errors call it. */
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface ByteReader {
  /** Reads up to into.length bytes; 0 is the end. `position` is where they have to come from, in the decompressed
   *  file; a gzip file is read in order only. Throws DataError INPUT_UNREADABLE, INPUT_CHANGED, GZIP_CORRUPT. */
  read(into: Buffer, position: number): number | Promise<number>;
  /** Throws DataError INPUT_CHANGED. */
  check(): void;
  close(): void;
}

function changed({ path, name }: Planned, what: string): DataError {
  return new DataError('INPUT_CHANGED', `${name}: the file ${what} since the plan was made`, {
    file: path,
    remedy: 'Run the job again when nothing writes to its inputs, or on a copy',
  });
}

class OpenFile {
  readonly fd: number;
  readonly planned: Planned;
  #open = true;
  constructor(planned: Planned) {
    this.planned = planned;
    try {
      this.fd = openSync(planned.path, 'r');
    } catch (error) {
      const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw gone ? changed(planned, 'was deleted') : unreadable(planned.name, error);
    }
    try {
      this.check();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  check(): void {
    const { size, mtimeMs } = fstatSync(this.fd);
    if (size !== this.planned.size || mtimeMs !== this.planned.mtimeMs) {
      throw changed(this.planned, 'changed');
    }
  }

  close(): void {
    if (this.#open) closeSync(this.fd);
    this.#open = false;
  }

  readAt(into: Buffer, position: number): number {
    try {
      return readSync(this.fd, into, 0, into.length, position);
    } catch (error) {
      throw unreadable(this.planned.name, error, position);
    }
  }
}

export class PlainReader implements ByteReader {
  readonly #file: OpenFile;
  constructor(planned: Planned) {
    this.#file = new OpenFile(planned);
  }

  read(into: Buffer, position: number): number {
    const bytes = this.#file.readAt(into, position);
    if (bytes === 0 && position < this.#file.planned.size) {
      throw changed(this.#file.planned, 'was shortened');
    }
    return bytes;
  }

  check(): void {
    this.#file.check();
  }

  close(): void {
    this.#file.close();
  }
}

export class GzipReader implements ByteReader {
  readonly #file: OpenFile;
  readonly #gunzip = createGunzip({ chunkSize: WINDOW_BYTES });
  readonly #chunks: AsyncIterator<Buffer>;
  /** Decompressed and not yet handed out. */
  #rest: Uint8Array = Buffer.alloc(0);

  constructor(planned: Planned) {
    this.#file = new OpenFile(planned);
    const input = Readable.from(this.#compressed(), {
      objectMode: false,
      highWaterMark: INPUT_BYTES,
    });
    // A failed read ends the decompressor too, so there is one place where errors come out.
    input.on('error', error => this.#gunzip.destroy(error));
    this.#gunzip.on('close', () => input.destroy());
    this.#chunks = input.pipe(this.#gunzip)[Symbol.asyncIterator]();
  }

  *#compressed(): Generator<Buffer> {
    for (let position = 0; ; ) {
      const bytes = Buffer.allocUnsafeSlow(INPUT_BYTES);
      const length = this.#file.readAt(bytes, position);
      if (length === 0) return;
      position += length;
      yield bytes.subarray(0, length);
    }
  }

  /** Fills `into`, so that chunks are as large as those of plain files. */
  async read(into: Buffer): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      if (this.#rest.length === 0) {
        const next = await this.#next();
        if (next === undefined) break;
        this.#rest = next;
      }
      const bytes = Math.min(this.#rest.length, into.length - filled);
      into.set(this.#rest.subarray(0, bytes), filled);
      this.#rest = this.#rest.subarray(bytes);
      filled += bytes;
    }
    return filled;
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const { value, done } = await this.#chunks.next();
      return done === true ? undefined : value;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined || !code.startsWith('Z_')) throw error;
      this.#file.check(); // A file that was cut short while we read it is not a damaged one.
      const { path, name } = this.#file.planned;
      const offset = this.#gunzip.bytesWritten;
      throw new DataError(
        'GZIP_CORRUPT',
        `${name}: ${code === 'Z_BUF_ERROR' ? 'the gzip file is truncated' : `not a whole gzip file: ${message}`}, at compressed byte ${offset.toLocaleString('en')}`,
        { file: path, offset, remedy: `Get the file again; gzip -t ${name} tests it` },
        { cause: error },
      );
    }
  }

  check(): void {
    this.#file.check();
  }

  close(): void {
    this.#gunzip.destroy();
    this.#file.close();
  }
}
