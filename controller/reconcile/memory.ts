import { objectKey } from '../../api/object-key.js';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { TraceContext } from '../../api/traceparent.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type CachedBundle, isOvertaken, withOwnStatus } from '../cache/projections.js';
import type { Delivery } from '../scans/scan.js';

interface Remembered {
  /** The bundle's uid: a later bundle of the same name must not inherit this, even if the cache never showed the deletion. */
  readonly uid: string;
  /** Our last consecutive writes: the resourceVersions that they replaced, and the bundle after the last one. */
  readonly write?: { readonly replaced: readonly string[]; readonly after: CachedBundle };
  /** Name of the last Job whose Secrets are known to be gone. */
  readonly cleanedUp?: string;
  /** The last scan's result, and how many scans in a row had it. */
  readonly lastScan: { readonly sequence: number; readonly what: string; readonly inARow: number };
  /** When the last Job's success was recorded, until a scan begins after that; wall clock. */
  readonly deployedAt?: number | undefined;
  readonly trace?: TracedDeployment;
}

/** Where in a trace the last deployment stands that this process has decided, or created the Job of. */
interface TracedDeployment {
  readonly number: number;
  readonly context: TraceContext;
  /** When the creation of its Job began, milliseconds since 1970; undefined: not yet. */
  readonly createdAt: number | undefined;
}

/** No run makes more writes before the watch brings the first of them. */
const LONGEST_CHAIN = 16;

/** What a process remembers of bundles between two reconciles. All of it may be lost. */
export class Memory {
  readonly #bundles = new Map<string, Remembered>();
  /** Those of which something was told: a term has no more of them than bundles. */
  readonly #repositories = new Set<string>();

  /**
   * The bundle as cached or, if the cache still has a version that our own writes replaced, as the last of these left it. If others have
   * written a status meanwhile, and the cache has never had our last one, that is in its place.
   */
  current(cached: CachedBundle): CachedBundle {
    const { write } = this.#of(cached.metadata);
    if (write === undefined) return cached;
    if (write.replaced.includes(cached.metadata.resourceVersion)) return write.after;
    const { status } = write.after;
    return status !== undefined && isOvertaken(cached, status) ? withOwnStatus(cached, status) : cached;
  }

  /** Forgets our own writes once the watch has brought the last of them. */
  noteCached(cached: CachedBundle): void {
    const { write, ...rest } = this.#of(cached.metadata);
    if (write === undefined || write.replaced.includes(cached.metadata.resourceVersion)) return;
    if (isOvertaken(cached, write.after.status)) return;
    this.#set(cached.metadata, rest);
  }

  /** @param after - as the caches would keep it */
  wrote(before: StoredBundle, after: CachedBundle): void {
    const memory = this.#of(before.metadata);
    const upon =
      memory.write?.after.metadata.resourceVersion === before.metadata.resourceVersion ? memory.write.replaced : [];
    const replaced = [...upon, before.metadata.resourceVersion].slice(-LONGEST_CHAIN);
    this.#set(before.metadata, { ...memory, write: { replaced, after } });
  }

  /** Records a scan's result: each scan counts once, even if it is received several times, and a failed one does not count. */
  received(bundle: ObjectIdentity, { sequence, outcome, startedAt }: Delivery): void {
    const { lastScan, deployedAt, ...rest } = this.#of(bundle);
    const counted =
      sequence === lastScan.sequence || outcome.kind === 'failed'
        ? lastScan
        : nextScan(lastScan, { sequence, outcome });
    const seen = deployedAt !== undefined && startedAt >= deployedAt;
    this.#set(bundle, { ...rest, lastScan: counted, ...(!seen && { deployedAt }) });
  }

  /** How many scans in a row had the same result: this tag, or none. */
  sameScans(bundle: ObjectIdentity): number {
    return this.#of(bundle).lastScan.inARow;
  }

  /** Records that a Job has succeeded: the next scan has to find out whether its tag has moved meanwhile. @param now - wall clock */
  deployed(bundle: ObjectIdentity, now: number): void {
    this.#set(bundle, { ...this.#of(bundle), deployedAt: now });
  }

  /** When the last Job succeeded, until the result of a scan that began later is received. */
  deployedAt(bundle: ObjectIdentity): number | undefined {
    return this.#of(bundle).deployedAt;
  }

  cleanedUp(bundle: ObjectIdentity): string | undefined {
    return this.#of(bundle).cleanedUp;
  }

  cleaned(bundle: ObjectIdentity, jobName: string): void {
    this.#set(bundle, { ...this.#of(bundle), cleanedUp: jobName });
  }

  /** undefined: it is not traced, or not known any more. */
  trace(bundle: ObjectIdentity, number: number): TracedDeployment | undefined {
    const { trace } = this.#of(bundle);
    return trace?.number === number ? trace : undefined;
  }

  traceIs(bundle: ObjectIdentity, trace: TracedDeployment): void {
    this.#set(bundle, { ...this.#of(bundle), trace });
  }

  /** Whether this is asked of a repository for the first time. */
  isFirstOf(repository: string): boolean {
    const before = this.#repositories.size;
    this.#repositories.add(repository);
    return this.#repositories.size > before;
  }

  forget(ref: ObjectRef): void {
    this.#bundles.delete(objectKey(ref));
  }

  #of(bundle: ObjectIdentity): Remembered {
    const known = this.#bundles.get(objectKey(bundle));
    return known?.uid === bundle.uid ? known : { uid: bundle.uid, lastScan: { sequence: -1, what: '', inARow: 0 } };
  }

  #set(ref: ObjectRef, memory: Remembered): void {
    this.#bundles.set(objectKey(ref), memory);
  }
}

const nextScan = (
  lastScan: Remembered['lastScan'],
  { sequence, outcome }: Pick<Delivery, 'sequence' | 'outcome'>,
): Remembered['lastScan'] => {
  const what = outcome.kind === 'selected' ? `tag ${outcome.tag}` : 'none';
  return { sequence, what, inARow: what === lastScan.what ? lastScan.inARow + 1 : 1 };
};
