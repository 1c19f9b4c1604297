import { dirname, resolve, sep } from 'node:path';
import { isMap, type JsonMap, valueAt } from '../../api/json-map.js';
import type { KubeObject } from '../../api/objects.js';
import { type ClusterRef, KubeError, type ResourceType } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { STDIN } from './inputs.js';
import { type Manifest, textAt } from './manifests.js';

/** Kinds that a bundle may refer to. */
const KINDS = new Set(['ConfigMap', 'Secret', 'ServiceAccount', 'Namespace']);

/**
 * The objects of the input that bundles may refer to. A repository often has one folder for each cluster: of several objects of one
 * name the one nearest to the bundle's own file counts, and of equally near ones the last, as with `kubectl apply`.
 */
export class InputObjects {
  readonly #byName = new Map<string, Manifest[]>();

  /** @param namespace - for objects that name none */
  constructor(manifests: readonly Manifest[], namespace: string) {
    for (const manifest of manifests) {
      if (manifest.apiVersion !== 'v1' || !KINDS.has(manifest.kind)) continue;
      const own = manifest.kind === 'Namespace' ? undefined : textAt(manifest, 'metadata', 'namespace') || namespace;
      const name = textAt(manifest, 'metadata', 'name');
      const key = keyOf(manifest.kind, own === undefined ? { name } : { namespace: own, name });
      const same = this.#byName.get(key);
      if (same === undefined) this.#byName.set(key, [manifest]);
      else same.push(manifest);
    }
  }

  /** @param near - the file of the bundle that refers to it */
  find(kind: string, ref: ClusterRef, near: string): Manifest | undefined {
    const found = this.#byName.get(keyOf(kind, ref)) ?? [];
    const own = found.findLast(({ file }) => file === near);
    if (own !== undefined || found.length < 2) return own ?? found[0];
    return found
      .map((manifest) => ({ manifest, nearness: nearnessOf(manifest.file, near) }))
      .reduce<{ manifest?: Manifest; nearness: number }>((best, one) => (one.nearness >= best.nearness ? one : best), {
        nearness: -1,
      }).manifest;
  }
}

const keyOf = (kind: string, ref: ClusterRef): string => `${kind} ${refName(ref)}`;

/** How many folders two files have in common. */
const nearnessOf = (file: string, other: string): number => {
  const [one, two] = [partsOf(file), partsOf(other)];
  const differs = one.findIndex((part, index) => part !== two[index]);
  return differs < 0 ? one.length : differs;
};

const partsOf = (file: string): readonly string[] => folderOf(file).split(sep);

/** Standard input belongs to no folder. */
export const folderOf = (file: string): string => (file === STDIN ? STDIN : dirname(resolve(file)));

/** Whether an object is encrypted with SOPS, so that its texts are not those that a cluster would get. */
export const isEncrypted = ({ value }: Manifest): boolean => isMap(value['sops']);

/**
 * An object as a cluster would have it once it is applied.
 * @throws KubeError for an object that no apiserver would accept, or that is encrypted; its message quotes none of the contents
 */
export const asStored = (type: ResourceType, manifest: Manifest): KubeObject => {
  const fault = isEncrypted(manifest) ? 'is encrypted with SOPS' : faultOf(manifest);
  if (fault !== undefined) throw new KubeError('invalid', `the one of ${manifest.file} ${fault}`);
  // faultOf has checked the types of what is read of these kinds. An empty `data:` is null in YAML, which the apiserver drops.
  const entries = Object.entries(manifest.value).filter(([, part]) => part !== null);
  const object: Readonly<Record<string, unknown>> & KubeObject = { metadata: {}, ...Object.fromEntries(entries) };
  if (type.kind !== 'Secret') return object;
  const texts = Object.entries(mapAt(object, 'stringData')).map(([key, text]) => [key, encode(String(text))]);
  return { ...object, data: { ...mapAt(object, 'data'), ...Object.fromEntries(texts) } } as KubeObject;
};

const encode = (text: string): string => Buffer.from(text).toString('base64');

const mapAt = (value: unknown, field: string): JsonMap => {
  const map = valueAt(value, field);
  return isMap(map) ? map : {};
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Why no apiserver would accept an object; undefined if it would, as far as matters here. */
const faultOf = (manifest: Manifest): string | undefined => {
  const { kind, value } = manifest;
  const isText = (part: unknown): boolean => typeof part === 'string';
  const isEncoded = (part: unknown): boolean => typeof part === 'string' && BASE64.test(part.replace(/[\r\n]/g, ''));
  switch (kind) {
    case 'ConfigMap':
      return mapFault(value, ['data'], isText, 'a text') ?? mapFault(value, ['binaryData'], isEncoded, 'base64');
    case 'Secret':
      return (
        mapFault(value, ['stringData'], isText, 'a text') ??
        mapFault(value, ['data'], isEncoded, 'base64') ??
        (value['type'] === undefined || isText(value['type']) ? undefined : 'has a type that is no text')
      );
    default:
      return mapFault(value, ['metadata', 'annotations'], isText, 'a text');
  }
};

const mapFault = (
  value: unknown,
  path: readonly string[],
  isGood: (part: unknown) => boolean,
  wanted: string,
): string | undefined => {
  const map = valueAt(value, ...path) ?? {};
  if (!isMap(map)) return `is malformed: ${path.join('.')} is no map`;
  const bad = Object.entries(map).find(([, part]) => !isGood(part));
  return bad === undefined ? undefined : `is malformed: ${path.join('.')}[${JSON.stringify(bad[0])}] is not ${wanted}`;
};
