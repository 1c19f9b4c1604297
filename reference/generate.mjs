// Makes docs/reference, and the admission policy of manifests/admission-policy, from the tables that the programs work with. With --check it writes nothing and exits 1 if a file is stale.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = 'docs/reference';

/** The sources are TypeScript: bundled in memory, since there may be no dist. */
const loadPages = async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'pages.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    charset: 'utf8',
    logLevel: 'error',
    define: { WERFBUNDLE_VERSION: '"0"' },
    banner: {
      // CommonJS dependencies call require, which a module of a data: URL can't make of its own address.
      js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(pathToFileURL(import.meta.filename).href)});`,
    },
  });
  const [{ contents }] = outputFiles;
  return import(`data:text/javascript;base64,${Buffer.from(contents).toString('base64')}`);
};

const crd = parse(readFileSync(join(ROOT, 'manifests/crd/werfbundles.werf.io.yaml'), 'utf8'), { merge: true });
const { referencePages, generatedManifests } = await loadPages();
const pages = { ...(await referencePages(crd)), ...generatedManifests() };

mkdirSync(join(ROOT, FOLDER), { recursive: true });
const current = (file) => {
  try {
    return readFileSync(join(ROOT, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};
const stale = Object.entries(pages).filter(([file, text]) => current(file) !== text);
const orphans = readdirSync(join(ROOT, FOLDER))
  .map((file) => `${FOLDER}/${file}`)
  .filter((file) => pages[file] === undefined);

if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: run "npm run generate" and commit the result`);
  for (const file of orphans) console.error(`${file} is not made by reference/pages.ts: delete it, or move it`);
  process.exitCode = stale.length + orphans.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) {
    writeFileSync(join(ROOT, file), text);
    console.log(`wrote ${file}`);
  }
}
