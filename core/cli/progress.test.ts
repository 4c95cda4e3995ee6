import test from 'ava';
import type { Progress } from '../define/session.ts';
import { progressLines } from './progress.ts';
import { formatBytes, formatSeconds } from './units.ts';

const at = (stage: string, bytesDone: number, more: Partial<Progress> = {}): Progress => ({
  stage,
  bytesDone,
  bytesTotal: 4e9,
  tasksRunning: 2,
  spilledBytes: 0,
  ...more,
});

test('a line at the start and the end of a stage, and every 30 s', t => {
  const lines: string[] = [];
  let now = 0;
  const printer = progressLines(
    line => lines.push(line),
    () => now,
  );
  printer.update(at('words map', 0));
  for (now = 0; now <= 60_000; now += 100) printer.update(at('words map', now * 50_000));
  now = 80_000;
  // Never backwards, whatever the session says.
  printer.update(at('words map', 0, { spilledBytes: 3e8 }));
  now = 90_000;
  printer.update(at('words map', 0, { spilledBytes: 3e8 }));
  printer.update(at('words reduce', 0, { bytesTotal: 0 }));
  now = 90_250;
  printer.end();
  printer.end();
  t.deepEqual(lines, [
    'superstep: words map: 4 GB\n',
    'superstep: words map: 1.5 GB of 4 GB, 50 MB/s, 50 s left\n',
    'superstep: words map: 3 GB of 4 GB, 50 MB/s, 20 s left\n',
    'superstep: words map: 3 GB of 4 GB, 33.3 MB/s, 300 MB spilled, 30 s left\n',
    'superstep: words map: done in 90 s\n',
    'superstep: words reduce: started\n',
    'superstep: words reduce: done in 0.25 s\n',
  ]);
});

test('sizes and times for people', t => {
  t.deepEqual([0, 999, 1000, 999_499, 999_500, 1.5e12, 2e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1 kB',
    '999 kB',
    '1 MB',
    '1.5 TB',
    '2000 TB',
  ]);
  t.deepEqual([0.0421, 9.96, 99, 100, 3599, 7440].map(formatSeconds), [
    '0.042 s',
    '10 s',
    '99 s',
    '1 min 40 s',
    '59 min 59 s',
    '2 h 4 min',
  ]);
});
