import type { Test } from 'tap';
import type { Stored } from '../../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { pause } from '../../process/sleep.js';
import { systemClock } from '../../process/system-clock.js';

/** What a watch has shown so far. */
export interface WatchRecord<S extends Stored> {
  /** Every object that was ever added, in order, as it was then: one for each uid. */
  objects(): readonly S[];
  /** Every state of every object, in order. */
  states(): readonly S[];
}

/** Watches a kind from now on until the spec is done; nothing in between is missed. A watch that ends early fails the spec. */
export const recordWatch = async <S extends Stored>(
  t: Test,
  { client }: { readonly client: KubeClient },
  type: ResourceType<S>,
): Promise<WatchRecord<S>> => {
  const ending = new AbortController();
  const { signal } = ending;
  let { resourceVersion } = await client.list(type, {}, signal);
  const added = new Map<string, S>();
  const states: S[] = [];
  const follow = async (): Promise<void> => {
    for await (const event of client.watch(type, { resourceVersion }, signal)) {
      if (event.type === 'BOOKMARK') continue;
      ({ resourceVersion } = event.object.metadata);
      if (event.type === 'DELETED') continue;
      states.push(event.object);
      if (event.type === 'ADDED') added.set(event.object.metadata.uid, event.object);
    }
    throw new Error(`the watch of ${type.plural} ended`);
  };
  /** The apiserver refuses a watch while it prepares the storage of a CRD that has just been applied: it goes on from where it was. */
  const followAll = async (): Promise<void> => {
    for (;;) {
      try {
        return await follow();
      } catch (error) {
        if (!(error instanceof KubeError) || error.code !== 'too-many-requests') throw error;
        await pause(systemClock, error.retryAfterMs ?? 100, signal);
      }
    }
  };
  const following = followAll().catch((error: unknown) => {
    if (!(error instanceof KubeError && error.code === 'aborted')) t.fail(String(error));
  });
  t.teardown(async () => {
    ending.abort();
    await following;
  });
  return { objects: () => [...added.values()], states: () => [...states] };
};
