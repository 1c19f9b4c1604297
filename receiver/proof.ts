import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Receiver } from './receivers.js';
import type { Proof } from './senders/sender.js';

/** What of a request can prove whose it is, before its body has come. */
interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** What stands in the path behind the receiver's name; undefined: nothing. */
  readonly inPath: string | undefined;
}

/** Compares in a time that tells nothing of where they differ, nor of their lengths. */
const isEqual = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

const textOf = (value: string | readonly string[] | undefined): string => (typeof value === 'string' ? value : '');

/** How calls are signed that are proven like that; undefined: they are not. */
export const signatureOf = (proof: Proof): Extract<Proof, { kind: 'signature' }> | undefined =>
  proof.kind === 'signature' ? proof : undefined;

/** The secret that a call shows; undefined: its body is signed, and proves it later. */
const shownSecret = (proof: Proof, { headers, inPath }: Credentials): string | undefined => {
  switch (proof.kind) {
    case 'authorization':
      return (headers.authorization ?? '').replace(/^Bearer +/i, '');
    case 'header':
      return textOf(headers[proof.header]);
    case 'path':
      return inPath ?? '';
    case 'signature':
      return undefined;
    default:
      return proof satisfies never;
  }
};

/**
 * Whether a call may be a receiver's, by what comes before its body. A secret in a path that needs none proves nothing, and would be in
 * the logs of every proxy.
 */
export const mayBeOf = ({ secrets }: Pick<Receiver, 'secrets'>, proof: Proof, credentials: Credentials): boolean => {
  if (proof.kind !== 'path' && credentials.inPath !== undefined) return false;
  if (proof.kind === 'signature' && textOf(credentials.headers[proof.header]) === '') return false;
  const shown = shownSecret(proof, credentials);
  // All are compared, so that the time tells nothing of which one it was.
  return shown === undefined || secrets.map((secret) => isEqual(secret, shown)).includes(true);
};

/** Whether a body was signed with one of the receiver's secrets, if that is how its calls are proven. */
export const isSigned = (
  { secrets }: Pick<Receiver, 'secrets'>,
  proof: Proof,
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: Uint8Array },
): boolean => {
  if (proof.kind !== 'signature') return true;
  const shown = textOf(headers[proof.header]).toLowerCase();
  return secrets
    .map((secret) => isEqual(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`, shown))
    .includes(true);
};
