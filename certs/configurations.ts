import type { Stored, WebhookClientConfig, WebhookConfiguration } from '../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../kube/client.js';
import { CertificateError } from './certificate-error.js';
import { certificatesIn, pemOf } from './inspect.js';

/** One of the configurations that lead to our server. */
export interface Target {
  readonly type: ResourceType<Stored<WebhookConfiguration>>;
  readonly name: string;
  /** Path of its webhooks on our server: `/mutate`. */
  readonly path: string;
  /** Whether it may be missing: not everybody installs it. */
  readonly optional?: boolean;
}

/** How our server is reached. */
export type Address =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  /**
   * `base` without a slash at its end: `https://127.0.0.1:9443`. `anyPort`: each replica has a port of its own, and any of them counts as
   * right, or they would overwrite each other for ever.
   */
  | { readonly kind: 'url'; readonly base: string; readonly anyPort: boolean };

/** What should stand in the configurations. */
export interface Wanted {
  readonly address: Address;
  /** PEM, one certificate each; the order is kept. */
  readonly authorities: readonly string[];
}

/** A configuration as it was read. */
export interface Configuration {
  readonly target: Target;
  readonly metadata: Stored['metadata'];
  readonly webhooks: NonNullable<WebhookConfiguration['webhooks']>;
}

/**
 * Reads the configurations.
 * @throws KubeError; CertificateError: one that is needed does not exist, or has no webhooks
 */
export const readConfigurations = async (
  client: Pick<KubeClient, 'get'>,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Configuration[]> => {
  const read = async (target: Target): Promise<readonly Configuration[]> => {
    const { type, name } = target;
    const present = await client.get(type, { name }, signal);
    if (present?.webhooks !== undefined && present.webhooks.length > 0) {
      return [{ target, metadata: present.metadata, webhooks: present.webhooks }];
    }
    if (target.optional === true) return [];
    throw new CertificateError(`${type.kind} ${name} does not exist or is empty: apply manifests/webhook first`);
  };
  return (await Promise.all(targets.map(read))).flat();
};

/** The annotation by which cert-manager's cainjector fills in caBundle, so that we must not; undefined if there is none. */
export const injectedBy = ({ metadata }: Configuration): string | undefined =>
  Object.keys(metadata.annotations ?? {}).find((key) => key.startsWith('cert-manager.io/inject-'));

const trustedBy = ({ clientConfig }: Configuration['webhooks'][number]): readonly string[] =>
  certificatesIn(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());

/** The certificates that are in every caBundle: only a leaf by one of these is trusted for every webhook. */
export const trustedByAll = (configurations: readonly Configuration[]): readonly string[] => {
  const [first = [], ...rest] = configurations.flatMap(({ webhooks }) => webhooks).map(trustedBy);
  return first.filter((pem) => rest.every((others) => others.includes(pem)));
};

/** Every certificate that is in any of the caBundles. */
export const trustedByAny = (configurations: readonly Configuration[]): readonly string[] => [
  ...new Set(configurations.flatMap(({ webhooks }) => webhooks).flatMap(trustedBy)),
];

/** Whether a configuration is as wanted, so that nothing need be written. */
export const isRight = (configuration: Configuration, wanted: Wanted): boolean =>
  configuration.webhooks.every(({ clientConfig: present }) => {
    const right = clientConfigOf(configuration, wanted, present);
    const anyPort = wanted.address.kind === 'url' && wanted.address.anyPort;
    return sameCertificates(present.caBundle, right.caBundle) && address(present, anyPort) === address(right, anyPort);
  });

/**
 * Writes the wanted CAs and address, and nothing else. On a conflict the other writer wins: the caller reads and judges it again.
 * @throws KubeError, but not for a conflict
 */
export const writeConfiguration = async (
  client: Pick<KubeClient, 'mergePatch'>,
  configuration: Configuration,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> => {
  const { target, metadata } = configuration;
  const webhooks = configuration.webhooks.map((webhook) => ({
    ...webhook,
    clientConfig: clientConfigOf(configuration, wanted, webhook.clientConfig),
  }));
  // A merge patch replaces lists whole, so the resourceVersion guards what others wrote into the webhooks.
  const patch = { metadata: { resourceVersion: metadata.resourceVersion }, webhooks };
  try {
    await client.mergePatch(target.type, { name: target.name }, patch, {}, signal);
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 'conflict')) throw error;
  }
};

const clientConfigOf = (
  configuration: Configuration,
  wanted: Wanted,
  present: WebhookClientConfig,
): WebhookClientConfig => {
  const { path } = configuration.target;
  const ours = Buffer.from(pemOf(wanted.authorities)).toString('base64');
  const caBundle = injectedBy(configuration) === undefined ? ours : present.caBundle;
  const trust = caBundle === undefined ? {} : { caBundle };
  if (wanted.address.kind === 'url') return { ...trust, url: `${wanted.address.base}${path}` };
  const { namespace, name } = wanted.address;
  return { ...trust, service: { namespace, name, path, port: 443 } };
};

/** One line of text for comparison. */
const address = ({ url, service }: WebhookClientConfig, anyPort: boolean): string => {
  const { namespace, name, path, port = 443 } = service ?? {};
  const reached = anyPort ? url?.replace(/^(https:\/\/[^/]*):\d+(\/|$)/, '$1$2') : url;
  return JSON.stringify([reached, service && [namespace, name, path, port]]);
};

/** Line breaks and comments make no difference. */
const sameCertificates = (one: string | undefined, other: string | undefined): boolean => {
  const sorted = (caBundle = '') => certificatesIn(Buffer.from(caBundle, 'base64').toString()).toSorted().join('\n');
  return one === other || (sorted(one) !== '' && sorted(one) === sorted(other));
};
