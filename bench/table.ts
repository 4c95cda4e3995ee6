/** A result as text: a table for a terminal, and one in Markdown for the README. Only verified rows have figures. */
import type { Row, SuiteResult } from './runner.ts';

const NOTHING = '';

/** Seconds with three significant digits, in the unit that reads best. */
export function duration(seconds: number): string {
  for (const [size, unit] of [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ] as const) {
    if (seconds >= size) return `${Number((seconds / size).toPrecision(3))} ${unit}`;
  }
  return `${Number((seconds * 1e9).toPrecision(3))} ns`;
}

/** A count with a decimal prefix: 21.3 M. */
export function quantity(value: number): string {
  for (const [size, prefix] of [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const) {
    if (value >= size) return `${Number((value / size).toPrecision(3))}${prefix}`;
  }
  return String(Number(value.toPrecision(3)));
}

function headings({ unit, rival, rows }: SuiteResult): string[] {
  return [
    'variant',
    'median',
    'min',
    'max',
    `÷ ${rival}`,
    `${unit}/s`,
    'each',
    ...(hasPeaks(rows) ? ['peak MB'] : []),
  ].concat(figureNames(rows));
}

function hasPeaks(rows: readonly Row[]): boolean {
  return rows.some(({ peakBytes }) => peakBytes !== undefined);
}

function figureNames(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ figures }) => Object.keys(figures ?? {})))];
}

function cells(row: Row, { units, rows }: SuiteResult): string[] {
  const { variant, median, min, max, ratio, rate, peakBytes, figures } = row;
  if (median === undefined || min === undefined || max === undefined || rate === undefined) {
    return [variant, row.status === 'verified' ? 'no trial' : row.status.toUpperCase()];
  }
  return [
    variant,
    duration(median),
    duration(min),
    duration(max),
    ratio === undefined ? NOTHING : ratio.toFixed(2),
    quantity(rate),
    duration(median / units),
    ...(hasPeaks(rows) ? [peakBytes === undefined ? NOTHING : (peakBytes / 1e6).toFixed(0)] : []),
    ...figureNames(rows).map(name =>
      figures?.[name] === undefined ? NOTHING : quantity(figures[name]),
    ),
  ];
}

function heading(result: SuiteResult): string {
  const { title, date, machine, units, unit, rows, quick } = result;
  const trials = Math.max(0, ...rows.map(({ seconds }) => seconds.length));
  return (
    `${title}${units === 1 ? '' : `: ${quantity(units)} ${unit}`}; median of ${trials}, each verified; ` +
    `${machine.cores} × ${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ` +
    `Node ${machine.node.slice(1)}, ${machine.commit}, ${date}${quick ? '; QUICK: less data' : ''}`
  );
}

/** For a terminal: the first column to the left, figures to the right; below it why rows have none. */
export function terminalTable(result: SuiteResult): string {
  const lines = [headings(result), ...result.rows.map(row => cells(row, result))];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map(line => line[i]?.length ?? 0)));
  const body = lines.map(line =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  const reasons = result.rows.flatMap(({ variant, why, status }) =>
    why === undefined ? [] : [`${variant}: ${status}: ${why}`],
  );
  return [heading(result), '', ...body, ...reasons, ''].join('\n');
}

/** For the README. Rows that have no figures say so in their first cell. */
export function markdownTable(result: SuiteResult): string {
  const head = headings(result);
  const line = (row: readonly string[]) =>
    `| ${head.map((_, i) => row[i] ?? NOTHING).join(' | ')} |`;
  return [
    `**${result.suite}** — ${heading(result)}`,
    '',
    line(head),
    `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...result.rows.map(row => line(cells(row, result))),
  ].join('\n');
}
