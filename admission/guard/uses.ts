import type { ObjectRef } from '../../api/objects.js';
import { referencesOf, valuesReferences } from '../../api/references/references.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { type Change, createReflector, type Reflector } from '../../kube/reflector.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import { deployedChartOf } from '../chart/deployed-chart.js';

type SourceName = Pick<FoundSource, 'kind' | 'name' | 'namespace'>;

/** An item of a bundle's valuesFrom. */
export interface Use {
  readonly bundle: ObjectRef;
  /** One key, or all that the source has. */
  readonly key: string | undefined;
  readonly optional: boolean;
  /** Of the chart that its values will meet, if that is known. */
  readonly digest: string | undefined;
}

/** Which bundles use which sources of values. */
export interface Uses {
  /**
   * Uses by all bundles that look for this source in its namespace, as of a moment ago. They may find another one first, in their own
   * namespace. Rejects with the signal's reason if it is aborted before the bundles are known.
   */
  of(source: SourceName, signal: AbortSignal): Promise<readonly Use[]>;
}

/** What is kept of a bundle: a few texts for each source. */
interface Wanted {
  readonly sources: readonly (SourceName & { readonly use: Use })[];
}

/** {@link Uses} by a watch on all bundles. Bundles that are being deleted use nothing any more. */
export class UseIndex implements Uses {
  readonly #bundles: Reflector<Wanted>;
  readonly #uses = new Map<string, Set<Use>>();

  constructor(options: {
    readonly client: Pick<KubeClient, 'list' | 'watch'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  }) {
    this.#bundles = createReflector<StoredBundle, Wanted>({
      ...options,
      type: WERFBUNDLES,
      project: wantedBy,
      onChange: (change) => this.#changed(change),
    });
  }

  /** Runs until aborted. */
  start(signal: AbortSignal): Promise<void> {
    return this.#bundles.start(signal);
  }

  async of(source: SourceName, signal: AbortSignal): Promise<readonly Use[]> {
    await this.#bundles.whenSynced(signal);
    return [...(this.#uses.get(keyOf(source)) ?? [])];
  }

  #changed({ before, after }: Change<Wanted>): void {
    for (const source of before?.sources ?? []) {
      const key = keyOf(source);
      const others = this.#uses.get(key);
      others?.delete(source.use);
      if (others?.size === 0) this.#uses.delete(key);
    }
    for (const source of after?.sources ?? []) {
      const key = keyOf(source);
      this.#uses.set(key, (this.#uses.get(key) ?? new Set()).add(source.use));
    }
  }
}

const keyOf = ({ kind, namespace, name }: SourceName): string => `${kind}/${namespace}/${name}`;

const wantedBy = (bundle: StoredBundle): Wanted => {
  const { namespace, name, deletionTimestamp } = bundle.metadata;
  if (deletionTimestamp !== undefined) return { sources: [] };
  const digest = deployedChartOf(bundle)?.digest;
  return {
    sources: valuesReferences(referencesOf(bundle, namespace)).flatMap(
      ({ kind, name: source, namespaces, key, optional }) => {
        const use: Use = { bundle: { namespace, name }, key, optional, digest };
        return namespaces.map((where) => ({ kind, name: source, namespace: where, use }));
      },
    ),
  };
};
