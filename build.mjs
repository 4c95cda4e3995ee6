/** Builds dist/: the kernels to one .wasm, TypeScript to JavaScript, Arrow tree-shaken into one file.
 *
 * Run by `npm ci` (as `prepare`) and by `npm test`. Each step is skipped when its inputs are older than its output.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const bin = (name, script) => join(root, 'node_modules', name, script);
const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });

const newest = path =>
  statSync(path).isDirectory()
    ? Math.max(0, ...readdirSync(path).map(name => newest(join(path, name))))
    : statSync(path).mtimeMs;
const stale = (output, ...inputs) =>
  !existsSync(output) || inputs.some(input => newest(input) > statSync(output).mtimeMs);

const assembly = join(root, 'core/kernels/assembly');
const wasm = join(root, 'dist/core/kernels/kernels.wasm');
if (stale(wasm, assembly)) {
  mkdirSync(join(root, 'dist/core/kernels'), { recursive: true });
  node(
    bin('assemblyscript', 'bin/asc.js'),
    join(assembly, 'index.ts'),
    '--outFile',
    wasm,
    '--runtime',
    'stub',
    '-O3',
    '--noAssert',
    '--enable',
    'simd',
    '--enable',
    'bulk-memory',
    '--initialMemory',
    '16',
    '--use',
    'abort=',
  ); // prettier-ignore
}

node(bin('typescript', 'bin/tsc'), '-p', 'tsconfig.json');

// Arrow alone is bundled: importing it whole costs 100 ms at start, tree-shaken 20.
const arrow = join(root, 'dist/core/batch/arrow-classes.js');
const arrowSource = join(root, 'core/batch/arrow-classes.ts');
if (existsSync(arrowSource)) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [arrowSource],
    outfile: arrow,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

// npm links the commands of dependencies only. With this link `npx superstep` runs this clone at once; without it npx asks
// to install the clone into a cache of its own, which then outlives it.
const command = join(root, 'node_modules/.bin/superstep');
chmodSync(join(root, 'dist/core/cli/main.js'), 0o755);
if (!lstatSync(command, { throwIfNoEntry: false })) {
  symlinkSync('../../dist/core/cli/main.js', command);
}
