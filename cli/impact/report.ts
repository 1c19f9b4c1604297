import type { Effect } from '../../api/impact/effect.js';
import type { Hit } from '../../api/impact/impact-index.js';
import type { Outcome } from '../../api/impact/words.js';
import { keyOf, type Proposal } from './changes.js';

/** A bundle that is hit. */
export interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly effect: Outcome;
  readonly why: string;
}

/** What one changed object does. Its field names are those of `-o json`. */
export interface ObjectImpact {
  readonly kind: string;
  /** Left out for a Namespace. */
  readonly namespace?: string;
  readonly name: string;
  /** Bundles that are hit now; those that are suspended are not. */
  readonly hit: number;
  readonly deploys: number;
  /** In how many namespaces the bundles are that are hit now. */
  readonly namespaces: number;
  readonly suspended: number;
  /** The value of the annotation `werf.io/confirm-impact` for this content. */
  readonly confirm?: string;
  readonly confirmed: boolean;
  readonly bundles: readonly Row[];
}

/** What was found. */
export interface Report {
  /** Bundles that are hit now, each once. */
  readonly hit: number;
  readonly namespaces: number;
  /** Whether all bundles of the cluster were seen. */
  readonly complete: boolean;
  readonly objects: readonly ObjectImpact[];
}

/** Arranges what was found by the objects that do it. @param complete - all bundles of the cluster were seen */
export const reportOf = (proposals: readonly Proposal[], hits: readonly Hit[], complete: boolean): Report => {
  const now = hits.filter(({ effect }) => effect.kind !== 'suspended');
  return {
    hit: now.length,
    namespaces: namespacesOf(now.map(rowOf)),
    complete,
    objects: proposals.map((proposal) => {
      const key = keyOf(proposal);
      return objectImpact(
        proposal,
        hits.filter(({ by }) => by.some((change) => keyOf(change) === key)),
      );
    }),
  };
};

const objectImpact = ({ kind, ref, code, isConfirmed }: Proposal, hits: readonly Hit[]): ObjectImpact => {
  const bundles = hits.map(rowOf).toSorted(byName);
  const now = bundles.filter(({ effect }) => effect !== 'suspended');
  return {
    kind,
    ...(ref.namespace !== '' && { namespace: ref.namespace }),
    name: ref.name,
    hit: now.length,
    deploys: now.filter(({ effect }) => effect === 'deploys').length,
    namespaces: namespacesOf(now),
    suspended: bundles.length - now.length,
    ...(code !== undefined && { confirm: code }),
    confirmed: isConfirmed,
    bundles,
  };
};

const namespacesOf = (rows: readonly Row[]): number => new Set(rows.map(({ namespace }) => namespace)).size;

const byName = (a: Row, b: Row): number => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1);

const rowOf = ({ bundle: { metadata }, effect }: Hit): Row => ({
  namespace: metadata.namespace,
  name: metadata.name,
  effect: effect.kind,
  why: whyOf(effect),
});

const CAUSES: Readonly<Record<Extract<Effect, { kind: 'deploys' }>['because'], string>> = {
  values: 'its values change',
  spec: 'what it deploys changes',
  new: 'it is new',
  requested: 'its annotation asks for it',
  'failed-before': 'its last deployment failed, and is tried again',
};

const whyOf = (effect: Effect): string => {
  switch (effect.kind) {
    case 'deploys':
      return CAUSES[effect.because];
    case 'may-deploy':
    case 'blocked':
      return effect.why;
    case 'unblocked':
      return 'nothing that is known is in its way any more';
    case 'uninstalls':
      return 'it is deleted, with deletionPolicy Dismiss';
    case 'deleted':
      return 'what it deployed stays';
    case 'suspended':
      return `once it is resumed: ${effect.once.kind}: ${whyOf(effect.once)}`;
  }
};
