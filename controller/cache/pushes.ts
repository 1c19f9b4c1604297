import type { ConfigMap, Stored } from '../../api/objects.js';
import { decodePush, PUSH_KEPT_MS, PUSHES_CONFIGMAP, PUSHES_KEPT, type PushRecord } from '../../api/push-record.js';
import type { KubeClient } from '../../kube/client.js';
import { type Change, createReflector, type Reflector } from '../../kube/reflector.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { Clock, Log, Random } from '../../process/ports.js';

interface PushesDeps {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** Something was pushed, no longer ago than a push is kept. Called for each push once, and again after a restart. */
  readonly onPush: (push: PushRecord) => void;
}

/** By the keys of the ConfigMap; a later time tells that something was pushed again. */
type Content = ReadonlyMap<string, PushRecord>;

const NOTHING: Content = new Map();

/** Receivers write no more than {@link PUSHES_KEPT} and what comes at once: what else stands there costs nothing more. */
const MOST_READ = 2 * PUSHES_KEPT;

/**
 * What receivers have written down: see {@link PUSHES_CONFIGMAP}. It is evidence that something was pushed, and orders a look, no more; what
 * no receiver could have written is as if it were not there.
 */
export class Pushes {
  readonly #deps: PushesDeps;
  readonly #reflector: Reflector<Content>;

  constructor(deps: PushesDeps) {
    this.#deps = deps;
    this.#reflector = createReflector<Stored<ConfigMap>, Content>({
      ...deps,
      type: CONFIGMAPS,
      list: { namespace: deps.namespace, fieldSelector: `metadata.name=${PUSHES_CONFIGMAP}` },
      project: ({ data = {} }) => contentOf(data, deps.clock.now()),
      onChange: (change) => this.#changed(change),
    });
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#reflector.start(signal);
  }

  /** What was pushed to a repository lately. @param name - its `repositoryName` */
  lastPush(name: string): PushRecord | undefined {
    const { clock, namespace } = this.#deps;
    const content = this.#reflector.get({ namespace, name: PUSHES_CONFIGMAP }) ?? NOTHING;
    const since = clock.now() - PUSH_KEPT_MS;
    for (const push of content.values()) {
      if (push.at < since) continue;
      if (push.name === name || (push.below && name.startsWith(`${push.name}/`))) return push;
    }
    return undefined;
  }

  #changed({ before = NOTHING, after = NOTHING }: Change<Content>): void {
    for (const [key, push] of after) if (before.get(key)?.at !== push.at) this.#deps.onPush(push);
  }
}

const contentOf = (data: Readonly<Record<string, string>>, now: number): Content => {
  const content = new Map<string, PushRecord>();
  for (const [key, text] of Object.entries(data).slice(0, MOST_READ)) {
    const push = decodePush(key, text, now);
    if (push !== undefined) content.set(key, push);
  }
  return content;
};
