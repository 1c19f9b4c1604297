import type { ObjectRef, Secret, Stored } from '../api/objects.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { SECRETS } from '../kube/resources.js';
import type { Clock } from '../process/ports.js';
import { authorityFacts, certificatesIn, fitsTogether, leafFacts, namesOf, pemOf } from './inspect.js';
import { issueAuthority, issueLeafUntil, type KeyPair } from './issue.js';
import type { Schedule } from './schedule.js';
import type { CertificateSource, IssueOrder, Offer, Reading } from './source.js';

/** What self-managed certificates need. */
interface SecretSourceDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly schedule: Schedule;
  /** The Secret that all replicas share. */
  readonly secret: ObjectRef;
  /** DNS names and IP addresses to be valid for. */
  readonly names: readonly string[];
}

/**
 * Certificates that the replicas make themselves and share in a Secret: tls.crt and tls.key as cert-manager names them, ca.crt with the
 * present CA first and the earlier ones after it, ca.key for the first of them. Only the newest CA's key is kept: a leaf by an earlier CA
 * is served until every caBundle has the new CA, and is never renewed by the earlier one.
 *
 * Guarantee: of replicas that issue at once one succeeds (resourceVersion), and the others take what it made.
 */
export const secretSource = (deps: SecretSourceDeps): CertificateSource => ({
  names: deps.names,
  lookMs: deps.schedule.lookMs,
  shared: true,
  read: async (signal) => {
    const stored = await deps.client.get(SECRETS, deps.secret, signal);
    return readingOf(deps, stored);
  },
});

const readingOf = (deps: SecretSourceDeps, stored: Stored<Secret> | undefined): Reading => {
  const offer = stored && decode(stored);
  const key = textOf(stored, 'ca.key');
  const authorities = offer?.authorities ?? [];
  const [newest] = authorities;
  const issuer = newest === undefined ? undefined : { certificate: newest, key };
  return {
    offer,
    issuer: { kind: 'ours', keyFits: issuer !== undefined && fitsTogether(issuer) },
    issue: async (order, signal) => {
      const present = { authorities, issuer };
      return write(deps, stored, await make(deps, present, order), signal);
    },
  };
};

const textOf = (secret: Secret | undefined, key: string): string =>
  Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();

const decode = (secret: Secret): Offer => ({
  certificate: textOf(secret, 'tls.crt'),
  key: textOf(secret, 'tls.key'),
  authorities: certificatesIn(textOf(secret, 'ca.crt')).filter((pem) => authorityFacts(pem) !== undefined),
});

type StoredTexts = Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt' | 'ca.key', string>>;

const make = async (
  { clock, schedule, names }: SecretSourceDeps,
  present: { readonly authorities: readonly string[]; readonly issuer: KeyPair | undefined },
  order: IssueOrder,
): Promise<StoredTexts> => {
  const now = clock.now();
  const isValid = (pem: string): boolean => (authorityFacts(pem)?.to ?? 0) > now;
  const { issuer } = present;
  const authority: KeyPair =
    order.authority || issuer === undefined ? await issueAuthority(now, schedule.authorityLifeMs) : issuer;
  const trusted = [authority.certificate.trim(), ...[...present.authorities, ...order.alsoTrusted].filter(isValid)];
  // No leaf outlives the CA that vouches for it.
  const until = Math.min(now + schedule.leafLifeMs, authorityFacts(authority.certificate)?.to ?? 0);
  const wanted = allNames(order.pair, names, now);
  const leaf = order.leaf ? await issueLeafUntil({ authority, names: wanted, now, until }) : order.pair;
  return {
    'tls.crt': leaf.certificate,
    'tls.key': leaf.key,
    'ca.crt': pemOf([...new Set(trusted)]),
    'ca.key': authority.key,
  };
};

/**
 * The names for a new leaf. If the present leaf lacks a wanted name, the new one has the present one's names as well: otherwise replicas
 * with different settings (during a rollout) would replace each other's leaf for ever.
 */
const allNames = (pair: KeyPair, names: readonly string[], now: number): readonly string[] => {
  const leaf = leafFacts(pair, { authorities: [], names });
  if (leaf === 'broken' || leaf.to <= now || leaf.missing.length === 0) return names;
  return [...new Set([...names, ...namesOf(pair.certificate)])];
};

/** @returns false if somebody else was quicker */
const write = async (
  { client, secret }: SecretSourceDeps,
  stored: Stored<Secret> | undefined,
  made: StoredTexts,
  signal: AbortSignal,
): Promise<boolean> => {
  const data = Object.fromEntries(Object.entries(made).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]));
  try {
    if (stored === undefined) await client.create(SECRETS, newSecret(secret, data), signal);
    else await client.replace(SECRETS, { ...stored, data: { ...stored.data, ...data } }, signal);
    return true;
  } catch (error) {
    if (error instanceof KubeError && ['already-exists', 'conflict', 'not-found'].includes(error.code)) return false;
    throw error;
  }
};

const newSecret = ({ namespace, name }: ObjectRef, data: Readonly<Record<string, string>>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, labels: { 'app.kubernetes.io/part-of': 'werfbundle' } },
  type: 'kubernetes.io/tls',
  data,
});
