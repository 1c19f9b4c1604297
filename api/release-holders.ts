import type { ObjectRef } from './objects.js';
import type { ReleaseHolder } from './references/release.js';

/** Which bundles claim which release, as a text of `keyOfRelease`. */
export class ReleaseHolders {
  /** Most have one, and a list of one takes a fifth of what a Map takes. */
  readonly #holders = new Map<string, readonly ReleaseHolder[]>();

  of(key: string): readonly ReleaseHolder[] {
    return this.#holders.get(key) ?? [];
  }

  /** Those that claim it beside one bundle. */
  others(key: string, { namespace, name }: ObjectRef): readonly ReleaseHolder[] {
    return this.of(key).filter((holder) => holder.namespace !== namespace || holder.name !== name);
  }

  /** Its bundle claims the release from now on; whatever was known of that bundle is forgotten. */
  enter(key: string, holder: ReleaseHolder): void {
    this.#holders.set(key, this.others(key, holder).concat(holder));
  }

  /** A bundle claims the release no more. */
  leave(key: string, ref: ObjectRef): void {
    const left = this.others(key, ref);
    if (left.length === 0) this.#holders.delete(key);
    else this.#holders.set(key, left);
  }
}
