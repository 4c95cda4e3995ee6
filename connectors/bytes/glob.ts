/** Glob patterns as shells have them: `*` and `?` within a name, `**` over folders, `[a-z]`, `[!a-z]`, `{a,b}`.
 *
 * A name that starts with `.` or `_` is matched only by a pattern that starts with that character itself. A character
 * that is not part of a pattern stands for itself; there is no escape character, because a path that exists is taken
 * as it is before it is read as a pattern. Not here: walking folders (input-files.ts).
 */

export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** The folder that all matches lie in: the leading names that hold no pattern; '' where there is none. */
export function globRoot(pattern: string): string {
  const names = pattern.split('/');
  return names.slice(0, names.findIndex(isGlob)).join('/') + (names[0] === '' ? '/' : '');
}

/** `{a,b}` written out; nested braces too. */
function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  const commas = [open];
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '{') depth++;
    else if (pattern[i] === ',' && depth === 1) commas.push(i);
    else if (pattern[i] === '}' && --depth === 0) {
      const ends = [...commas.slice(1), i];
      const tails = expandBraces(pattern.slice(i + 1));
      return ends.flatMap((end, n) =>
        expandBraces(pattern.slice(commas[n]! + 1, end)).flatMap(middle =>
          tails.map(tail => pattern.slice(0, open) + middle + tail),
        ),
      );
    }
  }
  return [pattern]; // A brace that is never closed stands for itself.
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** One name of a pattern as the source of a regular expression. */
function nameSource(name: string): string {
  let source = /^[._]/.test(name) ? '' : '(?![._])';
  for (let i = 0; i < name.length; i++) {
    const close = name[i] === '[' ? name.indexOf(']', i + 2) : -1;
    if (close > 0) {
      const negated = name[i + 1] === '!' || name[i + 1] === '^';
      const set = name.slice(i + (negated ? 2 : 1), close);
      source += `[${negated ? '^/' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
      i = close;
    } else if (name[i] === '*') source += '[^/]*';
    else if (name[i] === '?') source += '[^/]';
    else source += escape(name[i]!);
  }
  return source;
}

/** How many names a match has at most, and whether a hidden folder can be part of one: what a walk may skip. */
export function globReach(pattern: string): { readonly depth: number; readonly hidden: boolean } {
  const all = expandBraces(pattern);
  return {
    depth: all.some(one => one.split('/').includes('**'))
      ? Number.POSITIVE_INFINITY
      : Math.max(...all.map(one => one.split('/').length)),
    hidden: all.some(one => /(?:^|\/)[._]/.test(one)),
  };
}

/** A test for whole paths with `/` between names. A set that is none (`[z-a]`) matches nothing. */
export function globMatcher(pattern: string): (path: string) => boolean {
  const sources = expandBraces(pattern).map(one =>
    one
      .split('/')
      .map((name, i, names) => {
        const last = i === names.length - 1;
        if (name === '**') return last ? '(?:(?![._])[^/]+/)*(?![._])[^/]+' : '(?:(?![._])[^/]+/)*';
        return isGlob(name)
          ? nameSource(name) + (last ? '' : '/')
          : escape(name) + (last ? '' : '/');
      })
      .join(''),
  );
  try {
    const expression = new RegExp(`^(?:${sources.join('|')})$`, 'su');
    return path => expression.test(path);
  } catch {
    return () => false;
  }
}
