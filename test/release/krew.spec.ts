import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');
// It is no part of the program, and has no types.
const { ARCHITECTURES, archiveName, HOME, krewManifest } = await import(join(ROOT, 'release', 'krew.mjs'));

const sha256 = '0123456789abcdef'.repeat(4);

t.test('the manifest is what krew installs from', (t) => {
  const platform = (arch: string) => ({
    selector: { matchLabels: { os: 'linux', arch } },
    uri: `${HOME}/releases/download/v1.2.3/werfbundle_v1.2.3_linux_${arch}.tar.gz`,
    sha256,
    files: [
      { from: 'werfbundle', to: '.' },
      { from: 'LICENSE', to: '.' },
    ],
    bin: 'werfbundle',
  });
  const manifest = parse(krewManifest('1.2.3', { x64: { sha256 }, arm64: { sha256 } }));
  t.strictSame(manifest, {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'werfbundle' },
    spec: {
      version: 'v1.2.3',
      homepage: HOME,
      shortDescription: 'Validate, inspect and steer WerfBundles',
      description:
        'Judges WerfBundles in files as the admission webhook would, for CI and before\na commit; shows what bundles of a cluster do, and why.\n',
      platforms: [platform('amd64'), platform('arm64')],
    },
  });
  const { name } = manifest.metadata;
  const { version, shortDescription, platforms } = manifest.spec;
  t.match(name, /^[\w-]+$/, 'krew: a name that is safe, and without kubectl- before it');
  t.notMatch(name, /^kubectl-/);
  t.match(version, /^v\d+\.\d+\.\d+(-[\w.]+)?$/, 'krew: a semantic version with a v');
  t.ok(shortDescription.length <= 50 && !shortDescription.endsWith('.'), 'krew: a short description that is short');
  for (const { sha256: sum, uri, bin, files } of platforms) {
    t.match(sum, /^[a-f0-9]{64}$/, 'krew: a checksum in lower case');
    t.match(uri, /^https:\/\/.*\.(tar\.gz|zip)$/, 'krew: an archive');
    t.ok(
      files.some(({ from }: { readonly from: string }) => from === bin),
      'krew: the program is among the files',
    );
    t.ok(
      files.some(({ from }: { readonly from: string }) => from === 'LICENSE'),
      'krew: so is the licence',
    );
  }
  t.end();
});

t.test('archives are named by version and architecture, and published where the chart says', (t) => {
  t.strictSame(
    Object.keys(ARCHITECTURES).map((name) => archiveName('1.2.3', name)),
    ['werfbundle_v1.2.3_linux_amd64.tar.gz', 'werfbundle_v1.2.3_linux_arm64.tar.gz'],
  );
  t.equal(parse(readFileSync(join(ROOT, 'charts/werfbundle/Chart.yaml'), 'utf8')).home, HOME);
  t.end();
});
