import { gzipSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { type Parts, partsOf } from '../../cli/publish/bundle.js';
import { createPusher } from '../../cli/publish/push.js';
import { tarOf } from '../../cli/publish/tar.js';
import { systemClock } from '../../process/system-clock.js';

/** The registry to push to, by plain HTTP: the playground's own. */
interface Target {
  /** `host:port` */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  readonly credential?: { readonly username: string; readonly password: string };
}

/** A chart by its files, paths below the chart's folder (`templates/app.yaml`); Chart.yaml is made when it is not among them. */
interface Chart {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A registry refused a push. The message has the request and the answer. */
export class PushError extends Error {
  override readonly name = 'PushError';
}

/** Publishes a bundle; a tag that exists is moved. @throws PushError */
export const publishBundle = ({
  chart,
  ...target
}: Target & { readonly chart: Chart }): Promise<{ readonly digest: string }> => {
  const { name, version, files } = chart;
  const made = stringify({ apiVersion: 'v2', name, version, type: 'application' });
  const all = { 'Chart.yaml': made, ...files };
  const metadata = parse(all['Chart.yaml']);
  return publish(target, partsOf({ name, metadata, files: new Map(Object.entries(all)) }));
};

/** Publishes a container image of one empty layer: something under a tag that is no bundle. @throws PushError */
export const publishImage = (target: Target): Promise<{ readonly digest: string }> => {
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  return publish(target, {
    config: {
      content: Buffer.from(JSON.stringify(config)),
      mediaType: 'application/vnd.oci.image.config.v1+json',
    },
    layer: { content: gzipSync(tarOf({})), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
  });
};

const publish = async ({ tag, credential, ...where }: Target, parts: Parts): Promise<{ readonly digest: string }> => {
  const pusher = createPusher({ clock: systemClock, userAgent: 'werfbundle-playground' });
  const target = {
    ...where,
    insecure: true,
    ...(credential && { credential: { ...credential, kind: 'basic' } as const }),
  };
  try {
    const pushed = await pusher.push(target, tag, parts, new AbortController().signal);
    if (pushed.kind === 'pushed') return { digest: pushed.digest };
    const { request, failure, said } = pushed;
    const why = failure.kind === 'held' ? 'held back' : failure.message;
    throw new PushError(`${request}: ${why}${said === undefined ? '' : ` (${said})`}`);
  } finally {
    await pusher.close();
  }
};
