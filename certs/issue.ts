import './reflect-metadata.js';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both PEM (the key PKCS #8). */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Life of a CA, milliseconds: as cert-manager's own CA has it. */
export const AUTHORITY_LIFE_MS = 365 * DAY_MS;
/** Life of a serving certificate, milliseconds: short, since nobody but the apiserver has to know it. */
export const LEAF_LIFE_MS = 7 * DAY_MS;
/** Certificates are valid this much before they are made: the apiserver's clock may be behind ours. */
export const BACKDATE_MS = 60 * 60 * 1000;

/** Subject of each CA that is made here. */
export const AUTHORITY_NAME = 'CN=werfbundle-webhook-ca';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const newKeys = () => webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

const period = (now: number, until: number) => ({
  notBefore: new Date(now - BACKDATE_MS),
  notAfter: new Date(until),
});

/**
 * Makes a CA that may sign serving certificates and nothing else (path length 0).
 * @param now - milliseconds since 1970
 */
export const issueAuthority = async (now: number, lifeMs = AUTHORITY_LIFE_MS): Promise<KeyPair> => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: AUTHORITY_NAME,
      keys,
      signingAlgorithm: P256,
      ...period(now, now + lifeMs),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
};

/** What a serving certificate is to be. */
interface LeafOrder {
  /** Signs it. */
  readonly authority: KeyPair;
  /** DNS names and IP addresses that it is valid for, at least one. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** End of its life, milliseconds since 1970; whole seconds count. */
  readonly until: number;
}

/**
 * Makes a serving certificate that lives as long as usual.
 * @param now - milliseconds since 1970
 * @throws if the authority is no readable P-256 pair
 */
export const issueLeaf = (authority: KeyPair, names: readonly string[], now: number): Promise<KeyPair> =>
  issueLeafUntil({ authority, names, now, until: now + LEAF_LIFE_MS });

/**
 * Makes a serving certificate.
 * @throws if the authority is no readable P-256 pair
 */
export const issueLeafUntil = async ({ authority, names, now, until }: LeafOrder): Promise<KeyPair> => {
  const keys = await newKeys();
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), P256, false, [
    'sign',
  ]);
  const certificate = await X509CertificateGenerator.create(
    {
      subject: 'CN=werfbundle-webhook',
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: P256,
      ...period(now, until),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
          false,
        ),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
};
