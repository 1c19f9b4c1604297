import type { KubeEvent } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { BundleDetail, ChecksAnswer, EventsAnswer, ValuesAnswer } from '../../dashboard/protocol.js';
import type { KubeClient } from '../../kube/client.js';
import { EVENTS, WERFBUNDLES } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { lastSeen, newestEvents } from '../status/summary.js';
import { detailOf } from './bundle-detail.js';
import { Refused, withRight } from './refusal.js';
import type { BundlePart } from './route.js';
import { smallSources } from './small-sources.js';

/** Events that a page is sent. */
const MOST_EVENTS = 50;

interface PartsDeps {
  /** With the caller's rights. */
  readonly client: KubeClient;
  readonly clock: Clock;
  /** What commands need to reach the same cluster: ` --context staging`. */
  readonly options: string;
}

/** Reads a bundle. @throws Refused without the right, or if there is none of that name */
export const readBundle = async (
  client: Pick<KubeClient, 'get'>,
  ref: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<StoredBundle> => {
  const { namespace, name } = ref;
  const right = { verb: 'get', type: WERFBUNDLES, namespace } as const;
  const bundle = await withRight(right, () => client.get(WERFBUNDLES, { namespace, name }, signal));
  if (bundle === undefined) throw new Refused(404, { message: `WerfBundle ${namespace}/${name} was not found` });
  return bundle;
};

/** What is told of a bundle, but its log. @throws Refused, KubeError */
export const readPart = async (
  deps: PartsDeps,
  { part, bundle }: { readonly part: Exclude<BundlePart, 'log'>; readonly bundle: StoredBundle },
  signal: AbortSignal,
): Promise<BundleDetail | EventsAnswer | ValuesAnswer | ChecksAnswer> => {
  const { client, clock, options } = deps;
  // What explain and doctor are made of takes memory that a look at the list does not need.
  switch (part) {
    case 'detail':
      return detailOf({ bundle, now: clock.now(), options });
    case 'events':
      return await eventsOf(client, bundle, signal);
    case 'values':
      return await (await import('./bundle-values.js')).valuesOf({ client, clock, options }, bundle, signal);
    case 'checks':
      return await (await import('./bundle-checks.js')).checksOf(
        { client: smallSources(client), clock, options },
        bundle,
        signal,
      );
    default:
      return part satisfies never;
  }
};

const eventsOf = async (
  client: Pick<KubeClient, 'list'>,
  { metadata: { namespace, uid } }: StoredBundle,
  signal: AbortSignal,
): Promise<EventsAnswer> => {
  const of = { namespace, fieldSelector: `regarding.uid=${uid}` };
  const right = { verb: 'list', type: EVENTS, namespace } as const;
  const { items } = await withRight(right, () => client.list(EVENTS, of, signal));
  return { events: newestEvents(items, MOST_EVENTS).toReversed().map(eventRow) };
};

const eventRow = (event: KubeEvent) => ({
  type: event.type ?? '',
  reason: event.reason ?? '',
  note: event.note ?? '',
  at: new Date(lastSeen(event)).toISOString(),
  count: event.series?.count ?? event.deprecatedCount ?? 1,
});
