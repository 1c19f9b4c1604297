import type { Stored } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { KubeClient } from '../../kube/client.js';
import type { Lease } from '../../kube/election-step.js';
import { LEASES } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { PART_OF } from './operator-namespace.js';

/** A Lease by which a controller leads. */
export interface LeaseView {
  readonly name: string;
  /** '' if nobody holds it. */
  readonly holder: string;
  /** How long it has not been renewed, milliseconds, by this machine's clock and its holder's; undefined: it never was. */
  readonly unrenewedMs: number | undefined;
  /** Whether its holder works: it was renewed just now, or while it was looked at. */
  readonly isFresh: boolean;
}

/** Leases are named after it. */
const CONTROLLER = 'werfbundle-controller';
/**
 * A holder renews it every two seconds: one that was renewed no longer ago was most likely renewed by a process that works. Together with
 * the second look these are the ten seconds after which a controller that can't renew its Lease leads no more, so nothing is called
 * broken that only was slow; the Lease itself is good for fifteen.
 */
const RENEWED_JUST_NOW_MS = 6_000;
/** How long to look at one that seems old: with clocks that differ, only a change tells. */
const SECOND_LOOK_MS = 4_000;

/** The Leases of all controllers of this namespace. @throws KubeError */
export const readLeases = async (
  { client, clock }: { readonly client: Pick<KubeClient, 'list'>; readonly clock: Pick<Clock, 'now' | 'sleep'> },
  namespace: string,
  signal: AbortSignal,
): Promise<readonly LeaseView[]> => {
  const first = await listed(client, namespace, signal);
  const isOld = (lease: Stored<Lease>): boolean =>
    holderOf(lease) !== '' && Math.abs(clock.now() - (renewedAt(lease) ?? 0)) > RENEWED_JUST_NOW_MS;
  const viewOf = (lease: Stored<Lease>, isFresh: boolean): LeaseView => {
    const at = renewedAt(lease);
    const unrenewedMs = at === undefined ? undefined : Math.max(0, clock.now() - at);
    return { name: lease.metadata.name, holder: holderOf(lease), unrenewedMs, isFresh };
  };
  if (!first.some(isOld)) return first.map((lease) => viewOf(lease, holderOf(lease) !== ''));
  await clock.sleep(SECOND_LOOK_MS, signal);
  const before = new Map(first.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  const second = await listed(client, namespace, signal);
  return second.map((lease) => {
    const changed = before.get(lease.metadata.name) !== lease.metadata.resourceVersion;
    return viewOf(lease, holderOf(lease) !== '' && (changed || !isOld(lease)));
  });
};

const listed = async (
  client: Pick<KubeClient, 'list'>,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Stored<Lease>[]> => {
  const { items } = await client.list(LEASES, { namespace, labelSelector: PART_OF }, signal);
  return items.filter(({ metadata }) => metadata.name.startsWith(CONTROLLER));
};

const holderOf = ({ spec }: Lease): string => spec?.holderIdentity ?? '';
const renewedAt = ({ spec }: Lease): number | undefined => parseTime(spec?.renewTime);
