import type { V1KeyToPath, V1Volume, V1VolumeProjection } from '@kubernetes/client-node';
import type { AgentPod } from './pod.js';
import { fieldOf, type NodeFacts, resourceOf } from './pod-facts.js';
import type { Sources } from './sources.js';

/** A file of a volume; `path` is relative to the volume, `mode` its permission bits. */
interface VolumeFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  /** A ServiceAccount's token belongs to the container's user, as with a kubelet. */
  readonly token?: boolean;
}

/** The first content of a volume, or why it can't be made (yet), in a kubelet's words. */
export type VolumeContent =
  | { readonly kind: 'empty' }
  | { readonly kind: 'files'; readonly files: readonly VolumeFile[] }
  | { readonly kind: 'missing'; readonly message: string };

/** What volumes are made of. */
interface VolumeInput {
  readonly pod: AgentPod;
  readonly sources: Sources;
  readonly node: NodeFacts;
}

/** Kubernetes' default for files from Secrets and the like. */
const DEFAULT_MODE = 0o644;

const missing = (message: string): VolumeContent => ({ kind: 'missing', message });

interface Keyed {
  /** `secret "x"`, for messages. */
  readonly what: string;
  readonly data: ReadonlyMap<string, Buffer> | undefined;
  readonly items: readonly V1KeyToPath[] | undefined;
  readonly optional: boolean;
  readonly mode: number;
}

const keyedFiles = (given: Keyed): VolumeContent => {
  if (given.data === undefined) {
    return given.optional ? { kind: 'files', files: [] } : missing(`${given.what} not found`);
  }
  const items = given.items ?? [...given.data.keys()].map((key): V1KeyToPath => ({ key, path: key }));
  const files: VolumeFile[] = [];
  for (const item of items) {
    const content = given.data.get(item.key);
    if (content !== undefined) files.push({ path: item.path, content, mode: item.mode ?? given.mode });
    else if (!given.optional) return missing(`${given.what}: references non-existent secret key: ${item.key}`);
  }
  return { kind: 'files', files };
};

type SecretLike = {
  readonly name: string;
  readonly items?: readonly V1KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
};

const secretFiles = (input: VolumeInput, ref: SecretLike, mode: number): VolumeContent => {
  const data = input.sources.secrets.get(ref.name);
  const entries = Object.entries(data?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return keyedFiles({
    what: `secret "${ref.name}"`,
    data: data === undefined ? undefined : new Map(entries),
    items: ref.items,
    optional: ref.optional ?? false,
    mode,
  });
};

const configMapFiles = (input: VolumeInput, ref: SecretLike, mode: number): VolumeContent => {
  const object = input.sources.configMaps.get(ref.name);
  const text = Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'utf8')] as const);
  const binary = Object.entries(object?.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return keyedFiles({
    what: `configmap "${ref.name}"`,
    data: object === undefined ? undefined : new Map([...text, ...binary]),
    items: ref.items,
    optional: ref.optional ?? false,
    mode,
  });
};

type DownwardItems = NonNullable<NonNullable<V1Volume['downwardAPI']>['items']>;

const downwardFiles = (input: VolumeInput, items: DownwardItems, mode: number): VolumeContent => {
  const containers = [...(input.pod.spec.initContainers ?? []), ...input.pod.spec.containers];
  const files: VolumeFile[] = [];
  for (const item of items) {
    const { fieldRef, resourceFieldRef } = item;
    const container = containers.find((each) => each.name === resourceFieldRef?.containerName);
    const value =
      fieldRef === undefined
        ? resourceFieldRef && resourceOf(container, input.node, resourceFieldRef)
        : fieldOf(input.pod, input.node, fieldRef.fieldPath);
    if (value === undefined) return missing(`downwardAPI: ${item.path}: this field is not supported`);
    files.push({ path: item.path, content: Buffer.from(value, 'utf8'), mode: item.mode ?? mode });
  }
  return { kind: 'files', files };
};

const projectionFiles = (input: VolumeInput, source: V1VolumeProjection, mode: number): VolumeContent => {
  if (source.secret !== undefined)
    return secretFiles(input, { ...source.secret, name: source.secret.name ?? '' }, mode);
  if (source.configMap !== undefined) {
    return configMapFiles(input, { ...source.configMap, name: source.configMap.name ?? '' }, mode);
  }
  if (source.downwardAPI !== undefined) return downwardFiles(input, source.downwardAPI.items ?? [], mode);
  const token = source.serviceAccountToken;
  const content = token === undefined ? undefined : input.sources.tokens.get(token.audience ?? '');
  if (token === undefined || content === undefined) return missing('a projection of this kind is not supported');
  return { kind: 'files', files: [{ path: token.path, content: Buffer.from(content), mode: 0o600, token: true }] };
};

const projectedFiles = (input: VolumeInput, volume: NonNullable<V1Volume['projected']>): VolumeContent => {
  const mode = volume.defaultMode ?? DEFAULT_MODE;
  const files: VolumeFile[] = [];
  for (const source of volume.sources ?? []) {
    const content = projectionFiles(input, source, mode);
    if (content.kind === 'missing') return content;
    if (content.kind === 'files') files.push(...content.files);
  }
  return { kind: 'files', files };
};

/**
 * The content of a volume when its Pod starts; later changes of its source do not reach it (a kubelet's volumes are updated).
 * Kinds: emptyDir, secret, configMap, projected, downwardAPI. Pure.
 */
export const contentOf = (volume: V1Volume, input: VolumeInput): VolumeContent => {
  if (volume.emptyDir !== undefined) return { kind: 'empty' };
  if (volume.secret !== undefined) {
    const ref = { ...volume.secret, name: volume.secret.secretName ?? '' };
    return secretFiles(input, ref, volume.secret.defaultMode ?? DEFAULT_MODE);
  }
  if (volume.configMap !== undefined) {
    const ref = { ...volume.configMap, name: volume.configMap.name ?? '' };
    return configMapFiles(input, ref, volume.configMap.defaultMode ?? DEFAULT_MODE);
  }
  if (volume.projected !== undefined) return projectedFiles(input, volume.projected);
  if (volume.downwardAPI !== undefined) {
    return downwardFiles(input, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? DEFAULT_MODE);
  }
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
  return missing(`volumes of kind ${kind} are not supported by the playground's node agent`);
};
