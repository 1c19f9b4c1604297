import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** The key of an installation, which nobody else can read. `id` names it, and has no colon. */
export interface InstallationKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** What is signed. A signature of one purpose is none of another, whatever the contents. */
interface Signed {
  readonly purpose: 'status' | 'job' | 'redaction' | 'plan' | 'plan-key' | 'kept-plan' | 'kept';
  /** JSON-like; the order of keys does not matter. */
  readonly content: unknown;
}

/**
 * Proof that the controller itself has written something that others may write as well.
 * @returns `<key id>:<64 hex digits>`; the same for the same content and key
 */
export const signatureOf = ({ purpose, content }: Signed, { id, secret }: InstallationKey): string =>
  `${id}:${createHmac('sha256', secret)
    .update(`${purpose}\n${canonicalJson(content)}`)
    .digest('hex')}`;

/** Whether this is the signature of just this content, by this key. */
export const isSignature = (signature: string | undefined, signed: Signed, key: InstallationKey): boolean => {
  if (signature === undefined) return false;
  const [given, right] = [signature, signatureOf(signed, key)].map((text) => Buffer.from(text)) as [Buffer, Buffer];
  return given.length === right.length && timingSafeEqual(given, right);
};
