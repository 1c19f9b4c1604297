import { withDefaults } from '../../../api/defaults.js';
import { ACCEPT_BUNDLES_FROM } from '../../../api/references/target-namespace.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../../api/werfbundle.js';

/** Annotation by which the target namespace takes bundles. */
export const CONSENT_FROM = ACCEPT_BUNDLES_FROM;

/** What the bundle refers to: five objects, so five GETs. */
export const NAMES = {
  own: 'ops',
  target: 'production',
  account: 'werf-converge',
  registrySecret: 'registry-credentials',
  valuesMap: 'my-app-values',
  valuesSecret: 'my-app-database',
} as const;

const spec: WerfBundleSpec = {
  registry: {
    url: 'registry.example/acme/my-app',
    secretRef: { name: NAMES.registrySecret },
    versionConstraint: '>=2.3.0 <3',
    pollInterval: '10m',
  },
  converge: {
    targetNamespace: NAMES.target,
    serviceAccountName: NAMES.account,
    environment: 'production',
    resourceLimits: { cpu: '500m', memory: '512Mi' },
    valuesFrom: [{ configMapRef: { name: NAMES.valuesMap } }, { secretRef: { name: NAMES.valuesSecret } }],
    values: { replicas: 3, ingress: { enabled: true, host: 'my-app.example' } },
  },
};

/** One that refers to nothing, in its own namespace. */
const aloneSpec: WerfBundleSpec = {
  registry: { url: spec.registry.url, versionConstraint: '>=2.3.0 <3', pollInterval: '10m' },
  converge: { environment: 'production', values: { replicas: 3 } },
};

const KIND = { group: 'werf.io', version: 'v1alpha1', kind: 'WerfBundle' };
const RESOURCE = { group: 'werf.io', version: 'v1alpha1', resource: 'werfbundles' };

/** Stands where the name is, at its end; its digits may be replaced by others. */
export const NAME_DIGITS = '000000';

const objectOf = (of: WerfBundleSpec, padding: string) => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: {
    name: `my-app-${NAME_DIGITS}`,
    namespace: NAMES.own,
    uid: '5d6f6f0e-3b4c-4d8e-9d53-1c5c9f6b7a10',
    creationTimestamp: '2026-11-23T10:00:00Z',
    generation: 1,
    labels: { 'app.kubernetes.io/name': 'my-app', 'app.kubernetes.io/part-of': 'shop' },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: of }),
      ...(padding !== '' && { padding }),
    },
    managedFields: [
      {
        manager: 'kubectl-client-side-apply',
        operation: 'Update',
        apiVersion: 'werf.io/v1alpha1',
        time: '2026-11-23T10:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:annotations': { '.': {} }, 'f:labels': { '.': {}, 'f:app.kubernetes.io/name': {} } },
          'f:spec': { '.': {}, 'f:registry': { '.': {}, 'f:url': {}, 'f:versionConstraint': {} } },
        },
      },
    ],
  },
  spec: of,
});

/** What a review of a new bundle is about. */
interface ReviewChoice {
  /** five: refers to five objects; none: to nothing. */
  readonly references: 'five' | 'none';
  /** As the user wrote it, or with the defaults, as it comes to /validate. */
  readonly defaulted: boolean;
  /** Bytes that are added to the object. */
  readonly padding?: number;
}

/** An AdmissionReview as an apiserver sends it for `kubectl apply` of a new bundle. */
export const review = ({ references, defaulted, padding = 0 }: ReviewChoice): string => {
  const written = references === 'five' ? spec : aloneSpec;
  const object = objectOf(defaulted ? withDefaults(written) : written, 'x'.repeat(padding));
  return reviewOf(object, { operation: 'CREATE', oldObject: null });
};

/**
 * An AdmissionReview as an apiserver sends it for `kubectl apply` of other inline values.
 * @param change.digest - of what is deployed; undefined: nothing is
 */
export const valuesReview = ({
  digest,
  replicas,
}: {
  readonly digest: string | undefined;
  readonly replicas: number;
}): string => {
  const stored = { ...objectOf(withDefaults(spec), ''), ...(digest !== undefined && { status: deployed(digest) }) };
  const { converge = {} } = stored.spec;
  const values = { ...converge.values, replicas };
  const object = { ...stored, spec: { registry: stored.spec.registry, converge: { ...converge, values } } };
  return reviewOf(object, { operation: 'UPDATE', oldObject: stored });
};

const deployed = (digest: string): WerfBundleStatus => ({
  observedGeneration: 1,
  lastAppliedDigest: digest,
  lastAppliedTag: '2.3.4',
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Deployed',
      message: '2.3.4 is deployed',
      lastTransitionTime: '2026-11-23T10:00:00Z',
    },
  ],
});

const reviewOf = (
  object: ReturnType<typeof objectOf>,
  rest: { readonly operation: 'CREATE' | 'UPDATE'; readonly oldObject: object | null },
): string =>
  JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: KIND,
      resource: RESOURCE,
      requestKind: KIND,
      requestResource: RESOURCE,
      name: object.metadata.name,
      namespace: NAMES.own,
      userInfo: {
        username: 'jane@shop.example',
        uid: '014fbff9a07c',
        groups: ['shop:developers', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=7ee52be0-9045-4653-aa5e-0da57b8dccdc'] },
      },
      object,
      ...rest,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply' },
    },
  });
