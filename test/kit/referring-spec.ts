import type { WerfBundleSpec } from '../../api/werfbundle.js';

/** A spec that refers to one object of each kind, and into another namespace. */
export const REFERRING_SPEC: WerfBundleSpec = {
  registry: {
    url: 'ghcr.io/acme/app',
    versionConstraint: '1.x',
    secretRef: { name: 'creds' },
    caSecretRef: { name: 'ca' },
  },
  converge: {
    targetNamespace: 'production',
    serviceAccountName: 'werf-converge',
    werfSecretKeyRef: { name: 'werf-key' },
    valuesFrom: [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'app-keys' } }],
  },
};
