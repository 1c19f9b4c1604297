import { objectKey } from '../object-key.js';
import type { ObjectRef } from '../objects.js';
import type { StoredBundle } from '../werfbundle.js';
import { Blockers } from './blocker.js';
import { Contents } from './contents.js';
import { type Effect, effectOf, type Standing } from './effect.js';
import { allReferencesOf, type Facts, factsOf, type ImpactPlatform } from './facts.js';
import { ReleaseClaims } from './releases.js';
import { itemsOf, type Sources, valuesFault } from './values-of.js';
import { type BundleChange, type Change, changeKey, type World, worldAfter } from './world.js';

/** A bundle that a change does something to. */
export interface Hit {
  /** As it will be; as it was, if it is deleted. */
  readonly bundle: StoredBundle;
  readonly effect: Effect;
  /** The changes that do it. */
  readonly by: readonly Change[];
}

/** What is kept of a bundle; its facts are made when they are first asked for. */
interface Entry {
  readonly bundle: StoredBundle;
  /** Names of what it refers to, in each namespace where it is looked for. */
  readonly names: readonly string[];
  facts: Facts | undefined;
}

/**
 * All bundles, by what they refer to: says which of them a change would deploy anew, and which could not be deployed any more. What a
 * question costs depends on the bundles that name what is changed, not on how many there are. It keeps contents of Secrets that it was
 * shown, for as long as their objects are kept by others; nothing of them is in what it answers.
 */
export class ImpactIndex {
  readonly #platform: ImpactPlatform;
  readonly #contents = new Contents();
  readonly #blockers: Blockers;
  readonly #claims = new ReleaseClaims();
  readonly #bundles = new Map<string, Entry>();
  readonly #naming = new Map<string, Set<string>>();

  constructor(platform: ImpactPlatform) {
    this.#platform = platform;
    this.#blockers = new Blockers(platform);
  }

  /** A bundle was created, changed or, if it is undefined, deleted. */
  set(ref: ObjectRef, bundle: StoredBundle | undefined): void {
    const key = objectKey(ref);
    const before = this.#bundles.get(key);
    for (const name of before?.names ?? []) this.#forget(name, key);
    this.#claims.change(before?.bundle, bundle);
    if (bundle === undefined) {
      this.#bundles.delete(key);
      return;
    }
    const names = [
      ...new Set(
        allReferencesOf(bundle, this.#platform).flatMap(({ kind, name, namespaces }) =>
          namespaces.map((namespace) => changeKey({ kind, ref: { namespace, name } })),
        ),
      ),
    ];
    this.#bundles.set(key, { bundle, names, facts: undefined });
    for (const name of names) this.#naming.set(name, (this.#naming.get(name) ?? new Set<string>()).add(key));
  }

