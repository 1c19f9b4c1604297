import type { Stored } from '../../api/objects.js';
import { type Checked, usable } from '../../api/references/fault.js';
import { firstRefOf, type Reference } from '../../api/references/references.js';
import type { ResourceType } from '../../kube/client.js';
import type { Reads } from '../../kube/get-once.js';

/** Something that a bundle refers to, and what is asked of it. */
interface ReferenceQuery<R extends Reference, O extends Stored, T> {
  readonly type: ResourceType<O>;
  /** undefined: the bundle names none. */
  readonly reference: R | undefined;
  readonly check: (reference: R, object: O | undefined) => Checked<T>;
}

/**
 * Reads what is looked for in one namespace, and checks it.
 * @throws KubeError when the apiserver could not be asked
 */
export const readReference = async <R extends Reference, O extends Stored, T>(
  client: Reads,
  { type, reference, check }: ReferenceQuery<R, O, T>,
  signal: AbortSignal,
): Promise<Checked<T | undefined>> =>
  reference === undefined ? usable(undefined) : check(reference, await client.get(type, firstRefOf(reference), signal));
