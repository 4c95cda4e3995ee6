#!/usr/bin/env node
/** The `superstep` command. Starts quickly: what a command needs is imported by that command. */
import { argv } from 'node:process';

const words = argv.slice(2);
// What most commands are for is read from disk while the flags are still being read; if it fails, so will the command.
if (words[0] === 'run') {
  const ahead = [
    import('./run.ts'),
    import('../session.ts'),
    import(import.meta.resolve('superstep')),
  ];
  for (const module of ahead) module.catch(() => {});
}
const { main } = await import('./program.ts');
process.exitCode = await main(words);
