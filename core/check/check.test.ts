/** accepts.ts and rejects.ts hold when the project compiles. Here: that rejects.ts can fail, mistake by mistake. */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const rejects = `${root}core/check/rejects.ts`;

test('every line that must not compile does not', t => {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  const lines = read(rejects)!.split('\n');
  const marked = lines.flatMap((line, i) => (line.includes('@ts-expect-error') ? [i + 1] : []));
  t.true(marked.length > 60);
  host.readFile = path =>
    path === rejects ? lines.join('\n').replaceAll('@ts-expect-error', '') : read(path);
  const program = ts.createProgram(
    [rejects],
    { ...options, noEmit: true, incremental: false },
    host,
  );
  const source = program.getSourceFile(rejects)!;
  const wrong = new Set(
    program
      .getSemanticDiagnostics(source)
      .map(({ start }) => source.getLineAndCharacterOfPosition(start!).line),
  );
  for (const line of marked) t.true(wrong.has(line), `${lines[line - 1]}\n${lines[line]}`);
  t.is(wrong.size, marked.length);
});
