import { gunzipSync } from 'node:zlib';
import { parseAllDocuments } from 'yaml';
import { isMap, valueAt } from '../../api/json-map.js';
import type { Secret } from '../../api/objects.js';
import { parseJson } from '../../api/parse-json.js';

/** An object that a release holds, by name: nothing of what stands in it is kept. */
export interface HeldObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** As the manifest has it; left out: that of the release, or none. */
  readonly namespace?: string;
}

/** A version of a Helm release, as its Secret records it. */
export interface RecordedRelease {
  readonly version: number;
  /** `deployed`, `failed`, `pending-upgrade`. */
  readonly status: string;
  /** `shop-1.1.0`; left out if the record does not say. */
  readonly chart?: string;
  readonly objects: readonly HeldObject[];
}

/** Helm's own limit is that of a Secret, packed; what it packs to more than this is no release. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Reads a release's Secret: JSON, gzip, base64, and base64 again as all Secrets are. Kinds and names of its objects are read, hooks aside,
 * and nothing else is kept: manifests hold Secrets.
 * @returns undefined if it is none, or can't be read; never throws
 * @see https://github.com/helm/helm/blob/main/pkg/storage/driver/util.go
 */
export const recordedRelease = (secret: Secret): RecordedRelease | undefined => {
  const record = parseJson(unpacked(secret.data?.['release'] ?? ''));
  const version = valueAt(record, 'version');
  const status = valueAt(record, 'info', 'status');
  if (typeof version !== 'number' || typeof status !== 'string') return undefined;
  const [chart, chartVersion] = ['name', 'version'].map((field) => textAt(record, 'chart', 'metadata', field));
  return {
    version,
    status,
    ...(chart !== undefined && { chart: chartVersion === undefined ? chart : `${chart}-${chartVersion}` }),
    objects: objectsIn(textAt(record, 'manifest') ?? ''),
  };
};

const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

const unpacked = (data: string): string => {
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
  // Helm 2 did not pack them.
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed.toString('utf8');
  try {
    return gunzipSync(packed, { maxOutputLength: MOST_BYTES }).toString('utf8');
  } catch {
    // It is cut, or no gzip, or too large: it is no release that can be read.
    return '';
  }
};

const objectsIn = (manifest: string): readonly HeldObject[] => {
  const documents = parseAllDocuments(manifest, { logLevel: 'silent', uniqueKeys: false });
  return Array.isArray(documents) ? documents.flatMap((one) => heldIn(jsonOf(one))) : [];
};

const jsonOf = (one: { toJS(): unknown }): unknown => {
  try {
    return one.toJS();
  } catch {
    // An alias to nothing, or too many: the object can't be named.
    return undefined;
  }
};

/** Whoever may write Secrets in the namespace may write a release: what no object can be called is none, and is asked for nowhere. */
const API_VERSION = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?v[0-9][a-z0-9]*$/;
const KIND = /^[A-Za-z][A-Za-z0-9]{0,62}$/;
/** As the apiserver takes names of any kind; RBAC's have colons. */
const isPathSegment = (name: string): boolean => /^[A-Za-z0-9][-A-Za-z0-9.:_]{0,252}$/.test(name);

const heldIn = (value: unknown): readonly HeldObject[] => {
  if (!isMap(value)) return [];
  const items = value['items'];
  const kind = textAt(value, 'kind');
  if (kind?.endsWith('List') === true && Array.isArray(items)) return items.flatMap(heldIn);
  const apiVersion = textAt(value, 'apiVersion');
  const name = textAt(value, 'metadata', 'name');
  if (apiVersion === undefined || kind === undefined || name === undefined) return [];
  const namespace = textAt(value, 'metadata', 'namespace');
  if (!API_VERSION.test(apiVersion) || !KIND.test(kind) || ![name, namespace ?? name].every(isPathSegment)) return [];
  return [{ apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }];
};
