import type { Namespace } from './objects.js';

/** Annotation of a target namespace: names of the namespaces whose bundles may deploy into it, separated by commas; `*` for all. */
export const ACCEPT_BUNDLES_FROM = 'werf.io/accept-bundles-from';

/** Whether a namespace takes the bundles of another one. */
export const acceptsBundlesFrom = (target: Namespace, bundleNamespace: string): boolean => {
  const accepted = (target.metadata.annotations?.[ACCEPT_BUNDLES_FROM] ?? '').split(',').map((name) => name.trim());
  return accepted.includes(bundleNamespace) || accepted.includes('*');
};

/** What a user is told where it does not. */
export const consentMissing = (target: string, bundleNamespace: string): string =>
  `namespace ${target} does not accept bundles from namespace ${bundleNamespace}: annotate it with ${ACCEPT_BUNDLES_FROM}=${bundleNamespace}`;
