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

/** Uses what a browser stores, unless its user forbids that: then nothing outlasts the page. */
export const ifAllowed = <T>(use: () => T): T | undefined => {
  try {
    return use();
  } catch {
    return undefined;
  }
};

/** The stored key; '' if there is none. */
export const storedKey = (mode: About['mode']): string => ifAllowed(() => storageOf(mode).getItem(NAME)) ?? '';

/** Keeps a key for the next time; '' forgets it. */
export const storeKey = (mode: About['mode'], key: string): void => {
  ifAllowed(() => (key === '' ? storageOf(mode).removeItem(NAME) : storageOf(mode).setItem(NAME, key)));
};

/** Hears of a key that another tab has stored. @returns ends it */
export const onOtherTabsKey = (hear: () => void): (() => void) => {
  const listen = ({ key, newValue }: StorageEvent) => {
    if (key === NAME && newValue !== null) hear();
  };
  addEventListener('storage', listen);
  return () => removeEventListener('storage', listen);
};
