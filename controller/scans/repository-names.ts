import type { PushedRepository } from './scan.js';

/** Finds what is known of repositories by their names. */
export class RepositoryNames<Item> {
  readonly #items = new Map<string, Set<Item>>();

  add(name: string, item: Item): void {
    const items = this.#items.get(name);
    if (items === undefined) this.#items.set(name, new Set([item]));
    else items.add(item);
  }

  delete(name: string, item: Item): void {
    const items = this.#items.get(name);
    if (items?.delete(item) === true && items.size === 0) this.#items.delete(name);
  }

  /** All that a push is to. One that means what is below its name, too, costs a look at each name. */
  meant({ name, below }: PushedRepository): readonly Item[] {
    const itself = [...(this.#items.get(name) ?? [])];
    if (!below) return itself;
    const others = [...this.#items].filter(([other]) => other.startsWith(`${name}/`));
    return [...itself, ...others.flatMap(([, items]) => [...items])];
  }
}
