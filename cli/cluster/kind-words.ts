import { GROUP, KIND, PLURAL } from '../../api/werfbundle.js';

/** What may stand before the slash, as kubectl takes it; a spec compares them with the CRD. */
export const KIND_NAMES = [
  'wb',
  'wbs',
  PLURAL,
  KIND.toLowerCase(),
  `${PLURAL}.${GROUP}`,
  `${KIND.toLowerCase()}.${GROUP}`,
];

/** What people look at with kubectl beside bundles; in the plural, with kubectl's short names. */
const OTHER_KINDS: ReadonlySet<string> = new Set(
  'all configmaps cm cronjobs cj customresourcedefinitions crd crds daemonsets ds deployments deploy endpoints ep events ev ingresses ing jobs leases namespaces ns nodes no persistentvolumeclaims pvc pods po replicasets rs rolebindings roles secrets serviceaccounts sa services svc statefulsets sts'.split(
    ' ',
  ),
);

/** What to say of a kind that stands where the name of a bundle is wanted, as in `kubectl get deployments shop`; undefined: it is none. */
export const kindHint = (word: string): string | undefined => {
  const kind = word.toLowerCase();
  if (KIND_NAMES.includes(kind))
    return `"${word}" is the kind, which all commands mean anyway: give names alone, or wb/NAME`;
  const isOther = [kind, `${kind}s`, `${kind}es`].some((one) => OTHER_KINDS.has(one));
  return isOther
    ? `"${word}" is a kind of other objects: this program knows WerfBundles only, and takes their names (kubectl get ${word} shows the others)`
    : undefined;
};
