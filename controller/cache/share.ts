import { createHash } from 'node:crypto';

/** Which bundles this controller reconciles, where several split the work. */
export interface Share {
  /** Only bundles of these namespaces; of all of them, if empty. */
  readonly namespaces: readonly string[];
  /** Only bundles that this selects; all, if undefined. */
  readonly labelSelector: string | undefined;
}

/** Controllers with the same share compete for the same Lease: `werfbundle-controller-1a2b3c4d`. */
export const leaseNameOf = ({ namespaces, labelSelector = '' }: Share): string => {
  const share = JSON.stringify([[...new Set(namespaces)].toSorted(), labelSelector]);
  return `werfbundle-controller-${createHash('sha256').update(share).digest('hex').slice(0, 8)}`;
};
