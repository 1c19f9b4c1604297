import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { BundleOptions } from './command-line.js';
import { type Credential, findCredential, readDockerConfig } from './docker-config.js';
import { call, type HttpAnswer } from './http.js';

/** A bundle as pulled from the registry. */
interface PulledBundle {
  /** Digest of the manifest: `sha256:…`. */
  readonly digest: string;
  /** The chart, tar and gzip. */
  readonly layer: Buffer;
}

const MANIFESTS =
  'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*;q=0.5';
const CONFIG = 'application/vnd.cncf.helm.config.v1+json';
const LAYERS = ['application/tar+gzip', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'];
const REDIRECTS = 3;

interface Manifest {
  readonly config?: { readonly mediaType?: string };
  readonly layers?: readonly { readonly mediaType?: string; readonly digest?: string }[];
}

interface Registry {
  readonly origin: string;
  readonly repository: string;
  readonly credential: Credential | undefined;
  readonly ca: string | undefined;
  readonly skipTlsVerify: boolean;
}

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(host);

/** The CAs to trust. Go programs trust those of SSL_CERT_FILE instead of the system's; this one adds them to Node's own. */
const authorities = async (file: string | undefined): Promise<string | undefined> => {
  if (file === undefined || file === '') return undefined;
  const own = await readFile(file, 'utf8').catch(() => '');
  return [...rootCertificates, own].join('\n');
};

const registryOf = async (options: BundleOptions, certFile: string | undefined): Promise<Registry> => {
  const slash = options.repo.indexOf('/');
  if (slash <= 0) throw new Error(`repo address "${options.repo}" has no host`);
  const host = options.repo.slice(0, slash);
  const repository = options.repo.slice(slash + 1);
  const plain = options.insecure || (isLoopback(host) && !options.skipTlsVerify);
  return {
    origin: `${plain ? 'http' : 'https'}://${host}`,
    repository,
    credential: findCredential(await readDockerConfig(options.dockerConfig), host, repository),
    ca: await authorities(certFile),
    skipTlsVerify: options.skipTlsVerify,
  };
};

const basic = ({ username, password }: Credential): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const parameter = (challenge: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1];

/** The Authorization header for a challenge; undefined if there are no credentials for it. */
const authorization = async (registry: Registry, challenge: string): Promise<string | undefined> => {
  const { credential } = registry;
  const own = credential === undefined ? undefined : basic(credential);
  if (!/^bearer /i.test(challenge)) return own;
  const realm = new URL(parameter(challenge, 'realm') ?? '', registry.origin);
  realm.searchParams.set('service', parameter(challenge, 'service') ?? '');
  realm.searchParams.set('scope', parameter(challenge, 'scope') ?? `repository:${registry.repository}:pull`);
  const answer = await call({
    method: 'GET',
    url: realm,
    headers: own === undefined ? {} : { authorization: own },
    ca: registry.ca,
    skipTlsVerify: registry.skipTlsVerify,
  });
  if (answer.status !== 200) throw new Error(`fetch token: unexpected status code ${answer.status}`);
  const { token, access_token } = JSON.parse(answer.body.toString('utf8')) as Record<string, string | undefined>;
  return `Bearer ${token ?? access_token ?? ''}`;
};

/** Follows redirects, and sends credentials to the registry itself only. */
const get = async (
  registry: Registry,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<HttpAnswer> => {
  let url = new URL(path, registry.origin);
  const ask = (authorized?: string) => {
    const own = authorized !== undefined && url.origin === registry.origin ? { authorization: authorized } : {};
    const { ca, skipTlsVerify } = registry;
    return call({ method: 'GET', url, headers: { ...headers, ...own }, ca, skipTlsVerify });
  };
  let answer = await ask();
  let authorized: string | undefined;
  if (answer.status === 401) {
    authorized = await authorization(registry, answer.headers['www-authenticate'] ?? '');
    if (authorized !== undefined) answer = await ask(authorized);
  }
  for (let count = 0; answer.status >= 300 && answer.status < 400 && count < REDIRECTS; count += 1) {
    url = new URL(answer.headers.location ?? '', url);
    answer = await ask(authorized);
  }
  return answer;
};

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * Pulls a bundle: manifest and chart.
 * @param certFile - SSL_CERT_FILE
 * @throws Error in words like werf's; never with a credential
 */
export const pullBundle = async (options: BundleOptions, certFile: string | undefined): Promise<PulledBundle> => {
  const registry = await registryOf(options, certFile);
  const name = `${options.repo}:${options.tag}`;
  const answer = await get(registry, `/v2/${registry.repository}/manifests/${options.tag}`, { accept: MANIFESTS });
  if (answer.status === 404) throw new Error(`${name}: not found`);
  if (answer.status !== 200) throw new Error(`${name}: unexpected status code ${answer.status}`);
  const manifest = JSON.parse(answer.body.toString('utf8')) as Manifest;
  if (manifest.config?.mediaType !== CONFIG) {
    throw new Error(
      `${name}: it is no bundle: config media type ${manifest.config?.mediaType ?? 'none'}, not ${CONFIG}`,
    );
  }
  const layer = manifest.layers?.find((each) => LAYERS.includes(each.mediaType ?? ''));
  if (layer?.digest === undefined) throw new Error(`${name}: the manifest has no chart layer`);
  const blob = await get(registry, `/v2/${registry.repository}/blobs/${layer.digest}`, {});
  if (blob.status !== 200) throw new Error(`${name}: chart layer: unexpected status code ${blob.status}`);
  if (sha256(blob.body) !== layer.digest) throw new Error(`${name}: the chart layer is not what its digest says`);
  return { digest: sha256(answer.body), layer: blob.body };
};
