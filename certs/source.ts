import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectRef, Secret } from '../api/objects.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import type { Clock, Log } from '../kube/ports.js';
import { SECRETS } from '../kube/resources.js';
import { StartError } from '../kube/start-error.js';
import { certificatesIn, fitsTogether, inspect, lifeOf, readCertificate } from './inspect.js';
import { issueAuthority, issueLeaf, type KeyPair } from './issue.js';
import { planCertificates } from './plan.js';

/** What a server serves with, and what its callers must trust. All PEM. */
export interface Serving {
  /** The leaf, and intermediates after it. */
  readonly certificate: string;
  readonly key: string;
  /** The CAs that vouch for it: goes into caBundle. */
  readonly trusted: string;
  /** End of the leaf's life, milliseconds since 1970. */
  readonly expires: number;
}

/** Certificates that can't be used or published; the message says which file or object, and why, and holds none of their content. */
export class CertificateError extends StartError {
  override readonly name = 'CertificateError';

  constructor(message: string, cause?: unknown) {
    super([message], cause === undefined ? undefined : { cause });
  }
}

/** Keys of the Secret, as cert-manager names them; `ca.key` is our own addition. */
type StoredCertificates = Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt' | 'ca.key', string>>;

async function readPem(directory: string, file: string): Promise<string> {
  const path = join(directory, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CertificateError(`can't read ${path} (${code}): --cert-dir needs tls.crt, tls.key and ca.crt`, cause);
  }
}

/**
 * Reads tls.crt, tls.key and ca.crt of a directory, as cert-manager or a mounted Secret puts them there.
 * @param now - milliseconds since 1970
 * @throws CertificateError: a file is missing, unreadable or out of date, or the key is not the certificate's
 */
export async function fromDirectory(directory: string, now: number): Promise<Serving> {
  const certificate = await readPem(directory, 'tls.crt');
  const key = await readPem(directory, 'tls.key');
  const authorities = certificatesIn(await readPem(directory, 'ca.crt'));
  const leaf = readCertificate(certificate);
  const broken = (file: string, why: string) => new CertificateError(`${join(directory, file)}: ${why}`);
  if (leaf === undefined) throw broken('tls.crt', 'is no PEM certificate');
  if (!fitsTogether({ certificate, key })) throw broken('tls.key', 'is not the private key of tls.crt');
  if (authorities.length === 0 || authorities.some((pem) => readCertificate(pem) === undefined)) {
    throw broken('ca.crt', 'holds no PEM certificate, or one that is broken');
  }
  const expires = lifeOf(leaf).to;
  if (expires <= now) throw broken('tls.crt', `has expired (${leaf.validTo})`);
  return { certificate, key, trusted: `${authorities.join('\n')}\n`, expires };
}

/** What self-managed certificates need. */
export interface SelfManaged {
  readonly kube: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** The Secret that all replicas share. */
  readonly secret: ObjectRef;
  /** DNS names and IP addresses to be valid for. */
  readonly names: readonly string[];
}

/** Replicas that start at once see each other's write as a conflict at most once each; more is somebody else's doing. */
const TRIES = 8;

/**
 * The certificates of a Secret, made or renewed where needed.
 *
 * Guarantees: replicas that start at once end up with the same CA (who loses the race takes the winner's); a CA that is replaced
 * stays trusted as long as it is valid, so that replicas that still serve with it are not cut off.
 * @throws KubeError; CertificateError if the Secret keeps changing
 */
export async function fromSecret(needs: SelfManaged, signal: AbortSignal): Promise<Serving> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const stored = await needs.kube.get<Secret>(SECRETS, needs.secret, signal);
    const serving = await renewIfNeeded(needs, stored, signal);
    if (serving !== undefined) return serving;
  }
  const { namespace, name } = needs.secret;
  throw new CertificateError(`Secret ${namespace}/${name} was changed by somebody else ${TRIES} times in a row`);
}

/** @returns undefined if somebody else was faster */
async function renewIfNeeded(
  needs: SelfManaged,
  stored: Secret | undefined,
  signal: AbortSignal,
): Promise<Serving | undefined> {
  const now = needs.clock.now();
  const present = stored && decode(stored);
  const plan = planCertificates(now, present && inspect(authorityOf(present), leafOf(present), needs.names));
  if (plan.kind === 'keep' && present !== undefined) return servingOf(present);
  const what = plan.kind === 'renew' ? plan.what : 'all';
  const authority = what === 'leaf' && present !== undefined ? authorityOf(present) : await issueAuthority(now);
  const leaf = await issueLeaf(authority, needs.names, now);
  const made: StoredCertificates = {
    'tls.crt': leaf.certificate,
    'tls.key': leaf.key,
    'ca.crt': trustedWith(authority.certificate, present?.['ca.crt'] ?? '', now),
    'ca.key': authority.key,
  };
  if (!(await write(needs, stored, made, signal))) return undefined;
  needs.log.info('certificates issued', { what, why: plan.kind === 'renew' ? plan.why : '', names: needs.names });
  return servingOf(made);
}

async function write(
  needs: SelfManaged,
  stored: Secret | undefined,
  made: StoredCertificates,
  signal: AbortSignal,
): Promise<boolean> {
  const data = Object.fromEntries(Object.entries(made).map(([key, pem]) => [key, encodeBase64(pem)]));
  try {
    if (stored === undefined) await needs.kube.create<Secret>(SECRETS, newSecret(needs.secret, data), signal);
    else await needs.kube.replace<Secret>(SECRETS, { ...stored, data: { ...stored.data, ...data } }, signal);
    return true;
  } catch (error) {
    if (error instanceof KubeError && ['already-exists', 'conflict', 'not-found'].includes(error.code)) return false;
    throw error;
  }
}

const newSecret = ({ namespace, name }: ObjectRef, data: Readonly<Record<string, string>>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, labels: { 'app.kubernetes.io/part-of': 'werfbundle' } },
  type: 'kubernetes.io/tls',
  data,
});

const encodeBase64 = (text: string): string => Buffer.from(text).toString('base64');

function decode(secret: Secret): StoredCertificates {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  return { 'tls.crt': text('tls.crt'), 'tls.key': text('tls.key'), 'ca.crt': text('ca.crt'), 'ca.key': text('ca.key') };
}

/** The first certificate of ca.crt is the authority's own; those after it are earlier ones. */
const authorityOf = (stored: StoredCertificates): KeyPair => ({
  certificate: certificatesIn(stored['ca.crt'])[0] ?? '',
  key: stored['ca.key'],
});

const leafOf = (stored: StoredCertificates): KeyPair => ({ certificate: stored['tls.crt'], key: stored['tls.key'] });

/** The authority first, then those before it that are still valid. */
function trustedWith(authority: string, before: string, now: number): string {
  const own = authority.trim();
  const earlier = certificatesIn(before).filter((pem) => {
    const certificate = readCertificate(pem);
    return pem !== own && certificate !== undefined && lifeOf(certificate).to > now;
  });
  return `${[own, ...earlier].join('\n')}\n`;
}

function servingOf(stored: StoredCertificates): Serving {
  const leaf = readCertificate(stored['tls.crt']);
  const expires = leaf === undefined ? 0 : lifeOf(leaf).to;
  return { certificate: stored['tls.crt'], key: stored['tls.key'], trusted: stored['ca.crt'], expires };
}
