import { isMap } from '../json-map.js';
import type { SchemaNode } from './schema-node.js';

/** The keys or items of a value that no keyword has spoken of yet, if anybody wants to know: `unevaluatedProperties` does. */
export class Unevaluated {
  #left: Set<string | number> | undefined;

  /** @param isAsked - whether the schema that asks this one wants to know */
  constructor(node: SchemaNode, value: unknown, isAsked: boolean) {
    const { additionalProperties, unevaluatedProperties, firstItems = [], otherItems, unevaluatedItems } = node;
    if (isMap(value) && additionalProperties === undefined && (isAsked || unevaluatedProperties !== undefined))
      this.#left = new Set(Object.keys(value));
    if (Array.isArray(value) && otherItems === undefined && (isAsked || unevaluatedItems !== undefined))
      this.#left = new Set([...value.keys()].slice(firstItems.length));
  }

  get isEmpty(): boolean {
    return (this.#left?.size ?? 0) === 0;
  }

  drop(key: string | number): void {
    this.#left?.delete(key);
  }

  /** Keeps what another schema, asked of the same value, has left over as well. */
  keep(other: Unevaluated): void {
    for (const key of this.#left ?? []) if (other.#left?.has(key) !== true) this.#left?.delete(key);
  }

  /** All keys, which are left over no more. */
  takeKeys(): readonly string[] {
    return this.#take().map(String);
  }

  /** All indexes, which are left over no more. */
  takeIndexes(): readonly number[] {
    return this.#take().map(Number);
  }

  #take(): readonly (string | number)[] {
    const all = [...(this.#left ?? [])];
    this.#left = undefined;
    return all;
  }
}