  #forget(name: string, key: string): void {
    const naming = this.#naming.get(name);
    naming?.delete(key);
    if (naming?.size === 0) this.#naming.delete(name);
  }

  /** The bundles that some changes may do something to: those that name what is changed, and those with the release of a changed one. */
  concerned(changes: readonly Change[]): readonly StoredBundle[] {
    return [...this.#keysOf(changes)].flatMap((key) => this.#bundles.get(key)?.bundle ?? []);
  }

  #keysOf(changes: readonly Change[]): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const change of changes) for (const key of this.#keysOfChange(change)) keys.add(key);
    return keys;
  }

  #keysOfChange(change: Change): Iterable<string> {
    if (change.kind !== 'WerfBundle') return this.#naming.get(changeKey(change)) ?? [];
    const key = objectKey(change.ref);
    const rivals = this.#claims.with([this.#bundles.get(key)?.bundle, change.after]);
    return [key, ...rivals.map(objectKey)];
  }

  /**
   * What some changes do, made all at once. Sorted by nothing: bundles come in the order in which they were set.
   * @param before - what there is now; whatever {@link concerned} bundles refer to is looked for in it
   */
  impactOf(changes: readonly Change[], before: World): readonly Hit[] {
    const hits: Hit[] = [];
    const all = new Made(changes, before);
    for (const key of this.#keysOf(changes)) {
      const effect = this.#effect(key, all);
      const bundle = all.bundleAt(key, this.#bundles.get(key)?.bundle) ?? this.#bundles.get(key)?.bundle;
      if (effect !== undefined && bundle !== undefined)
        hits.push({ bundle, effect, by: this.#causes(key, { changes, before, effect }) });
    }
    return hits;
  }

  /** Which of several changes do it: those that do something by themselves, and those without which something else would happen. */
  #causes(
    key: string,
    {
      changes,
      before,
      effect,
    }: { readonly changes: readonly Change[]; readonly before: World; readonly effect: Effect },
  ): readonly Change[] {
    const own =
      changes.length === 1 ? changes : changes.filter((change) => [...this.#keysOfChange(change)].includes(key));
    if (own.length < 2) return own;
    const kind = kindOf(effect);
    const causes = own.filter((change) => {
      if (this.#effect(key, new Made([change], before)) !== undefined) return true;
      const rest = new Made(
        own.filter((other) => other !== change),
        before,
      );
      return kindOf(this.#effect(key, rest)) !== kind;
    });
    return causes.length === 0 ? own : causes;
  }

  #effect(key: string, made: Made): Effect | undefined {
    const entry = this.#bundles.get(key);
    const facts = entry && this.#factsOf(entry);
    const bundle = made.bundleAt(key, entry?.bundle);
    const factsAfter = bundle === entry?.bundle ? facts : bundle && factsOf(bundle, this.#platform);
    const rival = facts && this.#claims.fault(facts, []);
    const before = facts && { facts, standing: this.#standing(facts, made.before, rival) };
    if (factsAfter === undefined) return effectOf(before, undefined, this.#contents);
    // Who has its release changes with bundles only.
    const isUntouched = factsAfter === facts && made.bundles.length === 0;
    const rivalAfter = isUntouched ? rival : this.#claims.fault(factsAfter, made.bundles);
    const after = { facts: factsAfter, standing: this.#standing(factsAfter, made.after, rivalAfter) };
    return effectOf(before, after, this.#contents);
  }

  #factsOf(entry: Entry): Facts {
    entry.facts ??= factsOf(entry.bundle, this.#platform);
    return entry.facts;
  }

  /** In the order in which the controller finds what is in the way. @param rival - why another bundle has its release */
  #standing(facts: Facts, world: World, rival: string | undefined): Standing {
    const { spec, bundle } = facts;
    if (spec.kind === 'invalid') return { kind: 'blocked', why: spec.why };
    const fault = rival ?? this.#blockers.of(spec.needed, world);
    if (fault !== undefined) return { kind: 'blocked', why: fault };
    const sources: Sources = {
      wanted: spec.wanted,
      items: itemsOf(spec.wanted, world, this.#contents),
      inline: spec.inline,
      settings: spec.settings,
      bundleNamespace: bundle.metadata.namespace,
    };
    const why = valuesFault(sources);
    return why === undefined ? { kind: 'ready', sources } : { kind: 'blocked', why };
  }
}

/** Some changes, and the worlds before and after them. */
class Made {
  readonly before: World;
  readonly after: World;
  readonly bundles: readonly BundleChange[];
  readonly #byKey: ReadonlyMap<string, StoredBundle | undefined>;

  constructor(changes: readonly Change[], before: World) {
    this.before = before;
    this.after = worldAfter(before, changes);
    this.bundles = changes.filter((change) => change.kind === 'WerfBundle');
    this.#byKey = new Map(this.bundles.map(({ ref, after }) => [objectKey(ref), after]));
  }

  /** @param before - as it was */
  bundleAt(key: string, before: StoredBundle | undefined): StoredBundle | undefined {
    return this.#byKey.has(key) ? this.#byKey.get(key) : before;
  }
}

const kindOf = (effect: Effect | undefined): string | undefined =>
  effect?.kind === 'suspended' ? `suspended ${effect.once.kind}` : effect?.kind;
