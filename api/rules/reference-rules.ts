import { LOOKS_UP, ONLY_ADVICE, ONLY_IN_FILES } from './cel.js';
import { ASKS_TOO_OFTEN, OPERATORS_OWN } from './cel-conditions.js';
import type { Rule } from './rule.js';

const ACCOUNT = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer, namespace: shop}\n';

/** A bundle `web` of namespace shop, and the object that it refers to. */
const withObject = (spec: string, object: string): string =>
  `apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop}\nspec:\n${spec.replace(/^/gm, '  ')}\n---\n${object}`;

/** Of what a bundle refers to. */
export const REFERENCE_RULES = {
  'reference-absent': {
    id: 'WB060',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The object that the bundle refers to does not exist.',
    mend: 'Create it, correct the name, or, where it may come later, set the annotation werf.io/missing-references: warn.',
  },
  'reference-key-absent': {
    id: 'WB061',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The object exists, but not the key of it that is needed.',
    mend: 'Add the key, or name another one.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1, caSecretRef: {name: ca}}',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: ca, namespace: shop}\nstringData: {tls.crt: ""}\n',
    ),
  },
  'reference-not-checked': {
    id: 'WB062',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'Whether the reference is right could not be found out: the cluster did not answer, or did not let the user see.',
    mend: 'The message says why; try again, or ask for the right to read it.',
  },
  'reference-unknown': {
    id: 'WB063',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The object is not in the input, and so was not judged; with --strict that is a problem.',
    mend: 'Add the object to the input, or judge with --cluster.',
  },
  'registry-secret-unusable': {
    id: 'WB064',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The Secret with the credentials of the registry is of another type, or no docker config.',
    mend: 'Make it with kubectl create secret docker-registry.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1, secretRef: {name: pull}}',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: shop}\nstringData: {username: web}\n',
    ),
  },
  'registry-secret-other-host': {
    id: 'WB065',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'The Secret has credentials, but none for the registry of the bundle, which is asked without.',
    mend: 'Add an entry for the host of spec.registry.url.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1, secretRef: {name: pull}}',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: shop}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: "{\\"auths\\": {}}"}\n',
    ),
  },
  'ca-secret-unusable': {
    id: 'WB066',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The Secret with the CA has no PEM certificate.',
    mend: 'Put the CA, as PEM, under the key ca.crt.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1, caSecretRef: {name: ca}}',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: ca, namespace: shop}\nstringData: {ca.crt: none}\n',
    ),
  },
  'operators-own-object': {
    id: 'WB067',
    severity: 'error',
    cel: OPERATORS_OWN,
    what: 'The object belongs to the operator itself: its certificates, keys and accounts are not for bundles.',
    mend: 'Use an object of your own.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1, secretRef: {name: werfbundle-webhook-tls}}',
      ACCOUNT,
    ).replaceAll('namespace: shop', 'namespace: k8s-werf-operator-go-system'),
  },
  'namespace-terminating': {
    id: 'WB068',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The target namespace is being deleted.',
    mend: 'Wait until it is gone and create it anew, or deploy elsewhere.',
  },
  'namespace-without-consent': {
    id: 'WB069',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'The target namespace does not accept bundles of this namespace.',
    mend: 'Whoever owns it adds the annotation werf.io/accept-bundles-from; the message has the command.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {targetNamespace: production, serviceAccountName: deployer}',
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: production}\n',
    ),
  },
  'release-held': {
    id: 'WB070',
    severity: 'error',
    cel: LOOKS_UP,
    what: 'An older bundle deploys the same release: two would undo each other.',
    mend: 'Give each a releaseName of its own.',
    example: withObject(
      'registry: {url: ghcr.io/acme/web, tag: v1}',
      'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web2, namespace: shop}\nspec:\n  registry: {url: ghcr.io/acme/web, tag: v2}\n  converge: {releaseName: web}\n',
    ),
  },
  'release-taken': {
    id: 'WB071',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A younger bundle deploys the same release, and will no longer be deployed.',
    mend: 'Give each a releaseName of its own.',
  },
  'grant-missing': {
    id: 'WB072',
    severity: 'error',
    cel: ASKS_TOO_OFTEN,
    what: 'The user may not do by hand what the bundle would do for them.',
    mend: 'Ask for the right that the message names, or refer to something else.',
  },
  'grant-not-checked': {
    id: 'WB073',
    severity: 'error',
    cel: ASKS_TOO_OFTEN,
    what: 'Whether the user may do what the bundle would do for them could not be found out; then it is refused.',
    mend: 'The message says why; try again.',
  },
} as const satisfies Readonly<Record<string, Rule>>;
