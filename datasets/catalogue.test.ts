import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { CATALOGUE, dataset, pathOf } from './catalogue.ts';

for (const each of CATALOGUE) {
  test(`${each.name} is what the catalogue says`, t => {
    const bytes = readFileSync(pathOf(each));
    t.is(bytes.length, each.bytes);
    t.is(createHash('sha256').update(bytes).digest('hex'), each.sha256);
    const text = each.file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    t.notThrows(() => new TextDecoder('utf-8', { fatal: true }).decode(text));
    // What the book's distributor asks of those who leave its licence out.
    t.notRegex(text.toString(), /gutenberg|\be-?(text|book)/i);
  });
}

test('the real graph has the vertices and edges that its publisher counted', t => {
  const text = gunzipSync(readFileSync(pathOf(dataset('p2p-gnutella31')))).toString();
  const lines = text.trimEnd().split('\n');
  const edges = lines.filter(line => !line.startsWith('#'));
  t.is(edges.length, 147_892);
  t.is(new Set(edges).size, 147_892);
  t.is(new Set(edges.flatMap(edge => edge.split('\t'))).size, 62_586);
  t.is(lines.length - edges.length, 3);
});

test('an unknown name lists the known ones', t => {
  t.throws(() => dataset('moby'), {
    message: 'no data set is called moby; there are: moby-dick, p2p-gnutella31',
  });
});
