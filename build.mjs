// Bundles each program into one file of dist/. `--only NAME` builds one of them.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const programs = {
  webhook: 'webhook/main.ts',
  controller: 'controller/main.ts',
  werfbundle: 'cli/main.ts',
  playground: 'playground/main.ts',
  'werf-stand-in': 'playground/werf-stand-in/main.ts',
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const wanted = values.only === undefined ? programs : { [values.only]: programs[values.only] };

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: wanted,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  define: { WERFBUNDLE_VERSION: JSON.stringify(version) },
  // CommonJS dependencies call require, which an ES module has not.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
  sourcemap: true,
  sourcesContent: false,
});
