// The manifest by which krew installs `kubectl werfbundle`.
import { stringify } from 'yaml';

/** Where releases are published; `home` of the chart says the same, which a spec checks. */
export const HOME = 'https://github.com/werf/werfbundle';

/** Architectures as Node calls them, and as Kubernetes and krew do. */
export const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/** The archive of an architecture, as Node calls it: `werfbundle_v0.1.0_linux_amd64.tar.gz`. */
export const archiveName = (version, architecture) =>
  `werfbundle_v${version}_linux_${ARCHITECTURES[architecture]}.tar.gz`;

/**
 * @param version - of the project, without a v
 * @param archives - by architecture, as Node calls it: `{ x64: { sha256: '…' } }`
 * @see https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
 */
export const krewManifest = (version, archives) =>
  stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'werfbundle' },
      spec: {
        version: `v${version}`,
        homepage: HOME,
        shortDescription: 'Validate, inspect and steer WerfBundles',
        description:
          'Judges WerfBundles in files as the admission webhook would, for CI and before\na commit; shows what bundles of a cluster do, and why.\n',
        platforms: Object.entries(archives).map(([architecture, { sha256 }]) => ({
          selector: { matchLabels: { os: 'linux', arch: ARCHITECTURES[architecture] } },
          uri: `${HOME}/releases/download/v${version}/${archiveName(version, architecture)}`,
          sha256,
          files: [
            { from: 'werfbundle', to: '.' },
            { from: 'LICENSE', to: '.' },
          ],
          bin: 'werfbundle',
        })),
      },
    },
    { lineWidth: 0 },
  );
