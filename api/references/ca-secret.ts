import { X509Certificate } from 'node:crypto';
import type { Secret } from '../objects.js';
import { secretText } from '../secret-text.js';
import { absent, type Checked, faultOf, LACKS_KEY, nameIn, usable } from './fault.js';
import type { CaSecretReference } from './references.js';

const CA_KEY = 'ca.crt';
const UNUSABLE = { kind: 'unusable', rule: 'ca-secret-unusable' } as const;

/** Checks the Secret with the CA certificates that a bundle's registry is verified with; its value is the certificates, PEM. */
export const checkCaSecret = (reference: CaSecretReference, secret: Secret | undefined): Checked<string> => {
  if (secret === undefined) return absent(reference);
  const pem = secretText(secret, CA_KEY);
  if (pem === undefined) return faultOf(reference, LACKS_KEY, `${nameIn(reference)} has no key ${CA_KEY}`);
  return isCertificate(pem)
    ? usable(pem)
    : faultOf(reference, UNUSABLE, `${nameIn(reference)} has no PEM certificate under ${CA_KEY}`);
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // OpenSSL's message would not help the user.
    return false;
  }
};
