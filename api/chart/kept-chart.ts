import { deflateSync, inflateSync } from 'node:zlib';
import { isMap } from '../json-map.js';
import type { ConfigMap } from '../objects.js';
import { parseJson } from '../parse-json.js';
import { hasSchema, judgedFiles } from './chart-files.js';

/**
 * How the controller keeps what values are judged by: a ConfigMap in the operator's namespace for each bundle, by the digest of its manifest,
 * that has a schema, written once and never changed. Webhooks read it, and so does the next controller, neither of which asks a registry then.
 *
 * A chart without any schema has none: there would be one for each tag of most charts, to say that there is nothing to say. What is not there
 * is not judged, whatever the reason.
 */
export type KeptChart =
  /** The files that `loadChart` needs. */
  | { readonly kind: 'chart'; readonly files: ReadonlyMap<string, Buffer> }
  /** It has a schema by which nothing can be judged; `why` is a sentence without an end: `its schemas … have more than 4 MiB`. */
  | { readonly kind: 'unjudged'; readonly why: string };

/** Label of these ConfigMaps, with the value `true`. */
export const KEPT_CHART = 'werf.io/kept-chart';
/** Label that says which controllers have kept it, by their Lease: where several split the work, each takes away its own. */
export const KEPT_BY = 'werf.io/kept-by';

/** Annotation with the bytes that it has: whoever lists metadata only can count them. */
export const KEPT_BYTES = 'werf.io/kept-bytes';

/** Unpacked, schemas and defaults of all charts together, bytes: the largest charts that many use have a third of it. */
const JUDGED_BYTES = 4 * 1024 * 1024;
/** All archives within, unpacked, with their templates; bytes. */
const ARCHIVES_BYTES = 32 * 1024 * 1024;
/** Bytes. A schema of 200 KB has less than a tenth of it: what is larger costs etcd more than it saves anybody. */
const DEFLATED_BYTES = 256 * 1024;
/** Characters: a sentence may quote what stands in the chart. */
const LONGEST_WHY = 1_000;

const DIGEST = /^sha256:([0-9a-f]{64})$|^sha512:([0-9a-f]{128})$/;

/** The name of the ConfigMap for a digest, as a status has it (`sha256:` and 64 hex digits); undefined for what is none. */
export const keptChartName = (digest: string): string | undefined => {
  const [, short, long] = DIGEST.exec(digest) ?? [];
  const hex = short ?? long;
  return hex === undefined ? undefined : `werfbundle-chart-${hex.slice(0, 40)}`;
};

/**
 * What is kept of a chart; undefined: nothing, since there is no schema in it, nor in a chart within it. Pure; never throws. Takes
 * a second for large archives.
 * @param files - all files of the chart, by path below its folder
 */
export const keptChartOf = (files: ReadonlyMap<string, Buffer>): KeptChart | undefined => {
  const judged = judgedFiles(files, { bytes: JUDGED_BYTES, unpacked: ARCHIVES_BYTES });
  if (judged.kind === 'unreadable') return { kind: 'unjudged', why: judged.why };
  if (!hasSchema(judged.files)) return undefined;
  // They come over all others when werf runs: a value that is missing here may be among them.
  return judged.encrypted === undefined
    ? { kind: 'chart', files: judged.files }
    : { kind: 'unjudged', why: `${judged.encrypted}: only werf can read these values` };
};

/**
 * The ConfigMap for a chart; one that is still too large when it is deflated is kept as `unjudged`. Pure.
 * @param of.digest - of the bundle's manifest
 * @param of.namespace - the operator's
 * @throws TypeError if the digest is none
 */
export const encodeKeptChart = (
  kept: KeptChart,
  { digest, namespace }: { readonly digest: string; readonly namespace: string },
): ConfigMap => {
  const content = contentOf(kept);
  return typeof content === 'string'
    ? keptConfigMap({ data: { digest, reason: content.slice(0, LONGEST_WHY) } }, { digest, namespace })
    : keptConfigMap({ data: { digest }, binaryData: { chart: content.toString('base64') } }, { digest, namespace });
};

/**
 * The ConfigMap with this content. Pure.
 * @throws TypeError if the digest is none
 */
export const keptConfigMap = (
  { data, binaryData }: Pick<ConfigMap, 'data' | 'binaryData'>,
  { digest, namespace }: { readonly digest: string; readonly namespace: string },
): ConfigMap => {
  const name = keptChartName(digest);
  if (name === undefined) throw new TypeError(`${JSON.stringify(digest)} is no digest`);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { [KEPT_CHART]: 'true', 'app.kubernetes.io/part-of': 'werfbundle' } },
    immutable: true,
    ...(data && { data }),
    ...(binaryData && { binaryData }),
  };
};

/** What a ConfigMap costs beside its content: name, labels, who has written it; bytes. */
const FRAME_BYTES = 1_024;
/** Of a ConfigMap that does not say its bytes: the most that it may have. */
const UNTOLD_BYTES = FRAME_BYTES + DEFLATED_BYTES;

/** How many bytes etcd stores of it, about. Pure. */
export const keptBytes = ({ data, binaryData }: Pick<ConfigMap, 'data' | 'binaryData'>): number =>
  FRAME_BYTES + Math.ceil(((binaryData?.['chart']?.length ?? 0) * 3) / 4) + Buffer.byteLength(data?.['reason'] ?? '');

/** The same as {@link KEPT_BYTES} says it. Pure. */
export const toldBytes = ({ annotations }: ConfigMap['metadata']): number => {
  const told = Number(annotations?.[KEPT_BYTES]);
  return Number.isSafeInteger(told) && told > 0 ? told : UNTOLD_BYTES;
};

/** @returns a text: why there is none */
const contentOf = (kept: KeptChart): Buffer | string => {
  if (kept.kind === 'unjudged') return kept.why;
  const texts = [...kept.files].map(([path, content]) => [path, content.toString('utf8')] as const);
  const deflated = deflateSync(JSON.stringify(Object.fromEntries(texts)), { level: 9 });
  return deflated.length <= DEFLATED_BYTES
    ? deflated
    : `its schemas and default values have more than ${DEFLATED_BYTES / 1024} KiB, even compressed`;
};

/**
 * Reads such a ConfigMap. Pure; never throws.
 * @param digest - that was asked for
 * @returns undefined if it is another digest's, or no controller has written it so: then it counts as not there
 */
export const decodeKeptChart = ({ data, binaryData }: ConfigMap, digest: string): KeptChart | undefined => {
  if (data?.['digest'] !== digest) return undefined;
  const [deflated, reason] = [binaryData?.['chart'], data['reason']];
  if (deflated === undefined) return reason === undefined ? undefined : { kind: 'unjudged', why: reason };
  const texts = parseJson(inflated(Buffer.from(deflated, 'base64')));
  if (!isMap(texts)) return undefined;
  const files = new Map<string, Buffer>();
  for (const [path, text] of Object.entries(texts)) {
    if (typeof text !== 'string') return undefined;
    files.set(path, Buffer.from(text));
  }
  return { kind: 'chart', files };
};

/** JSON may have six characters for one. @returns nothing for what was not deflated so */
const inflated = (bytes: Buffer): string => {
  try {
    return inflateSync(bytes, { maxOutputLength: 6 * JUDGED_BYTES }).toString('utf8');
  } catch {
    return '';
  }
};
