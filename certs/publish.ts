import type { KubeObject } from '../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../kube/client.js';
import { CertificateError } from './source.js';

/** How the apiserver reaches a webhook: by a Service, or by a URL. `caBundle` is base64 of PEM. */
interface ClientConfig {
  readonly caBundle?: string;
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
}

/** The parts of a Mutating- or ValidatingWebhookConfiguration that matter here. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: ClientConfig }[];
}

/** One of the configurations to write to. */
export interface Target {
  readonly type: ResourceType;
  readonly name: string;
  /** Path of the webhook on our server: `/mutate`. */
  readonly path: string;
}

/** How our server is reached. */
export type Address =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  /** `base` without a slash at its end: `https://127.0.0.1:9443`. */
  | { readonly kind: 'url'; readonly base: string };

export interface Publication {
  readonly kube: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly targets: readonly Target[];
  readonly address: Address;
  /** PEM certificates. */
  readonly trusted: string;
}

/** As often as a replica that starts at the same moment may come between. */
const TRIES = 8;

/**
 * Writes the trusted certificates and the address into the webhook configurations, and reads them back. What is right already is
 * not written again, so replicas with the same certificates don't disturb each other.
 * @throws KubeError; CertificateError: a configuration does not exist, has no webhooks, or is overwritten again and again
 */
export async function publish(publication: Publication, signal: AbortSignal): Promise<void> {
  for (const target of publication.targets) await publishTo(publication, target, signal);
}

async function publishTo(publication: Publication, target: Target, signal: AbortSignal): Promise<void> {
  const { kube } = publication;
  const { type, name } = target;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const present = await kube.get<WebhookConfiguration>(type, { name }, signal);
    if (present?.webhooks === undefined || present.webhooks.length === 0) {
      throw new CertificateError(`${type.kind} ${name} does not exist or is empty: apply manifests/webhook first`);
    }
    const webhooks = present.webhooks.map((webhook) => ({ ...webhook, clientConfig: wanted(publication, target) }));
    if (present.webhooks.every((webhook, index) => same(webhook.clientConfig, webhooks[index]?.clientConfig))) return;
    await patch(kube, target, { metadata: { resourceVersion: present.metadata.resourceVersion }, webhooks }, signal);
  }
  throw new CertificateError(`${type.kind} ${name}: somebody overwrites the webhooks' clientConfig again and again`);
}

/** A merge patch replaces lists whole, so the resourceVersion guards what others wrote into the webhooks. */
async function patch(
  kube: Publication['kube'],
  { type, name }: Target,
  body: object,
  signal: AbortSignal,
): Promise<void> {
  try {
    await kube.mergePatch(type, { name }, body, {}, signal);
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 'conflict')) throw error;
  }
}

function wanted({ address, trusted }: Publication, { path }: Target): ClientConfig {
  const caBundle = Buffer.from(trusted).toString('base64');
  if (address.kind === 'url') return { caBundle, url: `${address.base}${path}` };
  const { namespace, name } = address;
  return { caBundle, service: { namespace, name, path, port: 443 } };
}

const same = (one: ClientConfig, other: ClientConfig | undefined): boolean =>
  one.caBundle === other?.caBundle &&
  one.url === other?.url &&
  one.service?.namespace === other?.service?.namespace &&
  one.service?.name === other?.service?.name &&
  one.service?.path === other?.service?.path &&
  (one.service?.port ?? 443) === (other?.service?.port ?? 443);
