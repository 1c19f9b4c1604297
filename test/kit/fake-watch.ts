import type { Stored } from '../../api/objects.js';
import type { KubeError, ListOptions, ResourceType, WatchEvent } from '../../kube/client.js';
import { selects } from './fake-selectors.js';
import { copy, type Revision } from './fake-store.js';

/** One open watch of the fake cluster: revisions go in, events come out. */
export class FakeWatch<S extends Stored> {
  readonly #type: ResourceType<S>;
  readonly #options: ListOptions & { readonly metadataOnly?: boolean };
  readonly #queue: WatchEvent<S>[] = [];
  #ended: { readonly error: KubeError | undefined } | undefined;
  #wake = (): void => undefined;

  constructor(type: ResourceType<S>, options: ListOptions & { readonly metadataOnly?: boolean }) {
    this.#type = type;
    this.#options = options;
  }

  push(revision: Revision): void {
    const event = eventOf<S>(this.#type, this.#options, revision);
    if (event !== undefined) this.#queue.push(this.#options.metadataOnly === true ? bare(event) : event);
    this.#wake();
  }

  bookmark(revision: number): void {
    this.#queue.push({ type: 'BOOKMARK', resourceVersion: revision.toString() });
    this.#wake();
  }

  /** What was pushed before still comes out. */
  end(error?: KubeError): void {
    this.#ended ??= { error };
    this.#wake();
  }

  async *events(): AsyncGenerator<WatchEvent<S>> {
    for (;;) {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) yield event;
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      if (this.#ended !== undefined) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const bare = <S extends Stored>(event: WatchEvent<S>): WatchEvent<S> =>
  event.type === 'BOOKMARK'
    ? event
    : {
        ...event,
        object: { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: event.object.metadata } as S,
      };

/** A change as a watch with a selector sees it: what comes into view is ADDED, what leaves it DELETED. */
const eventOf = <S extends Stored>(
  type: ResourceType<S>,
  options: ListOptions,
  { plural, number, before, after }: Revision,
): WatchEvent<S> | undefined => {
  if (plural !== type.plural) return undefined;
  const was = before !== undefined && selects(options, before);
  const is = after !== undefined && selects(options, after);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: copy<S>(after) };
  if (!was) return undefined;
  // The object as it was last, under the version of its going.
  const gone: Stored = { ...before, metadata: { ...before.metadata, resourceVersion: number.toString() } };
  return { type: 'DELETED', object: copy<S>(gone) };
};
