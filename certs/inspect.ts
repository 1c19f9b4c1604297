import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { AUTHORITY_NAME, BACKDATE_MS, type KeyPair } from './issue.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, in order; other text is left out. */
export const certificatesIn = (pem: string): readonly string[] => pem.match(CERTIFICATE) ?? [];

/** The text of a PEM file with these certificates. */
export const pemOf = (certificates: readonly string[]): string =>
  certificates.map((certificate) => `${certificate}\n`).join('');

/** Undefined for anything that OpenSSL can't read. Only the first certificate of several is looked at. */
export const readCertificate = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

/** Whether `key` is the private key of `certificate`; false if either is unreadable. */
export const fitsTogether = (pair: KeyPair): boolean => {
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key));
  } catch {
    return false;
  }
};

/** When a certificate begins and ends, milliseconds since 1970. */
export interface Life {
  /** When it was made, estimated from its validity. */
  readonly born: number;
  readonly to: number;
}

/** A CA, as far as decisions need it. `id` tells certificates apart (SHA-256 fingerprint). */
export interface AuthorityFacts extends Life {
  readonly id: string;
}

/** A leaf, as far as decisions need it. */
export interface LeafFacts extends Life {
  readonly id: string;
  /** `id` of the given CA that has signed it. */
  readonly signer: string | undefined;
  /** The wanted names that it is not valid for. */
  readonly missing: readonly string[];
}

const lifeOf = (certificate: X509Certificate): Life => {
  const to = Date.parse(certificate.validTo);
  // Certificates of others may not be backdated: then this is an hour late, but no later than the end.
  return { born: Math.min(Date.parse(certificate.validFrom) + BACKDATE_MS, to), to };
};

/** Apiservers trust a self-signed leaf as they trust a CA; cert-manager's SelfSigned issuer makes such leaves. */
const isSelfSigned = (certificate: X509Certificate): boolean =>
  certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);

/** Undefined for a certificate that is neither a CA nor self-signed, or can't be read. */
export const authorityFacts = (pem: string): AuthorityFacts | undefined => {
  const certificate = readCertificate(pem);
  if (certificate === undefined || !(certificate.ca || isSelfSigned(certificate))) return undefined;
  return { id: certificate.fingerprint256, ...lifeOf(certificate) };
};

/** Whether it is a CA that one of our replicas made, by its name. */
export const isOurs = (pem: string): boolean => {
  const certificate = readCertificate(pem);
  return certificate?.ca === true && certificate.subject === AUTHORITY_NAME;
};

const isValidFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

/**
 * Facts about a leaf. Never throws: one that can't be read or does not fit its key is `broken`.
 * @param pair - intermediate certificates may follow the leaf
 * @param wanted.authorities - PEM, one CA each
 * @param wanted.names - DNS names and IP addresses; more names in the leaf do no harm
 */
export const leafFacts = (
  pair: KeyPair,
  wanted: { readonly authorities: readonly string[]; readonly names: readonly string[] },
): LeafFacts | 'broken' => {
  const [leaf, ...intermediates] = certificatesIn(pair.certificate).map(readCertificate);
  if (leaf === undefined || !fitsTogether(pair)) return 'broken';
  const last = lastOfChain(leaf, intermediates);
  const roots = wanted.authorities.map(readCertificate);
  const signer = roots.find((root) => root !== undefined && vouches(root, last));
  return {
    id: leaf.fingerprint256,
    ...lifeOf(leaf),
    signer: signer?.fingerprint256,
    missing: wanted.names.filter((name) => !isValidFor(leaf, name)),
  };
};

const vouches = (root: X509Certificate, certificate: X509Certificate): boolean =>
  root.fingerprint256 === certificate.fingerprint256 || (root.ca && certificate.verify(root.publicKey));

/** The certificate that one of the trusted CAs must have signed. */
const lastOfChain = (leaf: X509Certificate, rest: readonly (X509Certificate | undefined)[]): X509Certificate => {
  let last = leaf;
  for (const next of rest) {
    if (next === undefined || !next.ca || !last.verify(next.publicKey)) return last;
    last = next;
  }
  return last;
};

/** DNS names and IP addresses that a certificate is valid for; none if it can't be read. */
export const namesOf = (certificate: string): readonly string[] => {
  const names = readCertificate(certificate)?.subjectAltName ?? '';
  return [...names.matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)].map(([, name = '']) => name);
};
