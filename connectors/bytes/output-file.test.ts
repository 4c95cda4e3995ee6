import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { OutputFile } from './output-file.ts';
import { temporary } from './testing.ts';

test('blocks, values larger than a block, and room of any size come out in order', t => {
  const path = join(temporary(t), 'x');
  const out = new OutputFile(path);
  const parts: Buffer[] = [];
  for (const length of [0, 1, 31, 33, 262_143, 262_144, 262_145, 1_000_000, 5]) {
    const bytes = Buffer.alloc(length, String(length));
    out.put(bytes);
    out.room(length);
    out.bytes.set(bytes, out.at);
    out.at += length;
    out.ascii('text');
    out.put(bytes, length >> 1, length);
    parts.push(bytes, bytes, Buffer.from('text'), bytes.subarray(length >> 1));
  }
  const expected = Buffer.concat(parts);
  t.is(out.close(), expected.length);
  t.true(expected.equals(readFileSync(path)));
});

for (const format of ['csv', 'jsonl', 'text', 'parquet']) {
  test(`${format}: a disk that fills is a LimitError, and abort leaves nothing`, t => {
    const folder = temporary(t);
    const module = fileURLToPath(new URL(`../${format}.js`, import.meta.url));
    const program = `
      import format from ${JSON.stringify(module)};
      const writer = format.sink.open(process.argv[1], { word: { type: 'utf8' } });
      const data = new Uint8Array(100_000).fill(97);
      const batch = { rows: 1, columns: [{ data, offsets: Int32Array.of(0, data.length) }] };
      try {
        for (let i = 0; i < 100; i++) writer.write(batch);
        writer.close();
      } catch (error) {
        console.log(error.name, error.code);
      }
      writer.abort();
    `;
    // The limit on a file's size stands in for the disk: 1 MiB, in units of 512 bytes.
    const script = `ulimit -f 2048; exec "$0" --input-type=module -e "$1" "$2"`;
    const path = join(folder, 'x');
    const out = execFileSync('sh', ['-c', script, process.execPath, program, path], {
      encoding: 'utf8',
    });
    t.is(out, 'LimitError DISK_FULL\n');
    t.deepEqual(readdirSync(folder), []);
  });
}
