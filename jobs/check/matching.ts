/** Whether an output is the expected one, by the rules of LDBC Graphalytics (specification 1.0.1, section 2.4) and stricter
 *  than its own validator, which takes an output if either set of vertices holds the other, so that a vertex listed twice
 *  hides a missing one.
 *
 * Values are text: the largest int64, which says that a vertex is not reached, is no JavaScript number.
 */

/** `exact`: the same integer. `epsilon`: |r − s| ≤ 0.0001·|r|, so that 0 and infinity match themselves alone.
 *  `equivalence`: the same partition of the vertices, whatever its parts are called. */
export type Rule = 'exact' | 'epsilon' | 'equivalence';
export type Pairs = readonly (readonly [vertex: string, value: string])[];

const EPSILON = 1e-4;
/** How many differences are told. */
const TOLD = 5;

/** What is wrong, a sentence each; empty if nothing is. Throws when the expected output is no output. */
export function differences(rule: Rule, expected: Pairs, output: Pairs): string[] {
  const wanted = new Map(expected);
  if (wanted.size !== expected.length) throw new Error('the expected output lists a vertex twice');
  const found = new Map<string, string>();
  const told: string[] = [];
  for (const [vertex, value] of output) {
    if (found.has(vertex)) told.push(`vertex ${vertex} is there twice`);
    if (!wanted.has(vertex)) told.push(`vertex ${vertex} is not of the graph`);
    found.set(vertex, value);
  }
  for (const vertex of wanted.keys()) {
    if (!found.has(vertex)) told.push(`vertex ${vertex} is missing`);
  }
  if (output.length !== expected.length) {
    told.push(`there are ${output.length} rows, not ${expected.length}`);
  }
  const same = rule === 'equivalence' ? sameParts() : rule === 'exact' ? sameInteger : isNear;
  for (const [vertex, value] of expected) {
    const is = found.get(vertex);
    if (is !== undefined && !same(value, is)) told.push(`vertex ${vertex}: ${is}, not ${value}`);
  }
  return told.slice(0, TOLD);
}

function sameInteger(expected: string, is: string): boolean {
  return /^-?\d+$/.test(is) && BigInt(is) === BigInt(expected);
}

function isNear(expected: string, is: string): boolean {
  const [r, s] = [numberOf(expected), numberOf(is)];
  return r === s || (Number.isFinite(r) && Math.abs(r - s) <= EPSILON * Math.abs(r));
}
function numberOf(text: string): number {
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(text) ?? [];
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity;
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** Labels of one side belong to one of the other, both ways. */
function sameParts(): (expected: string, is: string) => boolean {
  const [there, back] = [new Map<string, string>(), new Map<string, string>()];
  return (expected, is) => {
    if (!there.has(expected)) there.set(expected, is);
    if (!back.has(is)) back.set(is, expected);
    return there.get(expected) === is && back.get(is) === expected;
  };
}
