import type { ReferredKind } from '../../api/impact/world.js';
import type { ObjectRef } from '../../api/objects.js';
import type { ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import type { AccessReviews } from '../grants/access-reviews.js';

/** The kinds that bundles refer to, as they are read. */
export const REFERRED: Readonly<Record<ReferredKind, ResourceType>> = {
  ConfigMap: CONFIGMAPS,
  Secret: SECRETS,
  ServiceAccount: SERVICEACCOUNTS,
  Namespace: NAMESPACES,
};

/** So many questions about single namespaces are asked, for bundles, and for what they refer to: beyond that nothing counts as seen. */
const MAX_QUESTIONS = { bundles: 4, objects: 16 };

/** What somebody may see: of a kind everything, or what is in some namespaces. Each question is asked once. */
export class Sight {
  readonly #reviews: Pick<AccessReviews, 'may'> | undefined;
  readonly #left = { ...MAX_QUESTIONS };
  readonly #asked = new Map<string, Promise<boolean>>();

  /** @param reviews - undefined: the platform asks nobody for rights (`--authorize=off`), and everybody may see everything */
  constructor(reviews: Pick<AccessReviews, 'may'> | undefined) {
    this.#reviews = reviews;
  }

  /** Whether the bundles of a namespace may be seen. */
  bundlesIn(namespace: string): Promise<boolean> {
    return this.#sees('bundles', WERFBUNDLES, { namespace, name: '' });
  }

  /** Whether an object may be read. */
  object(kind: ReferredKind, ref: ObjectRef): Promise<boolean> {
    // A Namespace is seen by who sees it from within.
    return this.#sees(
      'objects',
      REFERRED[kind],
      kind === 'Namespace' ? { namespace: ref.name, name: ref.name } : { ...ref, name: '' },
    );
  }

  async #sees(what: keyof typeof MAX_QUESTIONS, type: ResourceType, within: ObjectRef): Promise<boolean> {
    if (await this.#once(type, EVERYWHERE)) return true;
    const key = keyOf(type, within);
    if (!this.#asked.has(key)) {
      if (this.#left[what] === 0) return false;
      this.#left[what] -= 1;
    }
    return this.#once(type, within);
  }

  #once(type: ResourceType, within: ObjectRef): Promise<boolean> {
    const key = keyOf(type, within);
    const answer = this.#asked.get(key) ?? this.#ask(type, within);
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask({ group, plural }: ResourceType, { namespace, name }: ObjectRef): Promise<boolean> {
    if (this.#reviews === undefined) return true;
    const permission = { verb: 'get', group, resource: plural, namespace, ...(name !== '' && { name }) } as const;
    return (await this.#reviews.may(permission)).kind === 'allowed';
  }
}

const EVERYWHERE: ObjectRef = { namespace: '', name: '' };

const keyOf = ({ plural }: ResourceType, { namespace, name }: ObjectRef): string => `${plural} ${namespace}/${name}`;
