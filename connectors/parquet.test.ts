import test from 'ava';
import { testSink } from './conformance.ts';
import parquet from './parquet.ts';

test('parquet is a sink', t => testSink(t, parquet.sink));
