import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigMap } from '../../api/objects.js';
import { Conflict, type InCluster } from './in-cluster.js';

/** Where werf keeps its locks, in the release's namespace. */
export const LOCKS = 'werf-synchronization';

/** Lifetime of a lock, milliseconds, as werf's: a killed Job must not block later ones. */
const LEASE_MS = 10_000;
const RENEWAL_MS = 3_000;
/** How often to check again while the lock is held, milliseconds. */
const LOOK_MS = 250;

interface Wanted {
  readonly cluster: InCluster;
  readonly release: string;
  readonly namespace: string;
  readonly now: () => Date;
  /** Called once if somebody else holds the lock. */
  readonly onWait: () => void;
}

interface Holder {
  readonly id: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** The annotation that holds a release's lock. It is the stand-in's own, since werf could not read what the stand-in leaves. */
export const lockAnnotation = (release: string): string => `lock.playground.werf.io/${release}`;

const holderOf = (locks: ConfigMap | undefined, release: string): Holder | undefined => {
  const text = locks?.metadata.annotations?.[lockAnnotation(release)];
  return text === undefined ? undefined : (JSON.parse(text) as Holder);
};

/**
 * Takes a release's lock as werf does, and renews it: two Jobs of one release come one after the other, also when the first one's Pod
 * outlives its Job. @returns a function that releases it @throws Error in the apiserver's words
 */
export const lockRelease = async (of: Wanted): Promise<() => Promise<void>> => {
  const id = randomUUID();
  const { cluster, release, now } = of;
  const folder = `/api/v1/namespaces/${encodeURIComponent(of.namespace)}/configmaps`;
  const path = `${folder}/${LOCKS}`;
  /** @throws Conflict if somebody changed the locks since `resourceVersion` */
  const write = async (holder: Holder | null, resourceVersion?: string) => {
    const value = holder === null ? null : JSON.stringify(holder);
    const metadata = { annotations: { [lockAnnotation(release)]: value }, ...(resourceVersion && { resourceVersion }) };
    await cluster.ask('PATCH', path, { metadata });
  };
  const claim = (): Holder => ({ id, expiresAt: new Date(now().getTime() + LEASE_MS).toISOString() });
  const take = async (): Promise<boolean> => {
    const found = await cluster.ask<ConfigMap>('GET', path);
    const locks = found ?? (await cluster.ask<ConfigMap>('POST', folder, { metadata: { name: LOCKS } }));
    const holder = holderOf(locks, release);
    if (holder !== undefined && Date.parse(holder.expiresAt) > now().getTime()) return false;
    await write(claim(), locks?.metadata.resourceVersion);
    return true;
  };
  for (let waited = false; !(await take().catch(falseOnConflict)); waited = true) {
    if (!waited) of.onWait();
    await sleep(LOOK_MS);
  }
  /** Never throws: the next renewal makes up for a failed one, and a lock that is not released expires. */
  const rewrite = async (holder: () => Holder | null): Promise<void> => {
    try {
      const found = holderOf(await cluster.ask<ConfigMap>('GET', path), release);
      if (found?.id === id) await write(holder());
    } catch {}
  };
  let renewing = Promise.resolve();
  const renewal = setInterval(() => {
    renewing = renewing.then(() => rewrite(claim));
  }, RENEWAL_MS);
  return async () => {
    clearInterval(renewal);
    await renewing;
    await rewrite(() => null);
  };
};

const falseOnConflict = (error: unknown): false => {
  if (error instanceof Conflict) return false;
  throw error;
};
