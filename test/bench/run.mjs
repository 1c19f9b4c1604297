// Bundles the webhook, as build.mjs does, and the benchmark's own programs into a temporary folder; runs the benchmark there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'werfbundle-bench-'));
try {
  await build({
    absWorkingDir: join(import.meta.dirname, '..', '..'),
    entryPoints: {
      admission: 'test/bench/admission.ts',
      meter: 'test/bench/meter.ts',
      'bare-echo': 'test/bench/bare-echo.ts',
      'express-echo': 'test/bench/express-echo.ts',
      'stub-apiserver': 'test/bench/stub-apiserver.ts',
      webhook: 'webhook/main.ts',
      'values-worker': 'webhook/values/worker.ts',
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minifySyntax: true,
    define: { WERFBUNDLE_VERSION: '"bench"' },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [join(folder, 'admission.mjs'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
