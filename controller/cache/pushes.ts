import type { ConfigMap, Stored } from '../../api/objects.js';
import {
  isOfNow,
  PUSH_KEPT_MS,
  PUSHES_CONFIGMAP,
  PUSHES_KEPT,
  type PushRecord,
  readPush,
} from '../../api/push-record.js';
import { preciseTime } from '../../api/timestamp.js';
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
interface Content {
  readonly current: ReadonlyMap<string, PushRecord>;
  /** Too long ago, or as far ahead: by this process' clock. */
  readonly others: ReadonlyMap<string, PushRecord>;
}

const NOTHING: Content = { current: new Map(), others: new Map() };

/** After a line about clocks the next one comes no sooner, milliseconds. */
const CLOCKS_QUIET_MS = 60 * 60_000;

/** Receivers write no more than {@link PUSHES_KEPT} and what comes at once: what else stands there costs nothing more. */
const MOST_READ = 2 * PUSHES_KEPT;

/**
 * What receivers have written down: see {@link PUSHES_CONFIGMAP}. It is evidence that something was pushed, and orders a look, no more; what
 * no receiver could have written is as if it were not there.
 */
export class Pushes {
  readonly #deps: PushesDeps;
  readonly #reflector: Reflector<Content>;
  /** When clocks were told of last, by the monotonic clock. */
  #toldOfClocks = Number.NEGATIVE_INFINITY;

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
    for (const push of content.current.values()) {
      if (push.at < since) continue;
      if (push.name === name || (push.below && name.startsWith(`${push.name}/`))) return push;
    }
    return undefined;
  }

  #changed({ before, after = NOTHING }: Change<Content>): void {
    const { current, others } = before ?? NOTHING;
    for (const [key, push] of after.current) if (current.get(key)?.at !== push.at) this.#deps.onPush(push);
    const now = this.#deps.clock.now();
    for (const [key, push] of after.others) {
      const isNew = [current, others].every((known) => known.get(key)?.at !== push.at);
      // What stood there before this process began may be old; nothing that was written can lie ahead.
      if (isNew && (before !== undefined || push.at > now)) this.#tellOfClocks(push, now);
    }
  }

  /** A receiver has just written a time that is not now. */
  #tellOfClocks({ name, at }: PushRecord, now: number): void {
    const { clock, log } = this.#deps;
    if (clock.monotonic() - this.#toldOfClocks < CLOCKS_QUIET_MS) return;
    this.#toldOfClocks = clock.monotonic();
    log.warn(
      'pushes are passed over: the clock of a receiver and the clock of this process are more than five minutes apart',
      {
        repository: name,
        received: preciseTime(at),
        now: preciseTime(now),
      },
    );
  }
}

const contentOf = (data: Readonly<Record<string, string>>, now: number): Content => {
  const current = new Map<string, PushRecord>();
  const others = new Map<string, PushRecord>();
  for (const [key, text] of Object.entries(data).slice(0, MOST_READ)) {
    const push = readPush(key, text);
    if (push !== undefined) (isOfNow(push, now) ? current : others).set(key, push);
  }
  return { current, others };
};
