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
  readonly cleanedUp?: string;
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
  current(cached: StoredBundle): StoredBundle {
    const { write } = this.#of(cached.metadata);
    return write?.replaced.includes(cached.metadata.resourceVersion) === true ? write.after : cached;
  }

  /** Notes what the watch has brought: our own last write need not be held twice. */
  brought(cached: StoredBundle): void {
    const { write, ...rest } = this.#of(cached.metadata);
    if (write === undefined || write.replaced.includes(cached.metadata.resourceVersion)) return;
    this.#set(cached.metadata, rest);
  }

  wrote(before: StoredBundle, after: StoredBundle): void {
    const memory = this.#of(before.metadata);
    const upon =
      memory.write?.after.metadata.resourceVersion === before.metadata.resourceVersion ? memory.write.replaced : [];
    const replaced = [...upon, before.metadata.resourceVersion].slice(-LONGEST_CHAIN);
    this.#set(before.metadata, { ...memory, write: { replaced, after: projectBundle(after) } });
  }

  /** Notes a scan's result: the same counts once, however often it is looked at, and one that failed says nothing. */
  received(bundle: ObjectIdentity, { sequence, outcome, startedAt }: Delivery): void {
    const { said, deployedAt, ...rest } = this.#of(bundle);
    const counted =
      sequence === said.sequence || outcome.kind === 'failed' ? said : saidSince(said, { sequence, outcome });
    const seen = deployedAt !== undefined && startedAt >= deployedAt;
    this.#set(bundle, { ...rest, said: counted, ...(!seen && { deployedAt }) });
  }

  /** How many scans in a row said the same: this tag, or none. */
  sameScans(bundle: ObjectIdentity): number {
    return this.#of(bundle).said.inARow;
  }

  /** Notes that a Job has succeeded: the next scan is to see whether its tag has moved meanwhile. @param now - wall clock */
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

const saidSince = (
  said: Remembered['said'],
  { sequence, outcome }: Pick<Delivery, 'sequence' | 'outcome'>,
): Remembered['said'] => {
  const what = outcome.kind === 'selected' ? `tag ${outcome.tag}` : 'none';
  return { sequence, what, inARow: what === said.what ? said.inARow + 1 : 1 };
};
