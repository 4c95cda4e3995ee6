import test from 'ava';
import { inputFormat, loadSink, loadSource, outputFormat } from './io.ts';

test('the format of inputs: asked for, by extension, else text', t => {
  t.is(inputFormat(['a.txt', 'b.log', 'c', 'd.txt.gz', 'folder/']), 'text');
  t.is(inputFormat([]), 'text');
  t.is(inputFormat(['a.csv', 'a.txt'], 'text'), 'text');
  for (const path of ['a.csv', 'a.CSV', 'x/a.csv.gz']) t.is(inputFormat([path]), 'csv');
  t.is(inputFormat(['a.parquet']), 'parquet');
  t.throws(() => inputFormat(['a.txt', 'b.csv']), {
    code: 'FORMAT_MIXED',
    message: 'inputs of one table have one format: a.txt is text, b.csv is csv',
  });
  for (const path of ['a.jsonl', 'a.ndjson']) {
    t.throws(() => inputFormat(['a.txt', path]), { code: 'FORMAT_NOT_READ' }, path);
  }
  const error = t.throws(() => inputFormat(['orders.jsonl']), { code: 'FORMAT_NOT_READ' });
  t.like(error, {
    message: 'orders.jsonl: jsonl cannot be read yet',
    details: {
      remedy:
        'Formats that can be read: text, csv, parquet, edges, mtx, graphology. To read its lines as text: --input-format text',
    },
  });
  t.throws(() => inputFormat(['a'], 'jsonl'), {
    code: 'FORMAT_NOT_READ',
    message: '--input-format jsonl: jsonl cannot be read yet',
  });
  for (const name of ['xml', '__proto__', 'constructor', '']) {
    t.throws(() => inputFormat(['a'], name), { code: 'FORMAT_UNKNOWN' });
  }
});

test('text is edges where ends of edges, or vertices, are wanted', t => {
  const of = { type: 'int64' };
  const edges = { source: of, target: of };
  t.is(inputFormat(['web.txt', 'web.el', 'web', 'a/web.txt.gz'], undefined, edges), 'edges');
  t.is(inputFormat([], undefined, edges), 'edges');
  t.is(inputFormat(['web.v'], undefined, { vertex: of }), 'edges');
  t.is(inputFormat(['web.v'], undefined, { line: { type: 'utf8' } }), 'text');
  t.is(inputFormat(['web.txt'], undefined, { source: of }), 'text');
  t.is(inputFormat(['web.txt'], 'text', edges), 'text');
  t.is(inputFormat(['web.csv'], 'edges', edges), 'edges');
  t.throws(() => outputFormat('a', 'edges'), {
    code: 'FORMAT_NOT_WRITTEN',
    message: '--format edges: edges cannot be written',
  });
});

test('the format of outputs: asked for, by extension, parquet for a folder', t => {
  for (const [path, format] of [
    ['a.csv', 'csv'],
    ['a.CSV', 'csv'],
    ['a.txt', 'text'],
    ['a.ndjson', 'jsonl'],
    ['a.b/c.parquet', 'parquet'],
    ['a.b/c', 'parquet'],
    ['./out', 'parquet'],
    ['out.csv/', 'parquet'],
    ['v1.2/', 'parquet'],
  ] as const) {
    t.is(outputFormat(path), format, path);
  }
  t.is(outputFormat('a.csv', 'jsonl'), 'jsonl');
  const error = t.throws(() => outputFormat('a.xlsx'), { code: 'FORMAT_UNKNOWN' });
  t.like(error, {
    name: 'UsageError',
    message: 'a.xlsx: no output format has the extension ".xlsx"',
    details: {
      remedy:
        'Name it .txt, .csv, .jsonl or .parquet, or say --format text|csv|jsonl|parquet|graphology|graphalytics',
    },
  });
  t.throws(() => outputFormat('a', 'xml'), {
    code: 'FORMAT_UNKNOWN',
    message: '--format xml: there is no format "xml"',
  });
  t.throws(() => outputFormat('a.csv.gz'), { code: 'FORMAT_UNKNOWN' });
});

test('built-in formats are found by name', async t => {
  t.is(typeof (await loadSource('text')).open, 'function');
  t.throws(() => inputFormat(['a'], 'graphalytics'), {
    message: '--input-format graphalytics: graphalytics is a graph, not a table',
  });
  for (const format of ['text', 'csv', 'jsonl', 'parquet', 'graphalytics']) {
    t.regex((await loadSink(format)).extension, /^\.\w+$/);
  }
  await t.throwsAsync(loadSource('jsonl'), { code: 'FORMAT_NOT_READ' });
  await t.throwsAsync(loadSink('../../x'), { code: 'FORMAT_UNKNOWN' });
});
