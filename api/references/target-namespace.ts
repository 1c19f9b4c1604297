import type { Namespace } from '../objects.js';
import { ABSENT, faultOf, type ReferenceFault } from './fault.js';
import type { TargetNamespaceReference } from './references.js';

/** Annotation of a target namespace: names of the namespaces whose bundles may deploy into it, separated by commas; `*` for all. */
export const ACCEPT_BUNDLES_FROM = 'werf.io/accept-bundles-from';

const TERMINATING = { kind: 'unusable', rule: 'namespace-terminating' } as const;
const UNCONSENTED = { kind: 'forbidden', rule: 'namespace-without-consent' } as const;

/** What the platform asks of bundles that deploy into another namespace. */
export interface ConsentRule {
  /** consent: the other namespace must accept bundles by annotation; always: it need not. */
  readonly crossNamespace: 'consent' | 'always';
  /** The operator's own namespace: its bundles need no consent. */
  readonly namespace: string;
}

/** Whether the target namespace has to accept the bundles of another one, `own`. */
export const needsConsent = (
  { own, target }: { readonly own: string; readonly target: string },
  { crossNamespace, namespace }: ConsentRule,
): boolean => target !== own && own !== namespace && crossNamespace === 'consent';

/**
 * Checks a target namespace other than the bundle's own: it must exist, must not be terminating, and must accept the bundle. (The bundle's
 * own namespace exists, and is no reference.)
 */
export const checkTargetNamespace = (
  reference: TargetNamespaceReference,
  namespace: Namespace | undefined,
  rule: ConsentRule,
): readonly ReferenceFault[] => {
  const what = `namespace ${reference.name}`;
  if (namespace === undefined) return [faultOf(reference, ABSENT, `${what} does not exist`)];
  const unconsented = consentFault(reference, namespace, rule);
  return [
    ...(namespace.status?.phase === 'Terminating' ? [faultOf(reference, TERMINATING, `${what} is being deleted`)] : []),
    ...(unconsented === undefined ? [] : [unconsented]),
  ];
};

/** The fault of a target namespace that has to accept the bundle and does not; undefined: none. */
export const consentFault = (
  reference: TargetNamespaceReference,
  namespace: Namespace,
  rule: ConsentRule,
): ReferenceFault | undefined => {
  const { own, name: target } = reference;
  if (!needsConsent({ own, target }, rule) || acceptsBundlesFrom(namespace, own)) return undefined;
  // Without --overwrite: which namespaces are accepted already is not for everybody to see, and must not be lost.
  const command = `kubectl annotate namespace ${target} ${ACCEPT_BUNDLES_FROM}=${own}`;
  const text = `namespace ${target} does not accept bundles from namespace ${own}; if it accepts others, add this one to its annotation, else: ${command}`;
  return faultOf(reference, UNCONSENTED, text);
};

const acceptsBundlesFrom = (target: Namespace, bundleNamespace: string): boolean => {
  const accepted = (target.metadata.annotations?.[ACCEPT_BUNDLES_FROM] ?? '').split(',').map((name) => name.trim());
  return accepted.includes(bundleNamespace) || accepted.includes('*');
};
