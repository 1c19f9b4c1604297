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
const BACKDATE_MS = 60 * 60 * 1000;

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const newKeys = () => webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

const period = (now: number, lifeMs: number) => ({
  notBefore: new Date(now - BACKDATE_MS),
  notAfter: new Date(now + lifeMs),
});

/**
 * Makes a CA that may sign serving certificates and nothing else (path length 0).
 * @param now - milliseconds since 1970
 */
export async function issueAuthority(now: number): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=werfbundle-webhook-ca',
      keys,
      signingAlgorithm: P256,
      ...period(now, AUTHORITY_LIFE_MS),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
}

/**
 * Makes a serving certificate.
 * @param authority - signs it
 * @param names - DNS names and IP addresses that it is valid for, at least one
 * @param now - milliseconds since 1970
 * @throws if the authority is no readable P-256 pair
 */
export async function issueLeaf(authority: KeyPair, names: readonly string[], now: number): Promise<KeyPair> {
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
      ...period(now, LEAF_LIFE_MS),
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
}
