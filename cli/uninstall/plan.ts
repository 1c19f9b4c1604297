import { FINALIZER, hasFinalizer } from '../../api/finalizer.js';
import { releaseOf } from '../../api/references/release.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { managerName } from '../cluster/managers.js';
import type { Found, Item } from './found.js';
import { OPERATOR_KINDS } from './kinds.js';

/** What is to be done, in this order. What is empty is not there to be done. */
export interface Plan {
  /** Bundles that are being deleted, and whose release a live controller uninstalls: they are waited for before all else. */
  readonly dismissals: readonly StoredBundle[];
  readonly webhooks: readonly Item[];
  readonly processes: readonly Item[];
  /** Bundles that lose the controller's finalizer, once there is no controller. */
  readonly released: readonly StoredBundle[];
  readonly rest: readonly Item[];
  /** Jobs and their Secrets, with the CRD only. */
  readonly work: readonly Item[];
  readonly crd: Item | undefined;
  readonly namespaces: readonly Item[];
  /** What stays, or comes to an end without the operator, a sentence each. */
  readonly notes: readonly string[];
}

/** Decides what goes. @param wish.crd - the CRD goes as well, and all bundles with it */
export const planOf = (found: Found, wish: { readonly crd: boolean }): Plan => {
  const { bundles, operator } = found;
  const dismissals = found.isControllerAlive ? bundles.filter((bundle) => isGoing(bundle) && isDismissed(bundle)) : [];
  const inPhase = (phase: (typeof OPERATOR_KINDS)[number]['phase']) =>
    operator.filter(({ type }) => OPERATOR_KINDS.some((row) => row.phase === phase && row.types.includes(type)));
  const crd = wish.crd ? found.crd : undefined;
  const remaining = wish.crd ? [] : bundles.filter((bundle) => !dismissals.includes(bundle));
  const judged = found.namespaces.map((namespace) => ({ ...namespace, why: whyKept(namespace, remaining) }));
  return {
    dismissals,
    webhooks: inPhase('webhooks'),
    processes: inPhase('processes'),
    released: bundles.filter((bundle) => hasFinalizer(bundle) && !dismissals.includes(bundle)),
    rest: inPhase('rest'),
    work: wish.crd ? found.work : [],
    crd,
    namespaces: judged.filter(({ why, item }) => why === undefined && !isGoing(item)).map(({ item }) => item),
    notes: [
      ...judged.flatMap(({ why, item }) =>
        why === undefined ? [] : [`Namespace ${item.metadata.name} stays: ${why}`],
      ),
      ...releaseNotes(found, { ...wish, dismissals }),
      ...(wish.crd || found.crd === undefined ? [] : [bundlesNote(bundles, found.work)]),
      ...managedNotes(operator),
    ],
  };
};

/** Whether there is nothing to do. */
export const isEmpty = (plan: Plan): boolean =>
  plan.crd === undefined &&
  [plan.webhooks, plan.processes, plan.rest, plan.work, plan.namespaces, plan.released, plan.dismissals].every(
    (part) => part.length === 0,
  );

const isGoing = ({ metadata }: Pick<Item, 'metadata'>): boolean => metadata.deletionTimestamp !== undefined;

const isDismissed = (bundle: StoredBundle): boolean => bundle.spec.deletionPolicy === 'Dismiss' && hasFinalizer(bundle);

const MOST_NAMED = 5;
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMED
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;

/** Its deletion would take along what is in it. */
const whyKept = (
  { item, foreign }: Found['namespaces'][number],
  remaining: readonly StoredBundle[],
): string | undefined => {
  const { name } = item.metadata;
  const bundles = remaining
    .filter(({ metadata }) => metadata.namespace === name)
    .map(({ metadata }) => `WerfBundle/${metadata.name}`);
  const kept = [...bundles, ...foreign];
  if (kept.length === 0) return undefined;
  return `it has ${listed(kept)}; to delete it with all that: kubectl delete namespace ${name}`;
};

/** Releases that stay though their bundles were meant to take them along. */
const releaseNotes = (
  { bundles, isControllerAlive }: Found,
  { crd, dismissals }: { readonly crd: boolean; readonly dismissals: readonly StoredBundle[] },
): readonly string[] =>
  bundles
    .filter((bundle) => isDismissed(bundle) && !dismissals.includes(bundle) && (crd || isGoing(bundle)))
    .map((bundle) => {
      const { name, namespace } = bundle.metadata;
      const release = releaseOf(bundle, namespace);
      const which =
        release === undefined
          ? `The release of WerfBundle ${namespace}/${name}`
          : `Release ${release.name} in namespace ${release.namespace}`;
      const byHand = release === undefined ? '' : `: helm uninstall ${release.name} -n ${release.namespace}`;
      if (isGoing(bundle)) return `${which} stays, since no controller is there to uninstall it${byHand}`;
      return isControllerAlive
        ? `${which} stays; to have it uninstalled, first: kubectl delete wb ${name} -n ${namespace}`
        : `${which} stays, though WerfBundle ${namespace}/${name} has deletionPolicy Dismiss${byHand}`;
    });

const bundlesNote = (bundles: readonly StoredBundle[], work: readonly Item[]): string => {
  const jobs = work.filter(({ type }) => type.kind === 'Job').length;
  const what = [
    `${bundles.length} WerfBundle${bundles.length === 1 ? '' : 's'}`,
    ...(jobs === 0 ? [] : [`${jobs} Job${jobs === 1 ? '' : 's'} of theirs, which end by themselves`]),
  ];
  return `The CustomResourceDefinition stays, with ${what.join(' and ')}; --crd takes it, too`;
};

/** What is applied again by somebody else would be back soon. */
const managedNotes = (operator: readonly Item[]): readonly string[] => {
  const notes = operator.map(({ metadata: { labels = {}, annotations = {} } }) => {
    const flux = managerName(labels['kustomize.toolkit.fluxcd.io/name']);
    const release = managerName(annotations['meta.helm.sh/release-name']);
    const argo = managerName(annotations['argocd.argoproj.io/tracking-id']?.split(':')[0]);
    if (flux !== undefined)
      return `Kustomization ${flux} (Flux) has applied some of it, and applies it again: take it out of git first`;
    if (argo !== undefined)
      return `Application ${argo} (Argo CD) has applied some of it, and may apply it again: delete the Application first`;
    if (release === undefined) return '';
    return `Release ${release} (Helm) has some of it: helm uninstall ${release} -n ${managerName(annotations['meta.helm.sh/release-namespace']) ?? 'NAMESPACE'} takes what is left of its record`;
  });
  return [...new Set(notes)].filter((note) => note !== '');
};

/** The finalizers of a bundle without the controller's. */
export const withoutOurs = ({ metadata }: StoredBundle): readonly string[] =>
  (metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
