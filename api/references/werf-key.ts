import type { Secret } from '../objects.js';
import { secretText } from '../secret-text.js';
import { absent, type Checked, faultOf, LACKS_KEY, nameIn, usable } from './fault.js';
import type { WerfKeyReference } from './references.js';

/** The key that werf decrypts a bundle's values with; never logged, never part of a message. */
export const checkWerfKey = (reference: WerfKeyReference, secret: Secret | undefined): Checked<string> => {
  if (secret === undefined) return absent(reference);
  const key = secretText(secret, reference.key)?.trim();
  return key === undefined || key === ''
    ? faultOf(reference, LACKS_KEY, `${nameIn(reference)} has no key ${reference.key}, or it is empty`)
    : usable(key);
};
