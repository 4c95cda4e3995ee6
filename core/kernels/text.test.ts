import test from 'ava';
import * as fc from 'fast-check';
import { highKernels, movingKernels, placeBytes } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import { asciiUpTo, countLines, letters, lines, validUtf8UpTo } from './text.ts';

const ending = fc.constantFrom('\n', '\r\n', '\r', '', '\n\n', '\r\r\n');
const text = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 30 }), ending))
  .map(parts => Buffer.from(parts.flat().join('')));

/** Lines as the definition has them. */
function plainLines(bytes: Buffer): string[] {
  const all = bytes.toString('latin1').split('\n');
  if (all.at(-1) === '') all.pop();
  return all.map((line, i) =>
    line.endsWith('\r') && (i < all.length - 1 || bytes.at(-1) === 10) ? line.slice(0, -1) : line,
  );
}

function kernelLines(kernels: Kernels, bytes: Buffer, most: number): string[] {
  const { data } = placeBytes(kernels, [bytes]);
  const starts = kernels.alloc(most * 4);
  const ends = kernels.alloc(most * 4);
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = lines(kernels, data + at, bytes.length - at, starts, ends, most);
    const { u32 } = kernels;
    for (let i = 0; i < found.lines; i++) {
      const from = at + u32[(starts >>> 2) + i]!;
      out.push(bytes.toString('latin1', from, at + u32[(ends >>> 2) + i]!));
    }
    at += found.consumed;
  }
  return out;
}

test('lines: LF, CRLF, no last newline, however many at a time', t => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (bytes, most) => {
      t.deepEqual(kernelLines(movingKernels(), bytes, most), plainLines(bytes));
    }),
  );
  t.deepEqual(kernelLines(highKernels(), Buffer.from('a\r\nb\n\nc'), 2), ['a', 'b', '', 'c']);
});

test('a line without its end is left where more bytes follow', t => {
  const kernels = movingKernels();
  const { data } = placeBytes(kernels, [Buffer.from('one\ntwo\nthr')]);
  const out = kernels.alloc(100);
  t.deepEqual(lines(kernels, data, 11, out, out + 40, 10, false), { lines: 2, consumed: 8 });
  t.deepEqual(lines(kernels, data, 11, out, out + 40, 10, true), { lines: 3, consumed: 11 });
  t.deepEqual(lines(kernels, data, 0, out, out + 40, 10, true), { lines: 0, consumed: 0 });
});

/** Bytes that are nearly UTF-8: pieces of it, and every kind of mistake. */
const nearly = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map(s => Buffer.from(s)),
      },
      fc.uint8Array({ maxLength: 4, min: 0x80 }).map(bytes => Buffer.from(bytes)),
      fc
        .constantFrom(
          'c080',
          'e08080',
          'eda080',
          'edbfbf',
          'f0808080',
          'f4908080',
          'f48fbfbf',
          'efbfbf',
        )
        .map(h => Buffer.from(h, 'hex')),
    ),
    { maxLength: 8 },
  )
  .map(parts => Buffer.concat(parts));

/** The longest prefix that a strict decoder takes. */
function plainValid(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let length = bytes.length; ; length--) {
    try {
      decoder.decode(bytes.subarray(0, length));
      return length;
    } catch {
      // Shorter.
    }
  }
}

test('countLines', t => {
  fc.assert(
    fc.property(text, bytes => {
      const kernels = movingKernels();
      const { data } = placeBytes(kernels, [bytes]);
      t.is(countLines(kernels, data, bytes.length), plainLines(bytes).length);
    }),
    { numRuns: 200 },
  );
});

test('validUtf8UpTo and asciiUpTo', t => {
  fc.assert(
    fc.property(nearly, bytes => {
      const kernels = movingKernels();
      const { data } = placeBytes(kernels, [bytes]);
      t.is(validUtf8UpTo(kernels, data, bytes.length), plainValid(bytes));
      const ascii = bytes.findIndex(byte => byte >= 0x80);
      t.is(asciiUpTo(kernels, data, bytes.length), ascii === -1 ? bytes.length : ascii);
    }),
    { numRuns: 300 },
  );
});

test('characters across the chunks of a long text', t => {
  const kernels = movingKernels();
  for (const shift of [0, 1, 2]) {
    const bytes = Buffer.from('x'.repeat(shift) + '€'.repeat(800_000));
    const { data } = placeBytes(kernels, [bytes]);
    t.is(validUtf8UpTo(kernels, data, bytes.length), bytes.length);
    t.is(validUtf8UpTo(kernels, data, bytes.length - 1), bytes.length - 3);
    t.is(asciiUpTo(kernels, data, bytes.length), shift);
  }
});

test('the bitmap of letters is what the RegExp says', t => {
  const bitmap = letters();
  let wrong = 0;
  for (let point = 0; point < 0x110000; point += point < 0x3000 ? 1 : 37) {
    const isLetter = /[\p{L}\p{M}]/u.test(String.fromCodePoint(point));
    if (Number(isLetter) !== ((bitmap[point >> 3]! >> (point & 7)) & 1)) wrong++;
  }
  t.is(wrong, 0);
});
