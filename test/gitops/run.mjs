// Runs the specs of test/gitops on real Argo CD and Flux's own engine: node test/gitops/run.mjs [--cached] [FILE…], after a build.
// The tools' programs are built first; --cached leaves out what would have to be built. A tool that can't be had is said, and its
// specs are left out. Exit code: 0 all passed; that of test/run.mjs when specs failed; 2 if specs were left out without --cached.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findTools } from './build.mjs';

const root = resolve(import.meta.dirname, '..', '..');
/** Which tools a spec file runs on. */
const SPECS = {
  'test/gitops/flux.spec.ts': ['flux'],
  'test/gitops/argocd.spec.ts': ['argocd'],
  'test/gitops/argocd-operator.spec.ts': ['argocd'],
  'test/gitops/customizations.spec.ts': ['argocd'],
  'test/gitops/plugin.spec.ts': ['argocd'],
  'test/gitops/verdicts.spec.ts': ['flux'],
  'test/gitops/smoke.spec.ts': ['flux', 'argocd'],
};

const { values, positionals } = parseArgs({ options: { cached: { type: 'boolean' } }, allowPositionals: true });
const wanted = Object.keys(SPECS).filter((file) => positionals.length === 0 || positionals.includes(file));
if (wanted.length === 0) {
  console.error(`no spec of these: ${Object.keys(SPECS).join(', ')}`);
  process.exit(2);
}
const names = wanted.flatMap((file) => SPECS[file]);
const tools = await findTools({ names, build: values.cached !== true });
const missing = tools.filter(({ why }) => why !== undefined);
const left = wanted.filter((file) => missing.some(({ name }) => SPECS[file].includes(name)));
const files = wanted.filter((file) => !left.includes(file));

let code = 0;
if (files.length > 0) {
  const folders = Object.fromEntries(tools.map(({ name, folder }) => [name, folder]));
  const env = { ...process.env, WERFBUNDLE_GITOPS: JSON.stringify(folders) };
  const child = spawn(process.execPath, [join(root, 'test', 'run.mjs'), ...files], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  [code] = await once(child, 'close');
}
for (const { name, why } of missing) console.log(`skipped: ${name}: ${why}`);
for (const file of left) console.log(`  not run: ${file}`);
process.exitCode = code !== 0 ? (code ?? 1) : left.length > 0 && values.cached !== true ? 2 : 0;
