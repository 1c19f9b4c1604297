import type { Stored } from '../../api/objects.js';
import { type Checked, type ReferenceFault, usable } from '../../api/references/fault.js';
import { firstRefOf, type Reference } from '../../api/references/references.js';
import type { ResourceType } from '../../kube/client.js';
import type { Reads } from '../../kube/get-once.js';
import type { Blocker } from '../decide/observation.js';

/** A reference, and how to read and check its object. */
interface ReferenceQuery<R extends Reference, O extends Stored, T> {
  readonly type: ResourceType<O>;
  /** undefined: the bundle names none. */
  readonly reference: R | undefined;
  readonly check: (reference: R, object: O | undefined) => Checked<T>;
}

/**
 * Reads the object of a reference that is looked up in one namespace, and checks it.
 * @throws KubeError when the apiserver could not be asked
 */
export const readReference = async <R extends Reference, O extends Stored, T>(
  client: Reads,
  { type, reference, check }: ReferenceQuery<R, O, T>,
  signal: AbortSignal,
): Promise<Checked<T | undefined>> =>
  reference === undefined ? usable(undefined) : check(reference, await client.get(type, firstRefOf(reference), signal));

/**
 * As Promise.all, but if several fail, the first one in the list counts, not the first in time: so the same failure is reported each time.
 */
export const allInOrder = async <T extends readonly unknown[] | []>(
  readings: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  const failed = (await Promise.allSettled(readings)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return Promise.all(readings);
};

/** The blocker for a fault of something that a bundle refers to. */
export const blockerOf = (fault: ReferenceFault): Blocker => ({ kind: 'blocker', ...wordsOf(fault) });

const wordsOf = ({ use, kind, field, text }: ReferenceFault): Pick<Blocker, 'reason' | 'message'> => {
  switch (use) {
    case 'registry-secret':
    case 'ca-secret':
      return { reason: 'CredentialsInvalid', message: `${field}: ${text}` };
    case 'werf-key':
      return { reason: 'CredentialsInvalid', message: `spec.converge.werfSecretKeyRef: ${text}` };
    case 'service-account':
      return { reason: 'ServiceAccountMissing', message: text };
    case 'target-namespace':
      return kind === 'forbidden'
        ? { reason: 'ConsentMissing', message: text }
        : { reason: 'NamespaceUnavailable', message: `${field}: ${text}` };
    case 'values':
      return { reason: 'ValuesInvalid', message: text };
  }
};
