import type { About } from '../../protocol.js';

const NAME = 'werfbundle-key';

/** A link that is opened in another tab has to work with the key of one's own server; a token of a cluster stays in its tab. */
const storageOf = (mode: About['mode']): Storage => (mode === 'local' ? localStorage : sessionStorage);

/** The key in the address's fragment, which is taken out of it; '' if there is none. A proxy or a bookmark never gets to see it. */
export const takeKeyFromAddress = (): string => {
  const key = new URLSearchParams(location.hash.slice(1)).get('key') ?? '';
  if (key !== '') history.replaceState(history.state, '', location.pathname + location.search);
  return key;
};

/** The stored key; '' if there is none. */
export const storedKey = (mode: About['mode']): string => storageOf(mode).getItem(NAME) ?? '';

/** Keeps a key for the next time; '' forgets it. */
export const storeKey = (mode: About['mode'], key: string): void => {
  if (key === '') storageOf(mode).removeItem(NAME);
  else storageOf(mode).setItem(NAME, key);
};
