import type { Secret } from './objects.js';

/** A key of a Secret as text; undefined if there is no such key. */
export const secretText = (secret: Secret, key: string): string | undefined => {
  const { data = {} } = secret;
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
};
