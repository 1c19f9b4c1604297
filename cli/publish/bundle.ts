import { gzipSync } from 'node:zlib';
import type { JsonMap } from '../../api/json-map.js';
import { BUNDLE_CONFIG } from '../../registry/manifest.js';
import { tarOf } from './tar.js';

/** A chart that can be packed. */
export interface Chart {
  readonly name: string;
  /** What Chart.yaml says, as Helm has it: its fields in Helm's order, without those that are empty. */
  readonly metadata: JsonMap;
  /** Content by path below the chart's folder: `templates/app.yaml`. */
  readonly files: ReadonlyMap<string, string | Buffer>;
}

/** A blob with its media type. */
export interface Blob {
  readonly content: Buffer;
  readonly mediaType: string;
}

/** What a manifest names: config and the one layer. */
export interface Parts {
  readonly config: Blob;
  readonly layer: Blob;
}

/** The older of Helm's two types, which is the one that werf writes. */
const BUNDLE_LAYER = 'application/tar+gzip';

/**
 * Packs a chart as `werf bundle publish` does: its metadata as JSON, and its files below a folder of its name, tar and gzip. Equal charts
 * make equal bytes. Pure.
 * @throws RangeError for a path that no tar can hold
 */
export const partsOf = ({ name, metadata, files }: Chart): Parts => {
  const inFolder = [...files].map(([path, content]) => [`${name}/${path}`, content] as const);
  return {
    config: { content: Buffer.from(JSON.stringify(metadata)), mediaType: BUNDLE_CONFIG },
    layer: { content: gzipSync(tarOf(Object.fromEntries(inFolder))), mediaType: BUNDLE_LAYER },
  };
};
