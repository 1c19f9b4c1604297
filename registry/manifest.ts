import { createHash } from 'node:crypto';
import { isMap, type JsonMap } from '../api/json-map.js';
import { jsonObject } from './http-answer.js';

/** Manifests and indexes, OCI's and Docker's: without them all, a registry converts, or says 404. */
export const MANIFEST_ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** The media type of a Helm chart's config, which werf bundles have as well. */
export const BUNDLE_CONFIG = 'application/vnd.cncf.helm.config.v1+json';

const DIGEST = /^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/;

/** A digest as registries write it, or undefined if a header's value is none. */
export const parseDigest = (text: string | undefined): string | undefined =>
  text !== undefined && DIGEST.test(text) ? text : undefined;

/** Whether bytes have a digest, of whichever kind. @param digest - as {@link parseDigest} lets it through */
export const hasDigest = (body: Buffer, digest: string): boolean => {
  const [kind = '', hex] = digest.split(':');
  return createHash(kind).update(body).digest('hex') === hex;
};

/** Where the chart of a bundle is. */
interface ChartLayer {
  readonly digest: string;
  /** Bytes, as the manifest says. */
  readonly size: number;
}

/** What werf writes, and what Helm does. */
const CHART_LAYERS: readonly unknown[] = [
  'application/tar+gzip',
  'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
];

/** The layer of a manifest that has the chart; undefined if there is none, or it is not described as it should be. */
export const chartLayerOf = (body: Buffer): ChartLayer | undefined => {
  const layers = jsonObject(body)?.['layers'];
  const layer = Array.isArray(layers) ? layers.filter(isMap).find(isChart) : undefined;
  const { digest, size } = layer ?? {};
  const known = typeof digest === 'string' ? parseDigest(digest) : undefined;
  return known !== undefined && typeof size === 'number' ? { digest: known, size } : undefined;
};

const isChart = ({ mediaType }: JsonMap): boolean => CHART_LAYERS.includes(mediaType);

/** The SHA-256 digest of a manifest's bytes. */
export const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

/**
 * Whether a manifest is a bundle's: its config is a Helm chart's. An image is none, nor is an index, whatever it lists.
 * @returns undefined if it is no JSON object at all
 */
export const isBundleManifest = (body: Buffer): boolean | undefined => {
  const manifest = jsonObject(body);
  if (manifest === undefined) return undefined;
  const config = manifest['config'];
  return !('manifests' in manifest) && isMap(config) && config['mediaType'] === BUNDLE_CONFIG;
};
