import test from 'ava';
import { nearest } from './nearest.ts';

test('the name that was meant, when one is near', t => {
  const known = ['split', 'case', 'k'];
  t.is(nearest('spilt', known), 'split');
  t.is(nearest('Case', known), 'case');
  t.is(nearest('cases', known), 'case');
  t.is(nearest('n', known), undefined);
  t.is(nearest('partitions', known), undefined);
  t.is(nearest('split', []), undefined);
});
