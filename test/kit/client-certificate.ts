import { webcrypto } from 'node:crypto';
import '../../certs/reflect-metadata.js';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { KeyPair } from '../../certs/issue.js';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

/** Makes a certificate for a caller, as an apiserver has one; with `usage` it may be good for something else. */
export const issueClientCertificate = async (
  authority: KeyPair,
  {
    subject,
    usage = 'client',
    until = Date.now() + HOUR_MS,
  }: { readonly subject: string; readonly usage?: 'client' | 'server'; readonly until?: number },
): Promise<KeyPair> => {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), P256, false, [
    'sign',
  ]);
  const certificate = await X509CertificateGenerator.create(
    {
      subject,
      issuer: new X509Certificate(authority.certificate).subject,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: P256,
      notBefore: new Date(Math.min(Date.now(), until) - HOUR_MS),
      notAfter: new Date(until),
      extensions: [
        new ExtendedKeyUsageExtension([usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n` };
};
