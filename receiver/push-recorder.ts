import type { ConfigMap, Stored } from '../api/objects.js';
import {
  decodePush,
  encodePush,
  PUSH_KEPT_MS,
  PUSHES_CONFIGMAP,
  type PushRecord,
  pushKey,
} from '../api/push-record.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { CONFIGMAPS } from '../kube/resources.js';
import { Deadline } from '../process/deadline.js';
import type { Clock, Log } from '../process/ports.js';

interface PushRecorderDeps {
  readonly client: Pick<KubeClient, 'mergePatch'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /** The operator's. */
  readonly namespace: string;
}

/** Whether a push is where the controllers see it. `why`: for the log and for /readyz. */
type Recorded = { readonly kind: 'recorded' } | { readonly kind: 'failed'; readonly why: string };

type Push = Omit<PushRecord, 'at'>;

/** Time from one write to the next, milliseconds: what comes meanwhile is written together. */
const WRITE_GAP_MS = 200;
/** Time for one write, milliseconds: a sender waits for its answer. */
const WRITE_MS = 3_000;
/** Pushes that are kept at most; the oldest go first, and controllers have seen them by then. */
const MOST = 1_000;

/** Writes down pushes where the controllers see them: few writes, however many pushes come. */
export class PushRecorder {
  readonly #deps: PushRecorderDeps;
  #pending = new Map<string, PushRecord>();
  #waiting: ((recorded: Recorded) => void)[] = [];
  #isWriting = false;
  /** The ConfigMap's content, as it was after the last write. */
  #content: Readonly<Record<string, string>> = {};

  constructor(deps: PushRecorderDeps) {
    this.#deps = deps;
  }

  /** Resolves when they are written. Without any, it finds out whether there could be. Never rejects. */
  record(pushes: readonly Push[]): Promise<Recorded> {
    const at = this.#deps.clock.now();
    for (const push of pushes) this.#pending.set(pushKey(push), { ...push, at });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const [pushes, waiting] = [this.#pending, this.#waiting];
      this.#pending = new Map();
      this.#waiting = [];
      const recorded = await this.#write(pushes);
      for (const resolve of waiting) resolve(recorded);
      await this.#deps.clock.sleep(WRITE_GAP_MS);
    }
    this.#isWriting = false;
  }

  async #write(pushes: ReadonlyMap<string, PushRecord>): Promise<Recorded> {
    const { client, clock, log, namespace } = this.#deps;
    const ref = { namespace, name: PUSHES_CONFIGMAP };
    const data = patchOf(this.#content, pushes, clock.now());
    try {
      const written = await new Deadline(clock, WRITE_MS).run((signal) =>
        client.mergePatch<Stored<ConfigMap>>(CONFIGMAPS, ref, { data }, {}, signal),
      );
      this.#content = written.data ?? {};
      return { kind: 'recorded' };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.warn('pushes could not be passed on to the controller', { pushes: pushes.size, error: error.message });
      return { kind: 'failed', why: error.message };
    }
  }
}

/** What is added, and what goes: old pushes, and texts that no receiver wrote. Pure. */
const patchOf = (
  content: Readonly<Record<string, string>>,
  pushes: ReadonlyMap<string, PushRecord>,
  now: number,
): Readonly<Record<string, string | null>> => {
  const ages = Object.entries(content)
    .filter(([key]) => !pushes.has(key))
    .map(([key, text]) => ({ key, at: decodePush(text)?.at ?? Number.NEGATIVE_INFINITY }))
    .toSorted((a, b) => b.at - a.at);
  const kept = Math.max(0, MOST - pushes.size);
  const gone = ages.filter(({ at }, index) => index >= kept || now - at > PUSH_KEPT_MS);
  return Object.fromEntries([
    ...gone.map(({ key }) => [key, null] as const),
    ...[...pushes].map(([key, push]) => [key, encodePush(push)] as const),
  ]);
};
