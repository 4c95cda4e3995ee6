/** What a device that fails gets, by the command: at every call to the system that intermediate data and outputs make a
 *  typed error that names the file, an exit code that is not 0, and nothing left behind. The device is device.ts. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ava from 'ava';
import { superstep } from '../../cli/child.ts';
import { distinct, fails, listing, type Place, placeOf, run, runStory } from './command.ts';
import { type Fault, onDevice } from './device.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;

/** More words than the memory holds: four segments. */
const LARGE = { 'a.txt': distinct(1_000_000) };
const SPILLING = [
  'wordcount',
  'a.txt',
  '--out',
  'x.csv',
  '--memory',
  '60MiB',
  '--temp',
  'temporary',
];
const SEGMENT = '/temporary/superstep-.*\\.parquet$';
const MEND =
  '  Look at the disk and at the rights on the folder; --temp DIR puts temporary files elsewhere.';

/** What is said of a segment: which, and what could not be done to it. */
const ofSegment = (place: Place, said: string): RegExp =>
  new RegExp(`^superstep: ${place.folder}${SEGMENT.slice(0, -1)}: ${said} {3}\\[IO\\]$`);

const SEGMENTS: readonly (readonly [
  title: string,
  faults: readonly Fault[],
  stage: string,
  said: string,
])[] = [
  [
    'made',
    [{ call: 'open', path: SEGMENT, code: 'EIO' }],
    'map',
    'cannot create: i/o error \\(EIO\\)',
  ],
  [
    'written',
    [{ call: 'write', path: SEGMENT, after: 20, code: 'EIO' }],
    'map',
    'cannot write: i/o error \\(EIO\\)',
  ],
  [
    'closed',
    [{ call: 'close', path: SEGMENT, after: 1, code: 'EIO' }],
    'map',
    'cannot close: i/o error \\(EIO\\)',
  ],
  [
    'read',
    [{ call: 'read', path: SEGMENT, after: 5, code: 'EIO' }],
    'reduce',
    'cannot read: i/o error \\(EIO\\)',
  ],
  [
    'written, and then closed and deleted',
    [
      { call: 'write', path: SEGMENT, after: 20, code: 'EIO' },
      { call: 'close', path: SEGMENT, code: 'EIO' },
    ],
    'map',
    'cannot write: i/o error \\(EIO\\)',
  ],
];

for (const [title, faults, stage, said] of SEGMENTS) {
  test(`a device that fails when a segment is ${title}`, async t => {
    const place = placeOf(t, LARGE);
    await fails(
      t,
      place,
      SPILLING,
      1,
      [
        ofSegment(place, said),
        new RegExp(`^ {2}job wordcount, stage wordcount ${stage}, task \\d+, attempt 1$`),
        MEND,
      ],
      onDevice(faults),
    );
  });
}

test('too many open files', async t => {
  const place = placeOf(t, LARGE);
  const lines = [
    ofSegment(place, 'cannot create: too many open files \\(EMFILE\\)'),
    /^ {2}job wordcount, stage wordcount map, task \d+, attempt 1$/,
    '  Raise the limit of open files (ulimit -n), or run with fewer --workers.',
  ];
  const faults: readonly Fault[] = [{ call: 'open', path: SEGMENT, code: 'EMFILE' }];
  await fails(t, place, SPILLING, 1, lines, onDevice(faults));
});

test('a device that fails and is read-only from then on: what cannot be deleted is swept later', async t => {
  const place = placeOf(t, LARGE);
  const faults: readonly Fault[] = [
    { call: 'write', path: SEGMENT, after: 20, code: 'EIO' },
    { call: 'rm', path: '/temporary/', code: 'EROFS' },
  ];
  const done = await run(place, SPILLING, onDevice(faults));
  t.is(done.code, 1);
  t.regex(done.stderr.split('\n')[0]!, ofSegment(place, 'cannot write: i/o error \\(EIO\\)'));
  t.deepEqual(readdirSync(place.folder).toSorted(), ['a.txt', 'temporary']);
  t.not(readdirSync(place.temp).length, 0);
  await superstep(['clean', '--temp', place.temp], { cwd: place.folder });
  t.deepEqual(readdirSync(place.temp), []);
});

