/** For tests: functions that ask much of memory. Run by the command line, from a file that takes one of them as its own. */
import { appendFileSync } from 'node:fs';
import { int64, mapReduce, sum, utf8 } from '../../index.ts';

/** Distinct keys of a flood; each comes as often as rows / KEYS. */
const KEYS = 500_000;

/** A row of the flood: its number, and `x` up to 1,000 characters. */
const textOf = (n: number): string => String(n).padEnd(1000, 'x');

/** One input row emits `rows` rows of 1 kB, which stay rows. Their groups come back as a count and a length. */
export const flood = mapReduce({
  name: 'flood',
  params: { rows: int64 },
  input: { line: utf8 },
  key: { group: int64 },
  value: { text: utf8 },
  output: { group: int64, count: int64, length: int64 },
  map(_, emit, { params }) {
    for (let n = 0; n < params.rows; n++) emit({ group: n % 1000, text: textOf(n) });
  },
  reduce(key, values, emit) {
    let count = 0;
    let length = 0;
    for (const { text } of values) {
      count++;
      length += text.length;
    }
    emit({ ...key, count, length });
  },
});

/** The same rows as keys of 1 kB, counted by a kernel; half a million are distinct, more than memory holds. */
export const floodCombined = mapReduce({
  name: 'flood-combined',
  params: { rows: int64 },
  input: { line: utf8 },
  key: { text: utf8 },
  value: { count: int64 },
  output: { length: int64, count: int64 },
  map(_, emit, { params }) {
    for (let n = 0; n < params.rows; n++) emit({ text: textOf(n % KEYS), count: 1 });
  },
  combine: { count: sum },
  reduce({ text }, [value], emit) {
    emit({ length: text.length, count: value!.count });
  },
});

/** All rows are one group, which is read twice. */
export const twice = mapReduce({
  name: 'twice',
  params: { rows: int64 },
  input: { line: utf8 },
  key: { all: int64 },
  value: { text: utf8 },
  output: { first: int64, second: int64 },
  map(_, emit, { params }) {
    for (let n = 0; n < params.rows; n++) emit({ all: 0, text: textOf(n) });
  },
  reduce(_, values, emit) {
    let first = 0;
    let second = 0;
    for (const { text } of values) first += text.length;
    for (const { text } of values) second += Number.parseInt(text, 10);
    emit({ first, second });
  },
});

/** One group is most of the rows, and `reduce` keeps all that it reads. */
export const keep = mapReduce({
  name: 'keep',
  params: { rows: int64 },
  input: { line: utf8 },
  key: { group: int64 },
  value: { text: utf8 },
  output: { group: int64, count: int64 },
  map(_, emit, { params }) {
    for (let n = 0; n < params.rows; n++) emit({ group: n % 10 === 0 ? n : 7, text: textOf(n) });
  },
  reduce(key, values, emit) {
    emit({ ...key, count: [...values].length });
  },
});

/** Lines as keys and as values. */
export const linesByLine = mapReduce({
  name: 'lines-by-line',
  input: { line: utf8 },
  key: { line: utf8 },
  value: { same: utf8 },
  output: { length: int64, same: int64 },
  map({ line }, emit) {
    emit({ line, same: line });
  },
  reduce({ line }, values, emit) {
    for (const { same } of values) emit({ length: line.length, same: Number(same === line) });
  },
});

let held: readonly (readonly number[])[] | undefined;
/** Numbers of an array: filling a large one, Node 24 leaves another as large behind, which counts as held until it is collected. */
const PIECE = 1000;

/** Holds so many numbers on the heap, from its first attempt on; each attempt leaves a mark. */
export const hold = mapReduce({
  name: 'hold',
  params: { numbers: int64, log: utf8 },
  input: { line: utf8 },
  key: { line: utf8 },
  value: { numbers: int64 },
  map({ line }, emit, { params }) {
    appendFileSync(params.log, 'x');
    held ??= Array.from({ length: params.numbers / PIECE }, () =>
      Array.from<number>({ length: PIECE }).fill(1.5),
    );
    emit({ line, numbers: held.length * PIECE });
  },
  reduce(key, [value], emit) {
    emit({ ...key, ...value! });
  },
});
