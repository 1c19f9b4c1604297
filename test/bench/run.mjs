// Builds the webhook, bundles the benchmark's own programs, and runs them beside a copy of it in a temporary folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-'));
try {
  execFileSync(process.execPath, [join(root, 'build.mjs'), '--only', 'webhook'], { stdio: 'inherit' });
  // A copy: whoever builds meanwhile does not swap the programs under test.
  for (const file of ['webhook.js', 'values-worker.js']) copyFileSync(join(root, 'dist', file), join(folder, file));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  await build({
    absWorkingDir: root,
    entryPoints: ['admission', 'meter', 'bare-echo', 'express-echo', 'stub-apiserver'].map(
      (name) => `test/bench/${name}.ts`,
    ),
    outdir: folder,
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
  const deployment = join(root, 'manifests', 'webhook', 'deployment.yaml');
  const { status } = spawnSync(process.execPath, [join(folder, 'admission.js'), deployment, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
