// Compiles the sources and the specs into dist/specs, file by file, so that no spec's process needs a compiler.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transform } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const FOLDERS = [
  'api',
  'process',
  'kube',
  'certs',
  'registry',
  'admission',
  'serving',
  'webhook',
  'receiver',
  'controller',
  'dashboard',
  'cli',
  'playground',
  'reference',
  'test',
];

/** Where compiled files stand, under the same names as their sources. */
export const COMPILED = join(root, 'dist', 'specs');

const SUPPORTED = /(?<!\.d)\.(ts|js)$/;
const compiledName = (file) => file.replace(/\.ts$/, '.js');

/** Compiles what has changed since the last time; what has no source any more goes. */
export async function compileSpecs() {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)),
  );
  const wanted = sources.filter((file) => SUPPORTED.test(file) && statSync(join(root, file)).isFile());
  removeOthers(new Set(wanted.map(compiledName)));
  await Promise.all(wanted.filter(isStale).map(compile));
}

function removeOthers(wanted) {
  mkdirSync(COMPILED, { recursive: true });
  for (const file of readdirSync(COMPILED, { recursive: true }))
    if (file.endsWith('.js') && !wanted.has(file)) rmSync(join(COMPILED, file));
}

/** This file counts as a source of all. */
function isStale(file) {
  const made = statSync(join(COMPILED, compiledName(file)), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [join(root, file), import.meta.filename].some((source) => statSync(source).mtimeMs >= made);
}

async function compile(file) {
  const sourcefile = join(root, file);
  const source = readFileSync(sourcefile, 'utf8');
  const options = {
    ...{ loader: file.endsWith('.ts') ? 'ts' : 'js', format: 'esm', target: 'node20', sourcefile, sourcemap: 'inline' },
    // What stands beside a source does not stand beside what was compiled.
    define: { 'import.meta.dirname': JSON.stringify(dirname(sourcefile)) },
  };
  const { code } = await transform(source, options);
  const to = join(COMPILED, compiledName(file));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, code);
}
