import type { ConfigMap, Stored } from '../api/objects.js';
import { decodePush, encodePush, PUSHES_CONFIGMAP, PUSHES_KEPT, type PushRecord, pushKey } from '../api/push-record.js';
import { type KubeClient, KubeError } from '../kube/client.js';
import { CONFIGMAPS } from '../kube/resources.js';
import { Deadline } from '../process/deadline.js';
import type { Clock, Log } from '../process/ports.js';

interface PushRecorderDeps {
  readonly client: Pick<KubeClient, 'mergePatch'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** The operator's. */
  readonly namespace: string;
}

/** Whether a push is where the controllers see it. `why`: for the log and for /readyz. `full`: too many wait to be written already. */
type Recorded =
  | { readonly kind: 'recorded' }
  | { readonly kind: 'full' }
  | { readonly kind: 'failed'; readonly why: string };

type Push = Omit<PushRecord, 'at'>;

/** Time from one write to the next, milliseconds: what comes meanwhile is written together. */
const WRITE_GAP_MS = 500;
/** Time for one write, milliseconds: a sender waits for its answer. */
const WRITE_MS = 3_000;
/** Repositories of one receiver that wait for one write at most, and of all: none may take the others' room. */
const MOST_WAITING = { ofOne: 32, ofAll: PUSHES_KEPT } as const;
/** Calls that wait for one write at most. */
const MOST_CALLS = 512;

/** What waits for the next write. */
class Batch {
  readonly pushes = new Map<string, PushRecord>();
  readonly waiting: ((recorded: Recorded) => void)[] = [];
  readonly #counts = new Map<string, number>();

  /** Takes them, if there is room. */
  take(receiver: string, pushes: readonly PushRecord[]): boolean {
    const news = pushes.filter((push) => !this.pushes.has(pushKey(push)));
    const count = (this.#counts.get(receiver) ?? 0) + news.length;
    const isFull = count > MOST_WAITING.ofOne || this.pushes.size + news.length > MOST_WAITING.ofAll;
    if (this.waiting.length >= MOST_CALLS || (news.length > 0 && isFull)) return false;
    this.#counts.set(receiver, count);
    for (const push of pushes) this.pushes.set(pushKey(push), push);
    return true;
  }
}

/** Writes down pushes where the controllers see them: few writes, and small ones, however many pushes come. */
export class PushRecorder {
  readonly #deps: PushRecorderDeps;
  #next = new Batch();
  #isWriting = false;
  /** The ConfigMap's content, as it was after the last write. */
  #content: Readonly<Record<string, string>> = {};

  constructor(deps: PushRecorderDeps) {
    this.#deps = deps;
  }

  /** Resolves when they are written. Never rejects. @param receiver - whose they are */
  record(receiver: string, pushes: readonly Push[]): Promise<Recorded> {
    const at = this.#deps.clock.now();
    const batch = this.#next;
    if (
      !batch.take(
        receiver,
        pushes.map((push) => ({ ...push, at })),
      )
    )
      return Promise.resolve({ kind: 'full' });
    return this.#written(batch);
  }

  /** Finds out whether pushes could be written, by writing none. Never rejects. */
  probe(): Promise<Recorded> {
    return this.#written(this.#next);
  }

  #written(batch: Batch): Promise<Recorded> {
    return new Promise((resolve) => {
      batch.waiting.push(resolve);
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#next.waiting.length > 0) {
      const batch = this.#next;
      this.#next = new Batch();
      const recorded = await this.#write(batch.pushes);
      for (const resolve of batch.waiting) resolve(recorded);
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
      if (error instanceof KubeError)
        log.warn('pushes could not be passed on to the controller', { pushes: pushes.size, error: error.message });
      // Whatever the apiserver has answered: callers are told to try again, and others are served.
      else log.error('pushes could not be passed on to the controller', { error });
      return { kind: 'failed', why: error instanceof KubeError ? error.message : 'a fault; the log has it' };
    }
  }
}

/** What is added, and what goes: old pushes, and what no receiver wrote. Pure. */
const patchOf = (
  content: Readonly<Record<string, string>>,
  pushes: ReadonlyMap<string, PushRecord>,
  now: number,
): Readonly<Record<string, string | null>> => {
  const others = Object.entries(content)
    .filter(([key]) => !pushes.has(key))
    .map(([key, text]) => ({ key, at: decodePush(key, text, now)?.at }))
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));
  const room = Math.max(0, PUSHES_KEPT - pushes.size);
  const gone = others.filter(({ at }, index) => at === undefined || index >= room);
  return Object.fromEntries([
    ...gone.map(({ key }) => [key, null] as const),
    ...[...pushes].map(([key, push]) => [key, encodePush(push)] as const),
  ]);
};
