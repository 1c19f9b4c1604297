import { type Operator, operatorsOwnFault } from '../../api/references/operators-own.js';
import { forbidden, internalError } from '../../api/validate/wording.js';
import type { Requester } from '../admission-request.js';
import type { BundleReferences, Reference } from '../references/bundle-references.js';
import { denied, type Finding, findingOf } from '../references/finding.js';
import type { AccessReviews, Permission, Review } from './access-reviews.js';

/** Whom to ask, and for which bundles. */
export interface GrantDeps {
  /** always: for every namespace; cross-namespace: for all but the bundle's own; off: for none. */
  readonly authorize: 'always' | 'cross-namespace' | 'off';
  readonly operator: Operator;
  readonly requester: Requester;
  readonly reviews: Pick<AccessReviews, 'may'>;
}

/** What the user behind a request may let the bundle do. Only what is granted may be looked up. */
export interface Grants {
  readonly findings: readonly Finding[];
  /** The user may deploy into the target namespace, so the answer may reveal what is there. */
  readonly deploy: boolean;
  readonly granted: ReadonlySet<Reference>;
}

/**
 * Asks for the grant of everything that a bundle does in its user's name. What can't be found out counts as not granted: unlike a
 * failed look-up, a failed review never lets anything pass.
 */
export const askGrants = async (deps: GrantDeps, refs: BundleReferences): Promise<Grants> => {
  const [deploy, ...uses] = await Promise.all([
    mayDeploy(deps, refs),
    ...refs.references.map((reference) => mayUse(deps, refs, reference)),
  ]);
  const isGranted = (reference: Reference, index: number): boolean =>
    uses[index]?.length === 0 && (reference.use !== 'service-account' || deploy.granted);
  return {
    findings: [...deploy.findings, ...uses.flat()],
    deploy: deploy.granted,
    granted: new Set(refs.references.filter(isGranted)),
  };
};

/** The references that are forbidden to everybody, so that no review is needed. */
export const forbiddenUses = (operator: Operator, refs: BundleReferences): readonly Finding[] =>
  refs.references.flatMap((reference) => forbiddenUse(operator, reference) ?? []);

const forbiddenUse = (operator: Operator, reference: Reference): Finding | undefined => {
  const fault = operatorsOwnFault(reference, operator);
  return fault && findingOf(fault);
};

const TARGET = 'spec.converge.targetNamespace';

const mayDeploy = async (
  deps: GrantDeps,
  { own, target }: BundleReferences,
): Promise<{ readonly granted: boolean; readonly findings: readonly Finding[] }> => {
  if (target === undefined) return { granted: false, findings: [] };
  if (!needsReview(deps, own, target)) return { granted: true, findings: [] };
  const review = await deps.reviews.may({ verb: 'create', group: 'batch', resource: 'jobs', namespace: target });
  const what = `create jobs.batch in namespace ${JSON.stringify(target)}`;
  const findings = refusal(deps, { field: TARGET, review, what });
  return { granted: findings.length === 0, findings };
};

/** @returns nothing if the user may use what the reference names, in every namespace in which it would be looked up */
const mayUse = async (deps: GrantDeps, refs: BundleReferences, reference: Reference): Promise<readonly Finding[]> => {
  const { field, kind, name, namespaces } = reference;
  const forbiddenOne = forbiddenUse(deps.operator, reference);
  if (forbiddenOne !== undefined) return [forbiddenOne];
  // A ServiceAccount needs no grant of its own: a user who may create Jobs may run them as any account.
  if (reference.use === 'service-account') return [];
  const reviewed = namespaces.filter((namespace) => needsReview(deps, refs.own, namespace));
  const reviews = await Promise.all(reviewed.map((namespace) => mayRead(deps, { kind, name, namespace })));
  return reviewed.flatMap((namespace, index) => {
    const review = reviews[index];
    const what = `get ${resourceOf(kind)} ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}, nor create pods there`;
    return review === undefined ? [] : refusal(deps, { field, review, what });
  });
};

/** A user who may create Pods may mount any Secret there: that is asked first, since the one answer holds for all names. */
const mayRead = async (
  { reviews }: GrantDeps,
  { kind, name, namespace }: { readonly kind: Reference['kind']; readonly name: string; readonly namespace: string },
): Promise<Review> => {
  const pods = await reviews.may({ verb: 'create', group: '', resource: 'pods', namespace });
  if (pods.kind === 'allowed') return pods;
  const named: Permission = { verb: 'get', group: '', resource: resourceOf(kind), namespace, name };
  const review = await reviews.may(named);
  return review.kind === 'denied' && pods.kind === 'failed' ? pods : review;
};

const resourceOf = (kind: Reference['kind']): string => `${kind.toLowerCase()}s`;

const needsReview = ({ authorize }: GrantDeps, own: string, namespace: string): boolean =>
  authorize === 'always' || (authorize === 'cross-namespace' && namespace !== own);

const refusal = (
  { requester }: GrantDeps,
  { field, review, what }: { readonly field: string; readonly review: Review; readonly what: string },
): readonly Finding[] => {
  const user = `user ${JSON.stringify(requester.username)}`;
  switch (review.kind) {
    case 'allowed':
      return [];
    case 'denied':
      return [denied(forbidden('grant-missing', field, `${user} may not ${what}`))];
    case 'failed':
      return [
        denied(
          internalError('grant-not-checked', field, `whether ${user} may ${what} could not be checked: ${review.why}`),
        ),
      ];
  }
};
