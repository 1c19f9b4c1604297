import { gunzipSync, gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import type { Secret } from '../../api/objects.js';
import type { Chart } from './chart.js';
import { desiredObject } from './deployed-object.js';
import type { Values } from './values.js';

/** What the stand-in records of a release. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  /** `pending-…` while it is being deployed, and for ever if that was killed. */
  readonly status: 'pending-install' | 'pending-upgrade' | 'pending-rollback' | 'deployed' | 'superseded' | 'failed';
  readonly chart: Pick<Chart, 'name' | 'version'>;
  readonly tag: string;
  readonly digest: string;
  readonly values: Values;
  /** RFC 3339. */
  readonly deployedAt: string;
}

/** The form in which helm keeps a release, as far as it is used here. */
interface Payload {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly info: { readonly status: Release['status']; readonly last_deployed: string; readonly description: string };
  readonly chart: { readonly metadata: { readonly name: string; readonly version: string; readonly apiVersion: 'v2' } };
  readonly config: Values;
  /** YAML of all objects, as helm writes it. */
  readonly manifest: string;
  readonly playground: { readonly tag: string; readonly digest: string };
}

/** The name under which helm keeps a version of a release. */
export const secretName = (release: string, version: number): string => `sh.helm.release.v1.${release}.v${version}`;

/** A release as a Secret such as helm's: JSON, gzip, base64, and base64 again as all Secrets are. Pure. */
export const secretOf = (release: Release): Secret & { readonly metadata: { readonly name: string } } => {
  const { name, namespace, version, status } = release;
  const payload: Payload = {
    name,
    namespace,
    version,
    info: {
      status,
      last_deployed: release.deployedAt,
      description: "recorded by the playground's werf stand-in: no chart was deployed",
    },
    chart: { metadata: { ...release.chart, apiVersion: 'v2' } },
    config: release.values,
    manifest: manifestOf(release),
    playground: { tag: release.tag, digest: release.digest },
  };
  const packed = gzipSync(JSON.stringify(payload)).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName(name, version),
      namespace,
      labels: { owner: 'helm', name, status, version: String(version) },
    },
    type: 'helm.sh/release.v1',
    data: { release: Buffer.from(packed).toString('base64') },
  };
};

const manifestOf = ({ name, namespace, chart, tag, digest }: Release): string =>
  `---\n# Source: ${chart.name}/templates/stand-in.yaml\n${stringify(desiredObject({ release: name, namespace, chart, tag, digest }))}`;

/** Reads what {@link secretOf} made. @returns undefined for a release that somebody else recorded, or that is broken */
export const releaseOf = (secret: Secret): Release | undefined => {
  try {
    const packed = Buffer.from(secret.data?.['release'] ?? '', 'base64').toString('latin1');
    const payload = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')) as Payload;
    const { name, namespace, version, info, chart, config, playground } = payload;
    const { status, last_deployed } = info;
    const metadata = { name: chart.metadata.name, version: chart.metadata.version };
    const release = { name, namespace, version, status, deployedAt: last_deployed, values: config };
    return { ...release, chart: metadata, tag: playground.tag, digest: playground.digest };
  } catch {
    return undefined;
  }
};
