import { policyProblems } from '../../api/platform-policy.js';
import { problemOf } from '../../api/references/fault.js';
import { operatorsOwnFault } from '../../api/references/operators-own.js';
import { referencesOf } from '../../api/references/references.js';
import { type ParsedSpec, parseSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Platform } from '../decide/observation.js';

/**
 * Judges a spec by the rules and by the platform's policies, as admission did: the webhook may have been down, younger than the
 * object, or set otherwise.
 */
export const judge = (bundle: StoredBundle, platform: Pick<Platform, 'policy' | 'namespace'>): ParsedSpec => {
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return spec;
  const operator = { namespace: platform.namespace, certificateSecret: platform.policy.certificateSecret };
  const own = referencesOf(bundle, bundle.metadata.namespace).flatMap(
    (reference) => operatorsOwnFault(reference, operator) ?? [],
  );
  const refused = [...policyProblems(bundle, platform.policy), ...own.map(problemOf)];
  return refused.length === 0 ? spec : { kind: 'invalid', problems: refused };
};
