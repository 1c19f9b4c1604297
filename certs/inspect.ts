import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { KeyPair } from './issue.js';
import type { Current, Life } from './plan.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, in order; what is between them is left out. */
export const certificatesIn = (pem: string): readonly string[] => pem.match(CERTIFICATE) ?? [];

/** Undefined for anything that OpenSSL can't read. Only the first certificate of several is looked at. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Whether `key` is the private key of `certificate`; false if either is unreadable. */
export function fitsTogether(pair: KeyPair): boolean {
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key));
  } catch {
    return false;
  }
}

/** @returns milliseconds since 1970 */
export const lifeOf = (certificate: X509Certificate): Life => ({
  from: Date.parse(certificate.validFrom),
  to: Date.parse(certificate.validTo),
});

const isValidFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

/**
 * Facts about an authority and its leaf. Never throws: what can't be read is `broken`.
 * @param names - DNS names and IP addresses that the leaf is wanted for; more names in it do no harm
 */
export function inspect(authority: KeyPair, leaf: KeyPair, names: readonly string[]): Current {
  const root = readCertificate(authority.certificate);
  if (root === undefined || !root.ca || !fitsTogether(authority)) return { authority: 'broken', leaf: 'broken' };
  const serving = readCertificate(leaf.certificate);
  if (serving === undefined || !fitsTogether(leaf) || !serving.verify(root.publicKey)) {
    return { authority: lifeOf(root), leaf: 'broken' };
  }
  const missing = names.filter((name) => !isValidFor(serving, name));
  return { authority: lifeOf(root), leaf: { ...lifeOf(serving), missing } };
}
