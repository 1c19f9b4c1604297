import type { ObjectRef, Stored } from '../api/objects.js';
import { createReflector, type Reflector, type ReflectorDeps } from './reflector.js';
import { RunningSet } from './running-set.js';

/**
 * Reflectors of one kind: one for all namespaces, or one for each namespace that is followed, where the rights are for single
 * namespaces only. Namespaces may be added while it runs, and stay.
 */
export class ReflectorGroup<S extends Stored, P> {
  readonly #deps: ReflectorDeps<S, P>;
  readonly #members = new Map<string, Reflector<P>>();
  readonly #running = new RunningSet();

  constructor(deps: ReflectorDeps<S, P>) {
    this.#deps = deps;
  }

  /** @param namespace - '': all of them. Asked again, it changes nothing. */
  follow(namespace: string): void {
    if (this.#member(namespace) !== undefined) return;
    const list = { ...this.#deps.list, ...(namespace !== '' && { namespace }) };
    const member = createReflector<S, P>({ ...this.#deps, list });
    this.#members.set(namespace, member);
    this.#running.add((signal) => member.start(signal));
  }

  /** Runs until aborted; rejects for bugs only. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#running.run(signal);
  }

  get(ref: ObjectRef): P | undefined {
    return this.#member(ref.namespace)?.get(ref);
  }

  has(ref: ObjectRef): boolean {
    return this.#member(ref.namespace)?.has(ref) ?? false;
  }

  *values(): IterableIterator<P> {
    for (const member of this.#members.values()) yield* member.values();
  }

  *refs(): IterableIterator<ObjectRef> {
    for (const member of this.#members.values()) yield* member.refs();
  }

  /** Resolves when all namespaces that are followed by now have synced. Rejects with the signal's reason when it is aborted first. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.whenSynced(signal)));
  }

  /** The same for one namespace, which must be followed. */
  async whenSyncedIn(namespace: string, signal: AbortSignal): Promise<void> {
    await this.#member(namespace)?.whenSynced(signal);
  }

  #member(namespace: string): Reflector<P> | undefined {
    return this.#members.get('') ?? this.#members.get(namespace);
  }
}
