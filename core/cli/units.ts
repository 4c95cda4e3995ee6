/** Numbers for people: sizes, durations and counts as the command prints them. */

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** '12.3 MB': three digits, powers of 1000. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < SIZES.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${SIZES[unit]}`;
}

/** '0.42 s', '3 min 5 s', '2 h 4 min'. */
export function formatSeconds(seconds: number): string {
  if (seconds < 99.5) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** '12,345'. */
export const formatCount = (count: number | bigint): string => count.toLocaleString('en-US');

/** '1 file', '12,345 rows'. */
export const formatCounted = (count: number, one: string): string =>
  `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;
