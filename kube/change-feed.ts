import { type ObjectRef, refOf, type Stored } from '../api/objects.js';
import type { Clock, Log, Random } from '../process/ports.js';
import type { KubeClient, KubeError, ListOptions, ResourceType } from './client.js';
import { followChanges } from './list-watch.js';
import { resourceName } from './resource-path.js';

interface ChangeFeedDeps {
  readonly client: Pick<KubeClient, 'head' | 'watch'>;
  readonly type: ResourceType;
  readonly list?: ListOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** An object was created, changed or deleted. Must not throw, and return at once. `namespace` is '' for cluster-scoped ones. */
  readonly onChange: (ref: ObjectRef) => void;
  /** Changes may have been missed: the watch could not be resumed where it had ended. */
  readonly onGap: () => void;
}

/**
 * Reports which objects of a kind change, from metadata-only watches; caches nothing and lists nothing.
 *
 * Guarantees: each change after the watch has begun is reported, or `onGap` is called; no fault of the apiserver ends it. A change may
 * be reported more than once.
 */
export class ChangeFeed {
  readonly #deps: ChangeFeedDeps;
  readonly #log: Log;
  #begun = false;

  constructor(deps: ChangeFeedDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ resource: resourceName(deps.type) });
  }

  /** Runs until aborted; rejects for bugs only. */
  async start(signal: AbortSignal): Promise<void> {
    const { client, type, list = {}, onChange } = this.#deps;
    const follower = {
      begin: (running: AbortSignal) => this.#begin(running),
      changes: (resourceVersion: string, running: AbortSignal) =>
        client.watch(type, { ...list, resourceVersion, metadataOnly: true }, running),
      onChange: ({ object }: { readonly object: Stored }) => onChange(refOf(object)),
    };
    const onEnd = this.#report.bind(this);
    await followChanges({ ...follower, onEnd }, this.#deps, signal);
  }

  async #begin(signal: AbortSignal): Promise<string> {
    const { client, type, list = {}, onGap } = this.#deps;
    const resourceVersion = await client.head(type, list, signal);
    if (this.#begun) onGap();
    this.#begun = true;
    return resourceVersion;
  }

  /** A dropped watch is normal: only a lasting failure is logged, now and then. */
  #report(event: { readonly kind: string; readonly code?: KubeError['code'] }, failures: number): void {
    if (event.kind !== 'failed') return;
    const fields = { code: event.code, failures };
    if (failures === 3 || failures % 10 === 0) this.#log.warn('cannot follow changes', fields);
    else this.#log.debug('watch failed', fields);
  }
}
