import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { pushBlob, pushManifest, type Target } from './push.js';
import { tarOf } from './tar.js';

/** A chart by its files, paths below the chart's folder (`templates/app.yaml`); Chart.yaml is made when it is not among them. */
interface Chart {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Publishes a bundle as `werf bundle publish` does: a manifest whose config is the chart's, and one layer with the chart.
 * Equal charts have equal digests; a tag that exists is moved.
 * @throws PushError
 */
export const publishBundle = async (
  options: Target & { readonly tag: string; readonly chart: Chart },
): Promise<{ readonly digest: string }> => {
  const { tag, chart } = options;
  const metadata = { apiVersion: 'v2', name: chart.name, version: chart.version, type: 'application' };
  const files = { 'Chart.yaml': stringify(metadata), ...chart.files };
  const inFolder = Object.entries(files).map(([path, content]) => [`${chart.name}/${path}`, content]);
  const layer = gzipSync(tarOf(Object.fromEntries(inFolder)));
  const digest = await publish(options, tag, {
    config: { content: JSON.stringify(metadata), mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    layer: { content: layer, mediaType: 'application/tar+gzip' },
  });
  return { digest };
};

/** Publishes a container image of one empty layer: something under a tag that is no bundle. @throws PushError */
export const publishImage = async (
  options: Target & { readonly tag: string },
): Promise<{ readonly digest: string }> => {
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  const digest = await publish(options, options.tag, {
    config: { content: JSON.stringify(config), mediaType: 'application/vnd.oci.image.config.v1+json' },
    layer: { content: gzipSync(tarOf({})), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
  });
  return { digest };
};

interface Part {
  readonly content: string | Buffer;
  readonly mediaType: string;
}

const publish = async (
  target: Target,
  tag: string,
  parts: { readonly config: Part; readonly layer: Part },
): Promise<string> => {
  const push = ({ content, mediaType }: Part) => pushBlob(target, Buffer.from(content), mediaType);
  const [config, layer] = [await push(parts.config), await push(parts.layer)];
  return pushManifest(target, tag, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] });
};
