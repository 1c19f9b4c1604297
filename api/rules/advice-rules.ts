import { ONLY_ADVICE } from './cel.js';
import type { Rule } from './rule.js';

/** Of what is allowed in a spec, but probably a mistake. */
export const ADVICE_RULES = {
  'selects-last-tag': {
    id: 'WB040',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'Nothing says which tag is wanted, so the last one in text order is deployed: v1.9.0 comes after v1.10.0.',
    mend: 'Set spec.registry.versionConstraint, or a tag.',
    example: 'registry: {url: ghcr.io/acme/web}',
  },
  'constraint-excludes-all': {
    id: 'WB041',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'No version can satisfy the constraint: its parts exclude each other.',
    mend: 'Check the bounds; alternatives are written with ||.',
    example: 'registry: {url: ghcr.io/acme/web, versionConstraint: ">2, <1"}',
  },
  'surprising-tag-order': {
    id: 'WB042',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'What the pattern compares is in another order than it looks: numbers are compared as text, or what tells tags apart is left out.',
    mend: 'Set versionConstraint for versions, or tagOrder Number for a captured number; capture all that counts.',
    example: 'registry: {url: ghcr.io/acme/web, tagPattern: "^build-(\\\\d+)$"}',
  },
  'moving-tag': {
    id: 'WB043',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'The tag "latest" moves: the spec does not tell which version runs.',
    mend: 'Name a version, or a constraint.',
    example: 'registry: {url: ghcr.io/acme/web, tag: latest}',
  },
  'plain-http': {
    id: 'WB044',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'The registry is reached without TLS: whoever is on the way can read the credentials and change the bundle.',
    mend: 'Give the registry a certificate; for one of a CA of your own set spec.registry.caSecretRef.',
    example: 'registry: {url: "registry.corp.example:5000/web", tag: v1, insecure: true}',
  },
  'system-namespace': {
    id: 'WB045',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'The release goes into kube-system, which belongs to the cluster itself.',
    mend: 'Deploy into a namespace of its own.',
    example:
      'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {targetNamespace: kube-system, serviceAccountName: deployer}',
  },
  'default-service-account': {
    id: 'WB046',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'No ServiceAccount is named: the Job runs as the default one, which may deploy nothing in most clusters.',
    mend: 'Name one with a Role in spec.converge.serviceAccountName; manifests/samples/werf-converge.yaml shows both.',
    example: 'registry: {url: ghcr.io/acme/web, tag: v1}',
  },
  'drift-not-readable': {
    id: 'WB047',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: "Drift is to be detected with a werf that can not look for it, or whose version the image's tag does not tell.",
    mend: 'Use an image of werf 2.53 or later with its version as the tag.',
    example:
      'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {image: "ghcr.io/werf/werf:2.10.0", driftDetection: {enabled: true}}',
  },
  'many-cpus': {
    id: 'WB048',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'The Job may use more CPUs than a node has; thousandths were probably meant.',
    mend: 'Write 500m for half a CPU.',
    example: 'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {resourceLimits: {cpu: "500"}}',
  },
  'little-memory': {
    id: 'WB049',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'werf itself needs more memory than the Job may use.',
    mend: 'Write 64Mi or more; 512m are thousandths of a byte.',
    example: 'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {resourceLimits: {memory: 512m}}',
  },
  'long-log-retention': {
    id: 'WB050',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'Finished Jobs and their Pods stay in the cluster for more than 30 days, which burdens it.',
    mend: 'Keep logs elsewhere, and write fewer days.',
    example: 'registry: {url: ghcr.io/acme/web, tag: v1}\nconverge: {logRetentionDays: 90}',
  },
  'status-reset': {
    id: 'WB051',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'A patch of the whole object sets a field of the status, which an apiserver drops; the registry is asked at once instead.',
    mend: 'Use kubectl patch with --subresource=status, or the annotation that the message names.',
  },
  'approval-of-nothing': {
    id: 'WB052',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'Annotation werf.io/approve-plan names no plan that waits for an approval.',
    mend: 'Look at the plan that waits, and approve that: werfbundle approve NAME.',
    example:
      'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop, annotations: {werf.io/approve-plan: "yes"}}\nspec:\n  registry: {url: ghcr.io/acme/web, tag: v1}\n  converge: {deletions: Hold}',
  },
  'held-by-rollback': {
    id: 'WB053',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'What chooses the tag has no effect: a person has rolled back, by annotation werf.io/rollback-to, which comes before it.',
    mend: 'Run werfbundle release-hold once the spec is to be followed, or leave the rollback as it is.',
    example:
      'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop, annotations: {werf.io/rollback-to: v1.0.0}}\nspec: {registry: {url: ghcr.io/acme/web, versionConstraint: 2.x}, converge: {serviceAccountName: deployer}}',
  },
  'annotation-without-effect': {
    id: 'WB054',
    severity: 'warning',
    cel: ONLY_ADVICE,
    what: 'An annotation of werf.io has a value that means nothing.',
    mend: 'Write one of the words that the message names, or take the annotation away.',
    example:
      'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web, namespace: shop, annotations: {werf.io/refused-values: ignore}}\nspec: {registry: {url: ghcr.io/acme/web, tag: v1}}',
  },
} as const satisfies Readonly<Record<string, Rule>>;
