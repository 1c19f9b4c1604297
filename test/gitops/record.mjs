// Writes what manifests/argocd has of the controller's own making: a bundle in each situation, as `controller/decide` leaves it, and the
// scripts once more as argocd-cm has them. With --check it writes nothing and exits 1 if a file is stale.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { stringify } from 'yaml';

const root = resolve(import.meta.dirname, '..', '..');
const argocd = join(root, 'manifests', 'argocd');
const upstream = join(argocd, 'resource_customizations', 'werf.io', 'WerfBundle');
const banner = '# Written by `npm run generate`; not to be edited.\n';
/** As YAML 1.1, by which Argo CD reads: a time is quoted. */
const yaml = (value) => stringify(value, { lineWidth: 0, version: '1.1' });

/** By file: its text. */
const files = new Map();

const outfile = join(root, 'dist', 'recorded-bundles.mjs');
await build({
  entryPoints: [join(import.meta.dirname, 'recorded-bundles.ts')],
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  outfile,
});
const { RECORDED, manifestOf, messageOf } = await import(outfile);
rmSync(outfile);

const tests = Object.entries(RECORDED).map(([name, recorded]) => {
  const inputPath = `testdata/${name}.yaml`;
  files.set(join(upstream, inputPath), `${banner}${yaml(manifestOf(recorded))}`);
  const message = messageOf(recorded);
  const goes = recorded.bundle.metadata.deletionTimestamp !== undefined && { deletionMessage: message };
  return { healthStatus: { status: recorded.argo, message, ...goes }, inputPath };
});
files.set(join(upstream, 'health_test.yaml'), `${banner}${yaml({ tests })}`);

const actions = join(upstream, 'actions');
const scriptOf = (...path) => readFileSync(join(actions, ...path), 'utf8');
const names = readdirSync(actions).filter((name) => existsSync(join(actions, name, 'action.lua')));
files.set(
  join(argocd, 'actions.yaml'),
  `${banner}# The scripts of resource_customizations/werf.io/WerfBundle/actions, as argocd-cm has them in one key.\n${yaml(
    {
      'discovery.lua': scriptOf('discovery.lua'),
      definitions: names.map((name) => ({ name, 'action.lua': scriptOf(name, 'action.lua') })),
    },
  )}`,
);

const there = readdirSync(join(upstream, 'testdata')).map((file) => join(upstream, 'testdata', file));
const stale = [
  ...[...files]
    .filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)
    .map(([file]) => file),
  ...there.filter((file) => !files.has(file)),
];
if (process.argv.includes('--check')) {
  for (const file of stale) console.error(`${relative(root, file)} is stale: npm run generate`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const file of stale) {
    mkdirSync(dirname(file), { recursive: true });
    if (files.has(file)) writeFileSync(file, files.get(file));
    else rmSync(file);
  }
}
