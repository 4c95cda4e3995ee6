/** WordCount in awk: the shell's answer. `mawk` is the fastest of the awks by far. */
import { type Ran, run } from '../command.ts';

const PROGRAM = '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w, n[w] }';

/** Writes `word count` lines to `output`. Throws Absent where there is no mawk. */
export function mawkWordCount(input: string, output: string): Promise<Ran> {
  // Bytes, not characters: what the others count too.
  return run('mawk', [PROGRAM, input], { stdoutTo: output, environment: { LC_ALL: 'C' } });
}
