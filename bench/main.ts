/** `npm run bench`: runs suites, prints their tables, keeps their results.
 *
 *   npm run bench -- wordcount tasks --trials 5
 *   npm run bench -- --quick
 *
 * Exit: 0; 1 when a result was wrong or a variant crashed (absent ones are no failure); 2 for a wrong command line.
 */
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from './machine.ts';
import { save } from './results.ts';
import { runSuite } from './runner.ts';
import { SUITES, suitesOf } from './suites/index.ts';
import { terminalTable } from './table.ts';

interface Options {
  readonly trials?: number;
  readonly quick: boolean;
  readonly data: string;
  readonly only: readonly string[];
  readonly date: string;
}

const positive = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1');
  return value;
};
const day = (text: string) => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw new InvalidArgumentError('as YYYY-MM-DD');
  return text;
};

const program = new Command('bench')
  .description('Runs benchmark suites against their rivals; every trial is verified.')
  .argument('[suites...]', `suites, all by default: ${Object.keys(SUITES).join(', ')}`)
  .option('--trials <n>', 'trials of each variant', positive)
  .option('--quick', 'less data', false)
  .option('--data <folder>', 'where generated data is kept', join(ROOT, 'bench/.cache'))
  .option('--only <variants>', 'names of variants, with commas', text => text.split(','), [])
  .option('--date <day>', 'the date of the results', day, new Date().toISOString().slice(0, 10))
  .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { data, ...options } = program.opts<Options>();
const names = program.args.length === 0 ? Object.keys(SUITES) : program.args;
const unknown = names.filter(name => !(name in SUITES));
if (unknown.length > 0) {
  console.error(
    `bench: no suite is called ${unknown.join(', ')}; there are: ${Object.keys(SUITES).join(', ')}`,
  );
  process.exit(2);
}

const onStep = (step: string) => process.stderr.write(`  ${step}\n`);
for (const name of names) {
  for (const { suite, module } of await suitesOf(name)) {
    process.stderr.write(`${suite.name}\n`);
    const result = await runSuite(suite, { ...options, cache: resolve(data), module, onStep });
    console.log(terminalTable(result));
    const bad = result.rows.some(({ status }) => status === 'wrong' || status === 'failed');
    // A run of some variants is for the person who looks at it: it does not replace the whole table.
    if (bad) process.exitCode = 1;
    else if (options.only.length === 0) save(result);
  }
}
