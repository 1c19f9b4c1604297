import { isOperatorsOwn } from '../../api/operators-own.js';
import { policyProblems } from '../../api/platform-policy.js';
import type { Problem } from '../../api/problem.js';
import { type Settings, settingsOf } from '../../api/settings.js';
import { forbidden } from '../../api/validate/wording.js';
import { validateBundle } from '../../api/validate.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { JudgedSpec, Platform } from '../decide/observation.js';

/**
 * Judges a spec by the rules and by the platform's policies, as admission did: the webhook may have been down, younger than the
 * object, or set otherwise.
 */
export const judge = (bundle: StoredBundle, platform: Pick<Platform, 'policy' | 'namespace'>): JudgedSpec => {
  const { problems } = validateBundle(bundle);
  if (problems.length > 0) return { kind: 'invalid', problems };
  const settings = settingsOf(bundle);
  const operator = { namespace: platform.namespace, secrets: [platform.policy.certificateSecret] };
  const refused = [
    ...policyProblems(bundle, platform.policy),
    ...operatorsOwnProblems(settings, { own: bundle.metadata.namespace, operator }),
  ];
  return refused.length === 0 ? { kind: 'valid', settings } : { kind: 'invalid', problems: refused };
};

interface Named {
  readonly kind: 'Secret' | 'ServiceAccount';
  readonly field: string;
  readonly name: string | undefined;
  readonly namespaces: readonly string[];
}

/** A bundle that could mount the operator's keys, or run as one of its accounts, would have all of its rights. */
const operatorsOwnProblems = (
  settings: Settings,
  { own, operator }: { readonly own: string; readonly operator: Parameters<typeof isOperatorsOwn>[1] },
): readonly Problem[] =>
  namedBy(settings, own).flatMap(({ kind, field, name, namespaces }) => {
    if (name === undefined) return [];
    const namespace = namespaces.find((one) => isOperatorsOwn({ kind, namespace: one, name }, operator));
    if (namespace === undefined) return [];
    return [
      forbidden(field, `${kind} ${name} in namespace ${namespace} is the operator's own, which no bundle may use`),
    ];
  });

const namedBy = ({ registry, converge }: Settings, own: string): readonly Named[] => [
  { kind: 'Secret', field: 'spec.registry.secretRef.name', name: registry.secretName, namespaces: [own] },
  { kind: 'Secret', field: 'spec.registry.caSecretRef.name', name: registry.caSecretName, namespaces: [own] },
  {
    kind: 'Secret',
    field: 'spec.converge.werfSecretKeyRef.name',
    name: converge.werfSecretKey?.name,
    namespaces: [own],
  },
  {
    kind: 'ServiceAccount',
    field: 'spec.converge.serviceAccountName',
    name: converge.serviceAccountName,
    namespaces: [converge.targetNamespace],
  },
  ...converge.valuesFrom.map(({ secretRef }, index) => ({
    kind: 'Secret' as const,
    field: `spec.converge.valuesFrom[${index}].secretRef.name`,
    name: secretRef?.name,
    namespaces: [own, converge.targetNamespace],
  })),
];
