/** Rows as a table for the eye: numbers to the right, everything else to the left, two spaces between columns.
 *
 * Cells come from data, so nothing in them may move the cursor: control characters are shown escaped.
 */
import type { AnyType, Schema } from '../define/schema.ts';

/** A longer cell is cut: a table is to look at; files have everything. */
const CELL = 60;

const NUMBERS = ['int32', 'int64', 'float64', 'decimal', 'vertexId'];

export function printTable(
  columns: Schema,
  rows: readonly { readonly [column: string]: unknown }[],
): string {
  const names = Object.keys(columns);
  const cells = [
    names.map(shown),
    ...rows.map(row => names.map(name => shown(cellText(row[name], columns[name]!)))),
  ];
  const widths = names.map((_, i) => Math.max(...cells.map(line => width(line[i]!))));
  const toRight = names.map(name => NUMBERS.includes(columns[name]!.type));
  return cells
    .map(line =>
      line
        .map((cell, i) => {
          const space = ' '.repeat(widths[i]! - width(cell));
          return toRight[i] ? space + cell : cell + space;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A value as csv has it, but for null. */
export function cellText(value: unknown, of: AnyType): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (of.type === 'timestamp') return new Date(value as number).toISOString();
  if (of.type === 'decimal')
    return decimalText(value as bigint, (of as { scale?: number }).scale ?? 0);
  if (Array.isArray(value)) {
    const item = (of as unknown as { readonly of: AnyType }).of;
    return `[${value.map(v => cellText(v, item)).join(', ')}]`;
  }
  return String(value);
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Cut to a cell, control characters and broken text escaped. */
function shown(text: string): string {
  const safe = text.replace(
    /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const points = [...safe];
  return points.length <= CELL ? safe : `${points.slice(0, CELL - 1).join('')}…`;
}

/** Columns of a terminal: none for marks, two for East Asian characters and pictures. */
function width(text: string): number {
  let columns = 0;
  for (const point of text) {
    if (/\p{M}/u.test(point)) continue;
    const wide =
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u;
    columns += wide.test(point) ? 2 : 1;
  }
  return columns;
}
