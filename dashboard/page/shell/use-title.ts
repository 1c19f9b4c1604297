import { useEffect } from 'preact/hooks';
import type { LiveBundles } from '../live/live-bundles.js';
import { stateWords } from '../rows/states.js';
import type { OpenBundle } from './address.js';

/** Says in the tab's title what it would be opened for: the bundle's state, or how many have failed. */
export const useTitle = (live: LiveBundles, open: OpenBundle | undefined): void => {
  const title = open === undefined ? listTitle(live) : bundleTitle(live, open);
  useEffect(() => {
    document.title = title;
  }, [title]);
};

const listTitle = ({ rows }: LiveBundles): string => {
  const failed = rows.count('failed');
  return failed === 0 ? 'Werf bundles' : `(${failed} failed) Werf bundles`;
};

const bundleTitle = ({ rows }: LiveBundles, { namespace, name }: OpenBundle): string => {
  const row = rows.find(namespace, name);
  return row === undefined ? `${namespace}/${name}` : `${stateWords(row.state).word}: ${namespace}/${name}`;
};
