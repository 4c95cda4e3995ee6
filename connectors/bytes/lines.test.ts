import test from 'ava';
import * as fc from 'fast-check';
import { type Cut, LineCutter } from './lines.ts';

const UTF8 = { unit: 1, lf: 0, bom: [0xef, 0xbb, 0xbf] } as const;
const UTF16LE = { unit: 2, lf: 0, bom: [0xff, 0xfe] } as const;
const UTF16BE = { unit: 2, lf: 1, bom: [0xfe, 0xff] } as const;

/** All chunks of a split; `step` bounds what one read gives. */
function chunks(bytes: Buffer, cut: Partial<Cut>, step = 7): { offset: number; bytes: Buffer }[] {
  const chunkBytes = cut.chunkBytes ?? 16;
  const cutter = new LineCutter(
    {
      file: 'f',
      start: 0,
      end: bytes.length,
      chunkBytes,
      recordBytes: 1000,
      alphabet: UTF8,
      ...cut,
    },
    Buffer.alloc(chunkBytes),
  );
  const out = [];
  for (;;) {
    const chunk = cutter.take();
    if (chunk !== undefined) out.push({ offset: cutter.offset, bytes: Buffer.from(chunk) });
    else if (cutter.finished) return out;
    else {
      const room = cutter.room();
      cutter.filled(
        bytes.copy(room, 0, cutter.position, cutter.position + Math.min(step, room.length)),
      );
    }
  }
}

/** Any text; the lines are what matters, so newlines are frequent. */
const texts = fc
  .array(
    fc.constantFrom(
      '\n',
      '\r\n',
      'a',
      'bc',
      'é',
      '語',
      '😀',
      '\u0a0a',
      '\u0a00',
      '\0',
      'longer than a chunk',
    ),
  )
  .map(parts => parts.join(''));
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 6 });

/** The ranges between cuts, which fall on code units. */
function ranges(size: number, at: readonly number[], unit: number): (readonly [number, number])[] {
  const inside = [...new Set(at.map(a => a - (a % unit)))].filter(a => a > 0 && a < size);
  const ends = [...inside.toSorted((a, b) => a - b), size];
  return ends.map((end, i) => [ends[i - 1] ?? 0, end] as const);
}

for (const [name, alphabet, encode] of [
  ['UTF-8', UTF8, (text: string) => Buffer.from(text)],
  ['UTF-16LE', UTF16LE, (text: string) => Buffer.from(text, 'utf16le')],
  ['UTF-16BE', UTF16BE, (text: string) => Buffer.from(text, 'utf16le').swap16()],
] as const) {
  test(`${name}: wherever a file is cut, each line is in exactly one split, in whole lines`, t => {
    fc.assert(
      fc.property(
        texts,
        cuts,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (text, at, chunkBytes, step) => {
          const bytes = encode(text);
          const all: Buffer[] = [];
          for (const [start, end] of ranges(bytes.length, at, alphabet.unit)) {
            let first = true;
            for (const chunk of chunks(bytes, { start, end, chunkBytes, alphabet }, step)) {
              const lines = chunk.bytes.toString('hex');
              // Where it says it is; a line that starts at or before the end; no longer than it may be.
              t.is(
                bytes.subarray(chunk.offset, chunk.offset + chunk.bytes.length).toString('hex'),
                lines,
              );
              t.true(chunk.offset <= end && (start === 0 || chunk.offset > start || !first));
              const single = chunks(chunk.bytes, { chunkBytes: 1, alphabet }).length === 1;
              t.true(chunk.bytes.length <= chunkBytes || single);
              all.push(chunk.bytes);
              first = false;
            }
          }
          t.is(Buffer.concat(all).toString('hex'), bytes.toString('hex'));
          // Each chunk ends a line, except the last of the file.
          const newline = encode('\n');
          t.true(all.slice(0, -1).every(chunk => chunk.subarray(-newline.length).equals(newline)));
        },
      ),
    );
  });
}

test('a line that starts exactly at the end belongs to the split that ends there', t => {
  const bytes = Buffer.from('aa\nbb\ncc\n');
  const text = (start: number, end: number): string =>
    chunks(bytes, { start, end })
      .map(chunk => chunk.bytes.toString())
      .join('');
  t.is(text(0, 3), 'aa\nbb\n');
  t.is(text(3, 9), 'cc\n');
  t.is(text(0, 2), 'aa\n');
  t.is(text(2, 9), 'bb\ncc\n');
});

test('a byte order mark at offset 0 is dropped, and only there', t => {
  const bytes = Buffer.from('\ufeffa\n\ufeffb\n');
  t.deepEqual(
    chunks(bytes, {}, 1).map(c => [c.offset, c.bytes.toString()]),
    [
      [3, 'a\n'],
      [5, '\ufeffb\n'],
    ],
  );
  t.is(chunks(Buffer.from([0xef, 0xbb]), {}).length, 1);
  t.is(chunks(Buffer.from('\ufeff'), {}).length, 0);
});

test('a record of the limit passes, one byte more is refused with its place', t => {
  const line = 'x'.repeat(100);
  for (const step of [1, 33, 1000]) {
    for (const chunkBytes of [10, 100, 101, 5000]) {
      const cut = { chunkBytes, recordBytes: 100 };
      t.is(chunks(Buffer.from(`a\n${line}\n${line}`), cut, step).length > 0, true);
      for (const bytes of [`a\n${line}x\nb\n`, `a\n${line}x`, `a\n${line}${line}${line}\n`]) {
        const error = t.throws(() => chunks(Buffer.from(bytes), cut, step), {
          code: 'RECORD_TOO_LONG',
        });
        t.like(error, { details: { file: 'f', offset: 2 } });
      }
      const wide = { chunkBytes, recordBytes: 200, alphabet: UTF16LE };
      t.is(
        Buffer.concat(chunks(Buffer.from(`${line}\n`, 'utf16le'), wide, step).map(c => c.bytes))
          .length,
        202,
      );
      t.throws(() => chunks(Buffer.from(`${line}x\n`, 'utf16le'), wide, step), {
        code: 'RECORD_TOO_LONG',
      });
    }
  }
});

test('a split without a line of its own reads to its end and not to the end of the file', t => {
  const bytes = Buffer.alloc(1 << 20, 'x');
  const cutter = new LineCutter(
    { file: 'f', start: 100, end: 200, chunkBytes: 64, recordBytes: 1000, alphabet: UTF8 },
    Buffer.alloc(64),
  );
  let read = 0;
  for (; cutter.take() === undefined && !cutter.finished; read++) {
    cutter.filled(bytes.copy(cutter.room(), 0, cutter.position));
  }
  t.true(read <= 3, `${read} reads`);
});