for (const [call, doing] of [
  ['open', 'create'],
  ['write', 'write'],
  ['close', 'close'],
] as const) {
  test(`a device that fails at the ${call} of what standard input is copied to`, async t => {
    const place = placeOf(t, {});
    const faults: readonly Fault[] = [{ call, path: '/stdin-[^/]*$', code: 'EIO' }];
    await fails(
      t,
      place,
      ['wordcount', '-', '--out', 'x.csv'],
      1,
      [
        new RegExp(
          `^superstep: ${place.temp}/superstep-\\w+/stdin-\\S+: cannot ${doing}: i/o error \\(EIO\\) {3}\\[IO\\]$`,
        ),
        MEND,
      ],
      { ...onDevice(faults), input: 'a b\n' },
    );
  });
}

/** Where the parts of `name` are written before they are the output. */
const staged = (name: string, file: string): string => `/\\.${name}\\.superstep-[^/]*/${file}`;

for (const [call, doing] of [
  ['open', 'create'],
  ['write', 'write'],
  ['fsync', 'write'],
  ['close', 'close'],
] as const) {
  test(`a device that fails at the ${call} of an output`, async t => {
    const place = placeOf(t, { 'a.txt': 'a b\n' });
    for (const out of ['x.csv', 'x.parquet', 'folder']) {
      const path = staged(out, 'part-[^/]*$');
      await fails(
        t,
        place,
        ['wordcount', 'a.txt', '--out', out],
        1,
        [
          `superstep: ${out}: cannot ${doing}: i/o error (EIO)   [IO]`,
          /^ {2}job wordcount, stage wordcount reduce, task 0, attempt 1$/,
          MEND,
        ],
        onDevice([{ call, path, code: 'EIO' }]),
      );
    }
  });
}

test('a device that fails when an output is brought to its place', async t => {
  const place = placeOf(t, { 'a.txt': 'a b\n', 'old.csv': 'old\n' });
  for (const [out, file] of [
    ['old.csv', '$'],
    ['folder', 'new$'],
    ['folder', 'new/_SUCCESS$'],
  ] as const) {
    await fails(
      t,
      place,
      ['wordcount', 'a.txt', '--out', out, '--overwrite'],
      1,
      [`superstep: ${join(place.folder, out)}: cannot write: i/o error (EIO)   [IO]`, MEND],
      onDevice([{ call: 'fsync', path: staged(out, file).replace('/$', '$'), code: 'EIO' }]),
    );
  }
});

for (const [title, path] of [
  ['runs that were merged to be fewer', '-merge-[^/]*$'],
  ['partitions on their way to one file', '-out\\.parquet$'],
] as const) {
  for (const call of ['write', 'read'] as const) {
    test(`a device that fails at the ${call} of ${title}`, t => {
      const place = placeOf(t, {});
      const error = runStory(place, 'merges', onDevice([{ call, path, code: 'EIO' }]));
      t.is(error.code, 'IO', error.message);
      t.is(error.message, `x.csv: cannot ${call}: i/o error (EIO)`);
      t.deepEqual(listing(place.folder), ['temporary']);
    });
  }
}

for (const call of ['open', 'write', 'close'] as const) {
  test(`a device that fails at the ${call} of an object that memory does not hold`, t => {
    const place = placeOf(t, {});
    const error = runStory(place, 'objects', onDevice([{ call, path: '/put-\\d+$', code: 'EIO' }]));
    t.is(error.code, 'IO', error.message);
    t.regex(error.message, /\/temporary\/superstep-\w+\/put-1: cannot \w+: i\/o error \(EIO\)$/);
    t.deepEqual(listing(place.folder), ['temporary']);
  });
}

test('without faults these stories go well', t => {
  const place = placeOf(t, {});
  for (const story of ['merges', 'objects']) t.is(runStory(place, story).code, 'none');
  t.deepEqual(listing(place.folder), ['temporary', 'x.csv']);
});
