// Bundles each program into one file of dist/, with its threads' programs beside it, and the command line with a folder of parts. `--only NAME`
// builds one of them.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { buildPage } from './dashboard/build.mjs';
import { onlyKubeConfig } from './kube/build.mjs';

const programs = {
  webhook: { webhook: 'webhook/main.ts', 'judging-worker': 'admission/values/judging-worker.ts' },
  receiver: { receiver: 'receiver/main.ts' },
  controller: { controller: 'controller/main.ts', 'reading-worker': 'controller/values/reading-worker.ts' },
  werfbundle: { werfbundle: 'cli/main.ts' },
  playground: { playground: 'playground/main.ts' },
  'werf-stand-in': { 'werf-stand-in': 'playground/werf-stand-in/main.ts' },
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const wanted = Object.entries(programs).filter(([name]) => values.only === undefined || values.only === name);
if (wanted.length === 0)
  throw new Error(`--only: there is no ${values.only}; there are ${Object.keys(programs).join(', ')}`);

const options = {
  absWorkingDir: import.meta.dirname,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  // Comments with letters beyond Latin-1 would make V8 keep the whole text with two bytes a letter: 8 MB of heap.
  minifyWhitespace: true,
  define: { WERFBUNDLE_VERSION: JSON.stringify(version) },
  // CommonJS dependencies call require, which an ES module has not.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  legalComments: 'none',
  plugins: [onlyKubeConfig],
  logLevel: 'warning',
  sourcemap: true,
  sourcesContent: false,
};

// Only who traces reads this: a file of its own, which the programs name as their sources do.
const TRACES = 'open-telemetry';
const whole = wanted.filter(([name]) => name !== 'werfbundle').map(([, files]) => files);
if (whole.length > 0) {
  await build({ ...options, entryPoints: Object.assign({}, ...whole), external: [`*/${TRACES}.js`] });
  // As ES modules, of which only what is used stays.
  const mainFields = ['module', 'main'];
  await build({ ...options, entryPoints: { [TRACES]: `process/${TRACES}.ts` }, mainFields });
}
if (whole.length < wanted.length) {
  // The command line starts for each call: what a command does not need stays in files of its own, unread.
  const { metafile } = await build({
    ...options,
    entryPoints: programs.werfbundle,
    define: Object.assign({}, options.define, { WERFBUNDLE_PAGE: JSON.stringify(await buildPage()) }),
    splitting: true,
    chunkNames: 'werfbundle/[name]-[hash]',
    metafile: true,
  });
  removeOthers(new Set(Object.keys(metafile.outputs).map((file) => basename(file))));
}

/** Takes away the parts of the command line of earlier builds. */
function removeOthers(current) {
  const folder = join(import.meta.dirname, 'dist', 'werfbundle');
  for (const file of readdirSync(folder)) if (!current.has(file)) rmSync(join(folder, file));
}
