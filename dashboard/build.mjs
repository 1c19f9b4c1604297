// Builds the page of `werfbundle dashboard`: three texts, which become a part of the command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The page's files, as a browser gets them. */
export async function buildPage() {
  const { outputFiles } = await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: { page: 'page/main.tsx', style: 'page/style.css' },
    outdir: 'out',
    write: false,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    // The compiler's own settings would say otherwise.
    tsconfigRaw: {},
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: ['jsx.mjs'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const textOf = (name) => outputFiles.find(({ path }) => path.endsWith(name)).text;
  const html = readFileSync(join(import.meta.dirname, 'page', 'index.html'), 'utf8');
  return { html, js: textOf('page.js'), css: textOf('style.css') };
}
