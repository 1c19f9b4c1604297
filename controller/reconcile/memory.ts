import { objectKey } from '../../api/object-key.js';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { projectBundle } from '../cache/projections.js';
import type { Delivery } from '../scans/scan.js';

interface Remembered {
  /** Whose: nothing of it is true of another bundle that gets the name, even if the cache never showed it gone. */
  readonly uid: string;
  /** Our last writes, one upon the other: the resourceVersions that they replaced, and what the last of them left. */
  readonly write?: { readonly replaced: readonly string[]; readonly after: StoredBundle };
  /** Name of the last Job whose Secrets are known to be gone. */
  readonly tidied?: string;
  /** What the scans said last, and how many in a row said so. */
  readonly said: { readonly sequence: number; readonly what: string; readonly inARow: number };
  /** When the last Job's success was recorded, as long as no scan has begun since; wall clock. */
  readonly deployedAt?: number | undefined;
}

/** More writes than one run of a bundle makes before the watch brings the first of them. */
const LONGEST_CHAIN = 16;

/** What a process remembers of a bundle between two looks at it. All of it may be forgotten. */
export class Memory {
  readonly #bundles = new Map<string, Remembered>();

  /** The bundle as the cache has it or, where the cache still holds what our own last write replaced, as that write left it. */
  current(ref: ObjectRef, cached: StoredBundle | undefined): StoredBundle | undefined {
    if (cached === undefined) return cached;
    const { write, ...rest } = this.#of(cached.metadata);
    if (write === undefined) return cached;
    if (write.replaced.includes(cached.metadata.resourceVersion)) return write.after;
    // The watch has brought it: no need to hold it twice.
    this.#set(ref, rest);
    return cached;
  }

  wrote(before: StoredBundle, after: StoredBundle): void {
    const memory = this.#of(before.metadata);
    const upon =
      memory.write?.after.metadata.resourceVersion === before.metadata.resourceVersion ? memory.write.replaced : [];
    const replaced = [...upon, before.metadata.resourceVersion].slice(-LONGEST_CHAIN);
    this.#set(before.metadata, { ...memory, write: { replaced, after: projectBundle(after) } });
  }

  /**
   * How many scans in a row said the same (this tag, or none), the delivery included. A failed one says nothing; the same delivery
   * counts once, however often it is looked at.
   */
  sameScans(bundle: ObjectIdentity, delivery: Delivery | undefined): number {
    const memory = this.#of(bundle);
    const { said } = memory;
    if (delivery === undefined || delivery.sequence === said.sequence || delivery.outcome.kind === 'failed')
      return said.inARow;
    const what = delivery.outcome.kind === 'selected' ? `tag ${delivery.outcome.tag}` : 'none';
    const inARow = what === said.what ? said.inARow + 1 : 1;
    this.#set(bundle, { ...memory, said: { sequence: delivery.sequence, what, inARow } });
    return inARow;
  }

  /** Notes that a Job has succeeded: the next scan is to see whether its tag has moved meanwhile. @param now - wall clock */
  deployed(bundle: ObjectIdentity, now: number): void {
    this.#set(bundle, { ...this.#of(bundle), deployedAt: now });
  }

  /** When the last Job succeeded, until a scan that began later is delivered. */
  deployedAt(bundle: ObjectIdentity, delivery: Delivery | undefined): number | undefined {
    const memory = this.#of(bundle);
    const { deployedAt } = memory;
    if (deployedAt === undefined || delivery === undefined || delivery.startedAt < deployedAt) return deployedAt;
    this.#set(bundle, { ...memory, deployedAt: undefined });
    return undefined;
  }

  tidied(bundle: ObjectIdentity): string | undefined {
    return this.#of(bundle).tidied;
  }

  tidy(bundle: ObjectIdentity, jobName: string): void {
    this.#set(bundle, { ...this.#of(bundle), tidied: jobName });
  }

  forget(ref: ObjectRef): void {
    this.#bundles.delete(objectKey(ref));
  }

  #of(bundle: ObjectIdentity): Remembered {
    const known = this.#bundles.get(objectKey(bundle));
    return known?.uid === bundle.uid ? known : { uid: bundle.uid, said: { sequence: -1, what: '', inARow: 0 } };
  }

  #set(ref: ObjectRef, memory: Remembered): void {
    this.#bundles.set(objectKey(ref), memory);
  }
}
