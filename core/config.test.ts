import test from 'ava';
import * as fc from 'fast-check';
import {
  configure,
  type Machine,
  parseCount,
  parseDuration,
  parseQuota,
  parseSize,
  readMachine,
} from './config.ts';

const MACHINE: Machine = {
  processors: 8,
  quota: Infinity,
  memoryBytes: 32e9,
  memoryLimitBytes: Infinity,
};

test('defaults come from the machine, and say so', t => {
  const { workers, memoryBytes, seed, retries, temp } = configure({}, {}, MACHINE);
  t.deepEqual(workers, { value: 8, from: 'the CPUs this process may use' });
  t.deepEqual(memoryBytes, { value: 16e9, from: 'half of the memory of this machine' });
  t.deepEqual([seed.value, retries.value, temp.value], [0, 0, undefined]);
});

test('in a container they come from its limits', t => {
  const container = { ...MACHINE, quota: 2.5, memoryLimitBytes: 4e9 };
  const { workers, memoryBytes } = configure({}, {}, container);
  t.deepEqual(workers, { value: 2, from: 'the CPU quota of this control group' });
  t.deepEqual(memoryBytes, { value: 2e9, from: 'half of what this container may use' });
  t.is(configure({}, {}, { ...MACHINE, quota: 0.2 }).workers.value, 1);
});

test('options win over the environment, which wins over defaults', t => {
  const environment = {
    SUPERSTEP_WORKERS: '3',
    SUPERSTEP_MEMORY: '1GB',
    SUPERSTEP_TASK_TIMEOUT: '10m',
    SUPERSTEP_TEMP: '',
  };
  const config = configure({ memory: '512MiB', timeLimit: 5000, chaos: 7 }, environment, MACHINE);
  t.deepEqual(config.workers, { value: 3, from: 'SUPERSTEP_WORKERS' });
  t.deepEqual(config.memoryBytes, { value: 512 * 2 ** 20, from: '--memory' });
  t.deepEqual(config.taskTimeoutMs, { value: 600_000, from: 'SUPERSTEP_TASK_TIMEOUT' });
  t.deepEqual(config.timeLimitMs, { value: 5000, from: '--time-limit' });
  t.deepEqual(config.temp, { value: undefined, from: 'default' });
  t.is(config.chaos.value, 7);
});

test('sizes', t => {
  const sizes = {
    '512MB': 512e6,
    '512MiB': 512 * 2 ** 20,
    '512 mib': 512 * 2 ** 20,
    '1.5GB': 1.5e9,
    '64000 b': 64_000,
    '2TiB': 2 ** 41,
    ' 7 ': 7,
    '.5kB': 500,
  };
  for (const [text, bytes] of Object.entries(sizes)) t.is(parseSize(text, '--memory'), bytes, text);
  t.is(parseSize(123, '--memory'), 123);
  for (const bad of [
    '',
    'MB',
    '512M',
    '0',
    '-1',
    '1e9',
    '12 parsecs',
    '1.2.3',
    0,
    -5,
    Number.NaN,
    '1,5GB',
    'constructor',
    '1constructor',
  ]) {
    t.throws(() => parseSize(bad, '--memory'), {
      code: 'USAGE',
      message: `--memory: '${bad}' is not a size in bytes`,
    });
  }
});

test('times', t => {
  const times = {
    '2h': 7_200_000,
    '10m': 600_000,
    '30 s': 30_000,
    '1h30m': 5_400_000,
    '250ms': 250,
    '0.5s': 500,
    '7d': 604_800_000,
  };
  for (const [text, ms] of Object.entries(times)) t.is(parseDuration(text, '--older'), ms, text);
  t.is(parseDuration(1500, 'timeoutMs'), 1500);
  for (const bad of ['', '10', '2 hours', 'h', '-1s', '1h x', 0, -1, Infinity]) {
    t.throws(() => parseDuration(bad, '--older'), {
      code: 'USAGE',
      message: /--older: '.*' is not a time/,
    });
  }
});

test('counts, and the message names the flag or the variable, and the value', t => {
  t.is(parseCount('12', '--workers', 1, 100), 12);
  for (const bad of ['0', '101', 'x', '1.5', '-3', '', '0x10', 1.5, Number.NaN]) {
    t.throws(() => parseCount(bad, '--workers', 1, 100), { code: 'USAGE' });
  }
  const error = t.throws(() => configure({}, { SUPERSTEP_WORKERS: 'many' }, MACHINE), {
    name: 'UsageError',
  });
  t.is(error.message, `SUPERSTEP_WORKERS: 'many' is not a whole number in its range`);
  t.like(error, { details: { remedy: 'Write a whole number: 1 to 256.' } });
  t.throws(() => configure({ memory: 'lots' }, {}, MACHINE), { message: /^--memory: 'lots'/ });
  t.throws(() => configure({ taskTimeout: 'soon' }, {}, MACHINE), {
    message: /^--task-timeout: 'soon'/,
  });
});

test('property: a size in any unit is that many times the unit', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4096 }),
      fc.constantFrom('MB', 'MiB', 'GB', 'GiB', 'kB', 'KiB', ''),
      (n, unit) => {
        const one = unit === '' ? 1 : parseSize(`1${unit}`, 'x');
        return (
          parseSize(`${n}${unit}`, 'x') === n * one &&
          parseSize(`${n} ${unit.toLowerCase()}`, 'x') === n * one
        );
      },
    ),
  );
  t.pass();
});

test('quotas of control groups', t => {
  t.is(parseQuota('200000', '100000'), 2);
  t.is(parseQuota('max', '100000'), Infinity);
  t.is(parseQuota('-1', '100000'), Infinity);
  t.is(parseQuota('', ''), Infinity);
});

test('this machine has a CPU and some memory', t => {
  const machine = readMachine();
  t.true(machine.processors >= 1 && machine.quota > 0);
  t.true(machine.memoryBytes > 2 ** 20 && machine.memoryLimitBytes > 2 ** 20);
});
