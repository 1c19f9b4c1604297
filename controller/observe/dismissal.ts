import { targetNamespaceOf } from '../../api/names.js';
import type { KubeObject, Namespace } from '../../api/objects.js';
import { referenceFor, referencesOf } from '../../api/references/references.js';
import { consentFault } from '../../api/references/target-namespace.js';
import type { ParsedSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { NAMESPACES, SERVICEACCOUNTS } from '../../kube/resources.js';
import type { Lister } from '../cache/lister.js';
import type { Dismissal, Platform } from '../decide/observation.js';

/** Whether the release of a bundle that is being deleted can be uninstalled. @throws KubeError when the apiserver could not be asked */
export const readDismissal = async (
  deps: { readonly client: KubeClient; readonly lister: Pick<Lister, 'bundle' | 'otherHolders'> },
  seen: { readonly bundle: StoredBundle; readonly spec: ParsedSpec; readonly platform: Platform },
  signal: AbortSignal,
): Promise<Dismissal> => {
  const { client, lister } = deps;
  const { bundle, spec } = seen;
  const target = targetNamespaceOf(bundle);
  const namespace = await client.get(NAMESPACES, { name: target }, signal);
  if (namespace === undefined || isTerminating(namespace))
    return pointless(`namespace ${target} is gone or being deleted`);
  const name = bundle.spec.converge?.serviceAccountName;
  const account = name === undefined || (await client.get(SERVICEACCOUNTS, { namespace: target, name }, signal));
  if (account === undefined || (account !== true && isTerminating(account)))
    // GitOps tools prune a bundle and its ServiceAccount together. If somebody restores the account, the release can be uninstalled.
    return blocked(`ServiceAccount ${name} in namespace ${target} is gone or being deleted`);
  if (spec.kind === 'invalid')
    return blocked(
      `its spec is not valid: ${spec.problems.map(({ field, message }) => `${field}: ${message}`).join('; ')}`,
    );
  return blockedBy(seen, namespace, lister) ?? { kind: 'possible' };
};

const pointless = (why: string): Dismissal => ({ kind: 'pointless', why });
/** The release can be uninstalled once somebody has mended `why`. */
export const blocked = (why: string): Dismissal => ({ kind: 'blocked', why });

const isTerminating = (object: KubeObject & Pick<Namespace, 'status'>): boolean =>
  object.metadata.deletionTimestamp !== undefined || object.status?.phase === 'Terminating';

const blockedBy = (
  { bundle, platform }: Parameters<typeof readDismissal>[1],
  namespace: Namespace,
  lister: Pick<Lister, 'bundle' | 'otherHolders'>,
): Dismissal | undefined => {
  const target = referenceFor(referencesOf(bundle, bundle.metadata.namespace), 'target-namespace');
  const unconsented = target && consentFault(target, namespace, platform);
  if (unconsented !== undefined) return blocked(unconsented.text);
  const staying = lister.otherHolders(bundle).find((ref) => {
    const other = lister.bundle(ref);
    return other !== undefined && other.metadata.deletionTimestamp === undefined;
  });
  return staying && blocked(`it is the release of WerfBundle ${staying.namespace}/${staying.name}, too`);
};
