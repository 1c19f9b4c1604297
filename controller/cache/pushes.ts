import type { ConfigMap, Stored } from '../../api/objects.js';
import { decodePush, PUSH_KEPT_MS, PUSHES_CONFIGMAP, type PushRecord } from '../../api/push-record.js';
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

/** By the keys of the ConfigMap; the texts tell whether something was pushed again. */
type Content = Readonly<Record<string, string>>;

/** What receivers have written down: see {@link PUSHES_CONFIGMAP}. It is evidence that something was pushed, and orders a look, no more. */
export class Pushes {
  readonly #deps: PushesDeps;
  readonly #reflector: Reflector<Content>;

  constructor(deps: PushesDeps) {
    this.#deps = deps;
    this.#reflector = createReflector<Stored<ConfigMap>, Content>({
      ...deps,
      type: CONFIGMAPS,
      list: { namespace: deps.namespace, fieldSelector: `metadata.name=${PUSHES_CONFIGMAP}` },
      project: ({ data }) => data ?? {},
      onChange: (change) => this.#changed(change),
    });
  }

  /** Runs until aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#reflector.start(signal);
  }

  /** Whether something was pushed to a repository lately. @param name - its `repositoryName` */
  wasPushed(name: string): boolean {
    const content = this.#reflector.get({ namespace: this.#deps.namespace, name: PUSHES_CONFIGMAP });
    return this.#recent(Object.values(content ?? {})).some(
      (push) => push.name === name || (push.below && name.startsWith(`${push.name}/`)),
    );
  }

  #changed({ before = {}, after = {} }: Change<Content>): void {
    const news = Object.entries(after).filter(([key, text]) => before[key] !== text);
    for (const push of this.#recent(news.map(([, text]) => text))) this.#deps.onPush(push);
  }

  #recent(texts: readonly string[]): readonly PushRecord[] {
    const since = this.#deps.clock.now() - PUSH_KEPT_MS;
    return texts.flatMap((text) => decodePush(text) ?? []).filter(({ at }) => at >= since);
  }
}
