import { useEffect, useMemo, useState } from 'preact/hooks';
import { browserClock } from '../browser.js';
import type { Client } from './client.js';
import type { LiveBundles } from './live-bundles.js';
import { type Loaded, Resource } from './resource.js';

/** A resource as a component sees it. */
interface UsedResource<T> {
  readonly loaded: Loaded<T>;
  /** Reads it again, changed or not. */
  readonly reload: () => void;
}

/** Draws a component anew; many calls in a row draw it once. */
export const useRedraw = (): (() => void) => {
  const [, set] = useState(0);
  return useMemo(() => () => set((count) => count + 1), []);
};

/** From where a part of the detail is read. */
export interface ReadFrom {
  readonly client: Client;
  /** `/api/bundles/NAMESPACE/NAME` */
  readonly path: string;
  readonly live: LiveBundles;
}

/** A part below a path: `events`. */
export const withPath = ({ client, path, live }: ReadFrom, part: string): ReadFrom => ({
  client,
  path: `${path}/${part}`,
  live,
});

/** Reads a path, and again when `version` is another one, or the server is there again. What was read stays meanwhile. */
export const useResource = <T>({ client, path, live }: ReadFrom, version: string): UsedResource<T> => {
  const redraw = useRedraw();
  const [asked, ask] = useState(0);
  const resource = useMemo(
    () => new Resource<T>({ client, clock: browserClock, path, onChange: redraw }),
    [client, path],
  );
  useEffect(() => () => resource.stop(), [resource]);
  useEffect(() => resource.want(`${version} ${asked}`), [resource, version, asked]);
  const reload = () => ask((count) => count + 1);
  useEffect(() => {
    if (resource.loaded.problem?.kind === 'lost') reload();
  }, [live.listings]);
  return { loaded: resource.loaded, reload };
};
