import type { ObjectRef } from '../api/objects.js';
import type { StoredBundle, WerfBundleStatus } from '../api/werfbundle.js';
import type { KubeClient } from '../kube/client.js';
import { createReflector, type Reflector } from '../kube/reflector.js';
import { WERFBUNDLES } from '../kube/resources.js';
import type { Clock, Log, Random } from '../process/ports.js';

/** Something expected did not happen in time. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** Waits for states of bundles. It sees every state that a watch shows, short ones too. */
export class BundleWatch {
  readonly #reflector: Reflector<StoredBundle>;
  readonly #listeners = new Set<(bundle: StoredBundle) => void>();

  constructor(options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  }) {
    this.#reflector = createReflector<StoredBundle, StoredBundle>({
      ...options,
      type: WERFBUNDLES,
      project: (bundle) => bundle,
      onChange: ({ after }) => {
        if (after !== undefined) for (const listener of this.#listeners) listener(after);
      },
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#reflector.start(signal);
  }

  /**
   * Resolves as soon as the bundle is as described, now or later.
   * @param wanted.what - for the message: `shop is Synced with v1.1.0`
   * @throws BrokenPromise after `withinMs`, with the bundle's state instead; the signal's reason when it is aborted
   */
  until(
    ref: ObjectRef,
    wanted: { readonly what: string; readonly withinMs: number; readonly is: (status: WerfBundleStatus) => boolean },
    signal: AbortSignal,
  ): Promise<StoredBundle> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      let last = this.#reflector.get(ref);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        this.#listeners.delete(look);
        finish();
      };
      const look = (bundle: StoredBundle) => {
        if (bundle.metadata.name !== ref.name || bundle.metadata.namespace !== ref.namespace) return;
        last = bundle;
        if (wanted.is(bundle.status ?? {})) settle(() => resolve(bundle));
      };
      const timer = setTimeout(() => settle(() => reject(brokenPromise(wanted, last))), wanted.withinMs);
      const aborted = () => settle(() => reject(signal.reason));
      signal.addEventListener('abort', aborted);
      this.#listeners.add(look);
      if (last !== undefined) look(last);
    });
  }
}

const brokenPromise = (
  wanted: { readonly what: string; readonly withinMs: number },
  last: StoredBundle | undefined,
): BrokenPromise => {
  const seconds = Math.round(wanted.withinMs / 1_000);
  const instead = last === undefined ? 'there is no such bundle' : JSON.stringify(last.status, null, 2);
  return new BrokenPromise(`promised, and not seen in ${seconds} s: ${wanted.what}; its status instead: ${instead}`);
};
