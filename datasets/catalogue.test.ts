import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { CATALOGUE, dataset, pathOf } from './catalogue.ts';

for (const each of CATALOGUE) {
  test(`${each.name} is what the catalogue says`, t => {
    const bytes = readFileSync(pathOf(each));
    t.is(bytes.length, each.bytes);
    t.is(createHash('sha256').update(bytes).digest('hex'), each.sha256);
    t.notThrows(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    // What the distributor asks of those who leave its licence out.
    t.notRegex(bytes.toString(), /gutenberg|\be-?(text|book)/i);
  });
}

test('an unknown name lists the known ones', t => {
  t.throws(() => dataset('moby'), {
    message: 'no data set is called moby; there are: moby-dick',
  });
});
