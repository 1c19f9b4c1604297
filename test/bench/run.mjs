// Runs a benchmark: node test/bench/run.mjs admission|controller|dashboard|receiver|validate [ITS ARGUMENTS]. Builds the program under test, bundles the benchmark's
// own programs, and runs them beside a copy of it in a temporary folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What is under test, the files of it, and the programs that are started beside it. */
const benches = {
  admission: {
    program: 'webhook',
    files: ['webhook.js', 'judging-worker.js'],
    beside: ['admission/bare-echo', 'admission/express-echo', 'admission/stub-apiserver', 'admission/attackers'],
  },
  controller: {
    program: 'controller',
    files: ['controller.js', 'reading-worker.js'],
    beside: ['loop-delay', 'controller/registry', 'controller/idle'],
  },
  receiver: {
    program: 'receiver',
    files: ['receiver.js'],
    beside: ['receiver/express-handler', 'receiver/stub-apiserver'],
  },
  dashboard: { program: 'werfbundle', files: ['werfbundle.js', 'werfbundle'], beside: [] },
  validate: { program: 'werfbundle', files: ['werfbundle.js', 'werfbundle'], beside: [] },
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) throw new Error(`there is no benchmark ${name}; there are ${Object.keys(benches).join(', ')}`);
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-'));
try {
  execFileSync(process.execPath, [join(root, 'build.mjs'), '--only', bench.program], { stdio: 'inherit' });
  // A copy: whoever builds meanwhile does not swap the programs under test.
  for (const file of bench.files) cpSync(join(root, 'dist', file), join(folder, file), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  await build({
    absWorkingDir: root,
    entryPoints: [`${name}/bench`, 'meter', ...bench.beside].map((file) => `test/bench/${file}.ts`),
    outdir: folder,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [join(folder, 'bench.js'), root, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
