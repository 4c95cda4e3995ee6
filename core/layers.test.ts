/** The layers of ARCHITECTURE.md hold: a file of core imports from its own folder or from a lower rank, and the top
 *  folders import each other one way. Every import counts: static, type-only, import(), new URL(…, import.meta.url).
 *  The table is read from ARCHITECTURE.md, so that there is one. Tests may import anything that exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TOPS = ['core', 'jobs', 'connectors', 'bench', 'datasets'];
/** What each top folder may import: by the package's own name, or (datasets, which are not in it) by path. */
const ARROWS: {
  readonly [top: string]: { readonly names: RegExp; readonly paths: readonly string[] };
} = {
  core: { names: /^$/, paths: ['core'] },
  jobs: { names: /^superstep(\/testing|\/jobs\/.*)?$/, paths: ['jobs'] },
  connectors: { names: /^superstep(\/internal|\/connectors\/.*)?$/, paths: ['connectors'] },
  bench: { names: /^superstep(\/.*)?$/, paths: ['bench', 'datasets'] },
  datasets: { names: /^superstep$/, paths: ['datasets'] },
};

type Ranks = ReadonlyMap<string, number>;

/** Folder or root file of core → rank, from the table. */
function ranksOf(markdown: string): Ranks {
  const rows = [...markdown.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)];
  return new Map(
    rows.flatMap(([, rank, cell]) =>
      [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => [name!.replace('/', ''), Number(rank)]),
    ),
  );
}

/** 'core/define/x.ts' → 'define', 'core/errors.ts' → 'errors.ts'. */
const folderOf = (file: string): string => file.split('/')[1]!;
const isTest = (file: string): boolean => file.endsWith('.test.ts');

const isOwnUrl = (node: ts.Node | undefined): boolean => node?.getText() === 'import.meta.url';
const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;

/** Every specifier that a file names. A computed one cannot be read here: see `computed` in the last test. */
function importsOf(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found: (string | undefined)[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      found.push(textOf(node.moduleSpecifier));
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push(textOf(node.argument.literal));
    } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const [first, second] = node.arguments ?? [];
      const imports = node.expression.kind === ts.SyntaxKind.ImportKeyword;
      if (imports || isOwnUrl(second)) found.push(textOf(first));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter(specifier => specifier !== undefined);
}

/** What is wrong with a file's imports, a sentence each. */
function violations(
  file: string,
  text: string,
  ranks: Ranks,
  exists: (path: string) => boolean = path => existsSync(root + path),
): string[] {
  const [top] = file.split('/') as [string];
  return importsOf(file, text).flatMap(specifier => {
    if (specifier.startsWith('.')) {
      const path = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
      const code = path.endsWith('.ts');
      if (code && !exists(path)) return [`${file}: ${specifier} is not there`];
      if (isTest(file)) return [];
      const target = path.split('/')[0]!;
      if (TOPS.includes(target) && !ARROWS[top]!.paths.includes(target)) {
        return [`${file}: ${top} does not import ${target} (${specifier})`];
      }
      return top === 'core' && target === 'core' ? upward(file, path, ranks) : [];
    }
    const own = /^superstep(\/|$)/.test(specifier);
    if (!own || isTest(file) || ARROWS[top]!.names.test(specifier)) return [];
    return [`${file}: ${top} does not import ${specifier}`];
  });
}

function upward(file: string, path: string, ranks: Ranks): string[] {
  const [from, to] = [folderOf(file), folderOf(path)];
  if (from === to) return [];
  const [own, other] = [ranks.get(from), ranks.get(to)];
  if (own === undefined) return [`${file}: ${from} is not in the table of layers`];
  if (other === undefined) return [`${file}: ${to} is not in the table of layers`];
  return other < own ? [] : [`${file}: ${from} (${own}) does not import ${to} (${other})`];
}

function sourcesOf(top: string): string[] {
  if (!existsSync(root + top)) return [];
  return readdirSync(root + top, { recursive: true, encoding: 'utf8' })
    .map(path => `${top}/${path.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith('.ts') && !path.includes('/assembly/'));
}
const there = (): boolean => true;
const ranks = ranksOf(readFileSync(`${root}ARCHITECTURE.md`, 'utf8'));

test('every import goes down', t => {
  const files = TOPS.flatMap(sourcesOf);
  t.true(files.length > 20);
  const wrong = files.flatMap(f => violations(f, readFileSync(root + f, 'utf8'), ranks));
  t.deepEqual(wrong, []);
});

test('every folder of core has a rank', t => {
  const folders = new Set(
    sourcesOf('core')
      .filter(f => !isTest(f))
      .map(folderOf),
  );
  t.deepEqual(
    [...folders].filter(f => !ranks.has(f)),
    [],
  );
});

test('a planted upward import is caught, in each form', t => {
  const file = 'core/store/run.ts';
  for (const text of [
    "import { x } from '../exec/driver.ts';",
    "import type { X } from '../exec/driver.ts';",
    "export * from '../session.ts';",
    "let x: import('../exec/driver.ts').X;",
    "const x = await import('../exec/driver.ts');",
    "new Worker(new URL('../worker-main.js', import.meta.url));",
    "register('../exec/hooks.js', import.meta.url);",
    "import 'superstep';",
    "import { text } from '../../connectors/text.ts';",
  ]) {
    t.is(violations(file, text, ranks, there).length, 1, text);
    t.is(violations('core/store/run.test.ts', text, ranks, there).length, 0, text);
  }
  t.deepEqual(violations(file, "import '../errors.ts'; import './merge.ts';", ranks, there), []);
  t.is(violations('core/errors.ts', "import './log.ts';", ranks, there).length, 1);
  t.is(violations('jobs/top.ts', "import '../connectors/csv.ts';", ranks, there).length, 1);
  t.is(violations('jobs/top.ts', "import '../core/index.ts';", ranks, there).length, 1);
  t.is(violations('jobs/top.ts', "import 'superstep/internal';", ranks, there).length, 1);
  t.is(violations('connectors/csv.ts', "import 'superstep/jobs/top';", ranks, there).length, 1);
  t.is(violations('core/store/gone.test.ts', "import './none.ts';", ranks).length, 1);
});

test('only names are computed: what lies in core is imported by a literal', t => {
  const computed = /\b(?:import|new URL)\(\s*(?:`\.[^`]*\$\{|'\.[^']*'\s*\+|"\.[^"]*"\s*\+)/;
  t.regex('import(`./${name}.js`)', computed);
  const files = sourcesOf('core').filter(f => !isTest(f));
  t.deepEqual(
    files.filter(f => computed.test(readFileSync(root + f, 'utf8'))),
    [],
  );
});
