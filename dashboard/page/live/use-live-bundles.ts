import { useEffect, useMemo } from 'preact/hooks';
import { browserClock } from '../browser.js';
import type { Client } from './client.js';
import { gathered } from './gathered.js';
import { LiveBundles } from './live-bundles.js';
import { useRedraw } from './use-resource.js';

/** Lines of the feed that come within this time are drawn at once. */
const GATHER_MS = 16;

/** The list of these namespaces, as of now; none: of all. */
export const useLiveBundles = (client: Client, namespaces: readonly string[]): LiveBundles => {
  const redraw = useRedraw();
  const live = useMemo(() => {
    const onChange = gathered(redraw, GATHER_MS, browserClock);
    return new LiveBundles({ client, clock: browserClock, onChange });
  }, [client]);
  useEffect(() => () => live.stop(), [live]);
  useEffect(() => live.follow(namespaces), [live, namespaces.join()]);
  return live;
};
